"""How fast the engine is without the network: simulated hops per raw SimPy timeout, both in this process.

    python -m benchmarks.engine [--repeats 7] [--profile]

The workload: six devices send a message of 10 kB every 10 ms, 10,000 times, over links of 10 Mbit/s and 5 ms; the edge
serves each complete group of six for 2 ms; exactly 30 % of the groups go on, 60 kB over 50 Mbit/s and 20 ms, to a
cloud that serves them for 5 ms. That is 63,000 hops, and no queue ever forms: 8 + 5 + 2 ms for every group and
0.3 · (9.6 + 20 + 5 ms) for those that go on make a mean latency of exactly 25.38 ms.

It runs as the system `ddnn` in a `World`, spans recorded, answers from a dictionary as a full memo would give them. The
yardstick beside it is the same workload written by hand as callbacks, with nothing recorded and nothing that can fail.
The raw rate is measured before and after each, and the median of the ratios is printed, so that a busy machine matters
less.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import simpy
from simpy.events import Event

from simnet.clock import seconds
from simnet.models.cards.card import Card
from simnet.results.lives import Lives
from simnet.results.steps import Steps
from simnet.scenario import Scenario
from simnet.systems import SYSTEMS
from simnet.world.captures import captures
from simnet.world.plan import plans_of
from simnet.world.recording import samples_table, spans_table, views_of
from simnet.world.world import World

GROUPS = 10_000
HOPS, LATENCY = 63_000, 0.02538
TIMEOUTS = 300_000


def goes_on(group: int) -> bool:
    return group % 10 in (0, 3, 6)


def scenario() -> Scenario:
    """The workload; node speeds are 1 kFLOP/s, so that a segment's FLOP are its milliseconds."""
    cameras = [f"camera{number}" for number in range(1, 7)]
    uplinks = [{"source": camera, "target": "edge", "bandwidth": "10 Mbit/s", "latency": "5 ms"} for camera in cameras]
    return Scenario.model_validate(
        {
            "name": "six devices",
            "data": {"set": "plaza"},
            "samples": GROUPS,
            "workload": {"every": "10 ms"},
            "nodes": {camera: {"tier": "device", "speed": 1000.0} for camera in cameras}
            | {"edge": {"tier": "edge", "speed": 1000.0}, "cloud": {"tier": "cloud", "speed": 1000.0}},
            "links": [*uplinks, {"source": "edge", "target": "cloud", "bandwidth": "50 Mbit/s", "latency": "20 ms"}],
            "systems": {"ddnn": SYSTEMS["ddnn"].Options.model_validate(OPTIONS)},
        }
    )


OPTIONS = {"system": "ddnn", "weights": "ddnn-plaza", "thresholds": 0.5, "reply": "none"}
"""The edge knows at once what the cloud says, as the yardstick's does: no link leads back."""

COSTS = {
    "device": {"flop": 0, "sends": (2_500, 1, 1)},
    "edge": {"flop": 2, "sends": (15_000, 1, 1)},
    "cloud": {"flop": 5},
}
"""FLOP, and float32 values sent: 10 kB a report, 60 kB an upload."""


def world() -> World:
    found = {
        "edge": {group: (0, 0.9 if goes_on(group) else 0.1) for group in range(GROUPS)},
        "cloud": dict.fromkeys(range(GROUPS), (0, 0.1)),
    }
    setting = scenario()
    plan = plans_of(setting)["ddnn"]
    card = Card(plan.card.path, {**plan.card.values, "graph": plan.graph.with_costs(COSTS).as_dict()})
    return World(setting, replace(plan, card=card), lambda name, sample, _: found[name][sample], captures(setting))


def raw_timeouts() -> float:
    """Timeouts per second of a process that does nothing else."""
    env = simpy.Environment()

    def tick() -> Any:
        while True:
            yield env.timeout(1)

    env.process(tick())
    return TIMEOUTS / timed(lambda: env.run(until=TIMEOUTS))


