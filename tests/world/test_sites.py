"""Several sites: own captures, own cameras and edge, one network; what the summary says of them and of deadlines."""

from __future__ import annotations

from io import StringIO
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from lives_of import lives_of, played, sections
from paths import SCENARIOS
from worlds import EXACT, both, node, plan_of, play, rows, spans_of, world_scenario

from simnet.analysis.compare import print_comparison
from simnet.clock import seconds
from simnet.models.data import open_dataset
from simnet.network.faults.spec import Fault
from simnet.network.nodes.spec import Node
from simnet.results.result import SystemResult
from simnet.results.steps import Steps
from simnet.results.summary import summarize
from simnet.results.tables import samples_schema
from simnet.scenario import Scenario, load_scenario
from simnet.systems.one_edge import OneEdge
from simnet.systems.roles import places
from simnet.workloads.mmpp import Bursty, Phase
from simnet.workloads.periodic import Periodic
from simnet.workloads.poisson import Poisson
from simnet.workloads.recorded import Recorded
from simnet.workloads.spec import SampleClass, Workload
from simnet.world.captures import captures
from simnet.world.plan import plans_of, remarks
from simnet.world.recording import spans_table
from simnet.world.run import Options, run, run_system
from simnet.world.sites import sites_of

FREE = {"bandwidth": 1e18, "latency": 0.0}


def sited(
    north: Workload | None = None,
    south: Workload | None = None,
    *,
    cameras: tuple[int, int] = (6, 6),
    shared_edge: bool = False,
    speed: dict[str, float] | None = None,
    way: dict[str, Any] | None = None,
    system: str = "ddnn",
    **values: Any,
) -> Scenario:
    """Two sites with an edge each (or one for both), a cloud; links and times as in `world_scenario`.

    Device 1 ms, report 10 + 10 ms, edge 2 ms, upload 20 + 10 ms, cloud 4 ms: 23 ms to exit edge, 57 ms to exit cloud.
    """
    speeds = {"device": 1e9, "edge": 1e9, "cloud": 1e9, **(speed or {})}
    nodes: dict[str, Node] = {}
    links = []
    for site, count in zip(("north", "south"), cameras, strict=True):
        edge = "edge" if shared_edge else f"{site}-edge"
        nodes[edge] = node("edge", speed=speeds["edge"], site=None if shared_edge else site)
        for number in range(1, count + 1):
            nodes[f"{site}{number}"] = node("device", speed=speeds["device"], site=site)
            links += both(f"{site}{number}", edge, **(way or {}))
    nodes["cloud"] = node("cloud", speed=speeds["cloud"])
    links += [pair for name, one in nodes.items() if one.tier == "edge" for pair in both(name, "cloud", **(way or {}))]
    base = world_scenario(system=system, **values)
    workloads = {site: one for site, one in (("north", north), ("south", south)) if one is not None}
    return base.model_copy(update={"nodes": nodes, "links": links, "sites": workloads})


def alone(scenario: Scenario, site: str) -> Scenario:
    """The same without the other site."""
    gone = {n for n, one in scenario.nodes.items() if one.site not in (None, site)}
    return scenario.model_copy(
        update={
            "nodes": {n: one for n, one in scenario.nodes.items() if n not in gone},
            "links": [one for one in scenario.links if not {one.source, one.target} & gone],
            "sites": {name: one for name, one in scenario.sites.items() if name == site},
        }
    )


# --- who belongs where ---


def test_views_are_counted_per_site_and_edges_found():
    def found(scenario: Scenario) -> dict[str | None, tuple[dict[str, int], str]]:
        there = places(OneEdge.roles, scenario.nodes, sites_of(scenario))
        return {place.site: (dict(place.views), place.only("edge")) for place in there}

    scenario = sited(cameras=(3, 2))
    assert found(scenario) == {
        "north": ({"north1": 0, "north2": 1, "north3": 2}, "north-edge"),
        "south": ({"south1": 0, "south2": 1}, "south-edge"),
    }
    assert found(sited(shared_edge=True))["south"][1] == "edge"
    mixed = scenario.model_copy(update={"nodes": {"spare": node("edge"), **scenario.nodes}})
    assert found(mixed)["south"][1] == "south-edge", "its own, although another comes first"
    assert found(world_scenario()) == {None: ({f"camera{n}": n - 1 for n in range(1, 7)}, "edge")}


