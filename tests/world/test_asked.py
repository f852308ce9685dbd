"""What is kept of every exit and camera is what the network said of what had arrived, and costs the network nothing."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from small import SCENARIO

import simnet
from simnet.world import run as engine
from simnet.world.asked import Asked
from simnet.world.scored import Rows

ORDER = {"ddnn": ("edge", "cloud"), "ada-ddnn": ("edge-1", "edge-2", "cloud")}


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("asked") / "small.yaml"
    text = SCENARIO.replace("DDNN", "ddnn-plaza").replace("ADA", "ada-ddnn-plaza")
    file.write_text(text.replace("thresholds: 0.9", "thresholds: calibrated"))
    return file


@pytest.fixture(scope="module")
def runs(scenario: Path) -> dict[bool, simnet.Run]:
    return {forced: simnet.run(scenario, forced=forced) for forced in (False, True)}


def by_exit(run: simnet.Run, system: str) -> dict[Any, dict[int, dict[str, Any]]]:
    """Rows by exit, or (segment, view) of a head, and sample."""
    found: dict[Any, dict[int, dict[str, Any]]] = defaultdict(dict)
    for row in run.scores(system).to_pylist():
        found[row["exit"] or (row["segment"], row["view"])][row["sample"]] = row
    return found


@pytest.mark.parametrize("system", ORDER)
def test_the_exits_that_a_sample_met_are_told_and_no_others(runs, system: str):
    rows, exits = by_exit(runs[False], system), ORDER[system]
    left = set()
    for sample in runs[False].samples(system).to_pylist():
        reached = exits.index(sample["exit"])
        left.add(sample["exit"])
        for number, name in enumerate(exits):
            row = rows[name][sample["sample"]]
            assert row["asked"] == (number <= reached)
            if not row["asked"]:
                unknown = ("asked_at", "prediction", "correct", "measure", "entropy", "confidence")
                assert row["views"] == 0 and {row[key] for key in unknown} == {None}
        last = rows[sample["exit"]][sample["sample"]]
        assert [last[key] for key in ("prediction", "correct", "measure", "views")] == [
            sample[key] for key in ("prediction", "correct", "entropy", "views")
        ]
        assert last["asked_at"] == sample["finished_at"]  # the edge wants the answer, and is where it ends
        assert last["entropy"] == pytest.approx(last["measure"], abs=1e-12)  # the rule is entropy
    assert len(left) > 1, "a test of several exits"


def test_edge_exit_1_is_the_surest_of_the_cameras_that_reported(runs):
    """ADA-DDNN's rule, told by the cameras' own rows: the least entropy answers; camera 2 is down from 3 to 4 s."""
    rows = by_exit(runs[False], "ada-ddnn")
    assert {key for key in rows if isinstance(key, tuple)} == {("device", view) for view in range(1, 7)}
    times = runs[False].samples("ada-ddnn").column("captured_at").to_pylist()
    for sample, at in enumerate(times):
        heads = [rows["device", view][sample] for view in range(1, 7)]
        assert [head["asked"] for head in heads] == [view != 2 or not 3 <= at < 4 for view in range(1, 7)]
        heard = [head for head in heads if head["asked"]]
        assert all(head["views"] == 1 << head["view"] - 1 and head["measure"] is None for head in heard)
        surest, first = min(heard, key=lambda head: head["entropy"]), rows["edge-1"][sample]
        assert first["prediction"] == surest["prediction"]
        assert (first["entropy"], first["confidence"]) == pytest.approx((surest["entropy"], surest["confidence"]))
        assert first["views"] == sum(head["views"] for head in heard)
    assert any(3 <= at < 4 for at in times)


@pytest.mark.parametrize("system", ORDER)
def test_with_forced_all_exits_are_known_and_as_right_as_the_summary_says(runs, system: str):
    plain, forced = (by_exit(runs[how], system) for how in (False, True))
    for name in ORDER[system]:
        assert [row["asked"] for row in forced[name].values()] == [row["asked"] for row in plain[name].values()]
        assert all(row["prediction"] is not None for row in forced[name].values())
        for sample, row in plain[name].items():
            if row["asked"]:
                assert forced[name][sample] == row
    # Samples of which a view was missing were asked without it; the summary's are with all views.
    first = ORDER[system][0]
    whole = [row["correct"] for row in forced[first].values() if row["views"] == 63]
    stated = runs[True].summary["systems"][system]["exits"][first]["forced_accuracy"]
    assert abs(sum(whole) / 40 - stated) <= (40 - len(whole)) / 40


def test_the_network_does_not_run_for_it(scenario: Path, fresh_cache, monkeypatch: pytest.MonkeyPatch):
    fresh_cache("cold")
    honest, batches = engine.scores_rows, []

    def spied(asked: Asked, *further: Any) -> Rows:
        before = asked.answers.report()["batches"]
        rows = honest(asked, *further)
        assert len([*rows]) == len(rows) > 1, "each block is made when it is asked for"
        batches.append((before, asked.answers.report()["batches"]))
        return rows

    monkeypatch.setattr(engine, "scores_rows", spied)
    simnet.run(scenario)
    assert len(batches) == 2 and all(before == after > 0 for before, after in batches)


def test_a_memo_that_knows_more_changes_nothing(runs, scenario: Path):
    """After a run with --forced all answers are known; what was not asked is still not told."""
    again = simnet.run(scenario)
    for system in ORDER:
        assert again.manifest["systems"][system]["inference"]["batches"] == 0
        assert again.scores(system).equals(runs[False].scores(system))
