"""Run folders: what is written, that it is the same every time, and that nothing is ever half there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
from fake_run import FAULTS, fake_system, reseal, scenario, write_fake
from lives_of import lives_of
from paths import ROOT

from simnet.results.folder import write_run
from simnet.results.manifest import manifest
from simnet.results.result import SystemResult
from simnet.results.run import RunError, collect, read_run
from simnet.results.summary import node_tiers, paired, summarize
from simnet.results.tables import samples_schema, spans_schema
from simnet.results.target import check_target
from simnet.statistics.batches import of_mean
from simnet.statistics.proportions import Pairs, mcnemar, newcombe, wilson

TIERS = {f"camera{number}": "device" for number in range(1, 7)} | {"edge": "edge", "cloud": "cloud"}


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_every_captured_sample_is_counted_once():
    for name in ("ddnn", "ada-ddnn"):
        result = fake_system(name, 150, FAULTS)
        summary = summarize(result, TIERS)
        assert summary["finished"] + summary["dropped"] + summary["unfinished"] == summary["captured"] == 150
        assert 0 < summary["forced"] < summary["finished"]
        assert sum(numbers["count"] for numbers in summary["exits"].values()) == summary["finished"]
        assert sum(numbers["share"] for numbers in summary["exits"].values()) == pytest.approx(1)
        weighted = sum(numbers["share"] * numbers["accuracy"] for numbers in summary["exits"].values())
        assert weighted == pytest.approx(summary["accuracy"])


def test_bytes_are_those_of_the_transfers():
    result = fake_system("ddnn", 150, FAULTS)
    sent = summarize(result, TIERS)["bytes"]
    assert sent["total"] == sent["device_to_edge"] + sent["edge_to_cloud"]  # this network has no other hops
    assert sent["total"] == pc.sum(result.samples["bytes"]).as_py()
    assert sent["raw_offload"] == 150 * 6 * 3072


def test_only_hops_towards_the_cloud_count_as_edge_to_cloud():
    result = fake_system("ddnn", 50, [])
    upward = summarize(result, TIERS)["bytes"]
    # were the cloud a device, the same messages would be requests to it and replies would be none
    downward = summarize(result, {**TIERS, "cloud": "device"})["bytes"]
    assert downward["edge_to_cloud"] == 0 < upward["edge_to_cloud"]
    assert downward["total"] == upward["total"]


def test_tables_come_back_as_they_went(tmp_path: Path):
    write_fake(tmp_path / "run", samples=60)
    run = read_run(tmp_path / "run")
    result = fake_system("ddnn", 60, FAULTS)
    assert run.systems == ("ddnn", "ada-ddnn")
    assert run.samples("ddnn").schema.equals(samples_schema())
    assert run.spans("ddnn").schema.equals(spans_schema())
    assert run.samples("ddnn").to_pylist() == result.samples.to_pylist()
    assert run.spans("ddnn").to_pylist() == result.spans.to_pylist()
    assert node_tiers(run.scenario) == TIERS
    assert run.manifest["systems"]["ddnn"]["inference"]["batches"] == 12
    assert run.manifest["packages"]["torch"]


def test_same_input_gives_the_same_bytes_whatever_the_batches(tmp_path: Path):
    text = scenario()
    for folder, batches in (("a", 12), ("b", 99)):
        results = [
            replace(fake_system(name, 80, FAULTS), inference={"batches": batches}) for name in ("ddnn", "ada-ddnn")
        ]
        write_run(tmp_path / folder, collect("six", text, results, manifest(text, 1, {}, {}, [folder])))
    first, second = files(tmp_path / "a"), files(tmp_path / "b")
    assert first.pop("manifest.json") != second.pop("manifest.json")
    assert first == second
    assert len(first) == 8


def test_how_a_table_was_put_together_does_not_show(tmp_path: Path):
    import pyarrow as pa

    text = scenario(systems=("ddnn",))
    whole = fake_system("ddnn", 80, FAULTS)
    cut = [whole.spans.slice(at, 100) for at in range(0, whole.spans.num_rows, 100)]
    pieces = replace(whole, spans=pa.concat_tables(cut).select(list(reversed(whole.spans.column_names))))
    for folder, result in (("a", whole), ("b", pieces)):
        write_run(tmp_path / folder, collect("six", text, [result], {}))
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_wrong_columns_are_refused_and_nothing_is_written(tmp_path: Path):
    result = fake_system("ddnn", 5, [])
    with pytest.raises(ValueError, match="ddnn: spans: columns"):
        write_run(
            tmp_path / "run", collect("six", scenario(), [replace(result, spans=result.spans.drop(["status"]))], {})
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("samples", [0, 1, 30])
@pytest.mark.parametrize("all_dropped", [False, True])
def test_json_is_free_of_nan(tmp_path: Path, samples: int, all_dropped: bool):
    def refuse(word: str) -> None:
        raise AssertionError(word)

    write_fake(tmp_path / "run", samples=samples, all_dropped=all_dropped)
    for name in ("summary.json", "manifest.json"):
        json.loads((tmp_path / "run" / name).read_text(), parse_constant=refuse)
    system = read_run(tmp_path / "run").summary["systems"]["ddnn"]
    if all_dropped or not samples:
        assert system["accuracy"] is None and system["latency"]["p99"] is None
        assert system["dropped"] == samples
        assert system["dropped_by_reason"] == ({"no view arrived": samples} if samples else {})


def test_numbers_that_are_not_finite_become_null(tmp_path: Path):
    result = replace(fake_system("ddnn", 5, []), forced={"edge": float("nan"), "cloud": 0.5})
    run = collect("six", scenario(), [result], {})
    write_run(tmp_path / "run", run)
    summary = run.summary
    assert summary["systems"]["ddnn"]["exits"]["edge"]["forced_accuracy"] is None
    assert summary == read_run(tmp_path / "run").summary


def cut(result: SystemResult, count: int) -> SystemResult:
    """Only its first samples."""
    return replace(result, lives=lives_of(result.samples.slice(0, count)))


def test_paired_differences():
    results = [fake_system(name, 100, []) for name in ("ddnn", "ada-ddnn")]
    found = paired(results)["ada-ddnn vs ddnn"]
    right, left = ({key: one.samples[key].to_numpy() for key in ("latency", "correct")} for one in results)
    difference = left["latency"] - right["latency"]
    assert found["samples"] == 100
    assert found["latency"]["mean"] == pytest.approx(difference.mean())
    interval = of_mean(difference)
    assert (found["latency"]["low"], found["latency"]["high"]) == (interval.low, interval.high)
    assert interval.low < difference.mean() < interval.high
    assert found["accuracy"]["mean"] == pytest.approx(left["correct"].mean() - right["correct"].mean())
    gained, lost = found["only_first_correct"], found["only_second_correct"]
    assert (gained - lost) / 100 == pytest.approx(found["accuracy"]["mean"])
    both = int((left["correct"] & right["correct"]).sum())
    limits = newcombe(Pairs(both, gained, lost, 100 - both - gained - lost))
    series = of_mean(left["correct"].astype(float) - right["correct"])
    assert found["accuracy"]["low"] == min(limits[0], series.low) < limits[1]
    assert found["accuracy"]["high"] == max(limits[1], series.high)
    assert found["p_value"] == mcnemar(gained, lost) < 1


def test_a_single_pair_has_no_interval_of_latency_and_a_wide_one_of_accuracy():
    results = [cut(fake_system(name, 100, []), 1) for name in ("ddnn", "ada-ddnn")]
    alone = paired(results)["ada-ddnn vs ddnn"]
    assert alone["samples"] == 1 and alone["latency"]["low"] is None
    assert alone["latency"]["reason"] == "fewer than 40 samples"
    assert alone["accuracy"]["low"] < -0.7 and alone["accuracy"]["high"] > 0.7


def test_systems_that_never_differ_are_not_known_to_be_equal():
    """No discordant pair among 54 (53 right in both): ± 7.3 points as Newcombe published it, not ± 0."""
    one = fake_system("ddnn", 54, [])
    right = np.arange(54) > 0
    same = replace(one, lives=replace(one.lives, correct=right))
    found = paired([same, replace(same, name="twin")])["twin vs ddnn"]
    assert found["only_first_correct"] == found["only_second_correct"] == 0 and found["p_value"] == 1
    assert (found["accuracy"]["low"], found["accuracy"]["high"]) == pytest.approx((-0.0729, 0.0729), abs=5e-5)
    assert found["latency"]["low"] == found["latency"]["high"] == 0  # sample by sample the same


def test_pairs_are_those_that_both_finished():
    dropped = fake_system("ddnn", 40, [], all_dropped=True)
    ours, some = fake_system("ada-ddnn", 40, []), fake_system("ada-ddnn", 40, FAULTS)
    nothing = paired([dropped, ours])["ada-ddnn vs ddnn"]
    assert nothing["samples"] == 0 and nothing["p_value"] is None
    assert nothing["accuracy"] == {"mean": None, "low": None, "high": None, "reason": "no samples"}
    answered = int(some.lives.answered.sum())
    assert paired([replace(ours, name="all"), some])["ada-ddnn vs all"]["samples"] == answered
    assert paired([ours]) == {}


def test_intervals_of_a_system():
    result = fake_system("ada-ddnn", 200, FAULTS)
    summary = summarize(result, TIERS)
    found, answered = summary["intervals"], result.lives.answered
    n, right = int(answered.sum()), int(result.lives.correct.sum())
    least = wilson(right, n)
    assert found["accuracy"]["low"] <= least[0] < right / n < least[1] <= found["accuracy"]["high"]
    few = summarize(cut(result, 39), TIERS)["intervals"]["accuracy"]
    assert (few["low"], few["high"]) == wilson(int(result.lives.correct[:39].sum()), 39)
    assert found["latency.mean"]["low"] < summary["latency"]["mean"] < found["latency.mean"]["high"]
    for name, numbers in summary["exits"].items():
        low, high = (found[f"exits.{name}.accuracy"][end] for end in ("low", "high"))
        least = wilson(numbers["accuracy"] * numbers["count"], numbers["count"])
        assert low <= least[0] + 1e-9 and least[1] - 1e-9 <= high
        share = found[f"exits.{name}.share"]
        least = wilson(numbers["count"], n)
        assert share["low"] <= least[0] < numbers["share"] < least[1] <= share["high"]
        forced = found[f"exits.{name}.forced_accuracy"]  # the stand-in says 0.9 for all of its 200 samples
        assert (forced["low"], forced["high"]) == pytest.approx(wilson(180, 200))
    assert "exits.edge.forced_accuracy" not in summarize(fake_system("ddnn", 200, FAULTS), TIERS)["intervals"]


def test_images_that_come_round_again_count_once():
    """100 samples of 25 images tell of accuracy what 25 samples tell, and McNemar's test is not to be had."""
    results = [fake_system(name, 100, []) for name in ("ddnn", "ada-ddnn")]
    few = [replace(one, lives=replace(one.lives, image=np.arange(100) % 25)) for one in results]
    wide, narrow = (summarize(one, TIERS)["intervals"]["accuracy"] for one in (few[0], results[0]))
    right = int(results[0].lives.correct.sum())
    assert wide["low"] <= wilson(right / 4, 25)[0] < wilson(right, 100)[0] and wide["low"] < narrow["low"]
    pair, plain = paired(few)["ada-ddnn vs ddnn"], paired(results)["ada-ddnn vs ddnn"]
    assert pair["accuracy"]["low"] < plain["accuracy"]["low"] and pair["p_value"] is None
    assert pair["latency"] == plain["latency"]


