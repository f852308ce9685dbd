"""`simnet whatif`: what it tells of a sample is what a run with that one change gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from paths import ROOT

Simnet = Callable[..., tuple[int, str, str]]
Asked = Callable[..., dict[str, Any]]
COUNT = 30
OPTIONS = ("--samples", str(COUNT), "--no-figures", "--quiet")


def run(simnet: Simnet, out: Path, *more: str) -> list[dict[str, Any]]:
    """The samples of ADA-DDNN; camera 2 is down for the samples 10 to 19."""
    faults = ("--set", "faults=[{node: camera2, is: down, at: 950 ms, for: 1 s}]", "--set", "workload.every=100 ms")
    status, _, err = simnet(
        "run", str(ROOT / "scenarios" / "camera_failure.yaml"), "--out", str(out), *OPTIONS, *faults, *more
    )
    assert status == 0, err
    from simnet.results.run import read_run

    return list(read_run(out).samples("ada-ddnn").to_pylist())


@pytest.fixture
def asked(simnet: Simnet, tmp_path: Path) -> Asked:
    def ask(*words: str) -> dict[str, Any]:
        command = ("whatif", str(tmp_path / "run"), "--system", "ada-ddnn", "--json", *words)
        status, out, err = simnet(*command)
        assert status == 0, err
        found: dict[str, Any] = json.loads(out)["systems"]["ada-ddnn"]
        return found

    return ask


def same(told: dict[str, Any], row: dict[str, Any]) -> bool:
    return all(told[key] == row[key] for key in ("outcome", "exit", "prediction", "correct", "latency", "bytes"))


def test_as_it_was_and_every_exit(simnet: Simnet, tmp_path: Path, asked: Asked) -> None:
    rows = run(simnet, tmp_path / "run")
    found = asked("--sample", "3")
    assert list(found) == ["as it was", "exit edge-1", "exit edge-2", "exit cloud"]
    assert same(found["as it was"], rows[3])
    assert [one["exit"] for one in found.values()][1:] == ["edge-1", "edge-2", "cloud"]
    assert same(found[f"exit {rows[3]['exit']}"], rows[3]) and found[f"exit {rows[3]['exit']}"]["others"] == 0
    latencies = [found[f"exit {name}"]["latency"] for name in ("edge-1", "edge-2", "cloud")]
    assert latencies == sorted(latencies) and latencies[0] < latencies[1] < latencies[2]
    assert found["exit cloud"]["bytes"] > found["exit edge-2"]["bytes"] == found["exit edge-1"]["bytes"]


def test_another_threshold_is_a_run_with_it(simnet: Simnet, tmp_path: Path, asked: Asked) -> None:
    before = run(simnet, tmp_path / "run")
    found = asked("--sample", "5", "--threshold", "0")["T = 0"]
    after = run(simnet, tmp_path / "other", "--set", "systems.ada-ddnn.thresholds=0")
    assert same(found, after[5]) and found["exit"] == "cloud"
    keys = ("outcome", "exit", "prediction", "latency")
    assert found["others"] == sum(
        any(a[key] != b[key] for key in keys) for n, (a, b) in enumerate(zip(before, after, strict=True)) if n != 5
    )


def test_a_camera_that_was_down_is_up(simnet: Simnet, tmp_path: Path, asked: Asked) -> None:
    """Ten samples of thirty met the fault: each waited 60 ms for the camera, and none does now."""
    rows = run(simnet, tmp_path / "run")
    missed = [number for number, row in enumerate(rows) if row["views"] != 0b111111]
    assert missed == list(range(10, 20))
    found = asked("--sample", "12", "--node", "camera2=up")["camera2 up"]
    without = run(simnet, tmp_path / "other", "--set", "faults=[]")
    assert same(found, without[12]) and found["others"] == 9
    assert rows[12]["latency"] > found["latency"] + 0.05


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--sample", "30"), "the run has samples 0 to 29"),
        (("--sample", "1", "--exit", "edge"), "unknown exit of ada-ddnn 'edge'; did you mean 'edge-2'?"),
        (("--sample", "1", "--exit", "cloud", "--threshold", "0.5"), "give one of --exit, --threshold and --node"),
        (("--sample", "1", "--threshold", "2"), "2 lies outside the range of ada-ddnn's rules"),
        (("--sample", "1", "--node", "camera2"), "'camera2' is not NODE=up or NODE=down"),
        (("--sample", "1", "--node", "camera9=down"), "there is no node 'camera9' in the run"),
        (("--sample", "1", "--node", "camera1=up"), "camera1 is never down in the run"),
        (("--sample", "1", "--system", "adda"), "unknown system 'adda'"),
    ],
)
def test_what_is_no_change_is_one_message(simnet: Simnet, tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    run(simnet, tmp_path / "run")
    status, out, err = simnet(
        "whatif", str(tmp_path / "run"), *(() if "--system" in words else ("--system", "ada-ddnn")), *words
    )
    assert status == 2 and message in " ".join(err.split()) and out == ""
