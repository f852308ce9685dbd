"""`simnet tune` where the best point is known by hand, and on a real scenario: splits, resuming, what is refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from pyarrow import csv, parquet

import simnet as api
from simnet.experiments.repeats import seeds_of
from simnet.experiments.sweeps import crew, sweep, work
from simnet.experiments.tuning import player, tune
from simnet.models.data import open_dataset

SCENARIO = """\
data: plaza
samples: 12
workload: {every: 200 ms, jitter: 50 ms}
nodes:
  camera[1..6]: {tier: device, preset: raspberry-pi-4}
  edge: {tier: edge, preset: jetson-orin-nano}
  cloud: {tier: cloud, preset: nvidia-t4}
links:
  - {between: [camera*, edge], preset: wifi}
  - {between: [edge, cloud], preset: wan}
systems:
  ddnn: {thresholds: 0.5}
"""
T, CODEC = "systems.ddnn.thresholds", "systems.ddnn.codec"
SIZE = {"fp32": 4.0, "int8": 1.0, "1bit": 0.25}
LOSS = {"fp32": 0.0, "int8": 0.02, "1bit": 0.3}
GRID = {T: {"from": 0, "to": 1, "steps": 11}, CODEC: list(SIZE)}


def hand_made(t: float, codec: str) -> tuple[float, float]:
    """Bytes fall with T, and so do right answers: 1 − T² − what the codec costs."""
    return SIZE[codec] * (2 - t), 1 - t**2 - LOSS[codec]


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    file = tmp_path / "small.yaml"
    file.write_text(SCENARIO, encoding="utf-8")
    return file


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[work.Job]:
    """The hand-made world in place of the real one; what was played in it."""
    found: list[work.Job] = []

    def play(job: work.Job) -> work.Outcome:
        found.append(job)
        scenario = work.scenario_of(work._unpacked(job.base), job.changes)
        system = scenario.systems["ddnn"]
        size, right = hand_made(system.thresholds, system.codec or "fp32")
        counts = {"captured": 12, "dropped": 0, "unfinished": 0}
        noise = (job.seed % 7 - 3) * 1e-4
        return {"summary": {"systems": {"ddnn": {"accuracy": right + noise, "bytes": {"total": size}, **counts}}}}

    monkeypatch.setattr(crew, "play", play)
    monkeypatch.setattr(sweep, "_network", lambda *_: None)
    return found


def tuned(scenario: Path, **how: Any) -> api.Tuning:
    given = {"over": GRID, "minimise": "bytes.total", "subject": ["accuracy >= 63 %"], "workers": 1, **how}
    return api.tune(scenario, **given)


def brute_force() -> tuple[float, str]:
    """All 33 points: 1 − T² − loss ≥ 0.63 leaves fp32 to 0.6 and int8 to 0.5 (0.73 with T²), 1bit to 0.2 (0.66)."""
    points = [(number / 10, codec) for number in range(11) for codec in SIZE]
    kept = [point for point in points if hand_made(*point)[1] >= 0.63]
    return min(kept, key=lambda point: hand_made(*point)[0])


def test_a_grid_has_all_points_and_finds_what_brute_force_finds(scenario: Path, played: list[work.Job]) -> None:
    """1bit at T = 0.2: 0.25 · 1.8 = 0.45, and at 0.3 only 0.61 are right. int8's least is 1.5."""
    assert brute_force() == (0.2, "1bit")
    found = tuned(scenario)
    assert found.about["method"] == "grid", "33 points are fewer than 60 trials"
    assert found.best == {T: 0.2, CODEC: "1bit"} and len(played) == 33 + 2
    assert found.validation is not None and found.validation["bytes.total"].mean == pytest.approx(0.45)  # type: ignore[union-attr]


