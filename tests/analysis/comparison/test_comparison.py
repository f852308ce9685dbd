"""Runs set against each other: pairs, differences, changed answers, what differs; as files and on the terminal."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from math import sqrt
from pathlib import Path
from statistics import stdev
from typing import Any

import pytest
from fake_run import FAULTS, write_fake
from matplotlib.text import Text
from paths import ROOT
from two_runs import FIRST, OTHER, SECOND, WRONG, run_of, sample

from simnet.analysis.comparison.changes import Effect, Why
from simnet.analysis.comparison.compare_runs import compare_runs
from simnet.analysis.comparison.latex import escaped
from simnet.analysis.comparison.listings import spread
from simnet.analysis.comparison.measures import Measure
from simnet.analysis.comparison.settings import changed_settings
from simnet.analysis.comparison.sides import matched
from simnet.api import load_run
from simnet.results.run import Results, RunError

BOTH = {"it": FIRST}, {"it": SECOND}


def the_pair(first: Results, second: Results, *systems: str):
    (pair,) = compare_runs([first, second], systems).pairs
    return pair


def test_differences_are_those_of_the_samples_that_both_answered() -> None:
    """Of 0, 2, 3, 4, 5 three are right in either run; of all six 4 and 3, of which 6 and 5 were answered."""
    pair = the_pair(*(run_of(systems) for systems in BOTH))
    found = {one.name: (one.first, one.second, one.difference) for one in pair.measures}
    assert found["accuracy"] == (0.6, 0.6, 0.0)
    assert found["accuracy of all captured"] == pytest.approx((4 / 6, 3 / 6, -1 / 6))
    assert found["answered"] == pytest.approx((1, 5 / 6, -1 / 6))
    assert found["latency mean"] == pytest.approx((0.9 / 5, 0.8 / 5, -0.1 / 5))
    assert found["latency p50"] == pytest.approx((0.1, 0.1, 0.0))
    assert found["latency p95"] == pytest.approx((0.42, 0.28, -0.14))  # 0.1 + 0.8 · 0.4 and 0.2 + 0.8 · 0.1
    assert found["bytes of a sample"] == pytest.approx((100, 800 / 6, 200 / 6))
    assert "energy caused by a sample" not in found, "no node has a power model"
    assert pair.measure("latency mean").reason == "fewer than 40 samples"
    low, high = pair.measure("accuracy").low, pair.measure("accuracy").high
    assert low < 0 < high and low == pytest.approx(-high)
    assert pair.right_once == (1, 1) and pair.p_value == 1.0
    assert pair.over == "paired over 6 samples"


def test_every_changed_answer_has_one_reason() -> None:
    found = the_pair(*(run_of(systems) for systems in BOTH)).changes
    assert found is not None
    assert [(one.sample, one.image, one.why, one.effect, one.detail) for one in found.changed] == [
        (1, 10, Why.NO_ANSWER, Effect.WRONG, "finished → dropped (edge down)"),
        (2, 20, Why.FORCED, Effect.RIGHT, "no longer, edge → cloud"),
        (3, 30, Why.ARRIVED, Effect.WRONG, "without view 3"),
        (5, 50, Why.SAME, Effect.STILL_WRONG, ""),
    ]
    assert found.changed[0].predictions == (3, None) and found.changed[3].predictions == (WRONG, OTHER)
    assert found.counts[Why.EXIT] == {Effect.RIGHT: 0, Effect.WRONG: 0, Effect.STILL_WRONG: 0, Effect.SAME: 1}
    assert sum(sum(counts.values()) for counts in found.counts.values()) == 5, "sample 0 differs in nothing"


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (run_of({"it": FIRST}, seed=2), "the seeds differ (1 and 2)"),
        (run_of({"it": [FIRST[0], {**FIRST[1], "captured_at": 1.5}]}), "the captures differ from sample 1 on"),
        (run_of({"it": [{**FIRST[0], "image": 7}]}), "the images differ from sample 0 on"),
    ],
)
def test_runs_of_other_samples_are_not_paired(second: Results, why: str) -> None:
    pair = the_pair(run_of({"it": FIRST}), second)
    assert pair.changes is None and pair.notes[0].startswith(why)
    assert pair.over == f"unpaired, 6 and {second.summary['samples']} samples"


def test_unpaired_accuracies_are_each_over_their_own_answers() -> None:
    """4 of 6 and, without the one that was dropped, 3 of 5; the interval is wide."""
    found = the_pair(run_of({"it": FIRST}), run_of({"it": SECOND}, seed=2)).measure("accuracy")
    assert (found.first, found.second) == pytest.approx((4 / 6, 3 / 5))
    assert found.low < -0.4 and found.high > 0.3


def test_the_first_samples_of_a_longer_run_are_compared() -> None:
    pair = the_pair(run_of({"it": FIRST}), run_of({"it": [*SECOND, *FIRST]}))
    assert pair.changes.samples == 6 and pair.notes == ("the first 6 samples, which both have, are compared",)


def test_samples_of_the_warm_up_do_not_count() -> None:
    first, second = (run_of(systems) for systems in BOTH)
    second.summary["warm_up"] = 3
    pair = the_pair(first, second)
    assert pair.changes.samples == 3 and [one.sample for one in pair.changes.changed] == [3, 5]


def test_systems_of_one_name_are_set_against_each_other() -> None:
    first, second = run_of({"a": FIRST, "b": FIRST, "c": FIRST}), run_of({"b": SECOND, "a": SECOND, "d": SECOND})
    assert [(one.system, other.system) for one, other in matched([first, second])] == [("a", "a"), ("b", "b")]
    assert [(one.system, other.system) for one, other in matched([first, second], ["c=d"])] == [("c", "d")]
    assert [(one.system, other.system) for one, other in matched([first])] == [("a", "b"), ("a", "c"), ("b", "c")]
    alone = run_of({"x": FIRST}), run_of({"y": SECOND})
    assert [(one.system, other.system) for one, other in matched(alone)] == [("x", "y")]
    notes = compare_runs([first, second]).notes
    assert [note.split(" not")[0] for note in notes] == ["run 1: c", "run 2: d"]


@pytest.mark.parametrize(
    ("runs", "systems", "message"),
    [
        ([{"a": FIRST}, {"b": FIRST, "c": FIRST}], [], "no system has the same name in both"),
        ([{"abc": FIRST}, {"abc": FIRST}], ["abd"], "no system 'abd'; this run has abc; did you mean 'abc'?"),
        ([{"a": FIRST}], [], "has one system, a: give a second run"),
        ([{"a": FIRST, "b": FIRST}], ["a"], "write FIRST=OTHER, found 'a'"),
        ([{"a": FIRST, "b": FIRST}], ["a=a"], "not compared with itself"),
    ],
)
def test_what_cannot_be_compared_is_one_message(runs: list, systems: list[str], message: str) -> None:
    with pytest.raises(RunError) as told:
        compare_runs([run_of(one) for one in runs], systems)
    assert message in str(told.value) and "\n" not in str(told.value)


def test_runs_of_different_data_are_refused() -> None:
    with pytest.raises(RunError, match="of data set 'cifar10', and by hand of 'plaza'"):
        compare_runs([run_of({"a": FIRST}), run_of({"a": FIRST}, data="cifar10")])


def repeated(latencies: dict[int, float]) -> Results:
    """A run with repeats: by their seeds the mean latency of its one system."""
    run = run_of({"it": FIRST}, seed=next(iter(latencies)))

    def summary(seed: int, mean: float) -> dict[str, Any]:
        system = {"captured": 10, "finished": 10, "accuracy": 0.5, "accuracy_of_captured": 0.5}
        return {"seed": seed, "systems": {"it": {
            **system, "latency": {"mean": mean, "p50": mean, "p95": None}, "bytes": {"total": 100}
        }}}  # fmt: skip

    return replace(run, repeats=[summary(*one) for one in latencies.items()])


def test_repeats_are_paired_by_seed() -> None:
    """1, 2, 3 after 2, 4, 6: differences 1, 2, 3; t of 2 degrees of freedom is 4.303. Seed 9 has no partner."""
    pair = the_pair(repeated({1: 1.0, 2: 2.0, 3: 3.0, 9: 50.0}), repeated({3: 6.0, 1: 2.0, 2: 4.0}))
    found = pair.measure("latency mean")
    assert (found.first, found.second, found.difference) == pytest.approx((2, 4, 2))
    assert (found.low, found.high) == pytest.approx((2 - 4.3027 / sqrt(3), 2 + 4.3027 / sqrt(3)), abs=1e-3)
    assert pair.over == "means of 3 repeats of 4 and 3, paired by seed"
    assert [one.name for one in pair.measures] == ["accuracy", "latency mean", "latency p50", "bytes of a sample"]


def test_repeats_of_other_seeds_are_unpaired() -> None:
    """Means 2 and 5, both with a standard deviation of 1: Welch's error is √(1/3 + 1/3), 4 degrees of freedom."""
    pair = the_pair(repeated({1: 1.0, 2: 2.0, 3: 3.0}), repeated({4: 4.0, 5: 5.0, 6: 6.0}))
    found, half = pair.measure("latency mean"), 2.776 * sqrt(2 / 3)
    assert stdev([4, 5, 6]) == 1
    assert (found.difference, found.low, found.high) == pytest.approx((3, 3 - half, 3 + half), abs=1e-3)
    assert pair.changes is None


