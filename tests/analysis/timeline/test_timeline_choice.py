"""What a timeline shows when it is asked: samples, systems, nodes; steps or bands; faults once; rows in order."""

from __future__ import annotations

from math import inf
from pathlib import Path

import pyarrow as pa
import pytest
from fake_run import write_fake
from matplotlib.figure import Figure
from paths import ROOT

import simnet
from simnet.analysis.faults import Fault, together
from simnet.analysis.timeline.bands import used_of
from simnet.analysis.timeline.figure import draw_timeline
from simnet.analysis.timeline.lanes import lay_out
from simnet.analysis.timeline.selection import Selection
from simnet.analysis.timeline.strip import MOST_LINES, entries_of
from simnet.analysis.timeline.view import View
from simnet.results.run import Results, RunError, read_run
from simnet.results.tables import usage_schema


def rows(figure: Figure) -> list[str]:
    return [tick.get_text() for tick in figure.axes[0].get_yticklabels()]


def words(figure: Figure) -> list[str]:
    return [text.get_text() for ax in figure.axes for text in ax.texts]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Results:
    out = tmp_path_factory.mktemp("runs") / "run"
    write_fake(out, samples=130)
    return read_run(out)


@pytest.mark.parametrize(
    ("selection", "first", "last"),
    [
        (Selection(first=20, last=24), 20, 24),
        (Selection(first=20, count=5), 20, 24),
        (Selection(last=24, count=5), 20, 24),
        (Selection(last=3, count=5), 0, 3),
        (Selection(first=128, count=5), 128, 129),
    ],
)
def test_first_last_and_number_say_which_samples(run: Results, selection: Selection, first: int, last: int) -> None:
    figure = draw_timeline(run, selection)
    assert figure.texts[0].get_text().startswith(f"six cameras: samples {first} to {last}")
    assert {str(number) for number in range(first, last + 1)} <= set(words(figure))


def test_systems_and_nodes_are_those_asked_for(run: Results) -> None:
    figure = draw_timeline(run, Selection(first=20, count=4, systems=["ada-ddnn"], nodes=["camera[2..3]", "edge"]))
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["ada-ddnn"]
    assert rows(figure) == ["samples", "camera2", "camera2 → edge", "camera3", "camera3 → edge", "edge"]
    with pytest.raises(RunError, match=r"unknown node 'edg'; did you mean 'edge'\?"):
        draw_timeline(run, Selection(nodes=["edg"]))
    with pytest.raises(RunError, match="no system 'ada'"):
        draw_timeline(run, Selection(systems=["ada"]))
    with pytest.raises(RunError, match="not all three"):
        draw_timeline(run, Selection(first=1, last=2, count=2))


def test_a_run_that_kept_no_use_has_no_bands(run: Results) -> None:
    with pytest.raises(RunError, match="kept no use over time; ask for at most 40 samples"):
        draw_timeline(run, Selection(first=0, count=41))
    assert draw_timeline(run, Selection(first=0, count=40)).axes


def test_many_samples_are_bands_and_rows_of_other_sites_are_left_out() -> None:
    """Two sites: of 60 samples exits, latency and use; of the first three, all of north, nothing of the south."""
    done = simnet.run(simnet.load(ROOT / "scenarios" / "two_sites.yaml", samples=60))
    bands = done.figure("timeline", first=0, last=59)
    assert rows(bands)[:2] == ["exits", "latency"] and "most used  ·  queue" in words(bands)
    assert {"south1", "north1", "cloud"} <= set(rows(bands))
    legend = {text.get_text() for text in bands.legends[0].get_texts()}
    assert {"node used", "link used", "exit cloud"} <= legend and "compute" not in legend
    table = done.samples("ddnn").to_pylist()
    north = [row["sample"] for row in table if row["site"] == "north"]
    alone = next(number for number in north if {number, number + 1} <= set(north))
    few = rows(done.figure("timeline", first=alone, samples=2, systems=["ddnn"]))
    assert {"north1", "north6", "edge-north", "cloud"} <= set(few)
    assert not [row for row in few if "south" in row]


def test_bands_have_the_windows_of_the_table() -> None:
    """Those that the view shows a part of: the windows 1 to 2 and 2 to 3 of three, of a view from 1.5 to 3 s."""
    values = {"place": "edge", "kind": "node", "queue_max": 0}
    made = [
        dict.fromkeys(usage_schema().names)
        | values
        | {"began": float(n), "ended": n + 1.0, "utilisation": n / 10, "queue_max": n}
        for n in range(4)
    ]
    found = used_of(pa.Table.from_pylist(made, usage_schema()), view(1.5, 3.0))["edge"]
    assert found.steps.tolist() == [1, 2, 3] and found.utilisation.tolist() == [0.1, 0.2]
    assert found.queue.tolist() == [1, 2]


def view(start: float, end: float, *faults: Fault) -> View:
    return View(0, 9, start, end, faults, {}, {})


def fault(name: str, place: str, start: float, end: float, what: str = "down") -> Fault:
    return Fault(start, end, frozenset([place]), f"{place} {what}", what == "down", name, what)


