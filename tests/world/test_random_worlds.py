"""Worlds in which everything is drawn at random: links, nodes, workloads, faults and policies of all kinds together.

What must hold whatever is combined: every sample has exactly one outcome, spans are in order and end within the run,
two plays are equal, batteries paid what the ledger of energy says, and what the scenario draws (captures, incidents) is
the same for both systems.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import charge_of, play, world_scenario

from simnet.clock import seconds, ticks
from simnet.language import schedule
from simnet.language.names import LINK_ARROW
from simnet.network.faults.spec import Fault
from simnet.network.links.spec import Link, Loss
from simnet.network.networking import Networking
from simnet.network.nodes.spec import Batching, Node, PowerModel, Queue
from simnet.results.ledger import Ledger
from simnet.results.steps import Steps
from simnet.scenario import Scenario
from simnet.systems import SYSTEMS
from simnet.systems.policies.breaker import Breaker
from simnet.systems.policies.heartbeat import Heartbeat
from simnet.systems.policies.retry import Retry
from simnet.workloads.diurnal import Day, Diurnal
from simnet.workloads.mmpp import Bursty, Phase
from simnet.workloads.periodic import Periodic
from simnet.workloads.poisson import Poisson
from simnet.workloads.spec import SampleClass
from simnet.world.world import World

WORKLOADS = (
    Periodic(every=0.02, jitter=0.01),
    Poisson(poisson=60),
    Bursty(mmpp=(Phase(rate=5, stay=0.5), Phase(rate=150, stay=0.2))),
    Diurnal(diurnal=Day(mean=50, swing=0.9, period=1)),
)
CLASSES = {"urgent": SampleClass(share=0.3, priority=1, deadline=0.03), "normal": SampleClass(share=0.7)}
BURSTS = Loss(good=0, bad=0.6, good_for=0.2, bad_for=0.1)

BASELINES = ("device-only", "edge-only", "cloud-only", "neurosurgeon", "oracle")


def drawn_link(link: Link, draw: random.Random) -> Link:
    kind, values = draw.random(), dict[str, Any]()
    if kind < 0.25:
        values = {"sharing": "fair", "mtu": draw.choice([None, 1500]), "header": 40}
    elif kind < 0.6:
        values = {
            "mtu": draw.choice([None, 1000]),
            "loss": draw.choice([None, Loss(good=0.05), BURSTS]),
            "jitter": draw.choice([0, 0.004]),
            "queue": draw.choice([None, 30_000]),
            "medium": draw.choice([None, "cell"]),
            "attempts": draw.choice([2, 8]),
        }
    if draw.random() < 0.3:
        values["trace"] = schedule.Steps(times=(0, 0.1, 0.3), values=(1e6, 2e5, 3e6), repeat=0.5)
    return link.model_copy(update=values)


def drawn_node(node: Node, draw: random.Random) -> Node:
    values: dict[str, Any] = {"workers": draw.choice([1, 2])}
    if draw.random() < 0.5:
        values["queue"] = Queue(order=draw.choice(["fifo", "priority"]), limit=draw.choice([None, 3, 10]))
    if draw.random() < 0.4:
        values["batch"] = Batching(size=draw.choice([2, 4]), wait=draw.choice([0, 0.005]))
    if draw.random() < 0.3:
        values["load"] = schedule.Steps(times=(0, 0.2), values=(0, 0.7), repeat=0.4)
    if draw.random() < 0.4:
        sleep = draw.choice(
            [
                {},
                {"sleep": 0.1},
                {"sleep": draw.choice([0.0, 0.1]), "sleep_after": 0.01, "wake_up": draw.choice([0.0, 0.004, 0.05])},
            ]
        )
        values["power"] = PowerModel(idle=2, busy=9, send=1e-6, receive=1e-7, **sleep)
        values["battery"] = draw.choice([None, 1.5, 8.0]) if node.tier == "device" else 1000.0
    if draw.random() < 0.3:
        values["warm_up"] = 0.1
    return node.model_copy(update=values)


def drawn_fault(name: str, nodes: dict[str, Node], links: list[Link], draw: random.Random) -> Fault:
    what: dict[str, Any]
    if draw.random() < 0.5:
        what = {"node": draw.choice(list(nodes)), "action": draw.choice(["down", "slow"])}
    else:
        link = draw.choice(links)
        actions = ["down", "bandwidth"] if link.sharing == "fair" else ["down", "bandwidth", "loss"]
        what = {"link": (link.source, link.target), "action": draw.choice(actions)}
    what["value"] = {"slow": 3.0, "bandwidth": 5e5, "loss": 0.4}.get(what["action"])
    if draw.random() < 0.5:
        what |= {"at": draw.uniform(0, 1), "lasts": draw.choice([None, 0.2])}
    else:
        what |= {"mtbf": 0.5, "mttr": 0.1, "shape": draw.choice([1.0, 1.5])}
    return Fault(name=name, **what)


def drawn_scenario(draw: random.Random, system: str) -> Scenario:
    workload = draw.choice(WORKLOADS).model_copy(
        update={
            "skew": draw.choice([0, 0.003]),
            "deadline": draw.choice([None, 0.05]),
            "classes": draw.choice([{}, CLASSES]),
        }
    )
    base = world_scenario(samples=40, workload=workload, system=system, hub=draw.choice([None, {"bandwidth": 2e6}]))
    more = random.Random(draw.random())
    own = {"last_segment": more.choice(["cloud", "soonest"])}
    if more.random() < 0.5:
        own |= {"codec": "fp16", "codec_above": 0.01}
    if system == "ada-ddnn":
        own["first_exit"] = more.choice(["complete", "eager"])
    spec = SYSTEMS[system].Options(
        **(own if system in ("ddnn", "ada-ddnn") else {}),
        system=system,
        weights="none",
        thresholds=draw.choice([0.0, 0.3, 0.6]),
        wait=draw.choice([0.01, 0.05]),
        cloud_limit=draw.choice([0.05, 0.3]),
        heartbeat=draw.choice([None, Heartbeat(every=0.05, misses=2)]),
        retry=draw.choice([None, Retry(times=2, after=0.02)]),
        breaker=draw.choice([None, Breaker(failures=2, rest=0.1)]),
    )
    links: list[Link] = []
    for pair in zip(base.links[::2], base.links[1::2], strict=True):
        kind = draw.getrandbits(32)  # both directions are of one kind
        links += [drawn_link(link, random.Random(kind)) for link in pair]
    nodes = {name: one if one.tier == "router" else drawn_node(one, draw) for name, one in base.nodes.items()}
    faults = [drawn_fault(f"fault {number}", nodes, links, draw) for number in range(draw.randint(0, 5))]
    network = Networking(routing=draw.choice(["latency", "hops"]), weights=draw.choice(["equal", "latency"]))
    update = {"links": links, "nodes": nodes, "faults": faults, "systems": {system: spec}, "network": network}
    made = base.model_copy(update={**update, "seed": draw.randint(0, 1000)})
    return Scenario.model_validate(made.model_dump())  # all the schema's own checks


def charges_agree(world: World, scenario: Scenario) -> None:
    """Batteries pay as time passes, the ledger sums up afterwards; one that is empty was never overdrawn."""
    up_times = {name: one.up_time for name, one in world.network.nodes.items()}
    network = world.network
    cut_off = {name: battery.cut_off for name, battery in network.batteries.items()}
    steps, slept = Steps.of(network.spans, network.joined), network.slept
    ledger = Ledger(scenario.nodes, steps, up_times, len(world.endings), cut_off, slept)
    for name, one in slept.items():
        spec = scenario.nodes[name].power
        assert spec is not None and 0 <= one.asleep <= up_times[name] - one.waking + 1e-9
        assert one.waking <= one.wake_ups * spec.wake_up + 1e-9
    for name, battery in network.batteries.items():
        capacity = scenario.nodes[name].battery or 0.0
        left = capacity - sum(ledger.nodes[name].values())
        if battery.empty_at is None:
            assert left == pytest.approx(charge_of(battery), abs=1e-9 * capacity)
            continue
        cut = sum(span[7] == "lost" and span[5] == ticks(battery.empty_at) for span in network.spans)
        assert -1e-9 * capacity <= left <= 1e-6 * cut + 1e-9 * capacity  # the ledger counts whole bytes of each


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_whatever_is_combined_every_sample_has_one_outcome(seed: int) -> None:
    worlds = []
    for system in ("ddnn", "ada-ddnn", BASELINES[seed % len(BASELINES)]):
        scenario = drawn_scenario(random.Random(seed), system)
        world, again = play(scenario), play(scenario)
        assert world.network.spans == again.network.spans and world.endings == again.endings
        assert all(ending is not None for ending in world.endings)  # no time limit: each is answered or dropped
        for _, _, _, queued, started, ended, size, status in world.network.spans:
            assert queued <= started <= ended <= world.env.now
            assert size >= 0 and status in ("ok", "lost", "unfinished", "dropped")
        charges_agree(world, scenario)
        worlds.append(world)
    first, second, _ = worlds
    assert first._captured == second._captured
    until = min(seconds(first.env.now), seconds(second.env.now))
    begun = [[(one.fault.name, one.began) for one in world.incidents if one.began < until] for world in (first, second)]
    assert begun[0] == begun[1]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_when_nodes_sleep_can_be_seen_from_what_they_did(seed: int) -> None:
    """Awake from when a call or message begins to wait until it ends, and so much longer; a message wakes who hears it.

    Without failures: a message for which there is no way leaves no trace, but its node wakes for it.
    """
    draw = random.Random(seed)
    base = drawn_scenario(draw, draw.choice(["ddnn", "ada-ddnn"]))
    after, wake_up = draw.choice([0.0, 0.003, 0.1]), draw.choice([0.0, 0.002, 0.05])
    power = PowerModel(idle=2, busy=9, sleep=0.5, sleep_after=after, wake_up=wake_up)
    nodes = {n: one.model_copy(update={"power": power, "battery": None}) for n, one in base.nodes.items()}
    faults = [fault for fault in base.faults if fault.action != "down"]
    world = play(base.model_copy(update={"nodes": nodes, "faults": faults}))
    end, wakes_in = world.env.now, ticks(wake_up)
    for name, slept in world.network.slept.items():
        times: list[tuple[int, int]] = []
        for _, place, _, queued, _, ended, _, status in world.network.spans:
            source, _, target = place.partition(LINK_ARROW)
            if source == name:
                times.append((queued, ended))
            elif target == name and status == "ok":
                times.append((ended, ended))
        awake, until, wakes, waking = 0, -1, 0, 0
        for begins, ends in sorted(times):
            woken = 0
            if begins > until:
                wakes, woken = wakes + 1, wakes_in
                waking += min(wakes_in, end - begins)
            ends_at = max(ends, begins + woken) + ticks(after)
            awake += max(0, min(ends_at, end) - max(begins, until))
            until = max(until, ends_at)
        assert slept.asleep == pytest.approx(seconds(end - awake), abs=1e-12)
        assert slept.wake_ups == wakes and slept.waking == pytest.approx(seconds(waking), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_nothing_happens_after_the_end_of_a_run(seed: int) -> None:
    draw = random.Random(seed)
    drawn = drawn_scenario(draw, "ddnn")
    end = draw.uniform(0.05, 1.0)
    scenario = Scenario.model_validate(drawn.model_dump() | {"samples": None, "duration": end})
    world = play(scenario)
    assert world.env.now == ticks(end)
    times = [span[5] for span in world.network.spans]
    times += [ending.at for ending in world.endings if ending is not None]
    assert all(time <= ticks(end) for time in times)
    times = [time for one in world.incidents for time in (one.began, one.ended) if time is not None]
    assert all(time <= seconds(ticks(end)) for time in times)
    charges_agree(world, scenario)
