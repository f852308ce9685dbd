"""Which track of a viewer a step is drawn on: on one track slices may only follow or contain each other."""

from __future__ import annotations

from collections.abc import Sequence

from simnet.analysis.timeline.lanes import slots
from simnet.analysis.traces.steps import Step


def tracks_of(steps: Sequence[Step]) -> list[list[Step]]:
    """The steps of one place on as few tracks as there are at the same time, each in the order of its slices.

    A step is there from its start to its end, propagation included: what overlaps on a link while it propagates takes
    another track. Calls that ran as one batch, with the same start and end, contain each other on one track.
    """
    calls: dict[tuple[int, int, int], list[Step]] = {}
    for number, step in enumerate(steps):
        alone = not one_batch(step, step)
        calls.setdefault((step.started, step.ended, number if alone else -1), []).append(step)
    keys = sorted(calls)
    tracks: list[list[Step]] = []
    for key, slot in zip(keys, slots([key[0] for key in keys], [key[1] for key in keys]), strict=True):
        while len(tracks) <= slot:
            tracks.append([])
        tracks[slot] += calls[key]
    return tracks


def one_batch(step: Step, other: Step) -> bool:
    """Whether two steps at one place are calls that ran as one."""
    same = (step.started, step.ended) == (other.started, other.ended)
    return same and not step.transfer and not other.transfer and step.started < step.ended
