"""Execute a scenario: real processes and sockets in the place of the simulated network, all else as in a simulation."""

from __future__ import annotations

import os
import platform
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simnet.inference.answers import Answers
from simnet.models.data import open_dataset
from simnet.models.data.base import Dataset
from simnet.results.result import SystemResult
from simnet.scenario import Scenario
from simnet.terminal.listener import Progress
from simnet.testbed.agent import PRIORITY
from simnet.testbed.asking import NodeAnswers
from simnet.testbed.bench import Bench
from simnet.testbed.clock import LiveClock
from simnet.testbed.contents import Contents, Roles
from simnet.testbed.fit import Compute, check_fit
from simnet.testbed.namespaces import HEADERS, MTU, LiveError, as_others, before_others, exact_timers, missing
from simnet.testbed.topology import LiveTopology
from simnet.world.plan import Plan
from simnet.world.run import Options, run_system, seen_by
from simnet.world.world import World

if TYPE_CHECKING:
    from simnet.testbed.segments import Segments

QUANTILES = 11
"""Of computing times, from the least to the greatest."""
ONLY_ONE = "\0simnet-testbed"
"""A name that only one process of a machine can have; it goes with its process."""


def execute(
    scenario: Scenario,
    plans: Mapping[str, Plan],
    options: Options,
    compute: Compute = "model",
    progress: Progress | None = None,
) -> tuple[list[SystemResult], Dataset, dict[str, Any]]:
    """Execute every system of a scenario, one after the other, in real time.

    Each is simulated before: then the answers of its network are known, and no time goes to them while it runs.

    Args:
        scenario: The scenario.
        plans: Those of its systems.
        options: How to run.
        compute: What nodes do when they compute: be busy for the modelled time, or run their segments on one thread.
        progress: Is told how it goes on.

    Returns:
        The results, as those of a simulation; the data set; and on what it was executed, for the manifest.

    Raises:
        LiveError: this machine lacks something, another execution is under way, or a process has ended.
        ScenarioError: the scenario has what only a simulation can do.
    """
    check_fit(scenario, compute)
    if (lacking := missing()) is not None:
        raise LiveError(f"a scenario can only be executed on Linux, as root, with 'ip' and 'tc': {lacking}")
    data = open_dataset(scenario.data, scenario.split, options.data_dir, scenario.folder)
    seen = seen_by(scenario, plans, data, options)
    plain = replace(options, again=False)
    results, told = [], {}
    with _alone():
        for name, plan in plans.items():
            run_system(scenario, plan, seen[name], plain, progress)
            import torch  # an answer that the simulation did not need must not wait for it  # noqa: F401

            runs = None
            if compute == "network":
                from simnet.testbed.segments import Segments

                runs = Segments(scenario, plan, seen[name], Roles(plan))
            told_so = None if progress is None else _Executed(progress)
            result, about = _one(scenario, plan, seen[name], plain, runs, told_so)
            results.append(result)
            told[name] = about
    return results, data, {"compute": compute, **_machine(), "systems": told}


def _one(
    scenario: Scenario,
    plan: Plan,
    data: Dataset,
    options: Options,
    runs: Segments | None,
    progress: Progress | None,
) -> tuple[SystemResult, dict[str, Any]]:
    clock, contents = LiveClock(), None if runs is None else Contents(runs.roles)
    tellers: list[NodeAnswers] = []
    with Bench(clock, scenario.nodes, scenario.links, runs, contents) as bench, _exact():
        before = bench.counted()

        networks: list[LiveTopology] = []

        def built(*arguments: Any, **options: Any) -> LiveTopology:
            networks.append(LiveTopology(bench, *arguments, **options))
            return networks[-1]

        whole = partial(World, topology=built, clock=clock)

        def make(*arguments: Any) -> World:
            world = whole(*arguments)
            clock.start()
            return world

        def teller(answers: Answers) -> NodeAnswers:
            assert contents is not None
            tellers.append(NodeAnswers(bench, contents, plan, answers))
            return tellers[-1]

        asked = None if contents is None else teller
        result = run_system(scenario, plan, data, options, progress, make, teller=asked)
        after = bench.counted()
    late = np.array(clock.lateness or [0]) / 1e12
    sent = {f"{source}→{target}": after[source, target] - before[source, target] for source, target in after}
    quantiles = dict(zip(("p50", "p99", "max"), np.quantile(late, (0.5, 0.99, 1.0)).tolist(), strict=True))
    steps = np.linspace(0, 1, QUANTILES)
    computing = {
        node: {segments: np.quantile(times, steps).tolist() for segments, times in calls.items()}
        for node, calls in networks[0].took.items()
        if calls
    }
    about: dict[str, Any] = {"lateness": quantiles, "bytes_on_wire": sent, "computing": computing}
    if tellers:
        about["answers"] = tellers[0].report()
    return result, about


class _Executed(Progress):
    """Tells of an execution what is told of a simulation."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def simulated(self, system: str, time: float, end: float) -> None:
        self._progress.executed(system, time, end)


@contextmanager
def _exact() -> Iterator[None]:
    """In this block what moves messages goes before all usual processes, if that is allowed."""
    exact_timers()
    before_others(PRIORITY + 10)
    try:
        yield
    finally:
        with suppress(OSError):
            as_others()


@contextmanager
def _alone() -> Iterator[None]:
    """Two executions would disturb each other. Raises LiveError while there is another."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as name:
        try:
            name.bind(ONLY_ONE)
        except OSError:
            raise LiveError("another scenario is being executed on this machine; wait until it has ended") from None
        yield


def _machine() -> dict[str, Any]:
    """On what it was executed."""
    resolution = time.get_clock_info("monotonic").resolution
    return {
        "kernel": platform.release(),
        "processor": _processor(),
        "cpus": sorted(os.sched_getaffinity(0)),
        "real_time": _may_be_first(),
        "clock": {"name": "CLOCK_MONOTONIC", "resolution": resolution},
        "tcp": _read("/proc/sys/net/ipv4/tcp_congestion_control"),
        "mtu": MTU,
        "headers": HEADERS,
    }


def _may_be_first() -> bool:
    allowed = before_others(PRIORITY)
    if allowed:
        as_others()
    return allowed


def _processor() -> str:
    lines = _read("/proc/cpuinfo").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return "unknown"
