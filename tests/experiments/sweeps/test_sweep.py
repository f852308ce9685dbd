"""Sweeps: paired seeds, what is kept and resumed, what fails, the network once and before, workers that die."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from textwrap import dedent
from traceback import extract_tb
from typing import Any

import pytest

import simnet as api
from simnet.experiments.repeats import seeds_of
from simnet.experiments.sweeps import crew, work

SCENARIO = """\
data: plaza
samples: 30
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
OVER = {"systems.ddnn.thresholds": [0.2, 0.8], "links.1.bandwidth": ["1 Mbit/s", "10 Mbit/s"]}


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    file = tmp_path / "small.yaml"
    file.write_text(SCENARIO, encoding="utf-8")
    return file


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[work.Job]:
    """The runs that are really done, in this process."""
    found: list[work.Job] = []
    honest = work.play

    def play(job: work.Job) -> work.Outcome:
        found.append(job)
        return honest(job)

    monkeypatch.setattr(crew, "play", play)
    return found


def test_every_run_is_that_of_the_changed_scenario_and_seeds_are_paired(scenario: Path):
    found = api.sweep(scenario, over=OVER, repeats=2, workers=1)
    rows = found.table.to_pylist()
    assert [(row["point"], row["repeat"]) for row in rows] == [(p, r) for p in range(4) for r in range(2)]
    seeds = list(islice(seeds_of(1), 2))
    assert [row["seed"] for row in rows] == seeds * 4, "the same at all points"
    assert [row["links.1.bandwidth [SI]"] for row in rows[::2]] == [125e3, 1.25e6] * 2
    for row in rows[1::2]:
        changes = {key: row[key] for key in OVER}
        alone = api.run(api.load(scenario, changes, seed=row["seed"])).summary["systems"]["ddnn"]
        assert row["latency.p95"] == alone["latency"]["p95"] and row["accuracy"] == alone["accuracy"]
        assert row["accuracy.low"] == alone["intervals"]["accuracy"]["low"]
        assert row["exits.edge.share"] == alone["exits"]["edge"]["share"]
        assert row["bytes.total"] == alone["bytes"]["total"]
    assert not any("camera1" in name for name in found.table.column_names), "no column for each node"
    assert found.failed == {}


def test_what_is_finished_is_not_done_again(scenario: Path, tmp_path: Path, played: list[work.Job]):
    out = tmp_path / "sweep"
    first = api.sweep(scenario, over=OVER, out=out, workers=1)
    assert len(played) == 4 and len(list((out / "points").iterdir())) == 4
    again = api.sweep(scenario, over=OVER, out=out, workers=1)
    assert len(played) == 4 and again.table.equals(first.table)
    assert api.load_sweep(out).table.equals(first.table)
    more = {**OVER, "links.1.bandwidth": [*OVER["links.1.bandwidth"], "3 Mbit/s"]}
    wider = api.sweep(scenario, over=more, out=out, workers=1)
    assert len(played) == 6 and wider.about["points"] == 6, "only what is new"
    api.sweep(scenario, over=OVER, out=out, workers=1, repeats=2)
    assert len(played) == 10, "the second repeat of four points"


def test_a_damaged_or_foreign_point_is_not_believed(scenario: Path, tmp_path: Path, played: list[work.Job]):
    out = tmp_path / "sweep"
    first = api.sweep(scenario, over=OVER, out=out, workers=1)
    one, other, third, _ = sorted((out / "points").iterdir())
    one.write_text(one.read_text().replace('"accuracy": ', '"accuracy": 1', 1))
    other.write_bytes(third.read_bytes())
    third.write_bytes(third.read_bytes()[:100])
    again = api.sweep(scenario, over=OVER, out=out, workers=1)
    assert len(played) == 4 + 3 and again.table.equals(first.table)


