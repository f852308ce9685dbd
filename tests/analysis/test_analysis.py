"""Figures and tables drawn from run folders, the awkward ones included."""

from __future__ import annotations

import io
import subprocess
import sys
from math import inf
from pathlib import Path
from typing import Any

import pytest
from fake_run import FAULTS, fake_system, write_fake
from paths import ROOT
from rich.console import Console

from simnet.analysis.compare import print_comparison
from simnet.analysis.exits.shares import draw_exits
from simnet.analysis.faults import Fault
from simnet.analysis.figures import draw_all
from simnet.analysis.style import exit_colours, exit_markers
from simnet.analysis.timeline.figure import draw_timeline
from simnet.analysis.timeline.lanes import MAX_DEVICES, lay_out, slots
from simnet.analysis.timeline.selection import Selection
from simnet.analysis.timeline.window import choose_window, usual_length
from simnet.results.run import RunError, read_run

NAMES = ["timeline.png", "exit_shares.png", "latency.png"]


@pytest.mark.parametrize(
    ("case", "names"),
    [
        ({}, NAMES),
        ({"faults": []}, NAMES),
        ({"systems": ("ddnn",)}, NAMES),
        ({"systems": ("a", "b", "ada", "d")}, NAMES),
        ({"all_dropped": True}, NAMES),
        ({"samples": 1}, NAMES),
        ({"samples": 0}, NAMES[1:]),
    ],
    ids=["faults", "no faults", "one system", "four systems", "all dropped", "one sample", "no sample"],
)
def test_figures_are_drawn(tmp_path: Path, case: dict, names: list[str]):
    write_fake(tmp_path / "run", **{"samples": 60, **case})
    drawn, problems, notes = draw_all(read_run(tmp_path / "run"), tmp_path / "figures")
    assert [path.name for path in drawn] == names and problems == notes == []
    assert all(path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 5000 for path in drawn)


def test_figures_of_a_run_are_the_same_every_time(tmp_path: Path):
    for folder in ("a", "b"):
        out = tmp_path / folder
        write_fake(out, samples=40, figures=lambda made: draw_all(read_run(made), made / "figures").problems)
    for name in NAMES:
        first, second = (tmp_path / folder / "figures" / name for folder in ("a", "b"))
        assert first.read_bytes() == second.read_bytes()


def test_timeline_shows_what_is_asked_for(tmp_path: Path):
    write_fake(tmp_path / "run", samples=130)
    run = read_run(tmp_path / "run")
    figure = draw_timeline(run, Selection(first=118, count=8))
    upper, lower = figure.axes
    assert upper.get_title(loc="left") == "ddnn" and lower.get_title(loc="left") == "ada-ddnn"
    assert upper.get_xlim() == lower.get_xlim()
    words = {text.get_text() for text in upper.texts}
    assert {str(number) for number in range(118, 126)} <= words
    assert "edge→cloud down" in words
    entries = {text.get_text() for text in figure.legends[0].get_texts()}
    assert {"compute", "transfer", "fault", "lost", "forced exit"} <= entries
    with pytest.raises(RunError, match="has 0 to 129"):
        draw_timeline(run, Selection(first=130))


def test_window_holds_the_first_fault_and_every_exit():
    tables = {name: fake_system(name, 200, FAULTS).samples for name in ("ddnn", "ada-ddnn")}
    length = usual_length(tables)
    first = choose_window(tables, [Fault(4, 7, frozenset(["camera3"]), "camera3 down", True)], length)
    captured = tables["ddnn"].column("captured_at").to_pylist()
    assert captured[first + 1] < 4 < captured[first + length - 1]
    calm = choose_window(tables, [], length)
    for table in tables.values():
        part = table.slice(calm, length).column("exit").cast("string").to_pylist()
        assert set(part) == set(table.column("exit").cast("string").to_pylist())


def test_a_window_is_found_in_any_run():
    one = {"ddnn": fake_system("ddnn", 1, []).samples}
    late = [Fault(3600, inf, frozenset(["edge"]), "edge down", True)]
    assert choose_window(one, late, 8) == 0
    assert choose_window({"ddnn": fake_system("ddnn", 0, []).samples}, late, 8) == 0
    assert choose_window({"ddnn": fake_system("ddnn", 30, []).samples}, late, 8) <= 22


def wired(tiers: dict[str, str], *links: tuple[str, str]) -> dict:
    """A resolved scenario of which the lanes matter; those of tier `device` capture."""
    nodes = {name: {"tier": tier, **({"view": 1} if tier == "device" else {})} for name, tier in tiers.items()}
    nodes = {name: {**node, "speed": "0 FLOP/s"} if node["tier"] == "router" else node for name, node in nodes.items()}
    return {"nodes": nodes, "links": [{"between": list(link)} for link in links]}


