"""A scenario file as plain data that remembers the line of every key."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

import yaml

from simnet.language.errors import Path, Problem, ScenarioError, dotted

_MAP = "tag:yaml.org,2002:map"
_SEQ = "tag:yaml.org,2002:seq"
_GLOB = re.compile(r"[\w*-]*(?:\[\d+\.\.\d+\]|[*?])[\w*?-]*")
_MOST_DEPTH, _MOST_NODES = 30, 100_000
"""Anchors can make a small file endless; without them a text has at most as many nodes as characters."""


@dataclass
class Source:
    """Where each value came from: a line of `file`, or the command-line option that replaced it.

    `folder` is where files that the scenario names are looked for: that of `file`, which for a text or a mapping from
    Python is the current directory.
    """

    file: str = "scenario"
    lines: dict[Path, int] = field(default_factory=dict)
    overrides: dict[Path, str] = field(default_factory=dict)
    folder: FilePath = field(init=False)

    def __post_init__(self) -> None:
        self.folder = FilePath(self.file).parent

    def copy(self) -> Source:
        """Another one, with the same places, that can learn others."""
        other = Source(self.file, dict(self.lines), dict(self.overrides))
        other.folder = self.folder
        return other

    def problem(self, path: Path, message: str) -> Problem:
        """A problem at `path`, pointing at the nearest enclosing key whose place is known."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.overrides:
                return Problem(self.overrides[path[:end]], None, dotted(path), message)
            if path[:end] in self.lines:
                return Problem(self.file, self.lines[path[:end]], dotted(path), message)
        return Problem(self.file, None, dotted(path), message)

    def override(self, path: Path, option: str) -> None:
        """Let `path` and all that was below it come from `option`."""
        for known in [*self.lines, *self.overrides]:
            if known[: len(path)] == path:
                self.lines.pop(known, None)
                self.overrides.pop(known, None)
        self.overrides[path] = option

    def alias(self, path: Path, original: Path) -> None:
        """Let `path` and all below it point where `original` does (a name that came out of a range)."""
        for known, line in list(self.lines.items()):
            if known[: len(original)] == original:
                self.lines.setdefault(path + known[len(original) :], line)


def read(file: FilePath) -> tuple[dict[str, Any], Source]:
    """The file's top-level mapping and the places of its keys.

    Raises:
        ScenarioError: missing, a directory, unreadable, not YAML, empty, no mapping, or a key given twice.
    """
    source = Source(str(file))
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        nearby = sorted(path.name for path in file.parent.glob("*.yaml")) if file.parent.is_dir() else []
        there = f"; {file.parent} holds {', '.join(nearby)}" if nearby else ""
        raise ScenarioError([Problem(source.file, None, "", f"no such file{there}")]) from None
    except IsADirectoryError:
        message = "is a directory; give the scenario file in it"
        raise ScenarioError([Problem(source.file, None, "", message)]) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ScenarioError([Problem(source.file, None, "", f"cannot be read: {reason}")]) from None

    return read_text(text, source), source


def read_text(text: str, source: Source) -> dict[str, Any]:
    """The top-level mapping of a scenario's text; `source` learns the places of its keys.

    Raises:
        ScenarioError: not YAML, empty, no mapping, or a key given twice.
    """
    data = parse(text, source)
    if data is None:
        message = "is empty; a scenario needs nodes, links, systems, data, a workload and samples or duration"
        raise ScenarioError([Problem(source.file, None, "", message)])
    if not isinstance(data, dict):
        found = "a list" if isinstance(data, list) else repr(data)
        message = f"a scenario is a mapping of keys (name: …, nodes: …), not {found}"
        raise ScenarioError([Problem(source.file, source.lines[()], "", message)])
    return data


def parse(text: str, source: Source) -> Any:
    """YAML as dicts with text keys, lists and scalars; `source` learns the lines.

    Raises:
        ScenarioError: not YAML, or a key given twice.
    """
    reader = _Reader(source, max(_MOST_NODES, len(text)))
    try:
        # Not the faster C loader: bottomless nesting crashes it, and a scenario takes milliseconds here.
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = None if root is None else reader.value(root, ())
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or getattr(error, "reason", None) or "nested too deeply"
        line = mark.line + 1 if mark is not None else None
        raise ScenarioError([Problem(source.file, line, "", f"not YAML: {said}{_quotes(text, mark)}")]) from None
    if reader.problems:
        raise ScenarioError(reader.problems)
    return data


def _quotes(text: str, mark: yaml.Mark | None) -> str:
    """What to do if YAML stopped at a range or glob, whose signs mean something else to it."""
    if mark is None or mark.line >= len(lines := text.splitlines()):
        return ""
    at = mark.column
    for word in _GLOB.finditer(lines[mark.line]):
        if word.start() <= at < word.end() or (word.group() == "*" and at == word.end()):
            return f"; write it in quotes: '{word.group()}'"
    return ""


class _Reader:
    """Turns YAML nodes into dicts, lists and scalars, noting lines, and refusing doubled keys."""

    def __init__(self, source: Source, most: int) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self._most = most
        self._scalars = yaml.constructor.SafeConstructor()
        self._nodes = 0

    def value(self, node: yaml.Node, path: Path) -> Any:
        self._nodes += 1
        if len(path) > _MOST_DEPTH or self._nodes > self._most:
            raise yaml.MarkedYAMLError(problem="nested without end", problem_mark=node.start_mark)
        self.source.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode) and node.tag == _MAP:
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == _SEQ:
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            try:
                return self._scalars.construct_object(node)
            except ValueError:  # e.g. the date 2024-13-45
                return node.value
        raise yaml.MarkedYAMLError(problem=f"tag {node.tag} is not allowed", problem_mark=node.start_mark)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        first: dict[str, int] = {}
        for key_node, _ in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode) or not isinstance(key_node.value, str):
                raise yaml.MarkedYAMLError(problem="a key must be text", problem_mark=key_node.start_mark)
            if key_node.value in first:
                message = f"'{key_node.value}' is given twice (first on line {first[key_node.value]})"
                self.problems.append(Problem(self.source.file, line, dotted((*path, key_node.value)), message))
            first.setdefault(key_node.value, line)
        self._scalars.flatten_mapping(node)  # "<<: *anchor"; own keys come after merged ones and win
        result = {}
        for key_node, value_node in node.value:
            key = key_node.value  # the text as written: YAML would make a boolean of a node called "on"
            self.source.lines[(*path, key)] = key_node.start_mark.line + 1
            result[key] = self.value(value_node, (*path, key))
        return result