def test_a_sweep_that_is_stopped_goes_on_with_what_is_finished(
    scenario: Path, tmp_path: Path, played: list[work.Job], simnet: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
):
    out, honest = tmp_path / "sweep", crew.play

    def third_is_stopped(job: work.Job) -> work.Outcome:
        if len(played) == 2:
            raise KeyboardInterrupt
        return honest(job)

    over = [f"{key}={','.join(map(str, values))}" for key, values in OVER.items()]
    command = ("sweep", scenario, "--over", over[0], "--over", over[1], "--workers", 1, "--out", out)
    with monkeypatch.context() as patch:
        patch.setattr(crew, "play", third_is_stopped)
        status, _, err = simnet(*command)
    assert status == 130 and f"stopped; what is finished is kept in {out}; the same command goes on" in err
    table = api.load_sweep(out)
    assert table.about["not_done"] == 2 and table.table["error"].to_pylist() == [None, None, "not done", "not done"]
    status, printed, err = simnet(*command)
    assert status == 0 and len(played) == 4 and "4 points" in printed and "4 of 4 runs" in err
    assert api.load_sweep(out).about["not_done"] == 0


def test_points_that_fail_are_told_and_harm_no_other(scenario: Path, tmp_path: Path, simnet: Callable[..., Any]):
    """No such worker count: found when the file is read. Too little memory: when the run is planned."""
    out = tmp_path / "sweep"
    options = ("--workers", 1, "--out", out, "--over")
    status, _, err = simnet("sweep", scenario, *options, "nodes.edge.workers=0,1")
    told = "--over nodes.edge.workers=0,1: nodes.edge.workers: must be 1 or more, found 0"
    assert status == 3 and err.count(f"failed: {told}") == 1
    rows = api.load_sweep(out).table.to_pylist()
    assert [(row["system"], row["error"]) for row in rows] == [(None, told), ("ddnn", None)]
    status, _, err = simnet("sweep", scenario, *options, "nodes.edge.memory=1 B,8 GB")
    assert status == 3 and "not 1 B" in err and "Traceback" not in err
    assert [row["system"] for row in api.load_sweep(out).table.to_pylist()] == [None, "ddnn"]


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ("systems.ddn.thresholds=0.2,0.4", "in systems: unknown key 'ddn'; did you mean 'ddnn'?"),
        ("links.7.bandwidth=1 Mbit/s,2 Mbit/s", "in links: no entry '7': it has 2, counted from 0"),
        ("nodes.edge.speeed=1 GFLOP/s,2 GFLOP/s", "unknown key 'speeed'; did you mean 'speed'?"),
        ("nodes.edge.workers={from: 1, to: 2}", "a grid needs 'steps'"),
    ],
)
def test_a_sweep_without_any_valid_point_is_refused(
    scenario: Path, tmp_path: Path, simnet: Callable[..., Any], over: str, message: str
):
    status, _, err = simnet("sweep", scenario, "--over", over, "--out", tmp_path / "sweep", "--workers", 1)
    told = [line for line in err.splitlines() if line.startswith("error: ")]
    assert status == 2 and len(told) == 1 and told[0].startswith(f"error: --over {over}: ") and message in told[0]
    assert not (tmp_path / "sweep").exists()


def test_a_sweep_file(scenario: Path, tmp_path: Path, simnet: Callable[..., Any]):
    file = tmp_path / "uplink.yaml"
    text = "scenario: small.yaml\nset: {samples: 12}\nover:\n  links.1.bandwidth: [1 Mbit/s, 2 Mbit/s]\nrepeats: 2\n"
    file.write_text(text, encoding="utf-8")
    out = tmp_path / "sweep"
    status, printed, _ = simnet("sweep", file, "--out", out, "--workers", 1)
    assert status == 0 and "uplink: 2 points with 2 repeats each" in printed
    table = api.load_sweep(out).table
    assert table.num_rows == 4 and set(table["captured"].to_pylist()) == {12.0}
    file.write_text(text.replace("links.1", "links.4"), encoding="utf-8")
    status, _, err = simnet("sweep", file, "--out", out, "--workers", 1)
    assert status == 2 and f"error: {file}:4: in links: no entry '4'" in err
    assert simnet("sweep", scenario, "--out", out)[0] == 2, "a scenario alone says not what is swept"