def test_remarks_tell_the_views_of_each_site_and_of_edges_that_only_forward():
    scenario = sited(cameras=(6, 2))
    scenario = scenario.model_copy(update={"nodes": {**scenario.nodes, "spare": node("edge")}})
    plan = plan_of(scenario)
    few, free, spare = remarks(scenario, {"ddnn": plan})
    assert few.startswith("south: only 2 of 6 views exist") and spare == "ddnn: spare only forwards"
    assert free == "ddnn: the answer's way back is not modelled (reply: none)"
    assert remarks(sited(), {"ddnn": plan_of(sited())}) == [free]


# --- arrivals ---


def test_a_further_site_shifts_nobodys_arrivals_or_classes():
    classes = {"a": SampleClass(share=0.3, deadline=1.0), "b": SampleClass(share=0.7, priority=2)}
    scenario = sited(
        Poisson(poisson=5, classes=classes),
        Bursty(mmpp=(Phase(rate=1, stay=2), Phase(rate=40, stay=1)), deadline=0.3),
        samples=None,
        duration=60.0,
    )
    both_of_them = captures(scenario)
    assert both_of_them.sites == ("north", "south") and (np.diff(both_of_them.times) >= 0).all()
    for number, site in enumerate(both_of_them.sites):
        mine = both_of_them.site == number
        lone = captures(alone(scenario, site))
        assert both_of_them.times[mine].tolist() == lone.times.tolist() and len(lone) > 200
        kinds = [(*both_of_them.classes, None)[kind] for kind in both_of_them.kind[mine]]
        assert kinds == [(*lone.classes, None)[kind] for kind in lone.kind]
        np.testing.assert_array_equal(both_of_them.deadline[mine], lone.deadline)
        assert both_of_them.priority[mine].tolist() == lone.priority.tolist()


def test_sites_with_the_same_workload_capture_independently():
    """Counts per second of two Poisson sites (and of a third, unnamed one) are not correlated: |r| < 3.3 / √n."""
    scenario = sited(workload=Poisson(poisson=5), samples=None, duration=1000.0)
    found = captures(scenario)
    runs = [found.times[found.site == number] for number in (0, 1)]
    runs.append(captures(world_scenario(workload=Poisson(poisson=5), samples=None, duration=1000.0)).times)
    counts = [np.histogram(times, np.arange(1001))[0] for times in runs]
    correlations = np.corrcoef(counts)[np.triu_indices(3, 1)]
    assert (np.abs(correlations) < 3.3 / 1000**0.5).all()


def test_samples_are_the_earliest_of_all_sites():
    """By hand: north every 2 s, south at 1, 1.5 and 4 s; of equal times the first site's comes first."""
    scenario = sited(Periodic(every=2), Recorded(trace=(1.0, 1.5, 4.0)), samples=6)
    found = captures(scenario)
    assert found.times.tolist() == [0, 1, 1.5, 2, 4, 4] and found.site.tolist() == [0, 1, 1, 0, 0, 1]
    table = rows(play(scenario), scenario)
    assert [row["site"] for row in table] == ["north", "south", "south", "north", "north", "south"]
    assert captures(sited(workload=Periodic(every=1), samples=4)).times.tolist() == [0, 0, 1, 1], "the common one"


# --- what sites share, and what they do not ---


@pytest.mark.parametrize("shared_edge", [False, True])
@pytest.mark.parametrize("system", ["ddnn", "ada-ddnn"])
def test_answers_do_not_depend_on_who_else_is_there(system: str, shared_edge: bool):
    """With free links and enough machines every answer is what one site alone would give for the sample's number."""
    workloads = (Poisson(poisson=5), Poisson(poisson=9))
    fast = {"device": 1e15, "edge": 1e15, "cloud": 1e15}
    two = sited(*workloads, samples=80, system=system, shared_edge=shared_edge, speed=fast, way=FREE)
    one = world_scenario(system=system, samples=80, uplink=FREE, backbone=FREE)
    keys = ("sample", "prediction", "outcome", "exit", "entropy", "views")
    found, wanted = ([[row[key] for key in keys] for row in rows(play(each), each)] for each in (two, one))
    assert found == wanted
    assert len({row[3] for row in found}) == (2 if system == "ddnn" else 3)


