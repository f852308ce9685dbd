"""The work of a check grows with its file and no faster: counted in lines of our code that run, not in seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from paths import ROOT

import simnet
from simnet.language.errors import ScenarioError

HEAD = "data: plaza\nsamples: 10\nworkload: {every: 200 ms}\nsystems:\n  ddnn: {}\n"
CLOUD = "  cloud: {tier: cloud, speed: 10 TFLOP/s}\n"


def sites(count: int) -> str:
    """Sites, an even number, with two cameras and an edge each; neighbours stand in for one another."""
    nodes = "".join(
        f"  s{n}c[1..2]: {{tier: device, preset: raspberry-pi-4, site: s{n}}}\n"
        f"  s{n}edge: {{tier: edge, preset: jetson-nano, site: s{n}, fallback: s{n ^ 1}edge}}\n"
        for n in range(count)
    )
    links = "".join(
        f"  - {{between: ['s{n}c*', 's{n}edge'], preset: wifi}}\n  - {{between: [s{n}edge, cloud], preset: wan}}\n"
        f"  - {{between: ['s{n}c*', 's{n ^ 1}edge'], preset: wifi}}\n"
        for n in range(count)
    )
    return f"{HEAD}nodes:\n{nodes}{CLOUD}links:\n{links}"


def entries(line: str) -> Callable[[int], str]:
    """Six cameras, and so many faults."""

    def text(count: int) -> str:
        nodes = "  camera[1..6]: {tier: device, preset: raspberry-pi-4}\n  edge: {tier: edge, preset: jetson-nano}\n"
        links = "  - {between: [camera*, edge], preset: wifi}\n  - {between: [edge, cloud], preset: wan}\n"
        faults = "".join(line.format(n=n) for n in range(count))
        return f"{HEAD}nodes:\n{nodes}{CLOUD}links:\n{links}faults:\n{faults}"

    return text


KINDS: dict[str, Callable[[int], str]] = {
    "sites": sites,
    "faults of one target": entries("  - {{at: {n} s, for: 1 s, node: camera3, is: down}}\n"),
    "faults of a glob": entries("  - {{at: {n} s, for: 1 s, node: 'camera*', is: down}}\n"),
    "named faults of links": entries("  - {{name: f{n}, at: {n} s, for: 1 s, link: [edge, cloud], loss: 1 %}}\n"),
    "aliases": lambda n: entries("  - *f\n")(n).replace("- *f", "- &f {at: 1 s, node: edge, is: down}", 1),
}


def lines_run(work: Callable[[], object]) -> int:
    """How many lines of simnet run; a comprehension counts each of its rounds."""
    count = 0
    inside = {str(ROOT / "simnet"), str(ROOT / "models")}

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        if event == "call":
            return trace if any(frame.f_code.co_filename.startswith(one) for one in inside) else None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def check(text: str) -> None:
    from simnet.world.plan import plans_of, remarks

    scenario = simnet.load(text)
    remarks(scenario, plans_of(scenario))


@pytest.mark.parametrize("kind", KINDS)
def test_twice_the_file_is_twice_the_work(kind: str) -> None:
    check(KINDS[kind](4))  # what is imported and looked up once
    once, twice = (lines_run(lambda count=count: check(KINDS[kind](count))) for count in (60, 120))
    assert twice < 2.2 * once, (once, twice)


def test_a_ring_of_stand_ins_is_followed_for_so_long_only() -> None:
    from simnet.network.nodes.spec import Node
    from simnet.systems.roles import MOST_STAND_INS, Place, stand_ins

    ring = {f"e{n}": Node(tier="edge", fallback=f"e{(n + 1) % 500}") for n in range(500)}
    found = stand_ins(Place(None, {"edge": ("e7",)}, {}), ring)
    assert [place.only("edge") for place in found] == [f"e{n}" for n in range(8, 8 + MOST_STAND_INS)]


def test_setting_a_value_of_many_nodes_is_work_for_each_of_them() -> None:
    def work(count: int) -> int:
        text = sites(count)
        return lines_run(lambda: simnet.load(text, ["nodes.*c*.workers=2", "nodes.*.power.send=1 nJ/B"]))

    work(4)
    assert work(80) < 2.2 * work(40)


def test_of_very_many_mistakes_the_first_are_told() -> None:
    """To find the nearest name for each of ten thousand takes minutes."""
    text = entries("  - {{at: 1 s, node: camrea{n}, is: down}}\n")
    with pytest.raises(ScenarioError) as caught:
        simnet.load(text(1000))
    assert len(caught.value.problems) == 101
    assert str(caught.value.problems[-1]) == "scenario: that are 100 mistakes; there may be more"
    with pytest.raises(ScenarioError) as caught:
        simnet.load(text(99))
    assert len(caught.value.problems) == 99


def test_a_mesh_without_end_is_refused() -> None:
    nodes = "  camera[1..6]: {tier: device, preset: raspberry-pi-4}\n  edge: {tier: edge, preset: jetson-nano}\n"
    routers = "  r[1..1000]: {tier: router}\n"
    mesh = "  - {between: ['r*', 'r*'], preset: wan}\n"
    with pytest.raises(ScenarioError, match=r"links\[0\].between: makes 999,000 links; at most 100,000 in all"):
        simnet.load(f"{HEAD}nodes:\n{nodes}{routers}{CLOUD}links:\n{mesh}")
