"""Every shipped scenario with the shipped weights: it runs, and shows what its comment says.

Faults are moved into the first twelve seconds, so that sixty samples meet them all.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from simnet import cli
from simnet.results import Run, read_run

SCENARIOS = Path(__file__).parent.parent / "scenarios"
SAMPLES = 60
FIRST, SECOND = (2.0, 5.0), (7.0, 10.0)
"""When the first and the second fault are moved to, in seconds."""


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    def run(name: str, *options: str, faults: int = 2) -> Run:
        arguments = ["run", str(SCENARIOS / f"{name}.yaml"), "--out", str(tmp_path / name), "--quiet", *options]
        arguments += ["--samples", str(SAMPLES)]
        for number, (start, end) in enumerate((FIRST, SECOND)[:faults]):
            arguments += ["--set", f"faults.{number}.at={start:g} s", "--set", f"faults.{number}.for={end - start:g} s"]
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
        return made

    return run


def test_every_shipped_scenario_is_played_here():
    names = {path.stem for path in SCENARIOS.glob("*.yaml")}
    assert names == {"six_cameras", "six_cameras_cifar10", "camera_failure", "cloud_outage"}


def during(rows: list[dict], window: tuple[float, float], margin: float = 0.0) -> list[dict]:
    """The samples captured in a window, `margin` seconds inside its end."""
    return [row for row in rows if window[0] <= row["captured_at"] < window[1] - margin]


def outside(rows: list[dict], *windows: tuple[float, float]) -> list[dict]:
    """The samples captured clear of all windows: half a second before them or a second after."""
    return [row for row in rows if not any(a - 0.5 < row["captured_at"] < b + 1.0 for a, b in windows)]


def test_six_cameras(play: Callable[..., Run]):
    """One camera fails for a while, then the uplink is slow."""
    run = play("six_cameras")
    assert (run.path / "figures" / "timeline.png").is_file()
    for system in run.systems:
        rows = run.samples(system).to_pylist()
        assert {row["views"] for row in during(rows, FIRST)} == {0b111011}
        assert {row["views"] for row in outside(rows, FIRST)} == {0b111111}
        slow = [
            row["latency"] for row in during(rows, SECOND, 0.5) if row["exit"] == "cloud" or row["outcome"] == "forced"
        ]
        quick = [row["latency"] for row in outside(rows, FIRST, SECOND) if row["exit"] == "cloud"]
        assert slow and quick and min(slow) > max(quick)
        assert run.summary["systems"][system]["accuracy"] > 0.7


def test_camera_failure(play: Callable[..., Run]):
    """One camera, then two at once: the fusion runs without them, after waiting for them."""
    run = play("camera_failure", "--no-figures")
    for system in run.systems:
        rows = run.samples(system).to_pylist()
        assert {row["views"] for row in during(rows, FIRST)} == {0b111101}
        assert {row["views"] for row in during(rows, SECOND)} == {0b100111}
        clear = outside(rows, FIRST, SECOND)
        assert {row["views"] for row in clear} == {0b111111}
        edge = [name for name in run.summary["systems"][system]["exits"] if name != "cloud"]
        for name in edge:
            waited = [row["latency"] for row in during(rows, FIRST) + during(rows, SECOND) if row["exit"] == name]
            direct = [row["latency"] for row in clear if row["exit"] == name]
            if waited and direct:
                assert min(waited) == pytest.approx(min(direct) + 0.060, abs=1e-6)


def test_cloud_outage(play: Callable[..., Run]):
    """Without an answer from the cloud samples are forced to leave at the edge, exactly at the limit."""
    run = play("cloud_outage", "--no-figures")
    for system in run.systems:
        rows = run.samples(system).to_pylist()
        last = "edge" if system == "ddnn" else "edge-2"
        for window in (FIRST, SECOND):
            inside = during(rows, window, 0.2)
            forced = [row for row in inside if row["outcome"] == "forced"]
            assert forced and {row["exit"] for row in forced} == {last}
            assert "cloud" not in {row["exit"] for row in inside}
            assert all(row["latency"] > 0.150 for row in forced)
        clear = outside(rows, FIRST, SECOND)
        assert {row["outcome"] for row in clear} == {"finished"} and "cloud" in {row["exit"] for row in clear}
        ended = {span["sample"]: span["ended_at"] for span in run.spans(system).to_pylist() if span["place"] == "edge"}
        for row in rows:
            if row["outcome"] == "forced":
                assert row["finished_at"] == pytest.approx(ended[row["sample"]] + 0.150, abs=1e-9)


def test_six_cameras_cifar10(play: Callable[..., Run], cifar10_folder: Path):
    """The paper's setting; nothing fails."""
    run = play("six_cameras_cifar10", "--data-dir", str(cifar10_folder), "--no-figures", faults=0)
    for system in run.systems:
        rows = run.samples(system).to_pylist()
        assert {row["outcome"] for row in rows} == {"finished"} and {row["views"] for row in rows} == {0b111111}
        assert run.summary["systems"][system]["accuracy"] > 0.5
