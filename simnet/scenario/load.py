"""Reading a scenario: from a file, a text or a mapping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from simnet.collector import no_garbage_collection
from simnet.language.source import Source, read, read_text
from simnet.scenario.changes import Overrides, applied, changes
from simnet.scenario.plain import plain
from simnet.scenario.scenario import Scenario
from simnet.terminal.output import shown

OWN = "x-"
"""What begins so at the top of a file is the user's own: a place for anchors, as in Compose files."""


@no_garbage_collection()
def load_scenario(
    path: Path, overrides: Sequence[str] = (), samples: int | None = None, seed: int | None = None
) -> Scenario:
    """The scenario in the file at `path`, with what the command line changes in it (`nodes.camera*.workers=2`, …).

    Overrides see ranges expanded and globs not: nodes have their own names, links and faults the places they
    have in the file, from 0. They are applied in order. Setting one of `samples` and `duration` drops the other;
    `samples` and `seed` come last.

    Raises:
        ScenarioError: anything wrong with the file, an override or the result.
    """
    data, source = read(path)
    return _named(data, path.stem, source, overrides, samples, seed, "--set ")


@no_garbage_collection()
def load(
    source: str | Path | Mapping[str, Any],
    overrides: Overrides | Iterable[Overrides] = (),
    *,
    samples: int | None = None,
    seed: int | None = None,
) -> Scenario:
    """A checked scenario.

    Args:
        source: A file's path; a text with more than one line is a file's content, a mapping is that content read. Files
            that it names are seen from its folder; for a text or a mapping from the current directory.
        overrides: What is changed, in order: ``"nodes.camera*.workers=2"`` or ``{"nodes.camera*.workers": 2}``.
        samples: Number of samples, instead of the file's samples or duration.
        seed: Seed, instead of the file's.

    Raises:
        ScenarioError: with all that is wrong; a text or a mapping is called "scenario" in it.
    """
    place = Source()
    if isinstance(source, Mapping):
        return _named(plain(source, place.file), place.file, place, overrides, samples, seed)
    if isinstance(source, str) and "\n" in source:
        return _named(read_text(source, place), place.file, place, overrides, samples, seed)
    data, place = read(Path(source))
    return _named(data, Path(source).stem, place, overrides, samples, seed)


def _named(
    data: dict[str, Any],
    name: str,
    source: Source,
    overrides: Overrides | Iterable[Overrides],
    samples: int | None,
    seed: int | None,
    option: str = "",
) -> Scenario:
    data = {key: value for key, value in data.items() if not key.startswith(OWN)}
    if data.get("name") is None:
        data["name"] = shown(name)  # a file's name may hold bytes that are no text
    return applied(changes(overrides, samples, seed, option), data, source)
