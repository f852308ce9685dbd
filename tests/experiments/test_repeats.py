"""Repeats: their seeds, statistics by hand, the rule that ends them, the folder, and the same from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import islice
from math import sqrt
from pathlib import Path
from typing import Any

import pytest
from small import SCENARIO

import simnet as api
from simnet.experiments.repeats import LEAST, across, repeat, report, seeds_of
from simnet.experiments.target import Target
from simnet.results.run import RunError, read_run
from simnet.scenario import Scenario

# --- seeds ---


def test_the_first_seed_is_the_scenario_s_and_all_are_different():
    seeds = list(islice(seeds_of(7), 50))
    assert seeds[0] == 7 and len(set(seeds)) == 50
    assert seeds == list(islice(seeds_of(7), 50)), "a function of the scenario's seed"
    assert not set(seeds[1:]) & set(islice(seeds_of(8), 50))
    assert all(0 <= seed < 2**53 for seed in seeds), "every reader of JSON has them exactly"


# --- statistics ---


def summary(seed: int, latency: float | None, difference: float = 0.0) -> dict[str, Any]:
    system = {
        "system": "it",
        "accuracy": 0.5,
        "latency": {"p95": latency},
        "exits": {"edge": {"count": 10}},
        "thresholds": {"edge": 0.3},
        "intervals": {"accuracy": {"low": 0.1, "high": 0.9}},
        "faults": {"camera1 down": {"first": None}},
    }
    pair = {
        "samples": 10,
        "latency": {"mean": difference, "low": -9.0, "high": 9.0},
        "accuracy": {"mean": 0.0, "low": -1.0, "high": 1.0},
        "p_value": 1.0,
    }
    return {"seed": seed, "systems": {"a": system, "b": {**system}}, "paired": {"b vs a": pair}}


def test_statistics_by_hand():
    """1, 2, 3: mean 2, and 4.303 / √3 to either side."""
    found = across([summary(n, float(n), n / 10) for n in (1, 2, 3)])
    p95, half = found["systems"]["a"]["latency.p95"], 4.3027 / sqrt(3)
    assert (p95["mean"], p95["n"]) == (2, 3)
    assert (p95["low"], p95["high"]) == pytest.approx((2 - half, 2 + half), abs=1e-4)
    assert found["paired"]["b vs a"]["latency.mean"]["mean"] == pytest.approx(0.2)
    assert found["paired"]["b vs a"]["latency.mean"]["high"] == pytest.approx(0.2 + half / 10, abs=1e-5)
    assert found["systems"]["a"].keys() == {"accuracy", "latency.p95", "exits.edge.count", "faults.camera1 down.first"}
    assert found["paired"]["b vs a"].keys() == {"samples", "latency.mean", "accuracy.mean"}


def test_values_that_some_repeats_lack_are_counted():
    some = across([summary(1, None), summary(2, 4.0), summary(3, 6.0)])["systems"]["a"]["latency.p95"]
    assert (some["mean"], some["n"]) == (5, 2) and some["high"] == pytest.approx(5 + 12.706, abs=1e-3)
    one = across([summary(1, None), summary(2, 4.0)])["systems"]["a"]["latency.p95"]
    assert one == {"mean": 4, "low": None, "high": None, "n": 1}
    assert across([summary(1, None)])["systems"]["a"]["latency.p95"]["mean"] is None


# --- targets ---


@pytest.mark.parametrize(
    ("text", "key", "half", "relative"),
    [
        ("latency.p95 ± 2 %", "latency.p95", 0.02, True),
        ("latency.p95 +- 2%", "latency.p95", 0.02, True),
        (" latency.p95+/-2 % ", "latency.p95", 0.02, True),
        ("latency.mean ± 1.5 ms", "latency.mean", 0.0015, False),
        ("ada-ddnn.accuracy +- 0.5 points", "ada-ddnn.accuracy", 0.005, False),
        ("exits.edge-1.share±0.01", "exits.edge-1.share", 0.01, False),
        ("paired.latency.mean ± 10 ms", "paired.latency.mean", 0.01, False),
    ],
)
def test_how_a_target_is_written(text: str, key: str, half: float, relative: bool):
    target = Target.read(text)
    assert (target.key, target.relative) == (key, relative) and target.half == pytest.approx(half)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("latency.p95", "write a value, ± or +-, and a half width"),
        ("± 2 %", "write a value"),
        ("latency.p95 ± wide", "write a value"),
        ("latency.p95 ± 0 %", "must be more than 0, found '0 %'"),
        ("latency.p95 ± -1 ms", "must be more than 0"),
        ("latency.p95 ± 1e999 s", "must be more than 0"),
        ("latency.p95 ± 2 parsec", "no unit 'parsec' here"),
        ("accuracy ± 2 ms", "'accuracy' is no time; write e.g. 'accuracy ± 2 %'"),
    ],
)
def test_a_target_that_is_none_is_one_message(text: str, message: str):
    with pytest.raises(RunError) as raised:
        Target.read(text)
    told = str(raised.value)
    assert told.startswith(f"until '{text}': ") and message in told and "\n" not in told


def test_a_value_that_no_summary_has_is_named_with_the_nearest():
    statistics = across([summary(1, 1.0), summary(2, 1.0)])
    with pytest.raises(RunError, match=r"no value 'latency\.p59' in the summary; did you mean 'latency\.p95'"):
        Target.read("latency.p59 ± 2 %").met(statistics)
    with pytest.raises(RunError, match=r"unknown value 'latenzy'; did you mean 'latency'"):
        Target.read("latenzy.p95 ± 2 %").check(["a"], ["latency", "accuracy"])
    with pytest.raises(RunError, match="one system alone has no differences"):
        Target.read("paired.latency.mean ± 2 %").met({**statistics, "paired": {}})


@pytest.mark.parametrize(
    ("text", "met"),
    [
        # of 10, 11, 12 the half width is 4.30265 / √3 = 2.48414, that is 22.583 % of 11; it is that of both systems
        ("latency.p95 ± 22.59 %", True),
        ("latency.p95 ± 22.58 %", False),
        ("latency.p95 ± 2.485 s", True),
        ("latency.p95 ± 2.484 s", False),
        ("a.latency.p95 ± 2.485 s", True),
        ("accuracy ± 0.001 points", True),  # always the same
        ("paired.latency.mean ± 1 ms", True),
        ("paired.latency.mean ± 1 %", True),  # 0 ± 0
        ("faults.camera1 down.first ± 1 %", False),  # never there
    ],
)
def test_when_a_target_is_met(text: str, met: bool):
    found = across([summary(n, 10.0 + n) for n in range(3)])
    assert Target.read(text).met(found) is met


@pytest.mark.parametrize(
    ("spreads", "most", "runs", "met"),
    [
        ([0.0] * 20, 20, LEAST, True),  # at once, but looked at after five
        ([1.0, -1.0] * 10, 8, 8, False),
        # six by 1 off and n − 6 exact: half = t(n − 1) · √(6 / (n (n − 1))); n = 20: 2.0930 · 0.12566 = 0.263;
        # n = 21: 2.0860 · 0.11952 = 0.249, below 2.5 % of 10
        ([1.0, -1.0] * 3 + [0.0] * 50, 50, 21, True),
        ([0.0] * 20, 3, 3, False),
    ],
)
def test_repeats_end_when_the_target_is_met(spreads: list[float], most: int, runs: int, met: bool):
    asked: list[int] = []

    def play(seed: int) -> Mapping[str, Any]:
        asked.append(seed)
        return summary(seed, 10 + spreads[len(asked) - 1])

    target = Target.read("latency.p95 ± 2.5 %")
    found = repeat(play, 1, most, target)
    assert len(found) == len(asked) == runs and asked == list(islice(seeds_of(1), runs))
    told = report(found, target)
    assert told["target"] == {"text": "latency.p95 ± 2.5 %", "met": met}
    assert told["count"] == runs and told["seeds"] == asked
    asked.clear()
    assert len(repeat(play, 1, most)) == most, "without a target all of them"


def test_a_wrong_value_is_told_after_the_first_run():
    asked: list[int] = []

    def play(seed: int) -> Mapping[str, Any]:
        asked.append(seed)
        return summary(seed, 1.0)

    with pytest.raises(RunError, match="no value"):
        repeat(play, 1, 20, Target.read("latency.p59 ± 2 %"))
    assert asked == [1]


# --- runs ---


@pytest.fixture
def small(random_weights: Callable[[str, str], Path]) -> str:
    ddnn, ada = (str(random_weights(name, "plaza")) for name in ("ddnn", "ada-ddnn"))
    text = SCENARIO.replace("DDNN", ddnn).replace("ADA", ada)
    return text.replace("samples: 40", "samples: 12").replace("every: 200 ms, jitter: 50 ms", "poisson: 20 /s")


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_repeats_are_the_runs_with_their_seeds(small: str, tmp_path: Path):
    scenario = api.load(small)
    run = api.run(scenario, repeats=3, out=tmp_path / "run")
    seeds = run.summary["repeats"]["seeds"]
    assert seeds == list(islice(seeds_of(1), 3))
    singles = [api.run(scenario.with_(seed=seed)).summary for seed in seeds]
    assert list(run.repeats) == singles
    assert {key: value for key, value in run.summary.items() if key != "repeats"} == singles[0]
    means = [one["systems"]["ddnn"]["latency"]["mean"] for one in singles]
    assert len(set(means)) == 3
    found = run.summary["repeats"]["systems"]["ddnn"]["latency.mean"]
    assert found["mean"] == pytest.approx(sum(means) / 3) and found["low"] < found["mean"] < found["high"]
    assert run.samples("ddnn").equals(api.run(scenario).samples("ddnn")), "the tables are the first repeat's"
    assert repr(run).startswith("<Run 'scenario': 3 repeats of 12 samples")

    again = api.load_run(tmp_path / "run")
    assert again.summary == run.summary and list(again.repeats) == list(run.repeats)
    again.save(tmp_path / "copy")
    assert files(tmp_path / "copy") == files(tmp_path / "run")
    (tmp_path / "copy" / "repeats.json").unlink()
    with pytest.raises(RunError, match=r"repeats\.json: damaged"):
        read_run(tmp_path / "copy")


def test_one_repeat_has_no_intervals_and_a_single_run_no_repeats(small: str):
    one = api.run(api.load(small), repeats=1)
    assert one.summary["repeats"]["systems"]["ddnn"]["accuracy"]["high"] is None
    single = api.run(api.load(small))
    assert "repeats" not in single.summary and single.repeats == ()
    with pytest.raises(ValueError, match="repeats must be a whole number from 1 on, found 0"):
        api.run(api.load(small), repeats=0)


def test_what_breaks_in_a_later_repeat_leaves_the_former_folder(
    small: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Whole folders only: the second repeat is stopped, and what was there stays as it was, byte for byte."""
    from simnet.world import run as engine

    scenario, out = api.load(small), tmp_path / "run"
    api.run(scenario, out=out)
    before, play = files(out), engine.run

    def second_breaks(scenario: Scenario, *rest: Any) -> Any:
        if scenario.seed != 1:
            raise KeyboardInterrupt
        return play(scenario, *rest)

    monkeypatch.setattr(engine, "run", second_breaks)
    with pytest.raises(KeyboardInterrupt):
        api.run(scenario, out=out, repeats=3)
    assert files(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_the_command_repeats_and_shows_the_means(small: str, tmp_path: Path, simnet: Callable[..., Any]):
    file, out = tmp_path / "small.yaml", tmp_path / "run"
    file.write_text(small, encoding="utf-8")
    arguments = ("run", file, "--out", out, "--no-figures")
    status, printed, err = simnet(*arguments, "--repeats", 6, "--until", "latency.mean +- 1000 %")
    assert status == 0 and "error" not in err
    words = " ".join(printed.split())
    assert "small: 5 repeats of 12 samples, seed 1" in words and "1000 %: reached" in words and " ± " in words
    told = json.loads((out / "summary.json").read_text())["repeats"]
    assert told["count"] == 5 and told["target"] == {"text": "latency.mean +- 1000 %", "met": True}
    assert len(json.loads((out / "repeats.json").read_text())["repeats"]) == 5
    status, compared, _ = simnet("compare", out)
    assert status == 0 and printed.startswith(compared)


def test_repeats_give_the_same_bytes_and_a_single_run_replaces_them(
    small: str, tmp_path: Path, simnet: Callable[..., Any]
):
    file, out = tmp_path / "small.yaml", tmp_path / "run"
    file.write_text(small, encoding="utf-8")
    arguments = ("run", file, "--out", out, "--no-figures", "--no-report")
    made = []
    for _ in range(2):
        status, printed, _ = simnet(*arguments, "--repeats", 5, "--until", "latency.mean ± 0.001 %")
        assert status == 0 and "not reached" in " ".join(printed.split())
        made.append({name: text for name, text in files(out).items() if name != "manifest.json"})
    assert made[0] == made[1] and "repeats.json" in made[0]
    assert simnet(*arguments)[0] == 0
    assert not (out / "repeats.json").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--until", "latenzy.p95 ± 2 %"), "unknown value 'latenzy'; did you mean 'latency'"),
        (("--until", "latency.maen ± 2 %"), "did you mean 'latency.mean'"),
        (("--until", "latency.p95"), "e.g. 'latency.p95 ± 2 %'"),
        (("--until", "latency.p95 ± 2 %", "--repeats", 4), "looks after 5 repeats at the earliest; allow more than 4"),
    ],
)
def test_a_wrong_target_is_one_message(
    small: str, tmp_path: Path, simnet: Callable[..., Any], options: tuple[object, ...], message: str
):
    file = tmp_path / "small.yaml"
    file.write_text(small, encoding="utf-8")
    status, out, err = simnet("run", file, "--out", tmp_path / "run", "--no-figures", *options)
    told = [line for line in err.splitlines() if line.startswith("error: ")]
    assert status == 2 and out == "" and len(told) == 1 and told[0].startswith("error: until '")
    assert message in told[0] and "Traceback" not in err and not (tmp_path / "run").exists()
