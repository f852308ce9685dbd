"""Stations in equilibrium against the closed forms of queueing theory, by independent replications.

Customers of a Poisson process bring exponential (or constant) FLOP to a node of the simulated network. Of every
replication the first tenth is deleted as its warm-up (all begin empty); its mean is one value. The closed form must
lie in the t-interval over the replications' means, and the interval must be narrow.

Notation: λ arrivals and μ services per second and worker, ρ = λ/(cμ), W mean time in the system, Wq mean time before
service.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simnet.network.links.spec import Link
from simnet.network.nodes.spec import Node, Queue
from simnet.network.work import Work
from simnet.results.steps import Step
from simnet.statistics.student import t_interval
from simnet.streams import stream
from simnet.validation.base import LEVEL, Check, Result, Settings
from simnet.validation.lab import Lab, a_scenario, routers, server
from simnet.workloads.poisson import Poisson
from simnet.world.captures import arrivals

MU = 100.0
"""Services per second and worker: 10 MFLOP on average at 1 GFLOP/s, or 1 MB at 100 MB/s."""
WARM_UP = 0.1
Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]
"""So many service demands of mean 1."""


def exponential(random: np.random.Generator, count: int) -> Floats:
    """Exponential demands."""
    return random.exponential(1.0, count)


def constant(random: np.random.Generator, count: int) -> Floats:
    """Demands without any variance."""
    return np.ones(count)


@dataclass(frozen=True)
class Size:
    """How much is simulated: `replications`, of `customers` each."""

    replications: int
    customers: int
    widest: float
    """Greatest half width of an interval, as a share of the closed form."""

    @classmethod
    def of(cls, settings: Settings) -> Size:
        """20 replications of 20,000 by default, intervals of 5 %; 30 of 60,000, intervals of 2.5 %, in a full run."""
        return cls(30, 60_000, 0.025) if settings.full else cls(20, 20_000, 0.05)

    def seeds(self, settings: Settings) -> range:
        """A seed for every replication; those of different `--seed`s do not overlap."""
        first = settings.seed * 1000
        return range(first, first + self.replications)


@dataclass(frozen=True)
class Served:
    """What happened at one place after the warm-up, one entry of each array per customer, in order of arrival."""

    queued: Floats
    started: Floats
    ended: Floats
    refused: NDArray[np.bool_]
    horizon: float
    """The last arrival, in s: from then on the place runs empty."""

    @property
    def waits(self) -> Floats:
        """Seconds before service, of those who were served."""
        return (self.started - self.queued)[~self.refused]

    @property
    def stays(self) -> Floats:
        """Seconds from arrival to the end of service, of those who were served."""
        return (self.ended - self.queued)[~self.refused]

    @property
    def blocked(self) -> float:
        """Share of customers that were refused."""
        return float(self.refused.mean())

    def utilisation(self, workers: int) -> float:
        """Share of the workers' time spent in service, from the end of the warm-up to the last arrival."""
        begin = float(self.queued[0])
        busy = np.clip(self.ended, begin, self.horizon) - np.clip(self.started, begin, self.horizon)
        return float(busy.sum() / ((self.horizon - begin) * workers))


def served_at(place: str, spans: list[Step], customers: int, horizon: float) -> Served:
    """The spans of one place without those of the first tenth of all customers."""
    kept = sorted((span for span in spans if span[1] == place), key=lambda span: span[0])[int(customers * WARM_UP) :]
    times = np.array([span[3:6] for span in kept])
    return Served(times[:, 0], times[:, 1], times[:, 2], np.array([span[7] == "dropped" for span in kept]), horizon)


def station(seed: int, rate: float, draw: Draw, customers: int, workers: int = 1, room: int | None = None) -> Served:
    """One replication of a node with `workers`, and `room` to wait (None: any)."""
    node = server(workers) if room is None else server(workers).model_copy(update={"queue": Queue(limit=room)})
    scenario = a_scenario({"server": node}, seed=seed, samples=customers, workload=Poisson(poisson=rate))
    lab, times = Lab(scenario), arrivals(scenario)
    works = [Work(flop) for flop in (draw(stream(seed, "service"), customers) * (1e9 / MU)).tolist()]
    compute = lab.network.nodes["server"].compute

    def ignore(token: Any) -> None:
        pass

    lab.arrivals(times.tolist(), lambda customer: compute(customer, works[customer], ignore, ignore, None))
    return served_at("server", lab.run(), customers, float(times[-1]))


def node_then_link(seed: int, rate: float, customers: int) -> tuple[Served, Served]:
    """One replication of a node whose results leave over a link: exponential FLOP, then exponential bytes."""
    link = Link(source="a", target="b", bandwidth=MU * 1e6, latency=0.0)
    nodes: dict[str, Node] = {"a": server(), **routers("b")}
    scenario = a_scenario(nodes, [link], seed=seed, samples=customers, workload=Poisson(poisson=rate))
    lab, times = Lab(scenario), arrivals(scenario)
    flop = (exponential(stream(seed, "service"), customers) * (1e9 / MU)).tolist()
    size = np.rint(exponential(stream(seed, "bytes"), customers) * 1e6).astype(int).tolist()
    a, b = lab.network.nodes["a"], lab.network.nodes["b"]
    compute, send = a.compute, lab.network.route(a, b).send

    def ignore(token: Any) -> None:
        pass

    def pass_on(customer: int) -> None:
        send(customer, size[customer], ignore, ignore, None)

    lab.arrivals(times.tolist(), lambda customer: compute(customer, Work(flop[customer]), pass_on, ignore, customer))
    spans, end = lab.run(), float(times[-1])
    return served_at("a", spans, customers, end), served_at("a→b", spans, customers, end)