def test_lanes_run_from_the_devices_to_the_cloud():
    names = [f"c{i}" for i in range(20)]
    links = [("edge", "cloud"), *((name, "edge") for name in names)]
    scenario = wired({"cloud": "cloud", "edge": "edge", **dict.fromkeys(names, "device")}, *links)
    used = {"c1→edge", "c1", "edge", "edge→cloud", "edge→c1", "edge→c2"}
    faults = [Fault(1, inf, frozenset(["c19"]), "c19 down", True)]
    lanes = lay_out(scenario, used, faults)
    labels = [lane.label for lane in lanes]
    assert labels == [
        *(f"c{i}" for i in range(MAX_DEVICES - 1)),
        "c19",
        "edge",
        "edge → devices",
        "edge → cloud",
        "cloud",
    ]
    assert lanes[labels.index("c1")].places == {"c1", "c1→edge"}


def test_devices_of_the_samples_shown_have_lanes_before_others():
    """Two sites of six: the samples are the second one's, which loses a lane only to a device that a fault hits."""
    names = [f"{site}{number}" for site in ("north", "south") for number in range(1, 7)]
    scenario = wired({**dict.fromkeys(names, "device"), "cloud": "cloud"}, *((name, "cloud") for name in names))
    faults = [Fault(1, inf, frozenset(["north6"]), "north6 down", True)]
    chosen = {f"south{number}" for number in range(1, 7)}
    lanes = lay_out(scenario, names, faults, chosen)
    assert [lane.label for lane in lanes] == ["north1", "north6", *sorted(chosen), "cloud"]


@pytest.mark.parametrize(
    ("tiers", "links", "labels"),
    [
        ({"server": "server", "fog": "fog", "eye": "device"}, [("eye", "fog"), ("fog", "server")], "eye fog server"),
        ({"alone": "device"}, [], "alone"),
        ({"p1": "device", "p2": "device"}, [("p1", "p2")], "p1 p2"),
        (
            {"cloud2": "cloud", "cloud1": "cloud", "edge": "edge", "hub": "router", "eye": "device"},
            [("eye", "hub"), ("hub", "edge"), ("edge", "cloud1"), ("edge", "cloud2")],
            "eye hub edge cloud2 cloud1",
        ),
        ({"far": "cloud", "island": "cloud", "eye": "device"}, [("eye", "far")], "eye far island"),
    ],
    ids=["other tiers", "one node", "peers", "two clouds", "no way"],
)
def test_lanes_go_by_links_and_not_by_the_names_of_tiers(tiers: dict, links: list, labels: str):
    assert [lane.label for lane in lay_out(wired(tiers, *links), [*tiers], [])] == labels.split()


def test_accuracies_are_drawn_within_a_readable_range(tmp_path: Path):
    """Where all answers are right, too, the axis spans a few points and marks none above 100 %."""
    write_fake(tmp_path / "run", samples=20, systems=("ddnn",))
    run = read_run(tmp_path / "run")
    for numbers in (run.summary["systems"]["ddnn"], *run.summary["systems"]["ddnn"]["exits"].values()):
        numbers["accuracy"] = 1.0
    _, axes = draw_exits(run).axes
    assert axes.get_xlim()[0] < 96
    assert 100 in axes.get_xticks() and axes.get_xlim()[1] < 101


def test_what_a_fault_hits_has_a_lane_even_if_nothing_happens_there():
    """A router that is down and an uplink without traffic are shaded; the unused way back takes no room."""
    faults = [Fault(0, 1, frozenset(["mast"]), "mast down", True)]
    faults += [Fault(0, 1, frozenset(["edge→cloud", "cloud→edge"]), "edge–cloud down", True)]
    tiers = {"camera1": "device", "mast": "router", "edge": "edge", "cloud": "cloud"}
    lanes = lay_out(wired(tiers, ("camera1", "mast"), ("mast", "edge"), ("edge", "cloud")), ["camera1"], faults)
    assert [lane.label for lane in lanes] == ["camera1", "mast", "edge", "edge → cloud", "cloud"]


def test_slots_never_overlap():
    starts, ends = [0.0, 1.0, 1.0, 2.0, 5.0], [3.0, 2.0, 4.0, 6.0, 6.0]
    found = slots(starts, ends)
    assert found == [0, 1, 2, 1, 0]
    assert slots([], []) == []


def test_an_exit_looks_as_its_place_among_the_exits_wants():
    """The last exit looks the same in every run, and so does the last but one; none of a system look alike."""
    usual, two = [["edge", "cloud"], ["edge-1", "edge-2", "cloud"]], [["near", "far"]]
    assert exit_colours(usual)["cloud"] == exit_colours(two)["far"]
    assert exit_colours(usual)["edge"] == exit_colours(usual)["edge-2"] == exit_colours(two)["near"]
    assert list(exit_colours(usual)) == ["edge-1", "edge", "edge-2", "cloud"]
    many = [[*"abcdefgh"], ["c", "b'", "h"]]
    assert (
        len({exit_colours(many)[name] for name in many[0]}) == len({exit_markers(many)[name] for name in many[0]}) == 8
    )
    shared = exit_colours([["edge", "cloud"], ["x", "edge"]])  # the second has no cloud
    assert len(set(shared.values())) == 3
    assert set(exit_colours([["a", "b"], ["b", "a"]])) == {"a", "b"}