def test_an_interval_of_whole_numbers_gives_whole_numbers(scenario: Path):
    """A count such as `samples` takes no 10.0."""
    found = api.sweep(scenario, over={"samples": {"from": 10, "to": 20, "steps": 3}}, workers=1)
    assert found.table["captured"].to_pylist() == [10.0, 15.0, 20.0] and not found.failed


def test_the_number_of_cameras_is_swept_by_let(scenario: Path):
    """Two cameras send a third of what six send: each sample is six, or two, reports, and all leave at the edge."""
    text = SCENARIO.replace("camera[1..6]", "camera[1..$cameras]").replace("thresholds: 0.5", "thresholds: 1")
    scenario.write_text(f"let: {{cameras: 6}}\n{text}", encoding="utf-8")
    table = api.sweep(scenario, over={"let.cameras": [2, 6]}, workers=1).table
    two, six = table["bytes.total"].to_pylist()
    assert table["let.cameras"].to_pylist() == [2, 6] and two > 0 and six == 3 * two


def test_other_folders_are_left_alone(scenario: Path, tmp_path: Path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(api.RunError, match="holds files but no sweep, so it is left alone"):
        api.sweep(scenario, over=OVER, out=tmp_path / "mine", workers=1)
    with pytest.raises(api.RunError, match="no folder of a sweep"):
        api.load_sweep(tmp_path / "mine")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda about: about.pop("method"), "method is missing or wrong"),
        (lambda about: about.update(points="six"), "points is missing or wrong"),
        (lambda about: about.update(over={"samples": 5}), "over.samples is missing or wrong"),
    ],
)
def test_a_sweep_s_file_that_lacks_something_is_damaged(
    scenario: Path, tmp_path: Path, change: Callable[[dict[str, Any]], Any], message: str
):
    out = tmp_path / "sweep"
    api.sweep(scenario, over={"samples": [5]}, out=out, workers=1)
    about = json.loads((out / "sweep.json").read_text(encoding="utf-8"))
    change(about)
    (out / "sweep.json").write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(api.RunError) as wrong:
        api.load_sweep(out)
    assert str(wrong.value) == f"{out / 'sweep.json'}: damaged ({message})"


def test_the_network_runs_once_and_before_the_runs(
    scenario: Path, fresh_cache: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, played: list[work.Job]
):
    """Over thresholds and bandwidth one system has one network; later sweeps over anything of that kind have none."""
    from simnet.inference import batches

    fresh_cache("sweep")
    made: list[int] = []
    honest = batches.Batches.__init__

    def noted(self: batches.Batches, *rest: Any, **named: Any) -> None:
        made.append(len(played))
        honest(self, *rest, **named)

    monkeypatch.setattr(batches.Batches, "__init__", noted)
    api.sweep(scenario, over=OVER, workers=1, repeats=2)
    assert made == [0] and len(played) == 8
    others = {
        "systems.ddnn.thresholds": [0.1, 0.9],
        "nodes.edge.speed": ["1 GFLOP/s", "1 TFLOP/s"],
        "links.0.latency": ["1 ms", "10 ms"],
        "workload.every": ["300 ms"],
    }
    api.sweep(scenario, over=others, workers=1)
    assert made == [0] and len(played) == 16
    api.sweep(scenario, over={"systems.ddnn.codec": ["fp32", "int8"]}, workers=1)
    assert made == [0, 16], "int8 is another question, once"