@pytest.mark.parametrize("system", ["ddnn", "ada-ddnn"])
def test_the_real_network_answers_per_site_as_alone(system: str):
    """Batched across sites equals a run of one site, for samples whose site has all six views or only four."""
    count, fast = 48, {"device": 1e18, "edge": 1e18, "cloud": 1e18}
    common: dict[str, Any] = {"samples": count, "system": system, "thresholds": "calibrated"}

    def weighted(scenario: Scenario) -> Scenario:
        spec = scenario.systems[system].model_copy(update={"weights": f"{system}-plaza"})
        return scenario.model_copy(update={"systems": {system: spec}})

    data = open_dataset("plaza", "test", None)
    options = Options(device="cpu", memo=False, forced=True)
    two = weighted(sited(Poisson(poisson=5), Poisson(poisson=5), cameras=(6, 4), speed=fast, way=FREE, **common))
    result = run_system(two, plans_of(two)[system], data, options)
    together = result.samples.to_pylist()
    forced = dict.fromkeys(result.exits, 0.0)
    for site, cameras in (("north", 6), ("south", 4)):
        one = weighted(
            world_scenario(cameras=cameras, uplink=FREE, backbone=FREE, workload=Periodic(every=1), **common)
        )
        lone = run_system(one, plans_of(one)[system], data, options)
        mine = [row for row in together if row["site"] == site]
        assert len(mine) > 10 and {row["views"] for row in mine} == {(1 << cameras) - 1}
        for row, other in zip(mine, [lone.samples.to_pylist()[row["sample"]] for row in mine], strict=True):
            assert [row[key] for key in ("exit", "prediction", "outcome", "label")] == [
                other[key] for key in ("exit", "prediction", "outcome", "label")
            ]
            assert row["entropy"] == pytest.approx(other["entropy"], abs=1e-4)
        assert result.forced is not None and lone.forced is not None
        # made to leave at an exit, a sample of this site is right if it is so alone
        spec = one.systems[system].model_copy(update={"thresholds": 1.0})
        eager = one.model_copy(update={"systems": {system: spec}})
        first = run_system(eager, plans_of(eager)[system], data, options).samples
        forced[result.exits[0]] += sum(first.column("correct").to_pylist()[row["sample"]] for row in mine) / count
    assert result.forced[result.exits[0]] == pytest.approx(forced[result.exits[0]])
    assert result.raw_sample_bytes == {"north": 6 * data[0][0][0].size, "south": 4 * data[0][0][0].size}


def unsure(exit_name: str, sample: int, views: int) -> tuple[int, float]:
    """Every sample goes on to the cloud."""
    return 0, 0.9


def test_one_slow_cloud_for_two_sites_makes_both_later():
    """By hand. A call takes the cloud 40 ms; north captures every 50 ms from 0 on, south 10 ms later.

    At the cloud after 53 ms: north at 53, 103, 153, south at 63, 113, 163. Alone each is done at 40 ms later: 93 ms in
    all. Together the cloud is busy from 53 on without a pause: done at 93, 133, 173, 213, 253, 293.
    """
    steady = tuple(0.05 * number for number in range(3))
    later = tuple(0.01 + time for time in steady)
    together = sited(Recorded(trace=steady), Recorded(trace=later), samples=6, speed={"cloud": 1e8})
    found = rows(play(together, unsure), together)
    latencies = {site: [row["latency"] for row in found if row["site"] == site] for site in ("north", "south")}
    assert latencies["north"] == pytest.approx([0.093, 0.123, 0.153], abs=EXACT)
    assert latencies["south"] == pytest.approx([0.123, 0.153, 0.183], abs=EXACT)
    for site in latencies:
        lone = alone(together, site).model_copy(update={"samples": 3})
        assert [row["latency"] for row in rows(play(lone, unsure), lone)] == pytest.approx([0.093] * 3, abs=EXACT)