def by_hand() -> tuple[int, float]:
    """Hops and mean latency of the workload as plain callbacks: a line is the time at which it is free again."""
    env = simpy.Environment()
    hops, latencies = 0, []
    reports = [0] * GROUPS

    def line(bytes_per_second: float, latency: float, then: Callable[[int], None]) -> Callable[[int, float], None]:
        free = 0.0

        def arrived(event: Event) -> None:
            nonlocal hops
            hops += bytes_per_second > 1
            then(event._value)

        def send(group: int, size: float) -> None:
            nonlocal free
            free = max(env.now, free) + size / bytes_per_second
            env.timeout(free + latency - env.now, group).callbacks.append(arrived)

        return send

    def finish(group: int) -> None:
        latencies.append(env.now - group * 0.01)

    def join(group: int) -> None:
        reports[group] += 1
        if reports[group] == 6:
            edge(group, 0.002)

    def test(group: int) -> None:
        upload(group, 60_000) if goes_on(group) else finish(group)

    def capture() -> Any:
        for group in range(GROUPS):
            for uplink in uplinks:
                uplink(group, 10_000)
            yield env.timeout(0.01)

    cloud = line(1, 0.0, finish)
    upload = line(6.25e6, 0.02, lambda group: cloud(group, 0.005))
    edge = line(1, 0.0, test)
    uplinks = [line(1.25e6, 0.005, join) for _ in range(6)]
    env.process(capture())
    env.run()
    return hops, sum(latencies) / GROUPS


def simulated(made: World) -> tuple[int, float]:
    """Hops and mean latency of a world that has been played."""
    latencies = [ending.at - at for ending, at in zip(made.endings, made._captured, strict=True) if ending is not None]
    return made.network.hops, seconds(sum(latencies)) / GROUPS


def tables(made: World) -> None:
    captured, steps = captures(scenario()), Steps.of(made.network.spans)
    graph = made.systems[0][0].graph
    lives = Lives.of(captured, np.zeros(GROUPS, np.int64), made.endings, made.env.now)
    samples_table(lives, made.endings, steps, views_of=views_of(graph))
    spans_table(steps)


def checked(result: tuple[int, float]) -> None:
    """Refuse a measurement of anything but the workload."""
    hops, latency = result
    if hops != HOPS or abs(latency - LATENCY) > 1e-9:
        raise SystemExit(f"not the workload: {hops} hops, {1e3 * latency:.6f} ms on average")


def timed(action: Callable[[], object]) -> float:
    gc.collect()
    begin = perf_counter()
    action()
    return perf_counter() - begin


def measure(repeats: int) -> dict[str, list[float]]:
    """Ratios of all repeats, and seconds of the tables."""
    found: dict[str, list[float]] = {"engine": [], "by hand": [], "raw": [], "tables": [], "wall": []}
    raw = raw_timeouts()
    for _ in range(repeats):
        made = world()
        wall = timed(made.play)
        checked(simulated(made))
        before, raw = raw, raw_timeouts()
        found["engine"].append(2 * HOPS / wall / (before + raw))
        hand = timed(lambda: checked(by_hand()))
        before, raw = raw, raw_timeouts()
        found["by hand"].append(2 * HOPS / hand / (before + raw))
        found["tables"].append(timed(partial(tables, made)))
        found["raw"].append(raw)
        found["wall"].append(wall)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed of the engine without the network.")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--profile", action="store_true", help="profile one run instead")
    args = parser.parse_args()
    if args.profile:
        made = world()
        cProfile.runctx("made.play()", {}, {"made": made}, sort="tottime")
        checked(simulated(made))
        return
    found = measure(args.repeats)
    for name in ("engine", "by hand"):
        values = found[name]
        print(f"{name:>8}: {median(values):.3f} hops per raw timeout ({min(values):.3f} to {max(values):.3f})")
    print(
        f"{HOPS} hops, mean latency {1e3 * LATENCY} ms; engine {median(found['wall']):.2f} s, building the tables "
        f"{median(found['tables']):.2f} s; {median(found['raw']):,.0f} raw timeouts/s; median of {args.repeats}"
    )


if __name__ == "__main__":
    main()