def test_a_fault_at_many_places_and_times_has_one_label() -> None:
    cameras = [f"camera{number}" for number in range(1, 7)]
    rain = [fault("rain", f"{one}→edge", at, at + 1, "loses 30 %") for one in cameras for at in (2, 5)]
    rain += [fault("rain", f"edge→{one}", 2, 3, "loses 30 %") for one in cameras]
    cut = [fault("cut", place, 4, inf) for place in ("edge→cloud", "cloud→edge")]
    alone = [fault("eye", "camera1", 3, 4)]
    groups = together([*rain, *cut, *alone])
    assert [group.label for group in groups] == ["rain (loses 30 %, 6 links)", "cloud–edge down", "camera1 down"]
    assert groups[0].spells == ((2, 3), (5, 6)) and groups[1].spells == ((4, inf),)
    tiers = dict.fromkeys([*cameras, "edge", "cloud"])
    nodes = {"nodes": {name: {"view": 1} if name in cameras else {} for name in tiers}}
    lanes = lay_out(nodes, ["camera1→edge", "edge→cloud"], rain + cut + alone)
    entries = entries_of(lanes, view(0, 10, *rain, *cut, *alone))
    assert [entry.label for entry in entries] == [group.label for group in groups]
    assert [entry.left for entry in entries] == [False, True, False], "what lasts to the end has its label before it"
    assert len({entry.line for entry in entries}) == 3
    many = [fault(f"f{number}", "edge", 0, inf) for number in range(9)]
    last = entries_of(lanes, view(0, 10, *many))[-1]
    assert (last.label, last.line) == ("and 3 more", MOST_LINES)
    elsewhere = view(0, 10, fault("x", "another", 1, 2))
    assert entries_of(lanes, elsewhere) == []


def test_each_fault_is_labelled_once_in_all_panels(run: Results) -> None:
    figure = draw_timeline(run, Selection(first=38, count=8))
    assert words(figure).count("camera3 down") == 1 and rows(figure)[:2] == ["faults", "samples"]


def wired(nodes: str, *links: str, sites: dict[str, str] | None = None) -> dict[str, object]:
    """Nodes in this order, those called eye… with views, those called hub… routers."""
    made = {
        name: {"tier": "x", "speed": "0 FLOP/s" if name.startswith("hub") else "1 GFLOP/s"}
        | ({"view": 1} if name.startswith("eye") else {})
        | ({"site": sites[name]} if sites and name in sites else {})
        for name in nodes.split()
    }
    return {"nodes": made, "links": [{"between": link.split("-")} for link in links]}


def test_routers_stand_where_messages_pass_them() -> None:
    """The edge is one link from eye1, as the hub is, but eye2's reports pass the hub before the edge."""
    scenario = wired("edge eye1 eye2 cloud hub", "eye1-edge", "eye2-hub", "hub-edge", "edge-cloud")
    used = ["eye1→edge", "eye2→hub", "hub→edge", "edge→cloud", "cloud→edge", "edge", "hub"]
    before = [lane.label for lane in lay_out(scenario, used, [])]
    assert before.index("edge") < before.index("hub"), "without messages the scenario's order decides"
    hops = [("eye1→edge", "eye1→edge"), ("eye2→hub", "eye2→edge"), ("hub→edge", "eye2→edge")]
    hops += [("edge→cloud", "edge→cloud"), ("cloud→edge", "cloud→edge")]
    lanes = [lane.label for lane in lay_out(scenario, used, [], hops=hops)]
    assert lanes == ["eye1", "eye2", "hub", "hub → edge", "edge", "edge → cloud", "cloud", "cloud → edge"]


def test_a_router_with_several_ways_has_each_before_the_node_that_it_leads_to() -> None:
    scenario = wired("eye hub edge1 edge2 cloud", "eye-hub", "hub-edge1", "hub-edge2", "hub-cloud")
    used = ["hub→edge1", "edge1→hub", "hub→edge2", "hub→cloud", "cloud→hub"]
    assert [lane.label for lane in lay_out(scenario, used, [])] == [
        "eye", "hub → edge1", "edge1", "edge1 → hub", "hub → edge2", "edge2", "hub → cloud", "cloud", "cloud → hub"
    ]  # fmt: skip


def test_a_neighbour_that_took_over_has_a_row_and_other_strangers_have_none() -> None:
    sites = {"eyeN": "n", "eyeS": "s", "edgeN": "n", "edgeS": "s", "edgeW": "w"}
    scenario = wired("eyeN eyeS edgeN edgeS edgeW cloud", "eyeN-edgeN", "eyeS-edgeS", "eyeN-edgeS", sites=sites)
    used = ["eyeN→edgeN", "eyeN→edgeS", "eyeS→edgeS", "edgeW→cloud"]
    assert [lane.label for lane in lay_out(scenario, used, [], ["eyeN→edgeS"], sites={"n"})] == [
        "eyeN", "edgeN", "edgeS", "cloud"
    ]  # fmt: skip


def test_devices_of_several_sites_are_shown_in_equal_numbers() -> None:
    eyes = [f"eye{site}{number}" for site in "ns" for number in range(1, 7)]
    scenario = wired(" ".join(eyes), sites={eye: eye[3] for eye in eyes})
    lanes = lay_out(scenario, eyes, [], eyes, sites={"n", "s"})
    assert [lane.label for lane in lanes] == [eye for eye in eyes if int(eye[-1]) <= 4]


def test_figures_of_bands_are_saved_by_plot(tmp_path: Path) -> None:
    done = simnet.run(simnet.load(ROOT / "scenarios" / "two_sites.yaml", samples=60))
    folder = done.save(tmp_path / "run")
    from simnet.analysis.figures import draw_all

    drawn = draw_all(read_run(folder), tmp_path / "figures", Selection(first=0, count=60))
    assert drawn.files[0].name == "timeline.png" and not drawn.problems
