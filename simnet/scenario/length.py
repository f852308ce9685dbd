"""Whether a run ends: how many samples it captures, how long it lasts, how often anything happens meanwhile."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from simnet.language.checks import Checks
from simnet.language.errors import Path
from simnet.language.units import TIME
from simnet.network.faults.spec import Fault
from simnet.network.links.spec import Link
from simnet.network.nodes.spec import Node
from simnet.systems.options import EdgeOptions, SystemOptions
from simnet.workloads.spec import Workload

MOST_SAMPLES = 100_000_000
"""Of a run: each takes some memory."""
MOST_EVENTS = 1_000_000_000
"""Of one sort, such as heartbeats: an hour of computing at least."""


def ends(
    checks: Checks,
    samples: int | None,
    duration: float | None,
    workloads: Sequence[tuple[Path, Workload]],
    nodes: Mapping[str, Node],
    links: Sequence[Link],
    systems: Mapping[str, SystemOptions],
    faults: Sequence[Fault],
) -> None:
    """Note what makes a run endless: captures, heartbeats, failures at random, steps of traces, states of a workload.

    `workloads` are that of each site, with its place in the file. What is not known beforehand, such as the pace of a
    user's workload, is not bounded.
    """
    captured = math.fsum(
        min((duration or 0.0) * one.captures_per_second, math.inf if one.most is None else one.most)
        for _, one in workloads
        if one.captures_per_second is not None
    )
    if captured > MOST_SAMPLES:
        message = f"the run would capture about {captured:.2g} samples; at most {MOST_SAMPLES:,}"
        checks.wrong(("duration",), message)
        return
    lasts = _length(samples, duration, [one for _, one in workloads])
    if lasts is None:
        return
    if lasts > TIME.most:
        checks.wrong(("samples",), f"the run would last about {lasts:.2g} s; at most {TIME.most:.0e} s")
        return
    for path, what, every, many in _repeated(workloads, nodes, links, systems, faults):
        count = many * (lasts / every) if every > 0 else math.inf
        if count > MOST_EVENTS:
            message = f"{what} would come about {count:.2g} times in a run of {lasts:.2g} s"
            checks.wrong(path, f"{message}; at most {MOST_EVENTS:,}")


def _length(samples: int | None, duration: float | None, workloads: Sequence[Workload]) -> float | None:
    """About how long the run lasts, in s; None: nobody knows."""
    if duration is not None or samples is None:
        return duration
    rates = [one.captures_per_second for one in workloads]
    rate = math.fsum(one for one in rates if one is not None)
    return samples / rate if rate > 0 and None not in rates else None


def _repeated(
    workloads: Sequence[tuple[Path, Workload]],
    nodes: Mapping[str, Node],
    links: Sequence[Link],
    systems: Mapping[str, SystemOptions],
    faults: Sequence[Fault],
) -> Iterator[tuple[Path, str, float, int]]:
    """What happens again and again: its place, in words, its mean period in s, how many of its sort there are."""
    cameras = sum(node.view is not None for node in nodes.values())
    for path, workload in workloads:
        if workload.mean_stay is not None:
            yield path, "states", workload.mean_stay, 1
    for name, system in systems.items():
        if isinstance(system, EdgeOptions) and system.heartbeat is not None:
            yield ("systems", name, "heartbeat", "every"), "heartbeats", system.heartbeat.every, cameras
    for name, node in nodes.items():
        if node.load is not None and node.load.repeat is not None:
            yield ("nodes", name, "load", "repeat"), "steps of the load", node.load.repeat, len(node.load.times)
    for link in links:
        if link.trace is not None and link.trace.repeat is not None:
            yield ("links",), f"steps of {link.source} - {link.target}", link.trace.repeat, len(link.trace.times)
        if link.loss is not None and link.loss.good_for is not None and link.loss.bad_for is not None:
            period = link.loss.good_for + link.loss.bad_for
            yield ("links",), f"bursts of losses on {link.source} - {link.target}", period, 1
    random: dict[str, tuple[float, int]] = {}
    for fault in faults:
        if fault.mtbf is not None and fault.mttr is not None:
            period, many = random.get(fault.name, (math.inf, 0))
            random[fault.name] = min(period, fault.mtbf + fault.mttr), many + 1
    for name, (period, many) in random.items():
        yield ("faults",), f"'{name}'", period, many
