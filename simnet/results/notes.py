"""What a reader of a run's numbers should know that turned out only when it was over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simnet.results.cells import percent
from simnet.results.lives import Lives, Mask, places_of
from simnet.results.usage.usage import FULL, SATURATED

if TYPE_CHECKING:
    from simnet.results.usage.usage import Usage

OFTEN = 0.5
"""Share of the answers from which on it is told that a view is missing (our choice)."""
NAMED = 4
"""Places that are called by their names; of more, the rest are counted."""


def load_notes(name: str, usage: Usage) -> Iterator[str]:
    """Places that were asked for more than they can do, and those that were busy most of the time."""
    if full := _listed(usage, SATURATED, "offered_load", lambda load: f"{load:.2f}"):
        yield (
            f"{name}: saturated, offered load {full}: queues there, and latencies with them, grow with the length of "
            "the run"
        )
    if busy := _listed(usage, FULL, "utilisation", lambda used: percent(used)):
        yield f"{name}: nearly saturated, utilisation {busy}: a little more load or chance makes queues there long"


def _listed(usage: Usage, verdict: str, key: str, said: Any) -> str:
    there = {name: numbers[key] for name, numbers in usage.places.items() if numbers["verdict"] == verdict}
    ranked = sorted(there, key=lambda name: -there[name])
    words = [f"{name} {said(there[name])}" for name in ranked[:NAMED]]
    more = len(ranked) - NAMED
    return ", ".join(words) + (f" and {more} more" if more > 0 else "")


def unfinished_note(name: str, lives: Lives) -> Iterator[str]:
    """Samples that were under way when the run ended."""
    if left := int((lives.outcome == "unfinished").sum()):
        count = f"{left:,} of {len(lives):,} samples unfinished"
        yield f"{name}: {count}: p95 is a lower bound, and the accuracy that of the others"


def view_notes(
    name: str, lives: Lives, views: NDArray[Any], seen: Mapping[str | None, Mapping[str, int]]
) -> Iterator[str]:
    """Views that are missing in most of the answers; `views` has a mask for each sample, `seen` those of each site by
    camera, from 0."""
    places = places_of(lives.site)
    for site, cameras in seen.items():
        those = places.get(site, np.zeros(0, np.int64))
        answered = views[those[lives.answered[those]]]
        if not len(answered):
            continue
        missing: dict[str, list[str]] = {}
        for camera, view in sorted(cameras.items(), key=lambda one: one[1]):
            absent = float((answered >> view & 1 == 0).mean())
            if absent >= OFTEN:
                missing.setdefault(f"{100 * absent:.0f} %", []).append(f"{view + 1} ({camera})")
        for share, which in missing.items():
            where = "" if site is None else f", {site}"
            many = f"{', '.join(which[:NAMED])}{f' and {len(which) - NAMED} more' if len(which) > NAMED else ''}"
            yield (
                f"{name}{where}: view{'s' * (len(which) > 1)} {many} missing in {share} of the samples answered: "
                "down, or too late for those who wait"
            )


def order_notes(systems: Mapping[str, Lives]) -> Iterator[str]:
    """Pairs of systems of which the one is better among the samples answered, and the other among all captured."""
    for (first, lives), (second, others) in combinations(systems.items(), 2):
        pair = (lives, others)
        if not all(one.answered.any() for one in pair):
            continue
        of_answered, of_all = ([_accuracy(one, those) for one, those in zip(pair, which, strict=True)] for which in (
            [one.answered for one in pair], [np.ones(len(one), bool) for one in pair]
        ))  # fmt: skip
        if (of_answered[0] - of_answered[1]) * (of_all[0] - of_all[1]) < 0:
            better, other = (first, second) if of_all[0] > of_all[1] else (second, first)
            yield (
                f"{other} is the more accurate of the samples that it answered ({_both(of_answered, first, second)}), "
                f"{better} of all captured ({_both(of_all, first, second)})"
            )


def _accuracy(lives: Lives, those: Mask) -> float:
    return float(lives.correct[those].mean())


def _both(shares: Sequence[float], first: str, second: str) -> str:
    return f"{first} {percent(shares[0])}, {second} {percent(shares[1])}"