def test_a_run_without_repeats_is_compared_with_the_first_of_the_other() -> None:
    pair = the_pair(repeated({1: 1.0, 2: 2.0}), run_of({"it": SECOND}))
    assert pair.over == "paired over 6 samples"
    assert pair.notes == ("run 1 has repeats, the other run has none: its first repeat is compared",)


def test_what_differs_between_scenarios_is_told_by_key() -> None:
    nodes = {name: {"speed": "1 FLOP/s", "workers": 1} for name in ("cam1", "cam2", "edge")}
    faster = {**nodes, "cam1": {"speed": "2 FLOP/s", "workers": 1}, "cam2": {"speed": "2 FLOP/s", "workers": 1}}
    links = [{"between": ["cam1", "edge"], "bandwidth": "1 Mbit/s"}]
    first = run_of({"a": FIRST}, nodes=nodes, links=links, faults=[{"node": "edge"}], name="one")
    second = run_of(
        {"a": FIRST}, nodes=faster, links=[{**links[0], "bandwidth": "2 Mbit/s"}], faults=[], name="two", samples=6
    )
    second.manifest["weights"], first.manifest["weights"] = {"w": "b" * 64}, {"w": "c" * 64}
    assert [str(one) for one in changed_settings(first, second)] == [
        "nodes.cam[1..2].speed: 1 FLOP/s → 2 FLOP/s",
        "links.0.bandwidth: 1 Mbit/s → 2 Mbit/s",
        "faults.0: {'node': 'edge'} → –",
        "samples: – → 6",
        "weights w (checksum): cccccccccccc → bbbbbbbbbbbb",
    ]


