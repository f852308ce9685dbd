"""A policy of a user's own: one file, with keys of its own, before the calls for the cloud."""

from __future__ import annotations

from pathlib import Path

import pytest
from mistakes import changed, complaint
from weights import write_random_weights

import simnet

RATION = '''
from simnet.clock import Signal
from simnet.language.quantities import Model
from simnet.systems.policies.base import EdgePolicy


class Ration(EdgePolicy):
    """So many calls, then no more."""

    class Options(Model):
        most: int
        """How many calls there may be."""

    def __init__(self, *given):
        super().__init__(*given)
        self.made = self.refused = 0

    def guard(self, exit_name, holder):
        def call(make):
            if self.made < self.options.most:
                self.made += 1
                return make()
            self.refused += 1
            refused = Signal(self.env)
            refused.fire(None)
            return refused

        return call

    def report(self):
        return {"made": self.made, "refused": self.refused}
'''


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    (tmp_path / "ration.py").write_text(RATION, encoding="utf-8")
    for system in ("ddnn", "ada-ddnn"):
        write_random_weights(tmp_path, system, "plaza")
    file = tmp_path / "world.yaml"
    file.write_text(
        """
name: world
data: plaza
samples: 12
workload: {every: 1 s}
nodes:
  camera[1..6]: {tier: device, speed: 1 GFLOP/s}
  edge: {tier: edge, speed: 1 GFLOP/s}
  cloud: {tier: cloud, speed: 1 GFLOP/s}
links: [{between: [camera*, edge], preset: wifi}, {between: [edge, cloud], preset: wifi}]
systems:
  ddnn: {weights: ddnn-plaza.safetensors, thresholds: 0, policies: {"ration.py:Ration": {most: 5}}}
  ada-ddnn: {weights: ada-ddnn-plaza.safetensors, thresholds: 0, policies: {"ration.py:Ration": {most: 2}}}
""",
        encoding="utf-8",
    )
    return file


def test_a_ration_of_calls(scenario: Path) -> None:
    """Nothing is below T = 0, so all twelve samples ask for the cloud: who is refused leaves at the edge, forced."""
    run = simnet.run(simnet.load(scenario))
    for system, most in (("ddnn", 5), ("ada-ddnn", 2)):
        found = run.summary["systems"][system]
        assert found["exits"]["cloud"]["count"] == most and found["forced"] == 12 - most
        (report,) = found["policy"].values()
        assert report == {"made": most, "refused": 12 - most}


def test_it_survives_the_way_through_yaml(scenario: Path, tmp_path: Path) -> None:
    loaded = simnet.load(scenario)
    again = tmp_path / "elsewhere" / "again.yaml"
    again.parent.mkdir()
    again.write_text(loaded.to_yaml(), encoding="utf-8")
    assert simnet.load(again) == loaded


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("        return call\n", "        return 5\n", "guard gives 5, no function"),
        ('{"made": self.made, "refused": self.refused}', '{"made": "some"}', "no numbers by name"),
        ("    def report(self):", "    def followed(self, *given):\n        ...\n\n    def report(self):", "send"),
        (
            "    def report(self):",
            "    def collector(self, node):\n        return 7\n\n    def report(self):",
            "gives 7",
        ),
    ],
)
def test_what_it_gives_is_checked(old: str, new: str, says: str, scenario: Path) -> None:
    changed(scenario.with_name("ration.py"), old, new)
    with pytest.raises(simnet.PluginError, match=r"^policy '.*/ration\.py:Ration': ") as caught:
        simnet.run(simnet.load(scenario))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("{most: 5}", "{mots: 5}", "mots: unknown key 'mots'; did you mean 'most'?"),
        ("{most: 5}", "{}", "most: is missing"),
        ('Ration": {most: 5}', 'Rations": {most: 5}', "'ration.py:Rations'"),
        ('"ration.py:Ration": {most: 5}', "ration: {most: 5}", "unknown policy 'ration'"),
    ],
)
def test_what_is_wrong_with_it_is_one_message(old: str, new: str, says: str, scenario: Path) -> None:
    message = complaint(scenario, old, new)
    assert "world.yaml:12: systems.ddnn.policies" in message
    assert says in message
