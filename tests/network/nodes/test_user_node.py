"""A kind of node from a user's file beside the scenario, and who may stand in for whom."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from mistakes import complaint
from pytest import approx
from worlds import EXACT, Wire, node

from simnet.scenario.load import load, load_scenario

TIRED = '''
"""A node that needs longer for every so many-th call."""

from typing import Annotated

from pydantic import Field

from simnet.language.quantities import Model
from simnet.network.nodes.plain import Node
from simnet.network.work import Work


class Tired(Node):
    class Options(Model):
        every: Annotated[int, Field(ge=1)] = 2
        times: Annotated[float, Field(ge=1)]

    def __init__(self, env, record, name, spec):
        super().__init__(env, record, name, spec)
        self.options, self.calls = spec.options, 0

    def compute(self, sample, work, done, lost, token):
        self.calls += 1
        tired = self.calls % self.options.every == 0
        work = work._replace(flop=work.flop * self.options.times) if tired else work
        super().compute(sample, work, done, lost, token)
'''

SCENARIO = """\
    samples: 1
    data: plaza
    workload: {every: 1 s}
    nodes:
      camera[1..5]: {tier: device, speed: 1 GFLOP/s}
      camera6: {tier: device, speed: 1 GFLOP/s}
      edge: {tier: edge, speed: 1 GFLOP/s, kind: "tired:Tired", times: 2}
      cloud: {tier: cloud, speed: 1 GFLOP/s, fallback: spare}
      spare: {tier: cloud, speed: 1 GFLOP/s}
    links:
      - {between: ["camera*", edge], bandwidth: 8 Mbit/s, latency: 10 ms}
      - {between: [edge, cloud], bandwidth: 8 Mbit/s, latency: 10 ms}
      - {between: [edge, spare], bandwidth: 8 Mbit/s, latency: 10 ms}
    systems: {ddnn: {}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "tired.py").write_text(TIRED, encoding="utf-8")
    file = tmp_path / "tired.yaml"
    file.write_text(dedent(SCENARIO), encoding="utf-8")
    return file


def test_every_second_call_takes_twice_as_long(file: Path) -> None:
    scenario = load_scenario(file)
    wire = Wire(scenario.nodes, scenario.links)
    # 10 MFLOP at 1 GFLOP/s are 10 ms; the second call, queued at once, takes 20 ms, the third 10 ms.
    for token in "abc":
        wire.compute(1.0, "edge", 1e7, token)
    wire.compute(2.0, "edge", 1e7, "d")
    wire.env.play()
    assert wire.heard == [
        (token, approx(time, abs=EXACT)) for token, time in zip("abcd", (1.01, 1.03, 1.04, 2.02), strict=True)
    ]


def test_faults_slow_it_as_they_do_any_node(file: Path) -> None:
    scenario = load_scenario(file)
    wire = Wire(scenario.nodes, scenario.links)
    wire.at(0.5, lambda: wire.network.nodes["edge"].set_state(True, 3.0))
    wire.compute(1.0, "edge", 1e7, "a")
    wire.at(1.01, lambda: wire.network.nodes["edge"].set_state(True, 1.0))
    wire.env.play()
    assert wire.heard == [("a", approx(1.01 + 0.02 / 3, abs=EXACT))]


def test_written_and_read_again_from_elsewhere(file: Path) -> None:
    scenario = load_scenario(file)
    assert scenario.nodes["edge"].kind == f"{file.parent}/tired.py:Tired"
    text = scenario.to_yaml()
    assert "every: 2, times: 2.0" in text and "fallback: spare" in text
    assert load(text) == scenario


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("times: 2", "time: 2", "tired.yaml:7: nodes.edge.time: unknown key 'time'; did you mean 'times'?"),
        (", times: 2", "", "tired.yaml:7: nodes.edge.times: is missing"),
        ("times: 2", "times: 0.5", "tired.yaml:7: nodes.edge.times: must be 1 or more, found 0.5"),
        ("times: 2", "times: 2, queue: 3", "tired.yaml:7: nodes.edge: a Tired node has no queue: it serves calls in"),
        (":Tired", ":Tird", "tired.yaml:7: nodes.edge.kind: node kind 'tired:Tird': tired has no 'Tird'"),
        ('"tired:Tired", times: 2', "plane", "unknown node kind 'plane'; did you mean 'plain'?"),
        (
            ": spare",
            ": spar",
            "tired.yaml:8: nodes.cloud.fallback: unknown node 'spar'; did you mean 'spare'",
        ),
        (": spare", ": cloud", "tired.yaml:8: nodes.cloud.fallback: 'cloud' cannot stand in for itself"),
        (
            ": spare",
            ": edge",
            "tired.yaml:8: nodes.cloud.fallback: who stands in must be of the same tier: 'cloud'",
        ),
        ("tier: edge", "tier: edg", "nodes.edge.tier: unknown tier 'edg'; did you mean 'edge'?"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(file: Path, old: str, new: str, says: str) -> None:
    assert says in complaint(file, old, new)


def test_our_kinds_can_be_named() -> None:
    assert type(Wire({"edge": node("edge", kind="queued")}, []).network.nodes["edge"]).__name__ == "QueuedNode"
    with pytest.raises(ValueError, match="a plain node has no queue: it serves calls in order of arrival"):
        node("edge", kind="plain", queue={"limit": 3})