def test_tpe_tries_no_point_twice_and_all_where_it_may(scenario: Path, played: list[work.Job]) -> None:
    found = tuned(scenario, method="tpe", trials=1000)
    points = list(zip(*(found.trials[key].to_pylist() for key in (T, CODEC)), strict=True))
    assert len(points) == len(set(points)) == 33 and found.best == {T: 0.2, CODEC: "1bit"}


def test_tpe_finds_the_optimum_between_two_ends(scenario: Path, played: list[work.Job]) -> None:
    """1 − T² ≥ 0.84 up to T = 0.4, where bytes are least: 4 · 1.6 = 6.4. 60 draws are rarely so near."""
    found = tuned(scenario, over={T: {"from": 0, "to": 1}}, subject=["accuracy >= 84 %"], trials=60)
    assert found.about["method"] == "tpe" and found.best is not None
    assert 0.39 < found.best[T] <= 0.401  # 0.4 and what the noise of the seed allows
    rows = found.trials.to_pylist()
    assert len(rows) == 60 and len(played) == 62
    beyond = [row for row in rows if row[T] > 0.41]
    assert beyond and not any(row["kept"] for row in beyond), "what misses the limit stays in the table"
    assert min(row["bytes.total"] for row in rows) < 6.3, "though it is better"
    best = [row["best"] for row in rows if row["best"] is not None]
    assert best == sorted(best, reverse=True)


def test_more_is_better_where_it_is_asked_for(scenario: Path, played: list[work.Job]) -> None:
    """Of fp32, int8, 1bit with 4, 1, 0.25 · (2 − T): below 1 is int8 from T > 1 on, which is none, so 1bit at T = 0."""
    found = tuned(scenario, minimise=None, maximise="accuracy", subject=["bytes.total < 1 B"])
    assert found.best == {T: 0, CODEC: "1bit"}