def test_a_folder_that_is_no_run_is_left_alone(tmp_path: Path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("years of work")
    with pytest.raises(RunError, match="no former run"):
        write_fake(tmp_path / "thesis", samples=5)
    with pytest.raises(RunError, match="is a file"):
        check_target(tmp_path / "thesis" / "chapter.tex")
    with pytest.raises(RunError, match=r"chapter\.tex is a file"):
        check_target(tmp_path / "thesis" / "chapter.tex" / "run")
    check_target(tmp_path / "not" / "yet" / "there")
    assert (tmp_path / "thesis" / "chapter.tex").read_text() == "years of work"
    (tmp_path / "empty").mkdir()
    write_fake(tmp_path / "empty", samples=5)
    assert read_run(tmp_path / "empty").summary["samples"] == 5


@pytest.mark.parametrize("names", [("ddnn", "ddnn"), ("a/b",), ("figures",), ("..",)])
def test_system_names_must_be_usable_as_folders(tmp_path: Path, names: tuple[str, ...]):
    results = [replace(fake_system("ddnn", 5, []), name=name) for name in names]
    with pytest.raises(RunError, match="names"):
        write_run(tmp_path / "run", collect("six", scenario(), results, {}))


def test_a_failure_while_writing_leaves_the_former_run(tmp_path: Path):
    write_fake(tmp_path / "run", samples=20)
    before = files(tmp_path / "run")

    def fail(folder: Path) -> None:
        assert read_run(folder).summary["samples"] == 10
        raise RuntimeError("no disk")

    with pytest.raises(RuntimeError, match="no disk"):
        write_fake(tmp_path / "run", samples=10, figures=fail)
    assert files(tmp_path / "run") == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_killed_second_run_leaves_the_first_intact(tmp_path: Path):
    out, started = tmp_path / "run", tmp_path / "started"
    write_fake(out, samples=20)
    before = files(out)
    code = f"""
        import sys, time
        from pathlib import Path
        sys.path.insert(0, {str(ROOT / "tests")!r})
        from fake_run import write_fake
        def hang(folder):
            Path({str(started)!r}).touch()
            time.sleep(60)
        write_fake(Path({str(out)!r}), samples=10, figures=hang)
    """
    root = ROOT
    child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], cwd=root)
    try:
        limit = time.monotonic() + 60
        while not started.exists() and child.poll() is None and time.monotonic() < limit:
            time.sleep(0.02)
        assert started.exists()
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert files(out) == before
    leftover = [path for path in tmp_path.iterdir() if path.name.startswith(".run.partial-")]
    assert len(leftover) == 1
    os.utime(leftover[0], (0, 0))  # an old one can have no living writer and is cleared away
    write_fake(out, samples=10)
    assert read_run(out).summary["samples"] == 10
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "started"]