def test_one_edge_for_two_sites_serves_them_in_order():
    """By hand. An edge takes 20 ms; both sites' reports are there after 21 ms: 41 ms for one, 61 ms for the other."""
    at_once = Recorded(trace=(0.0,))
    scenario = sited(at_once, at_once, samples=2, shared_edge=True, speed={"edge": 1e8}, thresholds=1.0)
    world = play(scenario)
    assert [row["latency"] for row in rows(world, scenario)] == pytest.approx([0.041, 0.061], abs=EXACT)
    assert len(spans_of(world, "edge")) == 2
    own = scenario.model_copy(update={"nodes": sited(speed={"edge": 1e8}).nodes, "links": sited().links})
    assert [row["latency"] for row in rows(play(own), own)] == pytest.approx([0.041, 0.041], abs=EXACT)


@pytest.mark.parametrize("system", ["ddnn", "ada-ddnn"])
def test_what_breaks_at_one_site_does_not_touch_the_other(system: str):
    """A camera and then the edge of north fail: south's rows are the same to the last bit."""
    script = [
        Fault(at=2.0, lasts=4.0, node="north3", action="down"),
        Fault(at=8.0, lasts=3.0, node="north-edge", action="down"),
    ]
    turns = (Periodic(every=0.5), Recorded(trace=(0.25,), repeat=0.5))  # never at the cloud at the same time
    sound = sited(*turns, samples=48, system=system)
    broken = sound.model_copy(update={"faults": script})
    before, after = (rows(play(each), each) for each in (sound, broken))
    south, south_too = ([row for row in each if row["site"] == "south"] for each in (before, after))
    assert south == south_too and len(south) == 24
    views = {row["views"] for row in after if row["site"] == "north" and 2 <= row["captured_at"] < 6}
    assert views == {0b111011}
    lost = [row for row in after if row["outcome"] == "dropped"]
    assert {(row["site"], row["reason"]) for row in lost} == {("north", "edge down")}
    assert [row["captured_at"] for row in lost] == [8.0, 8.5, 9.0, 9.5, 10.0, 10.5]


def test_naming_the_only_site_changes_nothing_but_its_name():
    """Periodic captures without jitter draw nothing, so the two runs must be the same."""
    plain = world_scenario(workload=Periodic(every=0.03), samples=30)
    sites = {n: one.model_copy(update={"site": "here"}) for n, one in plain.nodes.items() if one.tier == "device"}
    named = plain.model_copy(update={"nodes": {**plain.nodes, **sites}})
    before, after = (rows(play(each), each) for each in (plain, named))
    assert {row["site"] for row in after} == {"here"} and {row["site"] for row in before} == {None}
    assert [{**row, "site": None} for row in after] == before


# --- the summary ---


DEMAND = ("deadlines", "classes", "sites")


def demand_of(table: pa.Table, exits: tuple[str, ...], end: float) -> dict[str, Any]:
    return sections(played(lives_of(table, end=end), exits, end), *DEMAND)


def result_of(scenario: Scenario) -> SystemResult:
    """The world's run as the engine would hand it over."""
    world = play(scenario)
    table = pa.Table.from_pylist(rows(world, scenario), schema=samples_schema())
    exits, end = type(world.systems[0][0]).exits, seconds(world.env.now)
    lives = lives_of(table, end=end)
    return SystemResult(
        name="ddnn",
        system="ddnn",
        exits=exits,
        codec="fp32",
        lives=lives,
        samples=table,
        spans=spans_table(Steps.of([])),
        forced=None,
        raw_sample_bytes={place.site: len(place.views) * 1000 for place in plan_of(scenario).places},
        thresholds={},
        inference={},
        weights={},
        simulated_time=end,
        hops=0,
        sections=sections(played(lives, exits, end), *DEMAND),
    )