def test_what_was_stopped_goes_on_as_if_it_had_not_been(
    scenario: Path, tmp_path: Path, played: list[work.Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    how = {"over": {T: {"from": 0, "to": 1}, CODEC: list(SIZE)}, "trials": 16, "repeats": 2}
    whole = tuned(scenario, out=tmp_path / "whole", **how)
    count, honest, out = len(played), crew.play, tmp_path / "stopped"
    assert count == 16 * 2 + 4
    played.clear()

    def stopped(job: work.Job) -> work.Outcome:
        if len(played) == 19:
            raise KeyboardInterrupt
        return honest(job)

    with monkeypatch.context() as patch:
        patch.setattr(crew, "play", stopped)
        with pytest.raises(KeyboardInterrupt):
            tuned(scenario, out=out, **how)
    partial = api.load_tuning(out)
    assert partial.about["finished"] is False and partial.trials.num_rows == 8, "two batches of four"
    again = tuned(scenario, out=out, **how)
    assert len(played) == count, "nothing is done twice"
    assert again.trials.equals(whole.trials) and again.test == whole.test and again.sentences == whole.sentences
    tuned(scenario, out=out, **how)
    assert len(played) == count, "nor a third time"
    further = tuned(scenario, out=out, **{**how, "trials": 20})
    assert further.trials.slice(0, 16).equals(whole.trials)
    assert len(played) - count in (8, 10), "four more trials, and the test of the best if it is another"


def test_the_number_of_workers_changes_nothing(
    scenario: Path, played: list[work.Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    how = {"over": {T: {"from": 0, "to": 1}, CODEC: list(SIZE)}, "trials": 16, "repeats": 2}
    alone = tuned(scenario, **how)

    class Threads(crew.Crew):
        workers = 3

        def __init__(self) -> None:
            self._pool = ThreadPoolExecutor(3)

        def executor(self) -> ThreadPoolExecutor:
            return self._pool

    monkeypatch.setattr(player, "crew_of", lambda *_: Threads())
    together = tuned(scenario, **how)
    assert together.trials.equals(alone.trials) and together.test == alone.test
    other = tuned(scenario, **how, at_once=1)
    assert not other.trials.equals(alone.trials), "that many are asked for together does"


def test_another_seed_makes_other_trials(scenario: Path, played: list[work.Job]) -> None:
    how = {"over": {T: {"from": 0, "to": 1}}, "trials": 4}
    first, again = tuned(scenario, **how), tuned(scenario, **how)
    assert first.trials.equals(again.trials)
    other = api.load(scenario, seed=2)
    assert tuned(other, **how).trials[T].to_pylist() != first.trials[T].to_pylist()  # type: ignore[arg-type]


def test_trials_see_validation_data_and_the_best_is_tested_with_seeds_of_its_own(
    scenario: Path, played: list[work.Job]
) -> None:
    found = tuned(scenario, over={T: [0.1, 0.2, 0.9], CODEC: ["fp32"]}, repeats=2)
    splits = [work._unpacked(job.base).split for job in played]
    assert splits == ["validation"] * 6 + ["test"] * 4
    seeds = [job.seed for job in played]
    own, fresh = list(islice(seeds_of(1), 2)), list(islice(seeds_of(found.about["test_seed"]), 2))
    assert seeds == own * 3 + fresh * 2 and not set(own) & set(fresh)
    changes = [{change.key: change.value for change in job.changes} for job in played]
    assert changes[6:] == [{T: 0.2, CODEC: "fp32"}] * 2 + [{}] * 2, "the best, and the scenario as it was"
    assert found.test is not None and found.before is not None
    assert found.test["bytes.total"].mean == pytest.approx(7.2)  # type: ignore[union-attr]
    assert found.before["bytes.total"].mean == pytest.approx(6)  # type: ignore[union-attr]


def test_a_limit_that_holds_on_validation_data_only_is_told(
    scenario: Path, played: list[work.Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = crew.play

    def harder(job: work.Job) -> work.Outcome:
        found = honest(job)
        if work._unpacked(job.base).split == "test":
            found["summary"]["systems"]["ddnn"]["accuracy"] -= 0.1
        return found

    monkeypatch.setattr(crew, "play", harder)
    found = tuned(scenario, repeats=3)
    assert found.best == {T: 0.2, CODEC: "1bit"}
    assert found.sentences[1:] == ["accuracy >= 63 %: kept on validation data, but missed on test data"]


@contextmanager
def real(scenario: Path, out: Path) -> Iterator[api.Tuning]:
    over = {T: [0.1, 0.9], "links.1.bandwidth": ["1 Mbit/s", "10 Mbit/s"]}
    yield api.tune(scenario, over=over, minimise="latency.p95", subject=["dropped <= 0"], workers=1, out=out)


def test_a_real_tuning_and_what_it_leaves(scenario: Path, tmp_path: Path, simnet: Callable[..., Any]) -> None:
    """T = 0.9 leaves at the edge, so that no sample of it needs the uplink: latency is least there."""
    out = tmp_path / "tuning"
    with real(scenario, out) as found:
        assert found.best is not None and found.best[T] == 0.9
    rows = found.trials.to_pylist()
    for row in rows:
        change = {T: row[T], "links.1.bandwidth": row["links.1.bandwidth"], "split": "validation"}
        alone = api.run(api.load(scenario, change)).summary["systems"]["ddnn"]
        assert row["latency.p95"] == alone["latency"]["p95"] and row["dropped"] == alone["dropped"]
    best = api.load(out / "best.yaml")
    assert best.split == "test" and best.seed == 1 and best.systems["ddnn"].thresholds == 0.9
    again = api.run(best.with_(seed=found.about["test_seed"])).summary["systems"]["ddnn"]
    assert found.test is not None and found.test["latency.p95"].mean == again["latency"]["p95"]  # type: ignore[union-attr]
    assert parquet.read_table(out / "trials.parquet").equals(found.trials)
    assert csv.read_csv(out / "trials.csv")["latency.p95"].to_pylist() == [row["latency.p95"] for row in rows]
    runs = parquet.read_table(out / "runs.parquet")
    assert runs["split"].to_pylist() == ["validation"] * 4 + ["test"] * 2
    assert runs["trial"].to_pylist() == [0, 1, 2, 3, rows.index(min(rows, key=lambda r: r["latency.p95"])), None]
    kept = api.load_tuning(out)
    assert kept.trials.equals(found.trials) and kept.best == found.best and kept.test == found.test
    status, printed, _ = simnet("plot", out)
    assert status == 0 and printed.split() == [str(out / "figures" / f"{name}.png") for name in ("search", "keys")]
    assert all(Path(name).stat().st_size > 10_000 for name in printed.split())


def test_validation_and_test_are_other_images(scenario: Path, tmp_path: Path) -> None:
    """The pixels of all that the trials and the test have seen, sample by sample."""
    seen: dict[str, set[str]] = {}
    for split, seed in (("validation", 1), ("test", tune.derived(1, "test of a tuning"))):
        base = api.load(scenario, {"split": split}, samples=60, seed=seed)
        images = api.run(base).samples("ddnn")["image"].to_pylist()
        data = open_dataset(base.data, split)
        seen[split] = {sha256(data.pixels([image]).tobytes()).hexdigest() for image in images}
    assert len(seen["validation"]) == len(seen["test"]) == 60
    assert not seen["validation"] & seen["test"]


def test_points_that_are_no_scenario_are_told_and_harm_no_other(scenario: Path, played: list[work.Job]) -> None:
    found = tuned(scenario, over={"nodes.edge.workers": [0, 1, 2], T: [0.1]})
    rows = found.trials.to_pylist()
    told = "over nodes.edge.workers: nodes.edge.workers: must be 1 or more, found 0"
    assert [row["error"] for row in rows] == [told, None, None]
    assert [row["kept"] for row in rows] == [False, True, True] and found.best == {"nodes.edge.workers": 1, T: 0.1}


def command(scenario: Path, out: Path, *options: object) -> tuple[object, ...]:
    return ("tune", scenario, "--out", out, "--workers", 1, *options)


ONE = ("--over", f"{T}=0.1,0.2,0.9", "--minimise", "bytes.total")


def test_the_command_tells_both_figures_side_by_side(
    scenario: Path, tmp_path: Path, simnet: Callable[..., Any], played: list[work.Job]
) -> None:
    out = tmp_path / "tuning"
    options = (*ONE, "--subject", "accuracy >= 90 %", "--repeats", 3)
    status, printed, err = simnet(*command(scenario, out, *options))
    assert status == 0 and "15 of 15 runs" in err
    assert "3 trials on validation data; 2 keep all limits" in " ".join(printed.split())
    assert f"minimise bytes.total: {T}=0.2" in printed
    assert "accuracy >= 90 %: kept on validation and test data" in printed
    status, printed, _ = simnet(
        *command(scenario, out, *ONE, "--json", "--subject", "accuracy >= 90 %", "--repeats", 3)
    )
    told = json.loads(printed)
    assert status == 0 and told == json.loads((out / "tune.json").read_text(encoding="utf-8"))
    assert told["best"] == {"trial": 1, "values": {T: 0.2}} and len(told["trials"]) == 3
    assert told["inputs"].keys() >= {"weights ddnn-plaza"}


def test_nothing_that_keeps_the_limits_is_status_3_and_the_nearest_is_told(
    scenario: Path, tmp_path: Path, simnet: Callable[..., Any], played: list[work.Job]
) -> None:
    """The most right answers are 0.99 at T = 0.1: of all, one in a hundred is missing. Nothing is tested."""
    options = (*ONE, "--subject", "accuracy >= 100 %")
    status, printed, _ = simnet(*command(scenario, tmp_path / "tuning", *options))
    assert status == 3 and len(played) == 3
    nearest = f"no trial keeps all limits; the nearest is {T}=0.1, which misses accuracy >= 100 % by 1"
    assert nearest in printed
    assert not (tmp_path / "tuning" / "best.yaml").exists()


def test_a_limit_that_one_run_cannot_tell_is_said_to_be_so(
    scenario: Path, tmp_path: Path, simnet: Callable[..., Any], played: list[work.Job]
) -> None:
    """Bytes have no interval within a run, so that of one run nobody knows what they surely keep."""
    options = (*ONE, "--subject", "bytes.total < 1 GB", "--surely")
    status, printed, _ = simnet(*command(scenario, tmp_path / "tuning", *options))
    assert status == 3
    assert "no trial tells whether bytes.total < 1 GB is kept: of one run there is no interval" in printed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--over", f"{T}=0.1,0.2"), "give one of them: a metric that shall be low, or high"),
        ((*ONE, "--maximise", "accuracy"), "give one of them: a metric that shall be low, or high"),
        ((*ONE, "--over", f"{T}=0.3"), "a key is given twice"),
        ((*ONE, "--subject", "accuracy"), "limit 'accuracy': write a metric, <, <=, > or >=, and a value"),
        (
            (*ONE, "--subject", "accuracy > 90 %", "--subject", "accuracy < 80 %"),
            "no value can keep both limits: 'accuracy > 90 %' and 'accuracy < 80 %'",
        ),
        ((*ONE, "--system", "dnn"), "unknown system 'dnn'; did you mean 'ddnn'?"),
        ((*ONE, "--over", "split=train,test"), "'split' cannot be tuned: trials see the split 'validation'"),
        ((*ONE, "--over", "seed=1,2"), "'seed' cannot be tuned: all points have the same seeds"),
        (("--over", f"{T}=0.1", "--minimise", "byte.total"), "unknown metric 'byte.total'; did you mean 'bytes.total'"),
        (("--over", f"{T}=", "--minimise", "bytes.total"), "an empty list gives no point"),
        (("--over", f"{T}={{from: 1, to: 1}}", "--minimise", "bytes.total"), "'from' must be less than 'to'"),
        (
            ("--over", "systems.ddn.codec=fp32", "--minimise", "accuracy"),
            "unknown key 'ddn'; did you mean 'ddnn'?",
        ),
        (
            ("--over", f"{T}={{from: 0, to: 1}}", "--method", "grid", "--minimise", "accuracy"),
            "a grid needs 'steps', the number of values, or a list",
        ),
        ((*ONE, "--method", "grid", "--trials", 2), "the grid has 3 points: allow so many trials"),
    ],
)
def test_mistakes_are_one_message(
    options: tuple[object, ...],
    message: str,
    scenario: Path,
    tmp_path: Path,
    simnet: Callable[..., Any],
    played: list[work.Job],
) -> None:
    status, _, err = simnet(*command(scenario, tmp_path / "tuning", *options))
    text = " ".join(err.replace("│", " ").split())
    assert status == 2 and message in text and "Traceback" not in err


def test_without_optuna_there_is_one_message_and_the_grid(
    scenario: Path, tmp_path: Path, simnet: Callable[..., Any], played: list[work.Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    wide = ("--over", f"{T}={{from: 0.1, to: 0.9}}", "--minimise", "bytes.total")
    status, _, err = simnet(*command(scenario, tmp_path / "tuning", *wide))
    assert status == 2 and err.count("simnet tune needs Optuna: pip install 'simnet[tune]'") == 1 and not played
    assert simnet(*command(scenario, tmp_path / "tuning", *ONE))[0] == 0


def test_a_folder_that_is_no_tuning_or_a_damaged_one(
    scenario: Path, tmp_path: Path, simnet: Callable[..., Any], played: list[work.Job]
) -> None:
    out = tmp_path / "tuning"
    with pytest.raises(api.RunError, match=r"no folder of a tuning \(tune.json is missing\)"):
        api.load_tuning(tmp_path)
    assert simnet(*command(scenario, out, *ONE))[0] == 0
    file = out / "tune.json"
    whole = json.loads(file.read_text(encoding="utf-8"))
    for broken in ("{", "[]", json.dumps({**whole, "trials": 3}), json.dumps({**whole, "over": {}})):
        file.write_text(broken, encoding="utf-8")
        status, _, err = simnet("plot", out)
        assert status == 2 and f"{file}: damaged" in err and "Traceback" not in err
    file.write_text(json.dumps(whole), encoding="utf-8")
    status, _, err = simnet("plot", out, "--metrics", "accuracy")
    assert status == 2 and "--metrics is of sweeps" in err


def test_placement_codec_and_batching_are_keys_like_others(scenario: Path) -> None:
    """All samples go on to the cloud, one every 200 ms: a batch that waits 50 ms for a second one only costs time.

    So does an edge that is a hundred times slower, and so do features of four bytes each in place of one.
    """
    text = SCENARIO.replace("thresholds: 0.5", "thresholds: 0, roles: {edge: edge-slow}")
    edges = "edge-quick: {tier: edge, speed: 1 TFLOP/s}\n  edge-slow: {tier: edge, speed: 10 GFLOP/s}"
    text = text.replace("edge: {tier: edge, preset: jetson-orin-nano}", edges)
    text = text.replace("[camera*, edge]", "[camera*, edge-*]").replace("[edge, cloud]", "[edge-*, cloud]")
    over = {
        "systems.ddnn.roles": [{"edge": "edge-slow"}, {"edge": "edge-quick"}],
        "nodes.cloud.batch": [{"size": 2, "wait": "50 ms"}, None],
        CODEC: ["fp32", "int8"],
    }
    found = api.tune(text, over=over, minimise="latency.mean", workers=1)
    assert found.best == {"systems.ddnn.roles": {"edge": "edge-quick"}, "nodes.cloud.batch": None, CODEC: "int8"}
    assert found.trials["error"].null_count == 8
    assert found.trials["systems.ddnn.roles"][0].as_py() == '{"edge": "edge-slow"}'


def test_a_best_point_that_has_no_test_is_told(
    scenario: Path,
    tmp_path: Path,
    simnet: Callable[..., Any],
    played: list[work.Job],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest = crew.play

    def without_test(job: work.Job) -> work.Outcome:
        return {"error": "no such images"} if work._unpacked(job.base).split == "test" else honest(job)

    monkeypatch.setattr(crew, "play", without_test)
    status, printed, _ = simnet(*command(scenario, tmp_path / "tuning", *ONE))
    assert status == 3 and f"minimise bytes.total: {T}=0.9\nthe test has no results: no such images\n" in printed
    assert api.load_tuning(tmp_path / "tuning").test is None


def test_trials_that_failed_are_told_by_the_command(
    scenario: Path, tmp_path: Path, simnet: Callable[..., Any], played: list[work.Job]
) -> None:
    options = ("--over", "nodes.edge.workers=0,1,-1", "--minimise", "bytes.total")
    status, _, err = simnet(*command(scenario, tmp_path / "tuning", *options))
    told = [line for line in err.splitlines() if line.startswith("failed: ")]
    assert status == 0 and len(told) == 2 and told[0].endswith("nodes.edge.workers: must be 1 or more, found -1")


def test_a_signal_is_one_message_and_what_is_finished_is_kept(
    scenario: Path,
    tmp_path: Path,
    simnet: Callable[..., Any],
    played: list[work.Job],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out, honest = tmp_path / "tuning", crew.play

    def stopped(job: work.Job) -> work.Outcome:
        if len(played) == 2:
            raise KeyboardInterrupt
        return honest(job)

    with monkeypatch.context() as patch:
        patch.setattr(crew, "play", stopped)
        status, _, err = simnet(*command(scenario, out, *ONE))
    assert status == 130 and f"stopped; what is finished is kept in {out}; the same command goes on" in err
    assert simnet(*command(scenario, out, *ONE))[0] == 0 and len(played) == 5
