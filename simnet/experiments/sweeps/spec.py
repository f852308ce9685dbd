"""What is asked for: a scenario, what is changed in it everywhere, and what it is swept over; read from a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from simnet.experiments.sweeps.axes import Axis, axis, refused
from simnet.experiments.sweeps.design import MOST_POINTS, Method, points_of
from simnet.language.checks import Checks
from simnet.language.errors import ScenarioError
from simnet.language.quantities import Model
from simnet.language.source import Source, read
from simnet.scenario import Scenario
from simnet.scenario.changes import Overrides, change, changed, changed_by
from simnet.scenario.load import OWN, load

MARKS = ("over", "scenario")
"""Keys that tell a sweep's file from a scenario's."""
MOST_REPEATS = 10_000


class SweepFile(Model):
    """A sweep file."""

    scenario: str
    """The scenario's file, seen from this file's folder."""
    set: dict[str, Any] = Field(default_factory=dict)
    """What is changed at all points: dotted keys as for `--set`, and values."""
    over: Annotated[dict[str, Any], Field(min_length=1)]
    """What is swept: dotted keys as for `--set`, each with a list of values or with {from, to}."""
    method: Method = "grid"
    """All combinations, or points that are drawn: at random, or as a Latin hypercube."""
    points: Annotated[int, Field(ge=1, le=MOST_POINTS, strict=True)] | None = None
    """How many points are drawn."""
    seed: Annotated[int, Field(ge=0, strict=True)] = 1
    """Of the draw of points; the scenario's own seed is `set: {seed: …}`."""
    repeats: Annotated[int, Field(ge=1, le=MOST_REPEATS, strict=True)] = 1
    """Runs of each point, with other seeds; the same seeds at all points."""


@dataclass(frozen=True)
class Asked:
    """A sweep as it was asked for.

    Attributes:
        name: What it is called.
        base: The scenario, with what is changed at all points.
        axes: What it is swept over.
        method: How points are chosen.
        points: How many, of those that are drawn.
        seed: Of the draw.
        repeats: Runs of each point.
    """

    name: str
    base: Scenario
    axes: Sequence[Axis]
    method: Method = "grid"
    points: int | None = None
    seed: int = 1
    repeats: int = 1

    def values(self) -> list[tuple[Any, ...]]:
        """The values of all axes at each point.

        Raises:
            ScenarioError: see `points_of`; too many runs, or seeds from two sides.
        """
        found, origin = points_of(self.axes, self.method, self.points, self.seed), self.axes[0].origin
        if (runs := len(found) * self.repeats) > MOST_POINTS:
            raise refused(origin, f"that are {runs:,} runs; at most {MOST_POINTS:,}")
        if self.repeats > MOST_REPEATS:
            raise refused(origin, f"that are {self.repeats:,} repeats; at most {MOST_REPEATS:,}")
        if self.repeats > 1 and any(one.key == "seed" for one in self.axes):
            raise refused(origin, "repeats have seeds of their own: sweep over 'seed', or repeat, not both")
        return found

    def drawn(self, method: Method | None, points: int | None, seed: int | None = None) -> Asked:
        """The same sweep by another method, with another number of points or seed of the draw; None: as it was."""
        method = method or self.method
        if points is None and method != "grid":
            points = self.points
        return replace(self, method=method, points=points, seed=self.seed if seed is None else seed)


def is_sweep(file: Path) -> bool:
    """Whether a file is a sweep's and no scenario's. Raises ScenarioError where it cannot be read."""
    content, _ = read(file)
    return any(mark in content for mark in MARKS)


def read_sweep(
    file: Path,
    overrides: Sequence[Overrides] = (),
    over: Sequence[Axis] = (),
    samples: int | None = None,
    seed: int | None = None,
) -> Asked:
    """The sweep in a file; `over` are further axes, or take the place of the file's. The rest is as for a scenario.

    Raises:
        ScenarioError: anything wrong with it, or with the scenario that it names.
    """
    content, source = read(file)
    checks = Checks(source)
    given = {key: value for key, value in content.items() if value is not None and not key.startswith(OWN)}
    asked = checks.check(SweepFile, given, ())
    if asked is None:
        raise ScenarioError(checks.problems)
    axes = {
        key: axis(key, values, _place(source, "over", key), _notes(source, key)) for key, values in asked.over.items()
    }
    axes |= {one.key: one for one in over}
    base = load(file.parent / asked.scenario)
    base = changed_by(base, [change(key, value, _place(source, "set", key)) for key, value in asked.set.items()])
    if overrides or samples is not None or seed is not None:
        base = changed(base, overrides, samples, seed)
    return Asked(file.stem, base, list(axes.values()), asked.method, asked.points, asked.seed, asked.repeats)


def _place(source: Source, section: str, key: str) -> str:
    line = source.lines.get((section, key))
    return source.file if line is None else f"{source.file}:{line}"


def _notes(source: Source, key: str) -> dict[tuple[str | int, ...], str]:
    """What is to be said of the values of an axis, by their places in its list."""
    return {place[2:]: note for place, note in source.notes.items() if place[:2] == ("over", key)}
