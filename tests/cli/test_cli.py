"""The command line in the same process: files, exit statuses, messages, and what is imported when."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from fake_run import write_fake
from paths import ROOT
from small import SCENARIO

from simnet.results.run import read_run
from simnet.scenario import load_scenario
from simnet.world.plan import remarks

WEIGHTS_LINE = 12


@pytest.fixture
def scenario(tmp_path: Path, random_weights: Callable[..., Path]) -> Path:
    file = tmp_path / "small.yaml"
    named = SCENARIO.replace("DDNN", str(random_weights("ddnn"))).replace("ADA", str(random_weights("ada-ddnn")))
    file.write_text(named, encoding="utf-8")
    return file


def results(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


TABLES = ("samples", "spans", "incidents", "usage", "scores", "without")
FILES = {"summary.json", "scenario.yaml", "manifest.json"} | {
    f"{system}/{table}.parquet" for system in ("ddnn", "ada-ddnn") for table in TABLES
}


def test_the_same_seed_gives_the_same_bytes_with_and_without_a_memo(
    scenario: Path, simnet, fresh_cache: Callable[[str], Path], tmp_path: Path
):
    made = {}
    for name, cache, seed in (("cold", "a", 1), ("warm", "a", 1), ("cold again", "b", 1), ("other seed", "a", 2)):
        fresh_cache(cache) if not (tmp_path / f"cache-{cache}").exists() else None
        os.environ["SIMNET_CACHE"] = str(tmp_path / f"cache-{cache}")
        out = tmp_path / name
        status, _, err = simnet("run", scenario, "--out", out, "--seed", seed, "--no-figures", "--no-report", "--quiet")
        assert (status, err) == (0, "")
        made[name] = results(out)
        assert made[name].keys() == FILES
        inference = json.loads(made[name].pop("manifest.json"))["systems"]["ddnn"]["inference"]
        assert (inference["batches"] == 0) == (name == "warm" or (name == "other seed" and inference["batches"] == 0))
    assert made["cold"] == made["warm"] == made["cold again"]
    same = {name for name in made["cold"] if made["cold"][name] == made["other seed"][name]}
    assert same == {name for name in FILES if name.endswith("incidents.parquet")}  # the faults are scripted
    samples = {name: read_run(tmp_path / name).samples("ddnn") for name in ("cold", "other seed")}
    assert samples["cold"]["captured_at"] != samples["other seed"]["captured_at"]


def test_a_run_writes_tables_figures_and_a_summary_that_agree(
    scenario: Path, simnet, fresh_cache: Callable[[str], Path], tmp_path: Path
):
    fresh_cache("empty")
    out = tmp_path / "run"
    status, printed, err = simnet("run", scenario, "--out", out, "--samples", 30, "--forced", "--figures")
    assert status == 0
    where, *systems = err.splitlines()  # nothing moves where there is no terminal: a line for each system
    assert where == f"results go to {out}"
    begun = [line.partition(".")[0] for line in systems]
    assert begun == ["ddnn: simulating 5", "ada-ddnn: simulating 5"]  # 29 · 200 ms, and jitter
    assert "batches of" in printed and str(out) in printed
    assert {f.name for f in (out / "figures").iterdir()} >= {"timeline.png"}
    run = read_run(out)
    first, second = (run.samples(name) for name in ("ddnn", "ada-ddnn"))
    assert first["captured_at"].equals(second["captured_at"]) and first["label"].equals(second["label"])
    for name in run.systems:
        summary, samples = run.summary["systems"][name], run.samples(name).to_pylist()
        assert summary["captured"] == len(samples) == 30
        assert summary["finished"] + summary["dropped"] + summary["unfinished"] == 30
        assert summary["bytes"]["total"] == sum(row["bytes"] for row in samples)
        assert summary["bytes"]["raw_offload"] == 30 * 6 * 3072
        for exit_name, numbers in summary["exits"].items():
            here = [row for row in samples if row["exit"] == exit_name]
            assert numbers["count"] == len(here) and numbers["share"] == pytest.approx(len(here) / 30)
            assert 0 <= numbers["forced_accuracy"] <= 1
    status, _, _ = simnet("run", scenario, "--out", out, "--samples", 30, "--no-figures")
    exits = read_run(out).summary["systems"]["ddnn"]["exits"].values()
    assert [numbers["forced_accuracy"] for numbers in exits] == [None, None]

    status, printed, _ = simnet("compare", out)
    assert status == 0 and "ada-ddnn" in printed
    status, printed, _ = simnet("plot", out, "--out", tmp_path / "again")
    assert status == 0 and (tmp_path / "again" / "timeline.png").is_file()


def imported(*arguments: object) -> set[str]:
    """Which of the heavy packages a command imports, in a process of its own."""
    code = (
        "import sys\nfrom simnet.cli.app import main\nsys.argv = ['simnet', *sys.argv[1:]]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "heavy = {'torch', 'torchvision', 'matplotlib', 'pyarrow', 'networkx'}\n"
        "print('imported', *sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_only_a_cold_run_imports_torch(scenario: Path, simnet, tmp_path: Path):
    assert imported("--help") == imported("run", "--help") == imported("check", scenario) == set()
    arguments = ("run", scenario, "--out", tmp_path / "run", "--samples", 20, "--seed", 3)
    assert simnet(*arguments)[0] == 0
    assert imported(*arguments) == {"pyarrow"}
    assert read_run(tmp_path / "run").manifest["systems"]["ddnn"]["inference"]["device"] is None


def change(scenario: Path, old: str, new: str) -> None:
    text = scenario.read_text(encoding="utf-8")
    assert text.count(old) == 1
    scenario.write_text(text.replace(old, new), encoding="utf-8")


def one_message(result: tuple[int, str, str], *parts: str) -> None:
    status, out, err = result
    assert status == 2, err
    assert out == "" and err.startswith("error: ") and err.count("\n") == 1 and "Traceback" not in err
    for part in parts:
        assert part in err


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_mistake_in_a_scenario_is_one_message_with_its_line(scenario: Path, simnet, command: str):
    change(scenario, "node: camera2", "node: camera9")
    one_message(simnet(command, scenario), f"{scenario}:15: ", "camera9", "camera1")
    one_message(simnet(command, scenario.parent / "smal.yaml"), "smal.yaml", "small.yaml")


@pytest.mark.parametrize("command", ["run", "check"])
def test_weights_that_do_not_fit_the_scenario_are_one_message_with_the_line(
    scenario: Path, simnet, command: str, random_weights: Callable[..., Path]
):
    right = str(random_weights("ddnn"))
    change(scenario, right, "ddnn-nonesuch")
    one_message(simnet(command, scenario), f"{scenario}:{WEIGHTS_LINE}: systems.ddnn.weights: ", "ddnn-nonesuch")
    change(scenario, "ddnn-nonesuch", str(random_weights("ddnn", "cifar10")))
    one_message(simnet(command, scenario), f"{scenario}:{WEIGHTS_LINE}: systems.ddnn.weights: ", "cifar10", "plaza")
    change(scenario, str(random_weights("ddnn", "cifar10")), right)
    change(scenario, "preset: jetson-orin-nano", "preset: jetson-orin-nano, memory: 10 kB")
    one_message(simnet(command, scenario), f"{scenario}:6: nodes.edge.memory: ", "10 kB", "edge segment")


def copied_weights(folder: Path, original: Path) -> Path:
    folder.mkdir()
    for suffix in (".safetensors", ".json"):
        (folder / f"copy{suffix}").write_bytes(original.with_suffix(suffix).read_bytes())
    return folder / "copy.safetensors"


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_card_that_is_damaged_or_without_thresholds_is_one_message(
    scenario: Path, simnet, command: str, random_weights: Callable[..., Path], tmp_path: Path
):
    weights = copied_weights(tmp_path / "weights", random_weights("ddnn"))
    card = weights.with_suffix(".json")
    change(scenario, str(random_weights("ddnn")), str(weights))
    values = json.loads(card.read_text())
    card.write_text(json.dumps({**values, "calibration": {"thresholds": {}}}))
    assert simnet("check", scenario)[0] == 0  # the scenario names its own
    change(scenario, "ddnn: {thresholds: 0.9, weights: " + str(weights), "ddnn: {weights: " + str(weights))
    one_message(simnet(command, scenario), f"{scenario}:{WEIGHTS_LINE}: systems.ddnn", "edge", "threshold")
    card.write_text("{")
    one_message(simnet(command, scenario), f"{scenario}:{WEIGHTS_LINE}: ", "card")
    card.write_text("{}")
    one_message(simnet(command, scenario), f"{scenario}:{WEIGHTS_LINE}: ", "lacks")


def test_a_damaged_weight_file_is_one_message_and_leaves_the_former_results(
    scenario: Path, simnet, fresh_cache: Callable[[str], Path], random_weights: Callable[..., Path], tmp_path: Path
):
    out = tmp_path / "run"
    assert simnet("run", scenario, "--out", out, "--samples", 5, "--no-figures")[0] == 0
    before = results(out)
    weights = copied_weights(tmp_path / "weights", random_weights("ada-ddnn"))
    change(scenario, str(random_weights("ada-ddnn")), str(weights))
    weights.write_bytes(weights.read_bytes()[:-100])
    fresh_cache("empty")
    one_message(simnet("run", scenario, "--out", out, "--samples", 5, "--quiet"), "copy.safetensors", "checksum")
    weights.unlink()
    one_message(simnet("run", scenario, "--out", out, "--samples", 5, "--quiet"), "copy.safetensors", "missing")
    assert results(out) == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".run")] == []


def test_images_that_are_missing_and_cannot_be_downloaded_are_one_message(
    scenario: Path, simnet, random_weights: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def no_network(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr("torchvision.datasets.CIFAR10", no_network)
    monkeypatch.setenv("SIMNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SIMNET_DATA", raising=False)
    for system in ("ddnn", "ada-ddnn"):
        change(scenario, str(random_weights(system)), str(random_weights(system, "cifar10")))
    change(scenario, "data: plaza", "data: cifar10")
    (tmp_path / "empty").mkdir()
    result = simnet("run", scenario, "--data-dir", tmp_path / "empty", "--out", tmp_path / "run", "--quiet")
    one_message(result, "cifar10", str(tmp_path / "empty"), "no route to host", "--data-dir", "SIMNET_DATA")
    assert not (tmp_path / "run").exists()


def test_a_folder_that_holds_something_else_is_refused_before_anything_runs(scenario: Path, simnet, tmp_path: Path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("years of work")
    one_message(simnet("run", scenario, "--out", tmp_path / "thesis"), "thesis", "--out")
    assert (tmp_path / "thesis" / "chapter.tex").read_text() == "years of work"
    one_message(simnet("compare", tmp_path / "thesis"), "thesis", "not a run folder")
    one_message(simnet("plot", tmp_path / "nowhere"), "nowhere", "no such run folder")


STOPPED = """
import signal, sys, time
from simnet.cli import app as cli
from simnet.world import run as engine
def run(*_):
    print("running", flush=True)
    time.sleep(60)
