"""What is captured when and where: the samples of all sites, which images and classes they are, when they are due."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simnet.language.units import format_time
from simnet.registry import PluginError
from simnet.results.kept.constant import once
from simnet.scenario import Scenario
from simnet.streams import stream
from simnet.times import floats, seconds, ticks, whole_numbers
from simnet.workloads.arrivals import arrival_times
from simnet.workloads.spec import Workload
from simnet.world.sites import sites_of, workload_of


@dataclass(frozen=True)
class Captures:
    """All samples of a run in order of capture, one entry of each array per sample; they cannot be written to.

    Attributes:
        times: When it is captured, in s, ascending.
        ticks: The same by the clock.
        site: Number of its site in `sites`.
        sites: The sites; None is the unnamed one.
        kind: Number of its class in `classes`; −1 without one.
        classes: The classes of all sites.
        priority: Higher goes first where a queue heeds it; 0 without a class.
        deadline: In s after capture; not a number without one.
    """

    times: NDArray[np.float64]
    ticks: Sequence[int]
    site: NDArray[np.int64]
    sites: tuple[str | None, ...]
    kind: NDArray[np.int64]
    classes: tuple[str, ...]
    priority: NDArray[np.int64]
    deadline: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.times)

    def before(self, scenario: Scenario) -> int:
        """How many of the first samples belong to the scenario's warm-up.

        Raises:
            ScenarioError: all of them.
        """
        count = scenario.warm_up_samples or 0
        if scenario.warm_up is not None:
            count = bisect_left(self.ticks, ticks(scenario.warm_up))  # one captured at its end counts
        if 0 < len(self) <= count:
            key = "warm_up_samples" if scenario.warm_up is None else "warm_up"
            last = format_time(seconds(self.ticks[-1]), 3)
            raise scenario.error((key,), f"leaves no sample to count: there are {len(self):,}, the last at {last}")
        return count


def captures(scenario: Scenario) -> Captures:
    """The samples of a scenario, the same for each of its systems.

    Every site draws its arrivals and classes from streams of its own, so that a further site shifts nobody's. The
    sites' samples are merged in order of time; `samples` counts them together. With `skew` a sample's capture is what
    its site's workload says, and each camera's own is later (`simnet.world.sites.skews_of`): latency counts from the
    former.

    Raises:
        PluginError: a user's workload gives fewer captures than there shall be samples.
    """
    sites = sites_of(scenario)
    workloads = [workload_of(scenario, site) for site in sites]
    classes = tuple(dict.fromkeys(name for workload in workloads for name in workload.classes))
    parts = []
    for number, (site, workload) in enumerate(zip(sites, workloads, strict=True)):
        below = "" if site is None else f"/{site}"
        times = arrival_times(workload, scenario.seed, f"arrivals{below}", scenario.samples, scenario.duration)
        kinds = _kinds(workload, scenario.seed, f"classes{below}", len(times), classes)
        parts.append((whole_numbers(times), np.full(len(times), number), *kinds))
    ticks, *others = (np.concatenate(values) for values in zip(*parts, strict=True))
    if scenario.samples is not None and len(ticks) < scenario.samples:
        raise PluginError(f"the workload has only {len(ticks)} captures: ask for fewer than {scenario.samples} samples")
    first = np.argsort(ticks, kind="stable")[: scenario.samples]
    ticks = ticks[first]
    site_number, kind, priority, deadline = (once(values[first]) for values in others)
    return Captures(floats(ticks), _kept(ticks), site_number, sites, kind, classes, priority, deadline)


def _kept(ticks: NDArray[Any]) -> Sequence[int]:
    """Times that give Python's numbers one by one: 8 bytes for each, where 64 bits hold them all."""
    return ticks.tolist() if ticks.dtype == object else array("q", ticks.tobytes())


def arrivals(scenario: Scenario) -> NDArray[np.float64]:
    """Capture time of every sample in s, ascending."""
    return captures(scenario).times


def _kinds(
    workload: Workload, seed: int, name: str, count: int, classes: tuple[str, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Class, priority and deadline of a site's samples; the classes are drawn by their shares, each for itself."""
    otherwise = np.nan if workload.deadline is None else workload.deadline
    if not workload.classes:
        return np.full(count, -1), np.zeros(count, np.int64), np.full(count, otherwise)
    ones = list(workload.classes.values())
    bounds = np.cumsum([one.share for one in ones])[:-1]  # the last has the rest, whatever rounding leaves of it
    drawn = np.searchsorted(bounds, stream(seed, name).random(count), side="right")
    kind = np.array([classes.index(one) for one in workload.classes])
    priority = np.array([one.priority for one in ones])
    deadline = np.array([otherwise if one.deadline is None else one.deadline for one in ones])
    return kind[drawn], priority[drawn], deadline[drawn]


def images_of(scenario: Scenario, samples: int, available: int) -> NDArray[np.int64]:
    """Which image of the data set each sample is: in a random order, or in its own; all, before any comes again."""
    rounds = -(-samples // max(available, 1))
    if scenario.data.order == "file":
        return np.resize(np.arange(available), samples)
    draw = stream(scenario.seed, "images")
    return np.concatenate([np.zeros(0, np.int64), *(draw.permutation(available) for _ in range(rounds))])[:samples]


def alike(scenario: Scenario, captured: Captures, kinds: Sequence[int] | None = None) -> NDArray[np.int64]:
    """For each sample the number of its group: of one site, and captured while the script leaves the same things down.

    `kinds` has a number for each site; while nothing is down, those with the same one are alike, too. A guess at which
    samples meet the same, for batches; what happens at random is not in it.
    """
    changes: list[tuple[float, int, tuple[object, int]]] = []
    for number, fault in enumerate(scenario.faults):
        if fault.mtbf is None and fault.action == "down":
            target = fault.node or fault.link
            warm_up = 0.0 if fault.node is None else scenario.nodes[fault.node].warm_up
            ups = [one.at for one in scenario.faults if one.action == "up" and (one.node or one.link) == target]
            lasts = np.inf if fault.lasts is None else fault.lasts
            end = min([fault.at + lasts, *(at for at in ups if at > fault.at)])
            changes += [(fault.at, 1, (target, number)), (end + warm_up, -1, (target, number))]
    changes.sort(key=lambda change: change[:2])
    times = np.array([change[0] for change in changes])
    states: dict[frozenset[object], int] = {frozenset(): 0}
    down: set[tuple[object, int]] = set()
    numbers = [0]
    for _, step, what in changes:
        (down.add if step > 0 else down.discard)(what)
        numbers.append(states.setdefault(frozenset(target for target, _ in down), len(states)))
    state = np.array(numbers)[np.searchsorted(times, captured.times, side="right")]
    of_site = captured.site if kinds is None else np.where(state == 0, np.array(kinds)[captured.site], captured.site)
    return once(np.asarray(state * len(captured.sites) + of_site))