def test_a_run_killed_between_its_renames_is_still_found(tmp_path: Path):
    out = tmp_path / "run"
    write_fake(out, samples=20)
    out.rename(tmp_path / ".run.former")
    assert read_run(out).samples("ddnn").num_rows == 20
    with pytest.raises(RuntimeError):
        write_fake(out, samples=10, figures=lambda folder: (_ for _ in ()).throw(RuntimeError))
    assert read_run(out).summary["samples"] == 20
    write_fake(out, samples=10)
    assert read_run(out).summary["samples"] == 10
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_what_cannot_be_read_is_named(tmp_path: Path):
    with pytest.raises(RunError, match="no such run folder"):
        read_run(tmp_path / "nowhere")
    with pytest.raises(RunError, match="not a run folder"):
        read_run(tmp_path)
    write_fake(tmp_path / "run", samples=5)
    with pytest.raises(RunError, match=r"no system 'dnn'; this run has ddnn, ada-ddnn"):
        read_run(tmp_path / "run").samples("dnn")
    (tmp_path / "run" / "ddnn" / "spans.parquet").write_bytes(b"not parquet")
    with pytest.raises(RunError, match=r"spans\.parquet: missing or damaged"):
        read_run(tmp_path / "run").spans("ddnn")
    (tmp_path / "run" / "summary.json").write_text("{")
    with pytest.raises(RunError, match=r"summary\.json: damaged"):
        read_run(tmp_path / "run")
    summary = write_fake(tmp_path / "run", samples=5)
    (tmp_path / "run" / "summary.json").write_text(json.dumps({**summary, "systems": {}}))
    with pytest.raises(RunError, match=r"summary\.json: damaged \(no systems\)"):
        read_run(tmp_path / "run")