engine.run = run
signal.signal(signal.SIGINT, signal.default_int_handler)  # a parent may have told us to ignore it
cli.main()
"""


def test_ctrl_c_stops_a_run_with_one_line_and_leaves_the_former_results(scenario: Path, tmp_path: Path):
    write_fake(tmp_path / "run", samples=5)
    before = results(tmp_path / "run")
    command = [sys.executable, "-c", STOPPED, "run", str(scenario), "--quiet", "--out", str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as child:
        assert child.stdout is not None and child.stdout.readline() == "running\n"
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=30)
    assert (child.returncode, said) == (130, "stopped; nothing was written\n")
    assert results(tmp_path / "run") == before


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_there_is_one_message(scenario: Path, simnet, fresh_cache, tmp_path: Path):
    fresh_cache("empty")
    one_message(simnet("run", scenario, "--device", "cuda", "--out", tmp_path / "run", "--quiet"), "CUDA")
    status, _, err = simnet("run", scenario, "--device", "tpu")
    assert status == 2 and "tpu" in err and "auto, cpu, cuda" in err


def test_check_counts_faults_as_they_are_reported(simnet):
    """One that hits both directions of a link is one."""
    _, printed, _ = simnet("check", ROOT / "scenarios" / "six_cameras.yaml")
    assert ", 2 faults; " in printed


def test_check_and_compare_show_the_codec(scenario: Path, simnet, tmp_path: Path):
    """In `check` beside the weights, in `compare` in a row of its own; a codec not trained for is mentioned."""
    change(scenario, "ada-ddnn: {", "ada-ddnn: {codec: int8, ")
    status, printed, _ = simnet("check", scenario)
    assert status == 0 and "ddnn-plaza (fp32), " in printed and "ada-ddnn-plaza (int8): ok" in printed
    assert "note: ada-ddnn sends features as int8; ada-ddnn-plaza was trained for fp32" in printed
    assert simnet("run", scenario, "--out", tmp_path / "run", "--samples", 5, "--no-figures", "--quiet")[0] == 0
    _, printed, _ = simnet("compare", tmp_path / "run")
    (row,) = (line.split() for line in printed.splitlines() if line.strip().startswith("codec"))
    assert row == ["codec", "fp32", "int8"]


@pytest.mark.parametrize("named", [True, False])
def test_camera_images_that_are_missing_are_one_message(
    scenario: Path,
    simnet,
    random_weights: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    named: bool,
):
    monkeypatch.delenv("SIMNET_DATA", raising=False)
    for system in ("ddnn", "ada-ddnn"):
        change(scenario, str(random_weights(system)), str(random_weights(system, "mvmc")))
    change(scenario, "data: plaza", "data: mvmc")
    assert simnet("check", scenario)[0] == 0
    folder = ["--data-dir", tmp_path] if named else []
    result = simnet("run", scenario, *folder, "--out", tmp_path / "run", "--quiet")
    one_message(result, "mvmc (test) is missing", "mvmc/test.parquet", "--data-dir", "SIMNET_DATA")
    assert not (tmp_path / "run").exists()


def test_fewer_cameras_and_samples_that_come_round_again_are_noted(scenario: Path, simnet, tmp_path: Path):
    assert "note:" not in simnet("check", scenario)[1]
    change(scenario, "camera[1..6]", "camera[2..4]")
    status, printed, _ = simnet("check", scenario)
    assert status == 0 and "note: only 3 of 6 views exist" in printed


def test_remarks_know_the_size_of_the_data(scenario: Path):
    loaded = load_scenario(scenario, samples=300)
    assert remarks(loaded, {}, 300) == []
    (remark,) = remarks(loaded, {}, 299)
    assert "300 samples from 299" in remark


def test_an_output_folder_that_cannot_be_made_is_one_message(scenario: Path, simnet):
    one_message(simnet("run", scenario, "--out", "/dev/null/run", "--quiet"), "/dev/null")


def test_more_samples_than_fit_into_memory_are_one_message(scenario: Path, simnet, monkeypatch: pytest.MonkeyPatch):
    def full(*args: object) -> None:
        raise MemoryError("Unable to allocate 26.2 TiB")

    monkeypatch.setattr("simnet.world.run.captures", full)
    one_message(simnet("run", scenario, "--quiet"), "not enough memory; ask for fewer samples")


def test_what_a_run_is_to_fail_on_is_status_three(scenario: Path, simnet, tmp_path: Path):
    """Cameras need more than 1 ms for each sample: saturated when one comes every millisecond, and some never end."""
    out = ("--out", tmp_path / "run", "--no-figures", "--quiet")
    assert simnet("run", scenario, *out, "--fail-on", "saturation", "--fail-on", "unfinished") == (0, "", "")
    fast = ("--set", "workload={every: 1 ms}", "--set", "duration=100 ms", "--set", "faults=[]")
    status, _, err = simnet("run", scenario, *out, *fast, "--fail-on", "saturation")
    assert status == 3 and "failed: ddnn: camera1 is saturated, offered load " in err and "unfinished" not in err
    places = read_run(tmp_path / "run").summary["systems"]["ddnn"]["usage"]["places"]
    saturated = [name for name, numbers in places.items() if numbers["verdict"] == "saturated"]
    assert [line.split()[2] for line in err.splitlines() if " ddnn: " in line] == saturated
    status, _, err = simnet("run", scenario, *out, *fast, "--fail-on", "unfinished")
    assert status == 3 and "of 100 samples unfinished" in err and "saturated" not in err
    status, printed, _ = simnet("run", scenario, *out[:-1], *fast)
    assert status == 0, "nothing is asked"
    assert "note: ddnn: saturated, offered load camera" in printed and "of 100 samples unfinished: p95" in printed
    assert "busiest places" in printed
    status, _, err = simnet("run", scenario, *out, "--fail-on", "satur")
    assert status == 2 and "'saturation', 'unfinished'" in err