def compared(what: str, unit: str, values: list[float], closed_form: float, widest: float) -> Result:
    """The mean over replications beside its closed form; `widest` as a share of the latter."""
    mean, half = t_interval(values, LEVEL)
    return Result(what, unit, mean, closed_form, half, widest * closed_form)


def mm1(settings: Settings) -> list[Result]:
    """ρ = 0.5: W = 1/(μ − λ), exponentially distributed, so P(stay > 2W) = e⁻²."""
    size, rate = Size.of(settings), 0.5 * MU
    runs = [station(seed, rate, exponential, size.customers) for seed in size.seeds(settings)]
    mean = 1 / (MU - rate)
    return [
        compared("mean time in system", "s", [float(run.stays.mean()) for run in runs], mean, size.widest),
        compared("share longer than twice that", "", [float((run.stays > 2 * mean).mean()) for run in runs],
                 exp(-2), 2 * size.widest),
        compared("utilisation", "", [run.utilisation(1) for run in runs], rate / MU, size.widest),
    ]  # fmt: skip


def md1(settings: Settings) -> list[Result]:
    """ρ = 0.6: Wq = ρ / (2μ(1 − ρ)) (Pollaczek and Khinchine)."""
    size, rate = Size.of(settings), 0.6 * MU
    runs = [station(seed, rate, constant, size.customers) for seed in size.seeds(settings)]
    rho = rate / MU
    waiting = rho / (2 * MU * (1 - rho))
    return [
        compared("mean waiting time", "s", [float(run.waits.mean()) for run in runs], waiting, size.widest),
        compared("utilisation", "", [run.utilisation(1) for run in runs], rho, size.widest),
    ]


def erlang_c(workers: int, offered: float) -> float:
    """Probability of waiting in M/M/c with `offered` = λ/μ erlang (Erlang's second formula)."""
    full = offered**workers / factorial(workers) * workers / (workers - offered)
    return full / (sum(offered**k / factorial(k) for k in range(workers)) + full)


def mmc(settings: Settings) -> list[Result]:
    """c = 3, ρ = 0.6: P(wait) = C(c, λ/μ), Wq = C / (cμ − λ)."""
    size, workers = Size.of(settings), 3
    rate = 0.6 * workers * MU
    runs = [station(seed, rate, exponential, size.customers, workers) for seed in size.seeds(settings)]
    waiting = erlang_c(workers, rate / MU)
    mean = waiting / (workers * MU - rate)
    # A customer waits longer than rounding: times of the order of 10³ s have errors of the order of 10⁻¹³.
    return [
        compared("mean waiting time", "s", [float(run.waits.mean()) for run in runs], mean, 2 * size.widest),
        compared("share that waits", "", [float((run.waits > 1e-9).mean()) for run in runs], waiting, size.widest),
        compared("utilisation", "", [run.utilisation(workers) for run in runs], rate / MU / workers, size.widest),
    ]


def tandem(settings: Settings) -> list[Result]:
    """ρ = 0.5 in both: what leaves M/M/1 is Poisson again (Burke), so both are M/M/1, and W = 2 / (μ − λ)."""
    size, rate = Size.of(settings), 0.5 * MU
    runs = [node_then_link(seed, rate, size.customers) for seed in size.seeds(settings)]
    mean = 1 / (MU - rate)
    whole = [float((link.ended - node.queued).mean()) for node, link in runs]
    return [
        compared("mean time through both", "s", whole, 2 * mean, size.widest),
        compared("mean time on the link", "s", [float(link.stays.mean()) for _, link in runs], mean, size.widest),
    ]


def mm1k(settings: Settings) -> list[Result]:
    """K = 5 (one in service, four waiting), ρ = 0.9: P(blocked) = (1 − ρ)ρᴷ / (1 − ρᴷ⁺¹), W by Little's law."""
    size, rate, room = Size.of(settings), 0.9 * MU, 4
    runs = [station(seed, rate, exponential, size.customers, room=room) for seed in size.seeds(settings)]
    rho, states = rate / MU, room + 2
    weights = [rho**n for n in range(states)]
    blocked = weights[-1] / sum(weights)
    inside = sum(n * weight for n, weight in enumerate(weights)) / sum(weights)
    mean = inside / (rate * (1 - blocked))
    return [
        compared("share blocked", "", [run.blocked for run in runs], blocked, 1.5 * size.widest),
        compared("mean time in system", "s", [float(run.stays.mean()) for run in runs], mean, size.widest),
        compared("utilisation", "", [run.utilisation(1) for run in runs], rho * (1 - blocked), size.widest),
    ]


REFERENCE = "closed forms of queueing theory"
CHECKS = [
    Check("mm1", REFERENCE, "M/M/1: a node, exponential FLOP", "Kleinrock, Queueing Systems 1 (1975), ch. 3", mm1),
    Check("md1", REFERENCE, "M/D/1: a node, constant FLOP", "ch. 5 (Pollaczek and Khinchine)", md1),
    Check("mmc", REFERENCE, "M/M/3: a node with three workers", "ch. 3 (Erlang C)", mmc),
    Check("tandem", REFERENCE, "tandem: a node, then a link", "ch. 4 (Burke 1956)", tandem),
    Check("mm1k", REFERENCE, "M/M/1/5: a node with a queue limit of 4", "Gross and Harris, Fundamentals of Queueing "
          "Theory (1998), ch. 2", mm1k),
]  # fmt: skip
