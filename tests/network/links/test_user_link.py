"""A kind of link from a user's file beside the scenario, from the file to arrival times worked out by hand."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from mistakes import complaint
from pytest import approx
from worlds import EXACT, Wire, link

from simnet.network.links.spec import Link
from simnet.scenario.load import load, load_scenario

SATELLITE = '''
"""A link that exists only while the satellite is in sight."""

from typing import Annotated

from pydantic import Field

from simnet.clock import Order, ticks
from simnet.language.quantities import Model, Time
from simnet.network.links.base import Link


class Satellite(Link):
    class Options(Model):
        period: Annotated[Time, Field(gt=0)]
        visible: Annotated[Time, Field(gt=0)]

    def __init__(self, env, record, spec, target):
        super().__init__(env, record, spec, target)
        self.period, self.visible = ticks(spec.options.period), ticks(spec.options.visible)

    def send(self, sample, size, done, lost, token):
        since = self.env.now % self.period
        if since < self.visible:
            super().send(sample, size, done, lost, token)
        else:
            rises = self.env.now + self.period - since
            self.env.at(rises, Order.CAPTURE, lambda: Link.send(self, sample, size, done, lost, token))


class Stranger:
    pass


class Half(Link):
    class Options(Model):
        latency: Time
'''

SCENARIO = """
    samples: 1
    data: plaza
    workload: {every: 1 s}
    nodes:
      camera[1..6]: {tier: device, speed: 1 GFLOP/s}
      edge: {tier: edge, speed: 1 GFLOP/s}
      cloud: {tier: cloud, speed: 1 GFLOP/s}
    links:
      - {between: ["camera*", edge], bandwidth: 8 Mbit/s, latency: 10 ms}
      - {between: [edge, cloud], bandwidth: 8 Mbit/s, latency: 10 ms, sharing: "satellite:Satellite", period: 10 s, visible: 2 s}
    systems: {ddnn: {}}
"""  # noqa: E501


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "satellite.py").write_text(SATELLITE, encoding="utf-8")
    file = tmp_path / "space.yaml"
    file.write_text(dedent(SCENARIO), encoding="utf-8")
    return file


@pytest.mark.parametrize("name", ["satellite:Satellite", "satellite.py:Satellite"])
def test_messages_wait_for_the_satellite(file: Path, name: str) -> None:
    file.write_text(file.read_text(encoding="utf-8").replace("satellite:Satellite", name), encoding="utf-8")
    scenario = load_scenario(file)
    up = scenario.links[-2]
    assert up.sharing == f"{file.parent / 'satellite.py'}:Satellite"
    assert (up.options.period, up.options.visible) == (10, 2)
    wire = Wire(scenario.nodes, scenario.links)
    # 1 MB/s: 0.1 s to send 100 kB, and 10 ms to get there; in sight from 0 s to 2 s and from 10 s to 12 s.
    wire.send(1.0, "edge", "cloud", 100_000, "seen")
    wire.send(1.95, "edge", "cloud", 100_000, "sent before it sets")
    wire.send(3.0, "edge", "cloud", 100_000, "out of sight")
    wire.send(9.0, "cloud", "edge", 200_000, "down")
    wire.env.play()
    assert wire.heard == [
        ("seen", approx(1.11, abs=EXACT)),
        ("sent before it sets", approx(2.06, abs=EXACT)),
        ("out of sight", approx(10.11, abs=EXACT)),
        ("down", approx(10.21, abs=EXACT)),
    ]


def test_written_and_read_again_from_elsewhere(file: Path) -> None:
    scenario = load_scenario(file)
    text = scenario.to_yaml()
    assert f"sharing: '{file.parent}/satellite.py:Satellite', period: 10 s, visible: 2 s" in text
    assert load(text) == scenario


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "visible: 2 s",
            "visble: 2 s",
            "space.yaml:11: links[1].visble: unknown key 'visble'; did you mean 'visible'?",
        ),
        (", visible: 2 s", "", "space.yaml:11: links[1].visible: is missing"),
        ("visible: 2 s", "visible: 2 B", "space.yaml:11: links[1].visible: "),
        ("visible: 2 s", "visible: 0 s", "space.yaml:11: links[1].visible: must be more than 0, found '0 s'"),
        ("visible: 2 s", "visible: 2 s, jitter: 1 ms", "space.yaml:11: links[1]: a Satellite link has no jitter: "),
        ("latency: 10 ms}", "latency: 10 ms, period: 1 s}", "space.yaml:10: links[0].period: unknown key 'period'"),
        (":Satellite", ":Satelite", "links[1].sharing: link kind 'satellite:Satelite': satellite has no 'Satelite'"),
        ("satellite:Satellite", "satelite:Satellite", "space.yaml:11: links[1].sharing: "),
        (":Satellite", ":Stranger", "links[1].sharing: link kind 'satellite:Stranger': Stranger is no class derived"),
        (":Satellite", ":Half", "Half.Options has 'latency', which is a key of every entry"),
        ('"satellite:Satellite"', "fare", "links[1].sharing: unknown link kind 'fare'; did you mean 'fair'?"),
        (
            "systems:",
            "faults: [{at: 1 s, link: [edge, cloud], loss: 1 %}]\nsystems:",
            "faults[0].loss: 'edge - cloud' is a Satellite link: it ",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(file: Path, old: str, new: str, says: str) -> None:
    found = complaint(file, old, new)
    assert says in found
    assert len(found.splitlines()) == 1


def test_specs_of_python_are_checked_too() -> None:
    values: dict[str, Any] = {"sharing": "worlds:No"}
    with pytest.raises(ValueError, match="has no 'No'"):
        link("edge", "cloud", **values)
    with pytest.raises(ValueError, match="unknown link kind 'fifi'; did you mean 'fifo'"):
        Link(source="edge", target="cloud", bandwidth=1, latency=1, sharing="fifi")
