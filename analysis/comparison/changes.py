"""Which samples are answered otherwise by another system, or in another run, and why."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simnet.analysis.comparison.sides import Recorded


class Why(StrEnum):
    """In which respect two lives of a sample differ: the first of these that holds, since it explains the others."""

    NO_ANSWER = "no answer"
    FORCED = "forced exit"
    ARRIVED = "other views"
    EXIT = "other exit"
    SAME = "same exit and views"


class Effect(StrEnum):
    """What became of the answer."""

    RIGHT = "became right"
    WRONG = "became wrong"
    STILL_WRONG = "wrong otherwise"
    SAME = "same answer"


class Change(NamedTuple):
    """A sample whose answer is another, or that has one in one of the two only.

    Attributes:
        sample: Its number in both.
        image: Its number in the data set.
        label: Its true class.
        effect: What became of the answer; without one counts as wrong.
        why: What explains it best.
        detail: All that differs, in words.
        predictions: The class answered by the first and the second; None without an answer.
        exits: Where; None without an answer.
        outcomes: finished, forced, dropped or unfinished.
        views: Bit masks of the views that took part.
        latencies: In s; None without an answer.
    """

    sample: int
    image: int
    label: int
    effect: Effect
    why: Why
    detail: str
    predictions: tuple[int | None, int | None]
    exits: tuple[str | None, str | None]
    outcomes: tuple[str, str]
    views: tuple[int, int]
    latencies: tuple[float | None, float | None]


class Changes(NamedTuple):
    """What became of the samples that two systems have in common.

    Attributes:
        samples: How many they are.
        changed: Those whose answer is another.
        counts: For each reason, how many samples differ by it, by what became of their answer; every sample that
            differs in some respect is in one of them. With the same exit, views and answer a sample does not differ.
    """

    samples: int
    changed: list[Change]
    counts: dict[Why, dict[Effect, int]]


def changes(first: Recorded, second: Recorded, start: int = 0) -> Changes:
    """Compare the same samples, answered by two systems; the first of them is number `start`."""
    one, other = first.answered, second.answered
    altered = first.prediction != second.prediction  # −1 without an answer
    effect = np.full(len(first), Effect.SAME, object)
    effect[altered] = Effect.STILL_WRONG
    effect[altered & second.correct] = Effect.RIGHT
    effect[altered & first.correct] = Effect.WRONG
    why = np.full(len(first), Why.SAME, object)
    why[first.exit != second.exit] = Why.EXIT
    why[first.views != second.views] = Why.ARRIVED
    why[(first.outcome == "forced") != (second.outcome == "forced")] = Why.FORCED
    why[one != other] = Why.NO_ANSWER
    return Changes(
        len(first),
        [_change(first, second, int(at), start, effect[at], why[at]) for at in np.flatnonzero(altered)],
        _counts(why, effect),
    )


def _counts(why: NDArray[np.object_], effect: NDArray[np.object_]) -> dict[Why, dict[Effect, int]]:
    found = {}
    for reason in Why:
        effects = {each: int(((why == reason) & (effect == each)).sum()) for each in Effect}
        if reason is Why.SAME:
            effects[Effect.SAME] = 0  # nothing differs
        if sum(effects.values()):
            found[reason] = effects
    return found


def _change(first: Recorded, second: Recorded, at: int, start: int, effect: Effect, why: Why) -> Change:
    both = (first, second)
    answered = [bool(one.answered[at]) for one in both]
    predictions = [int(one.prediction[at]) if has else None for one, has in zip(both, answered, strict=True)]
    latencies = [float(one.latency[at]) if has else None for one, has in zip(both, answered, strict=True)]
    return Change(
        sample=start + at,
        image=int(first.image[at]),
        label=int(first.label[at]),
        effect=effect,
        why=why,
        detail=_detail(first, second, at),
        predictions=(predictions[0], predictions[1]),
        exits=(first.exit[at], second.exit[at]),
        outcomes=(first.outcome[at], second.outcome[at]),
        views=(int(first.views[at]), int(second.views[at])),
        latencies=(latencies[0], latencies[1]),
    )


def _detail(first: Recorded, second: Recorded, at: int) -> str:
    """What differs, first → second: outcomes with their reasons, exits, views; of forced exits, that they were."""
    told, both = [], first.answered[at] and second.answered[at]
    if not both:
        told.append(f"{_ending(first, at)} → {_ending(second, at)}")
    elif first.outcome[at] == "forced" != second.outcome[at]:
        told.append("no longer")
    if both and first.exit[at] != second.exit[at]:
        told.append(f"{first.exit[at]} → {second.exit[at]}")
    if both:
        old, new = int(first.views[at]), int(second.views[at])
        told += [f"{word} {_views(mask)}" for word, mask in (("without", old & ~new), ("with", new & ~old)) if mask]
    return ", ".join(told)


def _ending(one: Recorded, at: int) -> str:
    reason = one.reason[at]
    return f"{one.outcome[at]} ({reason})" if reason else str(one.outcome[at])


def _views(mask: int) -> str:
    """The views of a bit mask: "view 3", "views 1, 4"."""
    numbers = [str(view + 1) for view in range(mask.bit_length()) if mask >> view & 1]
    return f"view{'s' * (len(numbers) > 1)} {', '.join(numbers)}"


def order(changed: Sequence[Change]) -> list[Change]:
    """Those that became wrong first, then right, then the others; each in order of capture."""
    ranks = [Effect.WRONG, Effect.RIGHT, Effect.STILL_WRONG, Effect.SAME]
    return sorted(changed, key=lambda one: (ranks.index(one.effect), one.sample))
