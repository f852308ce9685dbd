"""A scenario file as plain data that remembers the line of every key."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

import yaml

from simnet.language import scalars
from simnet.language.errors import Path, Problem, ScenarioError, dotted, shown
from simnet.language.files import UnreadableError, text_of
from simnet.language.tree import MOST_DEPTH, Mapping, Node, Scalar, Sequence, compose

_STRUCTURE = {"map": Mapping, "seq": Sequence}
_TAG = "tag:yaml.org,2002:"
_GLOB = re.compile(r"[\w*-]*(?:\[\d+\.\.\d+\]|[*?])[\w*?-]*")
_NEAR = 60
"""Letters before and after the place of a mistake that are looked at for its cause."""
_MOST_NODES = 100_000
"""Anchors can make a small file endless; without them a text has at most as many nodes as characters."""


@dataclass
class Source:
    """Where each value came from: a line of `file`, or the command-line option that replaced it.

    `folder` is where files that the scenario names are looked for: that of `file`, which for a text or a mapping from
    Python is the current directory. `secret`: nothing of the file's own words is said in messages.
    """

    file: str = "scenario"
    lines: dict[Path, int] = field(default_factory=dict)
    overrides: dict[Path, tuple[int, str]] = field(default_factory=dict)
    """Options by the place that they set, with their number: what came last holds, also for all below it."""
    notes: dict[Path, str] = field(default_factory=dict)
    """What to say of a value that YAML made of a word, to whoever wanted the word."""
    origins: dict[str, str] = field(default_factory=dict)
    """Of a node that came out of a range, the key that the file has."""
    changes: list[Any] = field(default_factory=list)
    """Of a file whose `let` may still change: what else was changed, to be done again then."""
    secret: bool = False
    folder: FilePath = field(init=False)
    _options: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.folder = FilePath(self.file).parent

    def copy(self) -> Source:
        """Another one, with the same places, that can learn others."""
        other = Source(self.file, dict(self.lines), dict(self.overrides), dict(self.notes), dict(self.origins))
        other.folder, other._options, other.changes = self.folder, self._options, list(self.changes)
        return other

    def problem(self, path: Path, message: str) -> Problem:
        """A problem at `path`, pointing at the nearest enclosing key whose place is known."""
        written = self._written(path)
        note = self.notes.get(path) or self.notes.get(written)
        if note:
            message = f"{message}; {note}"
        _, option = max(self.overrides.get(path[:end], (0, "")) for end in range(len(path) + 1))
        if option:
            return Problem(option, None, dotted(path), message)
        for end in range(len(path), -1, -1):
            line = self.lines.get(path[:end]) or self.lines.get(written[:end])
            if line is not None:
                return Problem(self.file, line, dotted(path), message)
        return Problem(self.file, None, dotted(path), message)

    def override(self, path: Path, option: str, notes: dict[Path, str] | None = None) -> None:
        """Let `path` and all that was below it come from `option`; `notes` are those of the value, by places in it."""
        if self.notes:
            written = self._written(path)
            self.notes = {
                place: note
                for place, note in self.notes.items()
                if path != place[: len(path)] and written != place[: len(path)]
            }
        self.notes |= {(*path, *below): note for below, note in (notes or {}).items()}
        self._options += 1
        self.overrides[path] = (self._options, option)

    def alias(self, name: str, key: str) -> None:
        """Let the node `name` and all below it point where `key` does, the range that it came out of."""
        self.origins[name] = key

    def _written(self, path: Path) -> Path:
        """The place as the file has it."""
        if len(path) < 2 or path[0] != "nodes" or path[1] not in self.origins:
            return path
        return ("nodes", self.origins[str(path[1])], *path[2:])


def read(file: FilePath) -> tuple[dict[str, Any], Source]:
    """The file's top-level mapping and the places of its keys.

    Raises:
        ScenarioError: missing, no regular file, unreadable, not YAML, empty, no mapping, or a key given twice.
    """
    source = Source(str(file))
    try:
        text = text_of(file)
    except FileNotFoundError:
        nearby = sorted(path.name for path in file.parent.glob("*.yaml")) if file.parent.is_dir() else []
        there = f"; {file.parent} holds {', '.join(nearby)}" if nearby else ""
        raise ScenarioError([Problem(source.file, None, "", f"no such file{there}")]) from None
    except IsADirectoryError:
        message = "is a directory; give the scenario file in it"
        raise ScenarioError([Problem(source.file, None, "", message)]) from None
    except UnreadableError as reason:
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
        found = "a list" if isinstance(data, list) else shown(data)
        message = f"a scenario is a mapping of keys (name: …, nodes: …), not {found}"
        raise ScenarioError([Problem(source.file, source.lines[()], "", message)])
    return data


def parse(text: str, source: Source) -> Any:
    """YAML as dicts with text keys, lists and scalars; `source` learns the lines.

    Numbers are as `scalars` reads them.

    Raises:
        ScenarioError: not YAML, a key given twice, or a number that not everybody reads alike.
    """
    most = max(_MOST_NODES, len(text))
    reader = _Reader(source, most)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ScenarioError([Problem(source.file, None, "", "not YAML: it is not UTF-8 text")]) from None
    try:
        root = compose(text, most)
        data = None if root is None else reader.value(root, ())
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
        line = mark.line + 1 if mark is not None else None
        message = f"not YAML: {said}{_quotes(text, mark)}"
        if source.secret:
            message = "not YAML"
        raise ScenarioError([Problem(source.file, line, "", message)]) from None
    if reader.problems:
        raise ScenarioError(reader.problems)
    return data


def _quotes(text: str, mark: yaml.Mark | None) -> str:
    """What to do if YAML stopped at a range or glob, whose signs mean something else to it."""
    if mark is None or mark.line >= len(lines := text.splitlines()):
        return ""
    begin = max(0, mark.column - _NEAR)
    at, near = mark.column - begin, lines[mark.line][begin : mark.column + _NEAR]
    for word in _GLOB.finditer(near):
        if word.start() <= at < word.end() or (word.group() == "*" and at == word.end()):
            return f"; write it in quotes: '{word.group()}'"
    return ""


def _refused(node: Node, problem: str) -> yaml.MarkedYAMLError:
    """What to raise for something in the tree that no scenario may have."""
    return yaml.MarkedYAMLError(problem=problem, problem_mark=yaml.Mark("", 0, node.line - 1, 0, None, 0))


class _Reader:
    """Turns a tree into dicts, lists and scalars, noting lines, and refusing doubled keys and ambiguous numbers."""

    def __init__(self, source: Source, most: int) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self._most = most
        self._nodes = 0
        self._merged: dict[int, dict[str, tuple[Scalar, Node]]] = {}
        self._open: set[int] = set()

    def value(self, node: Node, path: Path) -> Any:
        self._count(node)
        if len(path) > MOST_DEPTH:
            raise _refused(node, "nested without end")
        self.source.lines.setdefault(path, node.line)
        if isinstance(node, Scalar):
            return self._scalar(node, path)
        kind = _STRUCTURE.get(node.tag.removeprefix(_TAG)) if node.tag not in ("", "!") else type(node)
        if not kind or not isinstance(node, kind):
            raise _refused(node, f"tag {shown(node.tag)} is not allowed")
        if isinstance(node, Mapping):
            return self._mapping(node, path)
        assert isinstance(node, Sequence)  # the third kind
        return [self.value(item, (*path, index)) for index, item in enumerate(node.items)]

    def _count(self, node: Node, more: int = 1) -> None:
        self._nodes += more
        if self._nodes > self._most:
            raise _refused(node, "nested without end")

    def _scalar(self, node: Scalar, path: Path) -> Any:
        if not node.plain and node.tag in ("", "!"):
            return self._text(node)
        try:
            found, note = scalars.value(node.text) if node.plain else scalars.tagged(node.text, node.tag)
        except scalars.AmbiguousError as problem:
            self._wrong(node, path, str(problem))
            return 0
        except ValueError as problem:
            raise _refused(node, str(problem)) from None
        if note:
            self.source.notes[path] = note
        return self._text(node) if isinstance(found, str) else found

    def _text(self, node: Scalar) -> str:
        """Its text; JSON writes characters beyond 16 bits as pairs of halves."""
        if node.text.isascii():
            return node.text
        try:
            node.text.encode()
            return node.text
        except UnicodeEncodeError:
            pass
        try:
            return node.text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise _refused(node, f"{shown(node.text)} has half of a pair that makes a character") from None

    def _wrong(self, node: Node, path: Path, message: str) -> None:
        if self.source.secret:
            message = "a key or a number that YAML's readers do not agree about"
        self.problems.append(Problem(self.source.file, node.line, dotted(path), message))

    def _mapping(self, node: Mapping, path: Path) -> dict[str, Any]:
        first: dict[str, int] = {}
        for key_node, _ in node.pairs:
            key = self._key(key_node)
            if key in first:
                self._wrong(
                    key_node, (*path, key), f"'{shown(key, bare=True)}' is given twice (first on line {first[key]})"
                )
            first.setdefault(key, key_node.line)
        result = {}
        for key, (key_node, value_node) in self._pairs(node).items():
            place = (*path, key)
            self.source.lines[place] = key_node.line
            result[key] = self.value(value_node, place)
        return result

    def _key(self, node: Node) -> str:
        """The text as written: YAML would make a boolean of a node called "on"."""
        if not isinstance(node, Scalar):
            raise _refused(node, "a key must be text")
        return self._text(node)

    def _pairs(self, node: Mapping) -> dict[str, tuple[Scalar, Node]]:
        """Keys and values of a mapping with those of the ones that it merges (``<<: *anchor``), which its own beat.

        The tree stays as it is: an alias meets the same mapping again.
        """
        if id(node) in self._merged:
            return self._merged[id(node)]
        if id(node) in self._open or len(self._open) > MOST_DEPTH:
            raise _refused(node, "nested without end")
        self._open.add(id(node))
        found: dict[str, tuple[Scalar, Node]] = {}
        own: dict[str, tuple[Scalar, Node]] = {}
        for key_node, value in node.pairs:
            key = self._key(key_node)
            assert isinstance(key_node, Scalar)  # see `_key`
            if key != "<<" or not key_node.plain:
                own[key] = (key_node, value)
                continue
            others = value.items if isinstance(value, Sequence) else [value]
            for other in reversed(others):  # the first of several wins
                if not isinstance(other, Mapping):
                    raise _refused(value, "'<<' merges a mapping, or a list of mappings, by their aliases")
                found |= self._pairs(other)
        self._open.remove(id(node))
        found |= own
        self._count(node, len(found) - len(own))
        self._merged[id(node)] = found
        return found