def test_a_worker_that_lacks_an_answer_leaves_it_to_whoever_may_run_the_network(
    scenario: Path, fresh_cache: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, played: list[work.Job]
):
    """A camera is down for a while: which samples that are nobody foresees. One run with the network is enough."""
    fresh_cache("lacking")
    monkeypatch.setattr(crew.Alone, "network", False)
    over = {**OVER, "faults": [[{"at": "1 s", "for": "2 s", "node": "camera2", "is": "down"}]]}
    found = api.sweep(scenario, over=over, workers=1)
    assert found.failed == {} and found.table.num_rows == 4
    with_network = [job for job in played if job.network]
    assert len(with_network) == 1 and len(played) == 6, "two are in hand, and lack the same"


OWN = """\
    import os, sys
    from simnet.results.section import Section

    class Fate(Section):
        name = "fate"

        def of(self, run):
            if run.scenario.nodes["edge"].workers == 3:
                os.kill(os.getpid(), 9)
            return {"torch": int("torch" in sys.modules), "process": os.getpid()}
"""


@pytest.mark.slow
def test_workers_die_alone_and_need_no_torch(scenario: Path, tmp_path: Path):
    """The point that kills its worker has failed; those that were lost with it are done again."""
    (tmp_path / "own.py").write_text(dedent(OWN), encoding="utf-8")
    scenario.write_text(f"{SCENARIO}metrics: ['own.py:Fate']\n", encoding="utf-8")
    found = api.sweep(scenario, over={"nodes.edge.workers": [1, 2, 3, 4, 5]}, out=tmp_path / "sweep", workers=2)
    rows = found.table.to_pylist()
    assert [row["error"] for row in rows] == [None, None, crew.DIED, None, None]
    good = [row for row in rows if row["error"] is None]
    assert {row["fate.torch"] for row in good} == {0.0}
    import os

    assert os.getpid() not in {row["fate.process"] for row in good}


def test_a_cluster_that_exists(scenario: Path, fresh_cache: Callable[[str], Path]):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        found = api.sweep(
            scenario, over={"links.1.bandwidth": OVER["links.1.bandwidth"]}, scheduler=cluster.scheduler_address
        )
    here = api.sweep(scenario, over={"links.1.bandwidth": OVER["links.1.bandwidth"]}, workers=1)
    assert found.table.equals(here.table)


def test_a_scheduler_that_is_not_there(scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(crew, "PATIENCE", "500ms")
    out = tmp_path / "sweep"
    api.sweep(scenario, over=OVER, out=out, workers=1)
    before = (out / "sweep.json").read_bytes()
    with pytest.raises(api.RunError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9 "):
        api.sweep(scenario, over={"samples": [10, 11]}, out=out, scheduler="tcp://127.0.0.1:9")
    assert (out / "sweep.json").read_bytes() == before, "what was there stays"


@pytest.mark.parametrize("address", ["", "nobody", "tcp://host", "tcp://host:x", "http://host:1"])
def test_what_is_no_address_of_a_scheduler(scenario: Path, address: str, recwarn: pytest.WarningsRecorder):
    """Refused before Dask's client is made, whose threads would tell of it once more at the end."""
    pytest.importorskip("distributed")
    with pytest.raises(api.RunError, match="no Dask scheduler answers at") as wrong:
        crew.Cluster(address)
    assert "\n" not in str(wrong.value) and not recwarn.list
    frames = [frame.name for frame in extract_tb(wrong.value.__context__.__traceback__)]  # type: ignore[union-attr]
    assert "get_address_host_port" in frames or "parse_host_port" in frames, "Client was not asked"


def test_a_full_disk_is_one_message_and_what_is_finished_stays(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, played: list[work.Job]
):
    out, honest = tmp_path / "sweep", Path.write_bytes

    def full(self: Path, content: bytes) -> int:
        if len(played) >= 3 and self.name.endswith(".partial"):
            raise OSError(28, "No space left on device")
        return honest(self, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(api.RunError, match=r"cannot be written \(No space left on device\); finished points are kept"):
        api.sweep(scenario, over=OVER, out=out, workers=1)
    assert len(list((out / "points").iterdir())) == 2
    kept = json.loads(next(iter((out / "points").iterdir())).read_text())
    assert kept["about"]["settings"].keys() == OVER.keys()
