"""What would have been without a fault: the same run again with that one left out, sample by sample."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simnet.clock import ProtocolError
from simnet.inference.answers import Answers
from simnet.language.units import format_time
from simnet.network.faults.incidents import name_of
from simnet.results.kept.recorded import Recorded
from simnet.results.lives import Lives
from simnet.results.result import SystemResult
from simnet.scenario import Scenario
from simnet.world.again.rest import rejoining
from simnet.world.captures import Captures
from simnet.world.plan import Plan
from simnet.world.recording import bytes_of
from simnet.world.world import World

MOST_AGAIN = 100_000
"""Samples that are played again, all faults together, to see what would have been without each (our choice)."""


class Without(NamedTuple):
    """A run played without one fault: what became of the samples, and the bytes that each had sent."""

    lives: Lives
    bytes: NDArray[np.int64]


def without_each(
    scenario: Scenario,
    plan: Plan,
    answers: Answers,
    captured: Captures,
    labels: NDArray[np.int64],
    images: NDArray[np.int64],
    played: World,
) -> tuple[dict[str, Without], list[str]]:
    """What became of the same samples without each fault that struck, by its name, and a note on those left out.

    `played` is the world with all of them. Everything else is as it was: every fault, message and sample draws for
    itself, and links are of the same kind. At most `MOST_AGAIN` samples are played again in all, for the first faults
    of the scenario; of each as much as may differ (`simnet.world.again.rest`).
    """
    struck = {one.name for one in played.incidents}
    names = [name for name in dict.fromkeys(map(name_of, scenario.faults)) if name in struck]
    chosen = names[: MOST_AGAIN // max(len(captured), 1)]
    found: dict[str, Without] = {}
    notes, truth = [], labels.tolist()
    before = bytes_of(Recorded(played.network.spans), len(captured)) if chosen else np.zeros(0, np.int64)
    for name in chosen:
        try:
            for part in rejoining(played, scenario, name, captured.ticks):
                world = World(scenario, plan, answers.get, captured, answers.opinions, truth)
                world.play(without=name, part=part)
                if part.sure:
                    break
        except ProtocolError as problem:  # of a user's system, where only the fault hid it: the run itself is good
            notes.append(f"{plan.name}: not compared with a run without fault '{name}': {problem}")
            continue
        end = played.env.now if part.last < len(captured) else world.env.now
        sizes, here = before.copy(), slice(part.first, part.last)  # at both ends nothing was under way
        sizes[here] = bytes_of(Recorded(world.network.spans), len(captured))[here]
        found[name] = Without(Lives.of(captured, labels, world.endings, end, images), sizes)
    if left := names[len(chosen) :]:
        said = f"{', '.join(left[:3])}{' …' if len(left) > 3 else ''}"
        notes.append(
            f"{plan.name}: {len(left)} of {len(names)} faults are not compared with a run without them ({said}): "
            f"at most {MOST_AGAIN:,} samples are played again"
        )
    return found, notes


def too_late(scenario: Scenario, results: Sequence[SystemResult]) -> str:
    """What to say of faults that would begin when the run of every system is over; "" if there are none."""
    end = max(result.simulated_time for result in results)
    begins = {name_of(fault): inf for fault in scenario.faults}
    for fault in scenario.faults:
        begins[name_of(fault)] = min(fault.at, begins[name_of(fault)])
    late = [f"'{name}' at {format_time(first)}" for name, first in begins.items() if first > end]
    if not late:
        return ""
    said = f"{', '.join(late[:3])}{' …' if len(late) > 3 else ''}"
    return f"{len(late)} of {len(begins)} faults would begin after the end of the run at {format_time(end, 4)}: {said}"
