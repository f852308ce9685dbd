"""The same queues in Ciw, an engine that shares no code with this one: the difference of both means.

Each engine plays independent replications of its own; the difference of the means must be within Welch's t-interval of
0, and the interval must be narrow. Two of the three have no closed form as simple as those in `queueing`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from statistics import fmean
from typing import Any

import numpy as np

from simnet.statistics.student import welch_interval
from simnet.validation.base import LEVEL, Check, Result, Settings, Unavailable
from simnet.validation.queueing import MU, WARM_UP, Draw, Floats, Served, Size, exponential, station

DRAIN = 100 / MU
"""Seconds for which Ciw plays on, so that all who came before have been served: it tells of nobody else."""


@dataclass(frozen=True)
class Case:
    """A station for both engines: `rate` arrivals per second, `workers`, `room` to wait."""

    rate: float
    workers: int
    draw: Draw
    service: Callable[[Any], Any]
    """Ciw's distribution of the same service time, given its module."""
    room: int | None = None


def uniform(random: np.random.Generator, count: int) -> Floats:
    """Demands uniform between half and one and a half."""
    return random.uniform(0.5, 1.5, count)


MM2 = Case(1.2 * MU, 2, exponential, lambda ciw: ciw.dists.Exponential(rate=MU))
MG2 = Case(1.2 * MU, 2, uniform, lambda ciw: ciw.dists.Uniform(lower=0.5 / MU, upper=1.5 / MU))
MG2K = Case(2.0 * MU, 2, uniform, lambda ciw: ciw.dists.Uniform(lower=0.5 / MU, upper=1.5 / MU), room=3)


def load() -> Any:
    """The module `ciw`; raises Unavailable without it."""
    try:
        return import_module("ciw")
    except ImportError:
        raise Unavailable("Ciw is not installed (pip install 'simnet[validate]')") from None


def in_ciw(ciw: Any, case: Case, seed: int, customers: int) -> Served:
    """One replication in Ciw of about so many customers."""
    last = customers / case.rate
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate=case.rate)],
        service_distributions=[case.service(ciw)],
        number_of_servers=[case.workers],
        queue_capacities=[float("inf") if case.room is None else case.room],
    )
    ciw.seed(seed)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(last + DRAIN)
    warm = last * WARM_UP
    records = sorted(simulation.get_all_records(), key=lambda record: record.arrival_date)
    records = [one for one in records if warm <= one.arrival_date < last]
    refused = np.array([record.record_type == "rejection" for record in records])
    queued = np.array([record.arrival_date for record in records])
    started = np.array([record.service_start_date for record in records], float)
    ended = np.array([record.service_end_date for record in records], float)
    return Served(queued, started, ended, refused, last)


def size_of(settings: Settings) -> Size:
    """16 replications of 8,000 in either engine, intervals of 12 %; 30 of 20,000, intervals of 6 %, in a full run."""
    return Size(30, 20_000, 0.06) if settings.full else Size(16, 8_000, 0.12)


Value = Callable[[Served], float]
STAY: tuple[str, str, Value] = "mean time in system", "s", lambda run: float(run.stays.mean())
WAIT: tuple[str, str, Value] = "mean waiting time", "s", lambda run: float(run.waits.mean())
BLOCKED: tuple[str, str, Value] = "share blocked", "", lambda run: run.blocked


def against(case: Case, *wanted: tuple[str, str, Value]) -> Callable[[Settings], list[Result]]:
    """A check of some quantities of a case in both engines."""

    def run(settings: Settings) -> list[Result]:
        ciw = load()
        size = size_of(settings)
        seeds, customers, widest = size.seeds(settings), size.customers, size.widest
        ours = [station(seed, case.rate, case.draw, customers, case.workers, case.room) for seed in seeds]
        theirs = [in_ciw(ciw, case, seed, customers) for seed in seeds]
        found = []
        for what, unit, value in wanted:
            first, second = ([value(served) for served in engine] for engine in (ours, theirs))
            _, half = welch_interval(first, second, LEVEL)
            reference = fmean(second)
            found.append(Result(what, unit, fmean(first), reference, half, widest * reference))
        return found

    return run


REFERENCE = "Ciw, an independent engine"
SOURCE = "Palmer, Knight, Harper and Hawa, Ciw (2019), https://ciw.readthedocs.io"
CHECKS = [
    Check("ciw-mm2", REFERENCE, "M/M/2, ρ = 0.6", SOURCE, against(MM2, STAY)),
    Check("ciw-mg2", REFERENCE, "M/G/2, uniform service, ρ = 0.6", SOURCE, against(MG2, WAIT)),
    Check("ciw-limit", REFERENCE, "M/G/2/5, uniform service, ρ = 1", SOURCE, against(MG2K, BLOCKED, STAY)),
]