def test_the_sites_and_the_classes_add_up_to_the_whole():
    """Under load, with an edge that fails and a run that ends too early: every outcome occurs."""
    classes = {
        "fast": SampleClass(share=0.5, deadline=0.06),
        "slow": SampleClass(share=0.5, deadline=2.0),
    }
    scenario = sited(
        Poisson(poisson=20, classes=classes),
        Poisson(poisson=12, classes={"slow": SampleClass(share=1.0)}, deadline=0.1),
        cameras=(6, 3),
        samples=None,
        duration=10.0,
        speed={"cloud": 5e7},
        script=[Fault(at=4, lasts=1, node="north-edge", action="down")],
    )
    summary = summarize(result_of(scenario), {})
    assert all(summary[key] for key in ("finished", "dropped", "unfinished"))
    for section in ("sites", "classes"):
        parts = list(summary[section].values())
        assert len(parts) == 2
        assert summary["captured"] == sum(part["captured"] for part in parts)
        assert summary["finished"] == sum(part["answered"] for part in parts)
        mean = sum(part["latency"]["mean"] * part["answered"] for part in parts) / summary["finished"]
        right = sum(part["accuracy"] * part["answered"] for part in parts) / summary["finished"]
        assert (mean, right) == pytest.approx((summary["latency"]["mean"], summary["accuracy"]))
        for name, whole in summary["exits"].items():
            assert whole["count"] == sum(part["exits"][name]["count"] for part in parts)
        for key in ("samples", "met", "late", "unanswered", "undecided"):
            assert summary["deadlines"][key] == sum(part["deadlines"][key] for part in parts)
    north, south = (summary["sites"][name]["captured"] for name in ("north", "south"))
    assert summary["bytes"]["raw_offload"] == 6000 * north + 3000 * south
    assert summary["deadlines"]["late"] and summary["deadlines"]["unanswered"] and summary["deadlines"]["undecided"]


def life(outcome: str, captured: float, latency: float | None, deadline: float | None, **more: Any) -> dict[str, Any]:
    """A row of the samples table, of which the rest does not matter."""
    blank = dict.fromkeys(samples_schema().names)
    blank |= {"sample": 0, "label": 0, "views": 0, "bytes": 0, "outcome": outcome, "captured_at": captured}
    answered = latency is not None
    blank |= {"latency": latency, "deadline": deadline, "correct": True if answered else None}
    return blank | {"exit": "edge" if answered else None} | more


def test_deadlines_by_hand():
    """The run ends at 10 s. Two are met (one of them wrong), one of them just in time; the rest is said beside it."""
    lives = [
        life("finished", 0.0, 0.5, 0.5),  # met: the deadline itself is in time
        life("forced", 1.0, 0.2, 0.5, correct=False),  # met, but wrong
        life("finished", 2.0, 0.6, 0.5),  # late, although right
        life("dropped", 9.9, None, 0.5),  # unanswered, and no answer will come
        life("unfinished", 9.0, None, 0.5),  # unanswered: the deadline passed at 9.5 s
        life("unfinished", 9.8, None, 0.5),  # undecided: it would have been at 10.3 s
        life("finished", 3.0, 9.0, None),  # has none
    ]
    report = demand_of(pa.Table.from_pylist(lives, schema=samples_schema()), ("edge", "cloud"), 10.0)
    assert report == {
        "deadlines": {
            "samples": 6,
            "met": 2,
            "late": 1,
            "unanswered": 2,
            "undecided": 1,
            "miss_rate": 3 / 5,
            "accuracy_in_time": 1 / 5,
        }
    }
    undecided = demand_of(pa.Table.from_pylist(lives[5:6], schema=samples_schema()), ("edge",), 10.0)
    assert undecided["deadlines"]["miss_rate"] is None is undecided["deadlines"]["accuracy_in_time"]
    assert demand_of(pa.Table.from_pylist(lives[6:], schema=samples_schema()), ("edge",), 10.0) == {}


