"""Actions of faults from a user's file beside the scenario, from the file to arrival times worked out by hand."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from mistakes import complaint
from pytest import approx
from worlds import EXACT, Wire

from simnet.network.faults.spec import Fault
from simnet.scenario.load import load, load_scenario
from simnet.scenario.scenario import Scenario

WEATHER = '''
"""What the weather does."""

from typing import Annotated

from pydantic import Field

from simnet.clock import ticks
from simnet.language.quantities import Model, Time
from simnet.network.faults.actions import Action


class Detour(Action):
    """Messages take so much longer to arrive; several detours add up."""

    targets = ("link",)

    class Options(Model):
        extra: Annotated[Time, Field(gt=0)]

    def __init__(self, target):
        super().__init__(target)
        self.usual = target.latency

    def apply(self, active, state):
        self.target.latency = self.usual + sum(ticks(fault.options.extra) for fault in active)


class Heat(Action):
    """A node is so many degrees too warm: it computes 10 % slower for each."""

    targets = ("node",)

    class Options(Model):
        degrees: int

    def apply(self, active, state):
        state.slow *= 1 + 0.1 * sum(fault.options.degrees for fault in active)


class Flood(Action):
    outage = True

    def apply(self, active, state):
        state.up = state.up and not active


class Nowhere(Action):
    targets = ("nodes",)

    def apply(self, active, state):
        pass
'''

SCENARIO = """\
    samples: 1
    data: plaza
    workload: {every: 1 s}
    nodes:
      camera[1..6]: {tier: device, speed: 1 GFLOP/s}
      edge: {tier: edge, speed: 1 GFLOP/s, warm_up: 500 ms}
      cloud: {tier: cloud, speed: 1 GFLOP/s}
    links:
      - {between: ["camera*", edge], bandwidth: 8 Mbit/s, latency: 10 ms}
      - {between: [edge, cloud], bandwidth: 8 Mbit/s, latency: 10 ms}
    systems: {ddnn: {}}
    faults:
      - {at: 1 s, for: 4 s, link: [edge, cloud], direction: up, do: "weather:Detour", extra: 1 s}
      - {at: 2 s, for: 1 s, link: [edge, cloud], do: "weather:Detour", extra: 2 s}
      - {at: 1 s, for: 4 s, node: edge, do: "weather:Heat", degrees: 10}
      - {at: 2 s, for: 1 s, node: edge, slow: 3}
      - {at: 6 s, for: 1 s, node: edge, do: "weather:Flood"}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "weather.py").write_text(WEATHER, encoding="utf-8")
    file = tmp_path / "storm.yaml"
    file.write_text(dedent(SCENARIO), encoding="utf-8")
    return file


def wire_of(scenario: Scenario) -> Wire:
    return Wire(scenario.nodes, scenario.links, scenario.faults)


def test_detours_add_up_and_leave_no_trace(file: Path) -> None:
    wire = wire_of(load_scenario(file))
    # 1 MB/s: 10 ms for 10 kB, and 10 ms of latency without a detour.
    for time in (0.5, 1.5, 2.5, 3.5, 5.5):
        wire.send(time, "edge", "cloud", 10_000, time)
    wire.send(2.6, "cloud", "edge", 10_000, "back")
    wire.env.play(until=5.9)
    arrivals = {0.5: 0.52, 1.5: 2.52, 3.5: 4.52, "back": 4.62, 2.5: 5.52, 5.5: 5.52}
    assert dict(wire.heard) == {token: approx(time, abs=EXACT) for token, time in arrivals.items()}


def test_heat_and_our_slow_multiply(file: Path) -> None:
    wire = wire_of(load_scenario(file))
    # 100 MFLOP at 1 GFLOP/s are 0.1 s; twice as long in the heat, six times with the slow-down.
    for time in (0.5, 1.5, 2.2, 3.5, 5.5):
        wire.compute(time, "edge", 1e8, time)
    wire.env.play(until=5.9)
    assert wire.heard == [(time, approx(time + took, abs=EXACT))
                          for time, took in ((0.5, 0.1), (1.5, 0.2), (2.2, 0.6), (3.5, 0.2), (5.5, 0.1))]  # fmt: skip


def test_an_outage_of_ones_own_warms_up_and_is_reported_as_one(file: Path) -> None:
    wire = wire_of(load_scenario(file))
    for time in (5.95, 6.5, 7.4, 7.5):
        wire.compute(time, "edge", 1e8, time)
    wire.env.play(until=8)
    assert wire.heard == [(5.95, None), (6.5, None), (7.4, None), (7.5, approx(7.6))]
    flood = wire.incidents[-1]
    assert (flood.name, flood.outage, flood.began, flood.ended) == ("edge Flood", True, 6, 7.5)


def test_written_and_read_again_from_elsewhere(file: Path) -> None:
    scenario = load_scenario(file)
    assert scenario.faults[0].action == f"{file.parent}/weather.py:Detour"
    text = scenario.to_yaml()
    assert f"direction: up, do: '{file.parent}/weather.py:Detour', extra: 1 s" in text
    assert load(text) == scenario


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("extra: 2 s", "extar: 2 s", "storm.yaml:14: faults[1].extar: unknown key 'extar'; did you mean 'extra'?"),
        (", extra: 2 s", "", "storm.yaml:14: faults[1].extra: is missing"),
        ("degrees: 10", "degrees: warm", "storm.yaml:15: faults[2].degrees: must be a whole number, found 'warm'"),
        ('do: "weather:Flood"', "do: down", "storm.yaml:17: faults[4].do: 'down' is written 'is: down'"),
        ('do: "weather:Flood"', "do: slow", "storm.yaml:17: faults[4].do: 'slow' is written 'slow: …'"),
        ('do: "weather:Flood"', "do: dwn", "faults[4].do: unknown fault action 'dwn'; did you mean 'down'?"),
        ("weather:Flood", "weather:Food", "faults[4].do: fault action 'weather:Food': weather has no 'Food'"),
        ("weather:Flood", "weather:Nowhere", "Nowhere.targets must be of 'node' and 'link', found ('nodes',)"),
        ('"weather:Flood"', '"weather:Detour", extra: 1 s', "faults[4].do: Detour strikes links, not a node"),
        ('do: "weather:Flood"', 'do: "weather:Flood", slow: 2', "says one of 'is', 'slow', 'do'; found 'slow', 'do'"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(file: Path, old: str, new: str, says: str) -> None:
    message = complaint(file, old, new)
    assert says in message
    assert len(message.splitlines()) == 1


def test_faults_of_python_are_checked_too() -> None:
    with pytest.raises(ValueError, match="'slow' does nothing to a link"):
        Fault(link=("a", "b"), action="slow", value=2)
    with pytest.raises(ValueError, match="unknown fault action 'dwn'; did you mean 'down'"):
        Fault(node="a", action="dwn")