@pytest.mark.parametrize(
    ("measure", "cells"),
    [
        (Measure("x", "s", 0, 0, -0.0125, -0.02, 0.0005), ("−12.5 ms", "−20.0 to +0.5")),
        (Measure("x", "share", 0, 0, 0.01, 0.0, 0.02), ("+1.00 points", "+0.00 to +2.00")),
        (Measure("x", "B", 0, 0, 1500.0, None, None), ("+1.50 kB", "–")),
        (Measure("x", "J", 0, 0, 0.0, 0.0, 0.0), ("0", "0 to 0")),
        (Measure("x", "J", None, 0, None, None, None), ("–", "–")),
    ],
)
def test_a_difference_and_its_interval_have_one_unit(measure: Measure, cells: tuple[str, str]) -> None:
    assert spread(measure) == cells


def test_words_are_themselves_in_latex() -> None:
    assert escaped(r"a_b & 50% {x} \y ~^$#") == (
        r"a\_b \& 50\% \{x\} \textbackslash{}y \textasciitilde{}\textasciicircum{}\$\#"
    )
    table = compare_runs([run_of({"a_1": FIRST, "b&2": SECOND})]).latex()
    assert r"\multicolumn{5}{l}{a\_1 $\rightarrow$ b\&2; paired over 6 samples} \\" in table
    assert r"accuracy & 60.00 \% & 60.00 \% & +0.00 points &" in table
    assert table.count(r"\midrule") == 1 and table.count("{") == table.count("}") and r"\bottomrule" in table


