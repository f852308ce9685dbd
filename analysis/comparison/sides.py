"""What is set against what: a system of one run and one of another, or two of the same run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simnet.language.errors import nearest
from simnet.results.lives import ANSWERED, Floats, Mask, Words, words
from simnet.results.run import Results, RunError


@dataclass(frozen=True, eq=False)
class Recorded:
    """Samples of a system as its table has them, in order of capture; one entry of each array per sample.

    Attributes:
        captured: When it was captured, in s.
        image: Its number in the data set.
        label: Its true class.
        prediction: The class answered; −1 without an answer.
        correct: Whether that is the true one; false without an answer.
        outcome: finished, forced, dropped or unfinished.
        exit: Where it was answered; None without an answer.
        reason: Why it was dropped; else None.
        latency: In s; not a number without an answer.
        views: Bit mask of the views that took part in the answer; 0 without one.
        bytes: Sent for it, over every hop.
        energy: What it caused itself, in J; not a number where no node has a power model.
    """

    captured: Floats
    image: NDArray[np.int64]
    label: NDArray[np.int64]
    prediction: NDArray[np.int64]
    correct: Mask
    outcome: Words
    exit: Words
    reason: Words
    latency: Floats
    views: NDArray[np.int64]
    bytes: Floats
    energy: Floats

    def __len__(self) -> int:
        return len(self.captured)

    @cached_property
    def answered(self) -> Mask:
        """Who has an answer."""
        return np.isin(self.outcome, ANSWERED)

    def part(self, first: int, end: int) -> Recorded:
        """Those from number `first` up to `end`, which is not among them."""
        return Recorded(**{name: getattr(self, name)[first:end] for name in self.__dataclass_fields__})


@dataclass(frozen=True, eq=False)
class Side:
    """One system of one run.

    Attributes:
        name: What the run is called beside the others.
        run: The run.
        system: The system's name in it.
    """

    name: str
    run: Results
    system: str

    @property
    def summary(self) -> dict[str, Any]:
        """What the summary says of the system."""
        found: dict[str, Any] = self.run.summary["systems"][self.system]
        return found

    @property
    def warm_up(self) -> int:
        """So many of the first samples count nowhere."""
        return int(self.run.summary.get("warm_up", 0))

    @cached_property
    def recorded(self) -> Recorded:
        """All samples of the table. Raises RunError if it is damaged."""
        table = self.run.samples(self.system)

        def numbers(column: str, none: Any, kind: Any) -> Any:
            return np.array(table[column].fill_null(none).to_numpy(), kind)

        return Recorded(
            captured=numbers("captured_at", nan, float),
            image=numbers("image", -1, np.int64),
            label=numbers("label", -1, np.int64),
            prediction=numbers("prediction", -1, np.int64),
            correct=numbers("correct", False, bool),
            **{name: words(table[name].to_pylist()) for name in ("outcome", "exit", "reason")},
            latency=numbers("latency", nan, float),
            views=numbers("views", 0, np.int64),
            bytes=numbers("bytes", 0, float),
            energy=numbers("energy", nan, float),
        )


def named(runs: Sequence[Results]) -> list[str]:
    """What runs are called: by their folders' names or, where these are alike, their paths.

    Raises:
        RunError: a folder stands there twice.
    """
    places = [None if run.path is None else run.path.resolve() for run in runs]
    for number, place in enumerate(places):
        if place is not None and place in places[:number]:
            raise RunError(f"{runs[number].path}: given twice; to compare systems of one run, give it once")
    short = [f"run {number}" if place is None else place.name for number, place in enumerate(places, 1)]
    return [name if short.count(name) == 1 else str(run.path or name) for name, run in zip(short, runs, strict=True)]


def matched(runs: Sequence[Results], systems: Sequence[str] = ()) -> list[tuple[Side, Side]]:
    """The pairs of a comparison, the older first.

    Args:
        runs: Of several, each further one is set against the first. Of a single one, every system against those that
            stand before it.
        systems: Which systems: `NAME` in both runs, or `FIRST=OTHER`, the first run's and the others' (of a single run
            both are its own). None: all that have the same name; where each run has one system, these.

    Raises:
        RunError: a run has no such system, no name is common to both, the runs are of different data sets, or there is
            nothing to compare.
    """
    names, first, alone = named(runs), runs[0], len(runs) == 1
    for run in runs[1:]:
        _same_data(first, run)
    asked = [_asked(text, alone, first.place) for text in systems]
    if alone:
        if len(first.systems) < 2:
            raise RunError(f"{first.place}: has one system, {first.systems[0]}: give a second run to compare it with")
        for pair in asked:
            _known(first, *pair)
        chosen = asked or list(combinations(first.systems, 2))
        return [(Side(names[0], first, one), Side(names[0], first, other)) for one, other in chosen]
    found = []
    for name, run in zip(names[1:], runs[1:], strict=True):
        for one, other in asked:
            _known(first, one)
            _known(run, other)
        for one, other in asked or _common(first, run):
            found.append((Side(names[0], first, one), Side(name, run, other)))
    return found


def _asked(text: str, alone: bool, place: str) -> tuple[str, str]:
    first, given, other = text.partition("=")
    if not given and alone:
        raise RunError(f"{place}: of one run two systems are compared; write FIRST=OTHER, found {text!r}")
    if alone and first == other:
        raise RunError(f"{place}: a system of one run is not compared with itself, found {text!r}")
    return first, other if given else first


def _known(run: Results, *systems: str) -> None:
    for system in systems:
        if system not in run.systems:
            hint = nearest(system, run.systems)
            raise RunError(f"{run.place}: no system {system!r}; this run has {', '.join(run.systems)}{hint}")


def _common(first: Results, other: Results) -> list[tuple[str, str]]:
    if both := [name for name in first.systems if name in other.systems]:
        return [(name, name) for name in both]
    if len(first.systems) == len(other.systems) == 1:
        return [(first.systems[0], other.systems[0])]
    has = "; ".join(f"{run.place} has {', '.join(run.systems)}" for run in (first, other))
    raise RunError(f"no system has the same name in both: {has}; choose with FIRST=OTHER (--system)")


def _same_data(first: Results, other: Results) -> None:
    one, another = (run.manifest.get("data", {}).get("name") for run in (first, other))
    if one != another:
        raise RunError(
            f"{other.place}: of data set {another!r}, and {first.place} of {one!r}: what they answer cannot be compared"
        )


def unpaired(first: Side, second: Side) -> str | None:
    """Why the samples of two systems are not the same ones; None: the first ones that both have are."""
    if first.run is second.run:
        return None
    one, other = first.run, second.run
    if (seeds := (one.summary["seed"], other.summary["seed"]))[0] != seeds[1]:
        return f"the seeds differ ({seeds[0]} and {seeds[1]})"
    checksums = [run.manifest.get("data", {}).get("sha256") for run in (one, other)]
    if checksums[0] != checksums[1]:
        return "the images differ (another split, options or files of the data set)"
    count = min(len(first.recorded), len(second.recorded))
    if not count:
        return "there are no samples"
    for what, column in (("captures", "captured"), ("images", "image"), ("labels", "label")):
        those, these = (getattr(side.recorded, column)[:count] for side in (first, second))
        if (differ := those != these).any():
            return f"the {what} differ from sample {int(np.argmax(differ))} on"
    return None