@pytest.mark.parametrize("all_dropped", [False, True])
def test_comparison_fits_a_terminal(tmp_path: Path, all_dropped: bool):
    summary = write_fake(tmp_path / "run", samples=150, all_dropped=all_dropped)
    text = io.StringIO()
    print_comparison(summary, Console(file=text, width=80))
    printed = text.getvalue()
    assert "…" not in printed and max(map(len, printed.splitlines())) <= 80
    for word in (
        "system accuracy",
        "p99",
        "of all captured",
        "sent" if all_dropped else "device→edge",
        "raw offload",
        "edge-1",
        "accuracy of all",
        "ada-ddnn vs ddnn",
    ):
        assert word in printed
    if all_dropped:
        assert "150 no view arrived" in " ".join(printed.split())
    else:
        accuracy = 100 * summary["systems"]["ada-ddnn"]["accuracy"]
        assert f"{accuracy:.1f} %" in printed


@pytest.mark.parametrize(("sent", "share"), [(56_800, "0.3 %"), (0, "0 %"), (184_000, "1 %"), (9_200_000, "50 %")])
def test_small_shares_of_the_raw_views_do_not_vanish(tmp_path: Path, sent: int, share: str):
    summary = write_fake(tmp_path / "run", samples=5, systems=("ddnn",))
    summary["systems"]["ddnn"]["bytes"] |= {"sent": {"device→edge": sent}, "raw_offload": 18_400_000}
    text = io.StringIO()
    print_comparison(summary, Console(file=text, width=80))
    (row,) = [line for line in text.getvalue().splitlines() if "device→edge" in line]
    assert row.rstrip().endswith(f"B {share:>6}")


def test_analysis_needs_neither_torch_nor_the_engine():
    code = (
        "import sys, simnet.analysis.figures, simnet.analysis.compare\n"
        "print({'torch', 'simpy', 'simnet.world.run'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "set()"


def test_many_systems_are_compared_without_cutting_a_number(tmp_path: Path):
    """Ten thresholds side by side, 80 columns: no cell ends in an ellipsis."""
    names = tuple(f"ada-{number}" for number in range(10))
    text = io.StringIO()
    print_comparison(write_fake(tmp_path / "run", 40, systems=names), Console(file=text, width=80))
    printed = text.getvalue()
    assert "…" not in printed and all(name in printed for name in names)


def test_long_names_are_broken_in_a_comparison_and_no_number_is(tmp_path: Path):
    """Faults, classes and sites of a crowded summary at 80 columns: every number in one piece."""
    summary = write_fake(tmp_path / "run", samples=40)
    latency = dict.fromkeys(("mean", "p50", "p95", "p99"), 0.1234)
    part = {"captured": 1234, "answered": 1234, "accuracy": 1.0, "latency": latency}
    part |= {"exits": {name: {"share": share} for name, share in (("edge-1", 0.32), ("edge-2", 0.61), ("cloud", 0.07))}}
    part |= {"deadlines": {"late": 1, "unanswered": 0, "miss_rate": 1.0, "accuracy_in_time": 0.0}}
    group: dict[str, Any] = {"latency": latency} | dict.fromkeys(("right_share", "forced_share", "dropped_share"), 1.0)
    interval = {"mean": -0.1234, "low": -0.2234, "high": -0.0234}
    group |= {"captured": 1234, "without": dict(group)}
    group |= {"difference": {"changed": 1, "right": interval, "latency": interval}}
    fault = {
        "compared": True,
        "during": group,
        "after": group,
        "periods": 13,
        "recovered": 12,
        "time_to_recover": 0.1234,
    }
    for system in summary["systems"].values():
        system["classes"] = {"urgent": part}
        system["faults"] = {"camera*, edge-north, edge-south | cloud cut": fault}
    text = io.StringIO()
    print_comparison(summary, Console(file=text, width=80))
    printed = text.getvalue()
    assert "…" not in printed and max(map(len, printed.splitlines())) <= 80
    for number in (
        "123 ms (12 of 13)", "1,234/1,234", "32/61/7", "100.0 %", "1,234 during", "-12.3 ± 10.0 %", "-123.4 ± 100.0 ms"
    ):  # fmt: skip
        assert printed.count(number) >= len(summary["systems"])


def test_a_comparison_says_when_the_first_battery_was_empty(tmp_path: Path):
    summary = write_fake(tmp_path / "run", samples=40, systems=("ddnn",))
    at = {"camera1": 263.1, "camera2": 262.6, "camera3": None}
    nodes = {name: {"battery_empty_at": time} for name, time in at.items()} | {"edge": {}}
    summary["systems"]["ddnn"]["energy"] = {"per_sample": 1.0, "nodes": nodes}
    text = io.StringIO()
    print_comparison(summary, Console(file=text, width=80))
    (row,) = [line for line in text.getvalue().splitlines() if "batteries empty" in line]
    assert row.split("empty")[1].strip() == "2 of 3, first after 263 s"