def test_all_changed_answers_are_in_the_csv(tmp_path: Path) -> None:
    rows = [sample(WRONG) for _ in range(30)]
    files = compare_runs([run_of({"a": rows}), run_of({"a": [sample() for _ in rows]})]).save_csv(tmp_path / "x.csv")
    assert [file.name for file in files] == ["x.csv", "x-changed.csv"]
    measures, changed = (list(csv.DictReader(file.read_text().splitlines())) for file in files)
    assert (measures[0]["measure"], measures[0]["first"], measures[0]["second"]) == ("accuracy", "0.0", "1.0")
    assert len(changed) == 30 and {one["effect"] for one in changed} == {"became right"}
    assert (changed[7]["sample"], changed[7]["first_prediction"], changed[7]["second_prediction"]) == ("7", "8", "3")


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders, of which the second has one fault less."""
    write_fake(tmp_path / "before", samples=130)
    write_fake(tmp_path / "after", samples=130, faults=FAULTS[1:])
    return tmp_path / "before", tmp_path / "after"


def test_the_command_writes_what_it_is_asked_for(runs: tuple[Path, Path], tmp_path: Path, simnet: Callable) -> None:
    out = {kind: tmp_path / f"new/x.{kind}" for kind in ("csv", "tex", "png", "svg", "pdf")}
    status, printed, told = simnet(
        "compare", *runs, "--changed", 2, "--csv", out["csv"], "--latex", out["tex"], "--figure", out["svg"]
    )
    assert (status, told) == (0, "")
    assert "after differs from before in" in printed and "faults.0: {'at': '4 s'" in printed
    assert "ddnn: before → after; paired over 130 samples" in printed and "other views" in printed
    assert max(map(len, printed.splitlines())) <= 80 or "faults.0" in printed
    assert all(out[kind].stat().st_size > 100 for kind in ("csv", "tex", "svg"))
    begins = {"png": b"\x89PNG", "pdf": b"%PDF"}
    for kind, begin in begins.items():
        assert simnet("compare", *runs, "--figure", out[kind])[0] == 0
        assert out[kind].read_bytes().startswith(begin)
    first = {kind: out[kind].read_bytes() for kind in ("svg", "pdf")}
    for kind, content in first.items():
        simnet("compare", *runs, "--figure", out[kind])
        assert out[kind].read_bytes() == content, "a picture is the same every time"


def test_one_run_keeps_its_tables_and_can_write_its_pairs(
    runs: tuple[Path, Path], tmp_path: Path, simnet: Callable
) -> None:
    status, printed, _ = simnet("compare", runs[0], "--latex", tmp_path / "x.tex")
    assert status == 0 and "six cameras: 130 samples" in printed and "paired differences" in printed
    assert r"ddnn $\rightarrow$ ada-ddnn; paired over 130 samples" in (tmp_path / "x.tex").read_text()
    status, printed, _ = simnet("compare", runs[0], "--system", "ada-ddnn=ddnn")
    assert status == 0 and printed.startswith("ada-ddnn → ddnn; paired over 130 samples")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "no such run folder"),
        (["before"], "given twice"),
        (["after", "--system", "dnn"], "no system 'dnn'; this run has ddnn, ada-ddnn; did you mean 'ddnn'?"),
        (["after", "--figure", "x.jpg"], "x.jpg: a figure's file ends in .png, .svg, .pdf"),
        (["after", "--csv", "."], "Is a directory"),
    ],
)
def test_the_command_says_what_is_wrong(
    arguments: list[str], message: str, runs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, simnet: Callable
) -> None:
    monkeypatch.chdir(runs[0].parent)
    status, _, told = simnet("compare", "before", *arguments)
    assert status == 2 and message in told and len(told.splitlines()) == 1


def test_a_damaged_table_is_named(runs: tuple[Path, Path], simnet: Callable) -> None:
    table = runs[1] / "ddnn" / "samples.parquet"
    table.write_bytes(table.read_bytes()[:-1])
    status, _, told = simnet("compare", *runs)
    assert status == 2 and str(table) in told and "missing or damaged" in told


def test_the_figure_shows_every_pair_once(runs: tuple[Path, Path]) -> None:
    found = load_run(runs[0]).compare(load_run(runs[1]))
    figure = found.figure()
    texts = [text.get_text() for text in figure.findobj(Text)]
    named = [[tick.get_text() for tick in ax.get_yticklabels()] for ax in figure.axes]
    assert named.count(["ddnn: before → after", "ada-ddnn: before → after"]) == 2, "once in each of two rows"
    assert named[-1] == ["before: ddnn", "after: ddnn", "before: ada-ddnn", "after: ada-ddnn"]
    for word in ("accuracy", "latency p95", "points", "where the samples left"):
        assert word in texts
    assert "ddnn: before → after; paired over 130 samples" in str(found)


def test_it_needs_neither_torch_nor_the_engine(runs: tuple[Path, Path]) -> None:
    code = (
        "import sys, simnet.cli.app as cli\n"
        f"sys.argv = ['simnet', 'compare', {str(runs[0])!r}, {str(runs[1])!r}]\n"
        "try: cli.main()\n"
        "except SystemExit as end: assert end.code == 0\n"
        "print({'torch', 'simpy', 'simnet.world.run', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip().endswith("set()")