@pytest.mark.parametrize(
    "place",
    [
        ("scenario",), ("seed",), ("samples",), ("systems",), ("paired",), ("systems", "ddnn", "latency", "p95"),
        ("systems", "ddnn", "exits", "edge", "count"),
        ("systems", "ddnn", "bytes", "edge_to_cloud"), ("paired", "ada-ddnn vs ddnn", "accuracy"),
    ],
    ids=".".join,
)  # fmt: skip
@pytest.mark.parametrize("wrong", [None, "x"], ids=["missing", "wrong"])
def test_a_summary_with_a_hole_is_named(tmp_path: Path, place: tuple[str, ...], wrong: str | None):
    write_fake(tmp_path / "run", samples=5)
    file = tmp_path / "run" / "summary.json"
    content = json.loads(file.read_text())
    holder = content
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = [wrong]
    if wrong is None:
        del holder[place[-1]]
    file.write_text(json.dumps(content))
    with pytest.raises(RunError, match=rf"summary\.json: damaged \({'.'.join(place)} is missing or wrong\)"):
        read_run(tmp_path / "run")


def test_the_manifest_says_what_made_the_run():
    made = manifest("name: x\n", 7, {"name": "plaza", "checksum": "ab"}, {"w": "cd"}, ["simnet", "run"])
    assert made["seed"] == 7 and made["data"]["checksum"] == "ab" and made["weights"] == {"w": "cd"}
    assert made["command"] == ["simnet", "run"]
    assert {"simnet", "packages", "python", "platform", "cpus", "source", "created_at"} <= made.keys()
    json.dumps(made, allow_nan=False)


