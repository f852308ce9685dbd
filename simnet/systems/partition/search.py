"""DAPDEE's inverse search (Ding et al. 2025): from the deepest exit back to the first that meets what is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Literal

from simnet.systems.partition.cuts import greatest_throughput, least_latency
from simnet.systems.partition.dag import Dag, Loads


@dataclass(frozen=True)
class Choice:
    """An exit, and what the device runs of the network up to it.

    Attributes:
        exit: Its name.
        kept: Vertices of the exit's `Dag` that the device runs.
        loads: What a sample takes.
        load: Light: the latency counts; heavy: the throughput.
        met: Whether what was asked for is met.
    """

    exit: str
    kept: frozenset[int]
    loads: Loads
    load: Literal["light", "heavy"]
    met: bool


def choose(name: str, dag: Dag, rate: float, limit: float) -> Choice:
    """The partition for one exit at `rate` samples per s, and whether it meets `limit` (s) or keeps up.

    Light load if the partition with the least latency keeps up: its slowest resource takes less than 1/rate (DADS
    [R]). Then the latency must be within the limit; else the throughput of the steadiest partition must reach the rate.
    """
    kept = least_latency(dag)
    loads = dag.loads(kept)
    if loads.slowest * rate < 1:
        return Choice(name, kept, loads, "light", loads.latency <= limit)
    kept = greatest_throughput(dag)
    loads = dag.loads(kept)
    return Choice(name, kept, loads, "heavy", loads.slowest * rate <= 1)


def inverse_search(
    dags: Mapping[str, Dag],
    accuracy: Mapping[str, float],
    rate: float,
    limit: float,
    loss: float,
    choose: Callable[[str, Dag, float, float], Choice] = choose,
) -> Choice:
    """The deepest exit that meets what is asked for, with its partition.

    `dags` has the network up to each exit, from the first to the deepest; `accuracy` what is right of each on held-out
    samples. Exits more than `loss` below the deepest are left out [S: 1.2 points], as are those of unknown accuracy. If
    none meets it: the one with the least latency among those under light load, else the one with the greatest
    throughput (our choice where loads differ) [I].
    """
    names = list(dags)
    deepest = names[-1]
    least = accuracy.get(deepest, inf) - loss - 1e-12  # what is short by a rounding is not short
    good = [name for name in names if name == deepest or accuracy.get(name, -inf) >= least]
    found = []
    for name in reversed(good):
        choice = choose(name, dags[name], rate, limit)
        if choice.met:
            return choice
        found.append(choice)
    light = [choice for choice in found if choice.load == "light"]
    if light:
        return min(light, key=lambda choice: choice.loads.latency)
    return min(found, key=lambda choice: choice.loads.slowest)
