"""Where a sample's latency went: the chain of steps and waits from its capture to its outcome, without gap or overlap.

It is found backwards, as in the critical path method (Kelley and Walker 1959): what made the outcome possible at its
instant, what made that possible when it was ready, and so on. Only recorded times are used. Where nothing ended at the
instant at which a step became ready, its node had waited since the last thing that reached it: for a message that
came later or never, until its limit ran out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from simnet.analysis.traces.setting import Setting
from simnet.analysis.traces.steps import Step

QUEUE, COMPUTE, TRANSMIT, PROPAGATE, WAIT, SKEW = "queue", "compute", "transmit", "propagate", "wait", "skew"
KINDS = (SKEW, QUEUE, COMPUTE, TRANSMIT, PROPAGATE, WAIT)
"""What a part of a latency may be: `skew`, the camera captures later than the first one; `queue`, for a worker, a batch
or a link; `compute`; `transmit`, from the first bit on the wire on, with packets sent again and jitter; `propagate`,
the latency of the link; `wait`, for messages."""


class Part(NamedTuple):
    """A stretch of a sample's latency, from `begin` to `end` picoseconds, at a node or link."""

    kind: str
    place: str
    begin: int
    end: int
    step: Step | None = None
    """What it is a part of; None of a wait."""
    awaited: tuple[str, ...] = ()
    """Of a wait, the nodes of which nothing had come."""


class Life(NamedTuple):
    """What is known of a sample beside its steps.

    Attributes:
        site: Whose cameras captured it.
        captured: When it was captured, in picoseconds.
        ended: When it had its outcome.
        outcome: finished, forced, dropped or unfinished.
        exit: Where it was answered; None without an answer.
    """

    site: str | None
    captured: int
    ended: int
    outcome: str
    exit: str | None


def critical_path(steps: Sequence[Step], setting: Setting, life: Life) -> list[Part]:
    """The parts of a sample's life, in order; they begin at its capture, follow each other, and end at its outcome.

    `steps` are the sample's, in the order in which they ended. It was answered by what ended at that instant; where
    nothing did, a limit ran out at a node that is of the tier in the exit's name (`edge-2`: edge), or else at any.
    """
    parts: list[Part] = []
    found, time = _last(steps, setting, life), life.ended
    while found is not None:
        step = steps[found]
        if step.ended < time:
            here = step.ends_at
            awaited = _awaited(steps, setting, life.site, here, step.ended, time)
            parts.append(Part(WAIT, here, step.ended, time, None, awaited))
        parts.extend(reversed([*_parts_of(step, setting, steps)]))
        time = step.queued
        nodes = {step.source if step.place in setting.fair else step.begins_at}
        found = _before(steps[:found], time, nodes)
    if time > life.captured:
        begun = parts[-1].step if parts else None
        kind = SKEW if begun is not None and begun.source in setting.views else WAIT
        place = "" if begun is None else begun.source
        awaited = () if kind == SKEW else tuple(setting.devices(life.site))
        parts.append(Part(kind, place, life.captured, time, None, awaited))
    return [part for part in reversed(parts) if part.end > part.begin]


def _last(steps: Sequence[Step], setting: Setting, life: Life) -> int | None:
    """Number of the step that the outcome came of, or after which nothing came."""
    if life.exit is None:  # dropped with a step that was lost, perhaps
        return _before(steps, life.ended, None, any_status=True)
    exact = _before(steps, life.ended, None)
    if life.outcome == "finished" and exact is not None and steps[exact].ended == life.ended:
        return exact
    tier = tier_of(life.exit)
    there = {node for step in steps for node in (step.begins_at, step.ends_at) if setting.tiers.get(node) == tier}
    return _before(steps, life.ended, there or None)


def tier_of(exit_name: str) -> str:
    """The tier in an exit's name: `edge-2` is at the edge."""
    tier, _, number = exit_name.rpartition("-")
    return tier if tier and number.isdigit() else exit_name


def _before(steps: Sequence[Step], time: int, nodes: Collection[str] | None, any_status: bool = False) -> int | None:
    """Number of the step that ended last at one of the nodes (None: anywhere), not after `time`."""
    best: int | None = None
    for number in range(len(steps) - 1, -1, -1):
        step = steps[number]
        fits = step.ended <= time and (any_status or step.status == "ok") and (nodes is None or step.ends_at in nodes)
        if fits and (best is None or step.ended > steps[best].ended):
            best = number
            if step.ended == time:
                break
    return best


def _parts_of(step: Step, setting: Setting, steps: Sequence[Step]) -> Iterator[Part]:
    """Queue, and computing or transmission and propagation, of a step."""
    yield Part(QUEUE, step.place, step.queued, step.started, step)
    if not step.transfer:
        yield Part(COMPUTE, step.place, step.started, step.ended, step)
        return
    latency = setting.latency.get(step.place, 0)
    if step.place in setting.fair:  # one flow over all its links
        those = [one for one in steps if one.message == step.message and one.queued == step.queued]
        latency = sum(setting.latency.get(one.place, 0) for one in those[: those.index(step) + 1])
    left = max(step.ended - latency, step.started) if step.status == "ok" else step.ended
    yield Part(TRANSMIT, step.place, step.started, left, step)
    yield Part(PROPAGATE, step.place, left, step.ended, step)


def _awaited(
    steps: Sequence[Step], setting: Setting, site: str | None, node: str, since: int, until: int
) -> tuple[str, ...]:
    """The nodes from which `node` had heard nothing by `since`: those it had asked, else the cameras."""

    def heard(other: str, after: int) -> bool:
        return any(
            step.ends_at == node and step.source == other and step.status == "ok" and after <= step.ended <= since
            for step in steps
        )

    asked: dict[str, int] = {}
    for step in steps:
        if step.transfer and step.source == node == step.begins_at and step.queued < until:
            asked[step.target] = max(step.queued, asked.get(step.target, 0))
    if asked:
        return tuple(other for other in sorted(asked) if not heard(other, asked[other]))
    return tuple(other for other in setting.devices(site) if not heard(other, 0))
