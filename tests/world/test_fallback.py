"""An edge that takes over the cameras of a dead one, and groups of cameras that share a cloud."""

from __future__ import annotations

import pytest
from paths import SCENARIOS
from worlds import both, node, play, rows, world_scenario

from simnet.network.faults.spec import Fault
from simnet.scenario import Scenario, load_scenario
from simnet.systems.roles import Place, stand_ins
from simnet.workloads.periodic import Periodic
from simnet.world.plan import plans_of


def two_edges(system: str, script: list[Fault], fallback: str | None = "spare") -> Scenario:
    """Six cameras 20 ms from their edge and 40 ms from another one, both 30 ms from the cloud; a sample each second."""
    base = world_scenario(system=system, samples=6, workload=Periodic(every=1.0), script=script, thresholds=1.0)
    nodes = {**base.nodes, "edge": node("edge", site="here", fallback=fallback), "spare": node("edge", site="there")}
    nodes |= {name: one.model_copy(update={"site": "here"}) for name, one in base.nodes.items() if one.tier == "device"}
    nodes["far"] = node("device", site="there", view=1)
    links = [*base.links, *both("spare", "cloud"), *both("far", "spare")]
    for name, one in base.nodes.items():
        if one.tier == "device":
            links += both(name, "spare", latency=0.03)
    sites = {"there": Periodic(every=1000.0)}
    return base.model_copy(update={"nodes": nodes, "links": links, "sites": sites})


@pytest.mark.parametrize("system", ["ddnn", "ada-ddnn"])
def test_while_its_edge_is_down_a_site_is_served_by_the_other(system: str):
    """Samples 2 and 3 are captured during the outage; the way to the other edge is 20 ms longer."""
    script = [Fault(at=1.5, lasts=2.0, node="edge", action="down")]
    scenario = two_edges(system, script)
    made = [row for row in rows(play(scenario), scenario) if row["site"] == "here"]
    assert {row["outcome"] for row in made} == {"finished"}
    latencies = [row["latency"] for row in made]
    usual = latencies[0]
    assert latencies == pytest.approx([usual, usual, usual + 0.02, usual + 0.02, usual])
    alone = two_edges(system, script, fallback=None)
    lost = [row["outcome"] for row in rows(play(alone), alone) if row["site"] == "here"]
    assert lost == ["finished", "finished", "dropped", "dropped", "finished"]


def test_a_sample_under_way_dies_with_its_edge():
    """Who stands in serves what is captured afterwards."""
    script = [Fault(at=1.005, lasts=0.5, node="edge", action="down")]
    scenario = two_edges("ddnn", script)
    made = [row["outcome"] for row in rows(play(scenario), scenario) if row["site"] == "here"]
    assert made[:3] == ["finished", "dropped", "finished"]


def test_without_anybody_up_the_first_is_tried():
    script = [Fault(at=0.5, node=name, action="down") for name in ("edge", "spare")]
    scenario = two_edges("ddnn", script)
    made = [row["outcome"] for row in rows(play(scenario), scenario) if row["site"] == "here"]
    assert made == ["finished", *["dropped"] * 4]


def test_twenty_cameras_in_four_groups_share_a_cloud():
    scenario = load_scenario(SCENARIOS / "four_groups.yaml")
    for plan in plans_of(scenario).values():
        assert [len(place.views) for place in plan.places] == [5] * 4
        assert [place.only("edge") for place in plan.places] == ["edge1", "edge2", "edge3", "edge4"]
        assert [[one.only("edge") for one in others] for others in plan.stand_ins] == [
            ["edge2", "edge3", "edge4"],
            ["edge3", "edge4", "edge1"],
            ["edge4", "edge1", "edge2"],
            ["edge1", "edge2", "edge3"],
        ]


def test_each_node_is_replaced_alone():
    """Of edge → e2 → e3 and cloud → c2: the fewest replaced come first; who plays already stands in for nobody."""
    tiers = {"cam": "device", "edge": "edge", "e2": "edge", "e3": "edge", "cloud": "cloud", "c2": "cloud"}
    then = {"edge": "e2", "e2": "e3", "e3": "edge", "cloud": "c2", "c2": "cloud"}
    nodes = {name: node(tier, fallback=then.get(name)) for name, tier in tiers.items()}
    place = Place(None, {"device": ("cam",), "edge": ("edge",), "cloud": ("cloud",)}, {"cam": 0})
    found = [(one.only("edge"), one.only("cloud")) for one in stand_ins(place, nodes)]
    assert found == [("edge", "c2"), ("e2", "cloud"), ("e2", "c2"), ("e3", "cloud"), ("e3", "c2")]
    both = Place(None, {"device": ("cam",), "edge": ("edge", "e2"), "cloud": ("cloud",)}, {"cam": 0})
    assert [one.nodes["edge"] for one in stand_ins(both, nodes)] == [("edge", "e2"), ("edge", "e3"), ("edge", "e3")]