def test_results_are_light_to_import():
    code = "import sys, simnet.results; print({'torch', 'pyarrow', 'matplotlib'} & set(sys.modules) or 'none')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "none"


def test_thirty_two_views_fit_into_the_table(tmp_path: Path):
    """Every camera of 32 keeps its bit, in memory and in a file."""
    import pyarrow as pa

    result = fake_system("ddnn", 3, [])
    masks = pa.array([0xFFFF_FFFF, 1 << 31, 0], pa.uint32())
    place = result.samples.schema.get_field_index("views")
    seen = replace(result, samples=result.samples.set_column(place, "views", masks))
    write_run(tmp_path / "run", collect("six", scenario(systems=("ddnn",)), [seen], {}))
    assert read_run(tmp_path / "run").samples("ddnn")["views"].to_pylist() == [0xFFFF_FFFF, 1 << 31, 0]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("bytes", "sent", "device→edge"), "much"),
        (("bytes", "sent"), [1]),
        (("accuracy_of_captured",), "good"),
        (("usage", "places", "edge", "verdict"), 3),
        (("usage", "places", "edge", "utilisation"), "half"),
    ],
)
def test_what_a_summary_may_have_must_be_right_if_it_is_there(tmp_path: Path, place: tuple[str, ...], value: object):
    write_fake(tmp_path / "run", samples=5)
    file = tmp_path / "run" / "summary.json"
    content = json.loads(file.read_text())
    numbers = {"utilisation": 0.5, "offered_load": 0.5, "queue_mean": 0, "queue_max": 0, "wait_p95": 0, "dropped": 0}
    edge = {"kind": "node", "verdict": "ok", "unfinished": 0, **numbers}
    system = content["systems"]["ddnn"]
    system["usage"] = {"window": 0.1, "places": {"edge": edge}}
    file.write_text(json.dumps(content))
    reseal(tmp_path / "run")
    assert read_run(tmp_path / "run").summary["systems"]["ddnn"]["usage"]["window"] == 0.1
    holder = system
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    file.write_text(json.dumps(content))
    reseal(tmp_path / "run")
    with pytest.raises(RunError, match=rf"damaged \(systems\.ddnn\.{'.'.join(place)} is missing or wrong\)"):
        read_run(tmp_path / "run")
