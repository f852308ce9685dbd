"""`let`: one number that stands in several places of a file, and can be changed in one."""

from __future__ import annotations

import pickle

import pytest

import simnet
from simnet.language.errors import ScenarioError

FILE = """\
let: {cameras: 3, uplink: 20 Mbit/s, wait: 80}
data: plaza
samples: 5
workload: {every: 200 ms}
nodes:
  camera[1..$cameras]: {tier: device, preset: raspberry-pi-4}
  edge: {tier: edge, preset: jetson-orin-nano}
  cloud: {tier: cloud, speed: 10 TFLOP/s}
links:
  - {between: ["camera[1..$cameras]", edge], preset: wifi}
  - {between: [edge, cloud], bandwidth: $uplink, latency: 20 ms}
systems:
  ddnn: {wait: $wait ms}
"""


def names(scenario: simnet.Scenario) -> list[str]:
    return [*scenario.nodes]


def test_values_stand_wherever_the_file_has_their_names() -> None:
    """In a key, in a list, as a whole value with its unit, and inside a text: as if written there."""
    made = simnet.load(FILE)
    plain = FILE.split("\n", 1)[1].replace("$cameras", "3").replace("$uplink", "20 Mbit/s").replace("$wait", "80")
    assert names(made) == ["camera1", "camera2", "camera3", "edge", "cloud"]
    assert made.to_yaml() == simnet.load(plain).to_yaml()


def test_a_whole_value_keeps_its_type() -> None:
    text = FILE.replace("samples: 5", "samples: $n").replace("let: {", "let: {n: 7, ")
    assert simnet.load(text).samples == 7


def test_an_override_changes_all_places_at_once() -> None:
    made = simnet.load(FILE, ["let.cameras=2", "let.uplink=1 Mbit/s"])
    assert names(made) == ["camera1", "camera2", "edge", "cloud"]
    assert [link.bandwidth for link in made.links if link.source == "edge" and link.target == "cloud"] == [125_000.0]


def test_other_changes_are_kept_when_let_changes_later() -> None:
    """Each of the nodes that there are then has what was set of all before; samples, too."""
    first = simnet.load(FILE, ["nodes.camera*.workers=2", "samples=9"])
    later = first.with_("let.cameras=5")
    assert [later.nodes[f"camera{n}"].workers for n in range(1, 6)] == [2] * 5 and later.samples == 9
    assert names(later.with_("let.cameras=1")) == ["camera1", "edge", "cloud"]
    assert names(first) == ["camera1", "camera2", "camera3", "edge", "cloud"]  # as it was


def test_a_scenario_for_other_processes_can_still_change() -> None:
    made = simnet.load(FILE, "samples=9")
    given, source = pickle.loads(pickle.dumps((made._given, made._source)))
    from simnet.scenario.changes import applied, changes

    other = applied(changes("let.cameras=4"), given, source)
    assert other.to_yaml() == made.with_("let.cameras=4").to_yaml()


def test_dollars_without_let_are_letters() -> None:
    plain = FILE.split("\n", 1)[1].replace("$cameras", "3").replace("$uplink", "1 Mbit/s").replace("$wait", "80")
    assert simnet.load("description: costs 5 $ a $day\n" + plain).description == "costs 5 $ a $day"
    assert simnet.load("description: costs 5 $$\n" + FILE).description == "costs 5 $"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("$uplink", "$uplnk", "scenario:11: links[1].bandwidth: no $uplnk in 'let'; did you mean 'uplink'? (there: "),
        ("[1..$cameras]: {", "[1..$camera]: {", "scenario:6: nodes.camera[1..$camera]: no $camera in 'let'; did you"),
        ("cameras: 3", "cameras: [3]", "scenario:1: let.cameras: must be a number or a text, not [3]"),
        ("cameras: 3", "cameras: yes", "let.cameras: must be a number or a text, not True; YAML reads yes as true"),
        ("cameras: 3", "cameras: 0", "scenario:6: nodes.camera[1..0]: range [1..0] must run upwards"),
        ("cameras: 3", "cameras: x", "scenario:6: nodes.camera[1..x]"),
        ("cameras: 3, ", "cameras: 3, 2nd: 4, ", "let.2nd: '2nd' is no name: letters, digits and _"),
        ("$wait ms", "$wait ms $", "systems.ddnn.wait: a dollar sign needs a name behind it, or another one"),
        ("  edge: {", "  cam$same: {tier: edge}\n  cam$also: {", "no $same in 'let'"),
        ("{cameras: 3, uplink: 20 Mbit/s, wait: 80}", "5", "scenario:1: let: must be a mapping of names to values"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(old: str, new: str, message: str) -> None:
    assert FILE.replace(old, new) != FILE
    with pytest.raises(ScenarioError) as wrong:
        simnet.load(FILE.replace(old, new))
    assert message in str(wrong.value)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("let.camera=4", "unknown name of 'let' 'camera'; did you mean 'cameras'?"),
        ("let.cameras.of=4", "unknown name of 'let' 'cameras.of'"),
        ("let=4", "let: must be a mapping of names to values"),
        ("let.unused=5", "override let.unused=5: '$unused' stands nowhere in the scenario, so nothing would change"),
    ],
)
def test_an_override_of_what_is_not_there_is_refused(override: str, message: str) -> None:
    text = FILE.replace("let: {", "let: {unused: 4, ")
    with pytest.raises(ScenarioError, match="override") as wrong:
        simnet.load(text, override)
    assert message in str(wrong.value)


def test_let_is_among_the_keys_that_a_file_may_have() -> None:
    with pytest.raises(ScenarioError, match=r"unknown key 'lett'; did you mean 'let'\? \(allowed: let, name, "):
        simnet.load(FILE.replace("let: ", "lett: "))


def test_two_keys_that_come_to_the_same_are_refused() -> None:
    with pytest.raises(ScenarioError, match="'edge' is given twice"):
        simnet.load(FILE.replace("let: {", "let: {e: edge, ").replace("  cloud: {", "  $e: {tier: edge}\n  cloud: {"))
