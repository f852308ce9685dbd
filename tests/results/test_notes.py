"""Accuracy over all captured samples, when samples ended, and what is noted when a run is over."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from fake_run import fake_system
from fake_run import scenario as fake_scenario
from rich.console import Console
from worlds import node, plan_of, play, rows, views_in, world_scenario

from simnet.analysis.compare import print_comparison
from simnet.clock import seconds
from simnet.network.faults.spec import Fault
from simnet.results.lives import Lives, words
from simnet.results.notes import load_notes, order_notes, unfinished_note, view_notes
from simnet.results.run import collect
from simnet.results.steps import Steps
from simnet.results.usage.usage import Usage
from simnet.scenario import Scenario
from simnet.workloads.periodic import Periodic
from simnet.world.aftermath import notes_of, used
from simnet.world.captures import captures
from simnet.world.world import World


def told(scenario: Scenario) -> tuple[World, Lives, Usage, list[str]]:
    """A world that has been played, and what is told of it."""
    world = play(scenario)
    captured = captures(scenario)
    lives = Lives.of(captured, np.zeros(len(captured), np.int64), world.endings, world.env.now)
    steps = Steps.of(world.network.spans, world.network.joined)
    usage = used(scenario, world.network, steps, captured, seconds(world.env.now))
    views = np.array([row["views"] for row in rows(world, scenario)])
    return world, lives, usage, notes_of(plan_of(scenario), lives, views, usage)


def lives(outcomes: str, right: str) -> Lives:
    """One letter for each sample: f(inished), d(ropped), u(nfinished); and whether it was right."""
    named = {"f": "finished", "d": "dropped", "u": "unfinished"}
    count = len(outcomes)
    correct = np.array([letter == "1" for letter in right])
    return Lives(
        captured=np.arange(count, dtype=float), left=np.array([inf if o == "u" else 1.0 for o in outcomes]),
        outcome=words(named[o] for o in outcomes), exit=words([None] * count), reason=words([None] * count),
        image=np.arange(count), label=np.zeros(count, np.int64), prediction=np.zeros(count, np.int64), correct=correct,
        lasted=np.ones(count), latency=np.full(count, nan), measure=np.full(count, nan), site=words([None] * count),
        kind=words([None] * count), deadline=np.full(count, nan),
    )  # fmt: skip


def test_the_order_of_two_systems_may_turn_round():
    """A answers 2 of 4, both right; B all, 3 of them right: of the answers 100 % and 75 %, of all 50 % and 75 %."""
    a, b = lives("ffuu", "1100"), lives("ffff", "1110")
    (note,) = order_notes({"a": a, "b": b})
    assert note == (
        "a is the more accurate of the samples that it answered (a 100.0 %, b 75.0 %), "
        "b of all captured (a 50.0 %, b 75.0 %)"
    )
    assert "b is the more accurate of the samples" in next(order_notes({"b": a, "a": b}))


@pytest.mark.parametrize("second", [("ffff", "1100"), ("ffff", "1000"), ("dddd", "0000"), ("ffff", "1111")])
def test_no_order_has_turned_round(second: tuple[str, str]):
    """As good of all, worse in both, without an answer, as good of those answered."""
    assert [*order_notes({"a": lives("ffud", "1100"), "b": lives(*second)})] == []


def test_both_accuracies_and_the_note_on_them_are_in_the_results():
    one, other = fake_system("ddnn", 4, []), fake_system("ada-ddnn", 4, [])
    results = [replace(one, lives=lives("ffuu", "1100"), notes=["mine"]), replace(other, lives=lives("ffff", "1110"))]
    run = collect("six", fake_scenario(), results, {"notes": ["before"]})
    found = [(one["accuracy"], one["accuracy_of_captured"]) for one in run.summary["systems"].values()]
    assert found == [(1.0, 0.5), (0.75, 0.75)]
    assert run.manifest["notes"][:2] == ["before", "mine"] and "ada-ddnn of all captured" in run.manifest["notes"][2]
    console = Console(record=True, width=80, file=StringIO())
    print_comparison(run.summary, console)
    (row,) = [line.split() for line in console.export_text().splitlines() if "of all captured" in line]
    assert row[3:] == ["50.0", "%", "75.0", "%"]


def test_easy_samples_finish_first_on_a_slow_uplink():
    """An upload takes 500 ms at 40 kB/s, samples come every 100 ms: what goes to the cloud hardly ever ends in 3 s.

    Even samples leave at the edge and are right there, odd ones only in the cloud: of those answered almost all are
    right, of all captured not many more than half.
    """

    def ask(exit_name: str, sample: int, views: int) -> tuple[int, float]:
        return 0, 0.9 if sample % 2 and exit_name == "edge" else 0.1

    slow = world_scenario(
        samples=None, duration=3.0, workload=Periodic(every=0.1), backbone={"bandwidth": 40e3}, cloud_limit=100.0
    )  # fmt: skip
    world = play(slow, ask)
    captured = captures(slow)
    found = Lives.of(captured, np.zeros(len(captured), np.int64), world.endings, world.env.now)
    # 15 even ones, and of the odd ones those whose upload had ended, a little more than 500 ms each.
    answered = int(found.answered.sum())
    assert (len(found), answered) == (30, 20)
    assert found.correct[found.answered].mean() == 1.0 and found.correct.mean() == pytest.approx(20 / 30)


def test_unfinished_samples_are_told():
    assert [*unfinished_note("it", lives("ffuu" + "u" * 24 + "f" * 22, "0" * 50))] == [
        "it: 26 of 50 samples unfinished: p95 is a lower bound, and the accuracy that of the others"
    ]
    assert [*unfinished_note("it", lives("ffd", "000"))] == []


def test_an_overload_is_told_however_long_the_run():
    """The edge takes 25 ms for each sample, of which one comes every 20 ms."""
    latencies = []
    for count in (40, 160):
        scenario = world_scenario(
            samples=count, workload=Periodic(every=0.02), thresholds=1.0, nodes={"edge": node("edge", speed=8e7)}
        )
        _, found, usage, notes = told(scenario)
        assert usage.places["edge"]["verdict"] == "saturated"
        assert usage.places["edge"]["offered_load"] == pytest.approx(1.25)
        assert [note for note in notes if note.startswith("ddnn: saturated, offered load edge 1.25: ")] == notes
        latencies.append(float(np.percentile(found.latency, 95)))
    assert latencies[1] > 3 * latencies[0]


def test_nearly_saturated_places_are_told_with_the_fullest_first():
    numbers: dict[str, Any] = {
        f"camera{n}→edge": {"verdict": "busy", "utilisation": 0.9 + n / 100, "offered_load": 0.9} for n in range(6)
    }
    numbers["edge"] = {"verdict": "ok", "utilisation": 0.1, "offered_load": 0.1}
    (note,) = load_notes("it", Usage(1.0, numbers, {}))
    listed = "camera5→edge 95.0 %, camera4→edge 94.0 %, camera3→edge 93.0 %, camera2→edge 92.0 % and 2 more"
    assert note.startswith(f"it: nearly saturated, utilisation {listed}: ")


def test_a_camera_that_is_always_too_late_is_told():
    """The report of camera 6 takes 100 ms at 100 kB/s; the edge waits 50 ms after the first."""
    base = world_scenario(samples=10, thresholds=1.0, workload=Periodic(every=0.2))
    links = [
        link.model_copy(update={"bandwidth": 1e5}) if "camera6" in (link.source, link.target) else link
        for link in base.links
    ]
    world, _, _, notes = told(base.model_copy(update={"links": links}))
    assert views_in(world) == [0b11111] * 10
    assert notes == [
        "ddnn: view 6 (camera6) missing in 100 % of the samples answered: down, or too late for those who wait"
    ]


@pytest.mark.parametrize(("lasts", "noted"), [(0.95, []), (1.05, ["50 %"]), (1.25, ["60 %"])])
def test_a_view_is_told_from_a_half_on(lasts: float, noted: list[str]):
    """Samples every 200 ms, ten of them; camera 2 and 3 are down for the first 4, 5 or 6 and a little before."""
    down = [Fault(node=name, action="down", at=0.0, lasts=lasts - 0.2) for name in ("camera2", "camera3")]
    scenario = world_scenario(samples=10, thresholds=1.0, workload=Periodic(every=0.2), script=down)
    wanted = [
        f"ddnn: views 2 (camera2), 3 (camera3) missing in {share} of the samples answered: "
        "down, or too late for those who wait"
        for share in noted
    ]
    assert told(scenario)[3] == wanted


def test_sites_are_told_apart_and_only_their_answers_count():
    found = lives("fffd", "0000")
    object.__setattr__(found, "site", words(["north", "north", "south", "south"]))
    views = np.array([0b01, 0b11, 0b10, 0b00])
    seen = {"north": {"n1": 0, "n2": 1}, "south": {"s1": 0, "s2": 1}, "east": {"e1": 0}}
    because = "of the samples answered: down, or too late for those who wait"
    assert [*view_notes("it", found, views, seen)] == [
        f"it, north: view 2 (n2) missing in 50 % {because}", f"it, south: view 1 (s1) missing in 100 % {because}",
    ]  # fmt: skip


def test_dropped_samples_have_the_time_of_their_end():
    """The edge goes down at 21 ms, when the reports of the first sample are there: it is dropped then."""
    down = Fault(node="edge", action="down", at=0.0215, lasts=0.5)
    scenario = world_scenario(samples=None, duration=1.005, workload=Periodic(every=1.0), thresholds=1.0, script=[down])
    first, second = rows(play(scenario), scenario)
    assert (first["outcome"], first["finished_at"], first["ended_at"]) == ("dropped", None, 0.0215)
    assert (second["outcome"], second["finished_at"], second["ended_at"]) == ("unfinished", None, None)
    answered = world_scenario(samples=1, thresholds=1.0)
    (row,) = rows(play(answered), answered)
    assert row["finished_at"] == row["ended_at"] == pytest.approx(0.023)