def test_parts_by_hand():
    """Two classes at two sites; a part that nobody answered has no numbers."""
    lives = [
        life("finished", 0.0, 0.1, 0.2, **{"class": "urgent", "site": "north"}),
        life("finished", 1.0, 0.3, 0.2, correct=False, **{"class": "urgent", "site": "north", "exit": "cloud"}),
        life("dropped", 2.0, None, None, **{"class": "any", "site": "south"}),
    ]
    report = demand_of(pa.Table.from_pylist(lives, schema=samples_schema()), ("edge", "cloud"), 10.0)
    assert list(report) == ["deadlines", "classes", "sites"]
    urgent = report["classes"]["urgent"]
    assert urgent == report["sites"]["north"]
    assert (urgent["captured"], urgent["answered"], urgent["accuracy"]) == (2, 2, 0.5)
    assert urgent["accuracy_of_captured"] == 0.5
    assert urgent["latency"] == pytest.approx({"mean": 0.2, "p50": 0.2, "p95": 0.29, "p99": 0.298})
    assert urgent["exits"] == {"edge": {"count": 1, "share": 0.5}, "cloud": {"count": 1, "share": 0.5}}
    assert urgent["deadlines"]["miss_rate"] == 0.5 == urgent["deadlines"]["accuracy_in_time"]
    assert report["classes"]["any"] == {
        "captured": 1,
        "answered": 0,
        "accuracy": None,
        "accuracy_of_captured": 0.0,
        "latency": dict.fromkeys(("mean", "p50", "p95", "p99")),
        "exits": {name: {"count": 0, "share": None} for name in ("edge", "cloud")},
    }


def test_a_queue_that_is_full_is_among_the_reasons():
    """An edge with room for one more: at a burst of four, one is served, one waits, two are dropped."""
    from simnet.network.nodes.spec import Queue

    burst = Recorded(trace=(0.0, 0.0, 0.0, 0.0))
    slow = node("edge", speed=1e6, queue=Queue(limit=1))
    scenario = world_scenario(workload=burst, samples=4, thresholds=1.0, nodes={"edge": slow})
    summary = summarize(result_of(scenario), {})
    assert summary["dropped_by_reason"] == {"edge queue full": 2} and summary["finished"] == 2


def test_the_tables_of_a_comparison_name_classes_sites_and_misses():
    from rich.console import Console

    classes = {"urgent": SampleClass(share=0.5, deadline=0.03), "normal": SampleClass(share=0.5)}
    scenario = sited(workload=Periodic(every=0.2, classes=classes), samples=20)
    one = summarize(result_of(scenario), {})
    console = Console(width=80, record=True, file=StringIO())
    print_comparison({"scenario": "x", "seed": 1, "samples": 20, "systems": {"ddnn": one}, "paired": {}}, console)
    text = console.export_text()
    missed = one["deadlines"]
    assert f"{100 * missed['miss_rate']:.1f} % ({missed['late']} late, 0 unanswered)" in text
    for word in ("urgent", "normal", "north", "south", "10/10", "missed"):
        assert word in text


# --- one site: as before ---

BEFORE = {
    "ddnn": {
        "finished": 100,
        "accuracy": 0.95,
        "counts": {"edge": 48, "cloud": 52},
        "bytes": {"sent": {"device→edge": 1275600, "edge→cloud": 638976}, "total": 1914576, "raw_offload": 1843200},
        "hops": 652,
    },
    "ada-ddnn": {
        "finished": 100,
        "accuracy": 0.97,
        "counts": {"edge-1": 29, "edge-2": 66, "cloud": 5},
        "bytes": {"sent": {"device→edge": 1302000, "edge→cloud": 7680}, "total": 1309680, "raw_offload": 1843200},
        "hops": 605,
    },
}
"""What the revision before sites, queues and packets (6d6d2ca) said of 100 samples of
scenarios/six_cameras.yaml; its times were those of other presets."""


FORMER = ("data={set: plaza, order: file}", "systems.ddnn.reply=none", "systems.ada-ddnn.reply=none")


def test_the_first_scenario_gives_the_numbers_that_it_gave_before_there_were_sites():
    scenario = load_scenario(SCENARIOS / "six_cameras.yaml", FORMER, samples=100)
    results, _ = run(scenario, Options(device="cpu"))
    for result in results:
        summary, wanted = summarize(result, {n: one.tier for n, one in scenario.nodes.items()}), BEFORE[result.name]
        assert {name: part["count"] for name, part in summary["exits"].items()} == wanted["counts"]
        for key in ("finished", "accuracy", "hops"):
            assert summary[key] == wanted[key]
        assert wanted["bytes"].items() <= summary["bytes"].items()
        sent = wanted["bytes"]["sent"]
        assert [summary["bytes"][key] for key in ("device_to_edge", "edge_to_cloud")] == [*sent.values()]
        assert not {"deadlines", "classes", "sites"} & set(summary)
