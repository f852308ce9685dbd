"""Sections of the summary that somebody adds in a file of their own."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from fake_run import fake_system, write_fake
from lives_of import played
from paths import SCENARIOS
from rich.console import Console

import simnet
from simnet.analysis.compare import print_comparison
from simnet.results.section import sections_of
from simnet.scenario import ScenarioError

TAILS = """
from simnet.results.section import Section

class Tails(Section):
    name = "tails"
    def of(self, run):
        answered = run.lives.answered
        return {"over 20 ms": (run.lives.latency[answered] > 0.02).mean(), "sites": {"one": 1}}
"""


def with_metrics(folder: Path, text: str, *metrics: str) -> Path:
    (folder / "tails.py").write_text(text)
    file = folder / "mine.yaml"
    listed = "".join(f"\n  - {metric}" for metric in metrics)
    file.write_text((SCENARIOS / "six_cameras.yaml").read_text() + f"\nmetrics:{listed}\n")
    return file


def comparison(summary: dict) -> str:
    text = io.StringIO()
    print_comparison(summary, Console(file=text, width=80))
    return text.getvalue()


def test_a_metric_in_a_file_of_eight_lines(tmp_path: Path):
    """It is in the summary of every system and in the comparison, also of the run that is read back or run again."""
    scenario = simnet.load(with_metrics(tmp_path, TAILS, "tails.py:Tails"), samples=30)
    run = simnet.run(scenario, out=tmp_path / "run")
    for name in run.systems:
        latency = run.samples(name)["latency"].drop_null().to_numpy()
        assert run.summary["systems"][name]["tails"] == {"over 20 ms": (latency > 0.02).mean(), "sites": {"one": 1}}
    (row,) = [line for line in comparison(run.summary).splitlines() if "tails" in line]
    share = run.summary["systems"]["ddnn"]["tails"]["over 20 ms"]
    assert row.split("  ")[0].strip() == "tails: over 20 ms" and f"{share:.4g}" in row
    assert not any("metric" in note for note in run.notes)
    again = simnet.load(tmp_path / "run" / "scenario.yaml")
    assert again == scenario and again.metrics == (f"{tmp_path}/tails.py:Tails",)
    assert comparison(simnet.load_run(tmp_path / "run").summary) == comparison(run.summary)


def test_to_show_a_run_starts_nothing_that_it_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A summary may come from anybody: a section called after a module is shown as it is, and no module is imported."""
    (tmp_path / "evil.py").write_text("raise SystemExit")
    monkeypatch.syspath_prepend(tmp_path)
    summary = write_fake(tmp_path / "run", samples=5, systems=("ddnn",))
    summary["systems"]["ddnn"]["evil:Evil"] = {"points": 3, "word": "ok", "nested": {}}
    printed = comparison(summary)
    assert "evil:Evil: points" in printed and "evil:Evil: word" in printed


@pytest.mark.parametrize(
    ("returned", "why"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("float('nan')", "gives nan at 'x', no finite number; None says that there is none"),
        ("[1, {2: 3}]", "gives a key at 'x[1]' that is no text: 2"),
        ("run.lives", "gives Lives at 'x', which JSON cannot hold"),
        ("run.lives.latency", "gives ndarray at 'x', which JSON cannot hold"),
        ("run.lives.left.sort()", "ValueError: sort array is read-only"),
        ("1}, {2", "gives tuple, no mapping"),
    ],
)
def test_a_metric_that_fails_is_noted(tmp_path: Path, returned: str, why: str):
    text = TAILS[: TAILS.index("        answered")] + f"        return {{'x': {returned}}}\n"
    scenario = simnet.load(with_metrics(tmp_path, text, "tails.py:Tails"), samples=5)
    result = fake_system("ddnn", 5, [])
    found, notes = sections_of(played(result.lives, result.exits, 1.0, scenario))
    assert notes == [f"metric '{tmp_path}/tails.py:Tails' has no section for it: {why}"]
    assert list(found) == ["flop", "faults"]  # ours


def test_nothing_else_is_lost_when_a_metric_fails(tmp_path: Path):
    bad = TAILS.replace("        answered =", "        1 / 0\n        answered =")
    scenario = simnet.load(with_metrics(tmp_path, bad, "tails.py:Tails"), samples=5)
    run = simnet.run(scenario, out=tmp_path / "run")
    failed = [note for note in run.notes if "metric" in note]
    assert len(failed) == 2 and all("ZeroDivisionError: division by zero" in note for note in failed)
    assert "tails" not in run.summary["systems"]["ddnn"]
    assert simnet.load_run(tmp_path / "run").samples("ddnn").num_rows == 5


@pytest.mark.parametrize(
    ("text", "metrics", "why"),
    [
        (TAILS, ("tails.py:Tail",), "metric 'tails.py:Tail': tails.py has no 'Tail'"),
        (TAILS, ("energie",), "unknown metric 'energie'"),
        (TAILS, ("tails.py:Tails", "tails:Tails"), "'tails:Tails' gives a section 'tails', as 'tails.py:Tails' does"),
        (TAILS, ("faults",), "'faults' gives a section 'faults', as simnet does"),
        (TAILS.replace('"tails"', '"latency"'), ("tails.py:Tails",), "'latency', which every summary has already"),
        (TAILS.replace("    name =", "    nom ="), ("tails.py:Tails",), "Tails needs a name"),
        (TAILS.replace("def of", "def off"), ("tails.py:Tails",), "Tails lacks of, which Section demands"),
        ("import nothing_of_the_sort", ("tails.py:Tails",), "cannot be imported"),
    ],
)
def test_a_metric_that_cannot_be_had_is_one_message_with_its_line(
    tmp_path: Path, text: str, metrics: tuple[str, ...], why: str
):
    file = with_metrics(tmp_path, text, *metrics)
    line = file.read_text().splitlines().index(f"  - {metrics[-1]}") + 1
    with pytest.raises(ScenarioError) as caught:
        simnet.load(file)
    (problem,) = caught.value.problems
    assert why in str(problem) and problem.line == line
