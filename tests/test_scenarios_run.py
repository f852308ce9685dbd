"""Every shipped scenario with the shipped weights: it runs, and shows what its comment says.

Faults are moved to samples 20 to 35 and 55 to 75, so that a hundred samples meet them all.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simnet import cli
from simnet.results import Run, read_run
from simnet.scenario import load_scenario
from simnet.scenario.schema import Periodic

SCENARIOS = Path(__file__).parent.parent / "scenarios"
SAMPLES = 100
FIRST, SECOND = (20, 35), (55, 75)
"""The samples that the first and the second fault are moved to."""


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs a shipped scenario; returns the run and when the faults are, in seconds."""

    def run(name: str, *options: str, faults: int = 2) -> tuple[Run, list[tuple[float, float]]]:
        workload = load_scenario(SCENARIOS / f"{name}.yaml").workload
        assert isinstance(workload, Periodic)
        windows = [(start * workload.every, end * workload.every) for start, end in (FIRST, SECOND)[:faults]]
        arguments = ["run", str(SCENARIOS / f"{name}.yaml"), "--out", str(tmp_path / name), "--quiet", *options]
        arguments += ["--samples", str(SAMPLES)]
        for number, (start, end) in enumerate(windows):
            arguments += [
                "--set",
                f"faults.{number}.at={start:.6g} s",
                "--set",
                f"faults.{number}.for={end - start:.6g} s",
            ]
        monkeypatch.setattr(sys, "argv", ["simnet", *arguments])
        with pytest.raises(SystemExit) as end_of_run:
            cli.main()
        assert end_of_run.value.code in (0, None)
        made = read_run(tmp_path / name)
        assert made.systems == ("ddnn", "ada-ddnn")
        for system in made.systems:
            summary = made.summary["systems"][system]
            assert summary["finished"] + summary["dropped"] + summary["unfinished"] == SAMPLES
            assert summary["dropped"] == 0
        captured = [made.samples(system)["captured_at"] for system in made.systems]
        assert captured[0].equals(captured[1])
        return made, windows

    return run


def test_every_shipped_scenario_is_played_here():
    names = {path.stem for path in SCENARIOS.glob("*.yaml")}
    assert names == {"six_cameras", "six_cameras_cifar10", "camera_failure", "cloud_outage"}


def during(rows: list[dict], window: tuple[float, float], margin: float = 0.0) -> list[dict]:
    """The samples captured in a window, `margin` seconds inside its end."""
    return [row for row in rows if window[0] <= row["captured_at"] < window[1] - margin]


def outside(rows: list[dict], *windows: tuple[float, float]) -> list[dict]:
    """The samples captured clear of all windows: 0.3 s before them or 0.5 s after."""
    return [row for row in rows if not any(a - 0.3 < row["captured_at"] < b + 0.5 for a, b in windows)]


def test_six_cameras(play: Callable[..., Any]):
    """One camera fails for a while, then the uplink is slow."""
    run, (first, second) = play("six_cameras")
    assert (run.path / "figures" / "timeline.png").is_file()
    for system in run.systems:
        rows = run.samples(system).to_pylist()
        assert {row["views"] for row in during(rows, first)} == {0b111011}
        assert {row["views"] for row in outside(rows, first)} == {0b111111}
        slow = [
            row["latency"] for row in during(rows, second, 0.2) if row["exit"] == "cloud" or row["outcome"] == "forced"
        ]
        quick = [row["latency"] for row in outside(rows, first, second) if row["exit"] == "cloud"]
        assert slow and quick and min(slow) > max(quick)
        assert run.summary["systems"][system]["accuracy"] > 0.7


def test_camera_failure(play: Callable[..., Any]):
    """One camera, then two at once: the fusion runs without them, after waiting for them."""
    run, (first, second) = play("camera_failure", "--no-figures")
    for system in run.systems:
        rows = run.samples(system).to_pylist()
        assert {row["views"] for row in during(rows, first)} == {0b111101}
        assert {row["views"] for row in during(rows, second)} == {0b100111}
        clear = outside(rows, first, second)
        assert {row["views"] for row in clear} == {0b111111}
        edge = [name for name in run.summary["systems"][system]["exits"] if name != "cloud"]
        for name in edge:
            waited = [row["latency"] for row in during(rows, first) + during(rows, second) if row["exit"] == name]
            direct = [row["latency"] for row in clear if row["exit"] == name]
            if waited and direct:
                assert min(waited) == pytest.approx(min(direct) + 0.060, abs=1e-6)


def test_cloud_outage(play: Callable[..., Any]):
    """Without an answer from the cloud samples are forced to leave at the edge, exactly at the limit."""
    # At its calibrated T ADA-DDNN sends one sample in thirty to the cloud: too few for windows this short.
    run, windows = play("cloud_outage", "--no-figures", "--set", "systems.ada-ddnn.thresholds=0.05")
    for system in run.systems:
        rows = run.samples(system).to_pylist()
        last = "edge" if system == "ddnn" else "edge-2"
        for window in windows:
            inside = during(rows, window, 0.2)
            forced = [row for row in inside if row["outcome"] == "forced"]
            assert forced and {row["exit"] for row in forced} == {last}
            assert "cloud" not in {row["exit"] for row in inside}
            assert all(row["latency"] > 0.150 for row in forced)
        clear = outside(rows, *windows)
        assert {row["outcome"] for row in clear} == {"finished"} and "cloud" in {row["exit"] for row in clear}
        ended = {span["sample"]: span["ended_at"] for span in run.spans(system).to_pylist() if span["place"] == "edge"}
        for row in rows:
            if row["outcome"] == "forced":
                assert row["finished_at"] == pytest.approx(ended[row["sample"]] + 0.150, abs=1e-9)


def test_six_cameras_cifar10(play: Callable[..., Any], cifar10_folder: Path):
    """The paper's setting; nothing fails."""
    run, _ = play("six_cameras_cifar10", "--data-dir", str(cifar10_folder), "--no-figures", faults=0)
    for system in run.systems:
        rows = run.samples(system).to_pylist()
        assert {row["outcome"] for row in rows} == {"finished"} and {row["views"] for row in rows} == {0b111111}
        assert run.summary["systems"][system]["accuracy"] > 0.5
