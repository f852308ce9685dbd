"""`simnet size` on a camera and an uplink whose answer can be worked out by hand; systems, metrics, what is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import simnet
from simnet.cli.app import app
from simnet.experiments.sizing.limits import Limit
from simnet.experiments.sizing.size import size
from simnet.experiments.sweeps.axes import written
from simnet.experiments.sweeps.sweep import How
from simnet.results.run import RunError

SCENARIO = """\
let: {squares: 2}
data: plaza
samples: 12
workload: {every: 1 s}
nodes:
  s[1..$squares]-camera[1..6]: {tier: device, preset: raspberry-pi-4, site: "s[1..$squares]"}
  edge: {tier: edge, preset: jetson-orin-nano}
  cloud: {tier: cloud, speed: 10 TFLOP/s}
links:
  - {between: ["s*-camera*", edge], preset: wifi}
  - {between: [edge, cloud], bandwidth: 10 Mbit/s, latency: 20 ms}
systems:
  ddnn: {thresholds: 0.0}
  ada-ddnn: {}
"""
# With T = 0 every sample goes on to the cloud, so the mean latency is a constant and the bytes ÷ the bandwidth.


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    file = tmp_path / "sizing.yaml"
    file.write_text(SCENARIO, encoding="utf-8")
    return file


def found(scenario: Path, least: str, limit: str, tmp_path: Path, **how: object) -> object:
    return size(
        simnet.load(scenario),
        written(least, "--least "),
        "least",
        [Limit.read(limit)],
        tmp_path / "out",
        How(workers=1),
        ["simnet"],
        **{"system": "ddnn", "repeats": 3, **how},  # type: ignore[arg-type]
    )


def test_the_least_uplink_is_where_arithmetic_says(scenario: Path, tmp_path: Path) -> None:
    """Latency is A + 8·B/bandwidth, B the bytes sent up: two runs give A and B, and so where it reaches a limit."""

    def latency(bandwidth: str) -> float:
        change = [f"links.1.bandwidth={bandwidth}", "workload.every=3 s"]  # two squares take turns on the link
        summary = simnet.run(simnet.load(scenario, change)).summary
        return float(summary["systems"]["ddnn"]["latency"]["mean"])

    at_one, at_two = latency("1 Mbit/s"), latency("2 Mbit/s")
    size_of = (at_one - at_two) / 4  # of A + 8 B = at_one and A + 4 B = at_two, B in megabytes
    rest = at_one - 8 * size_of
    bound = rest + 8 * size_of / 1.3
    least = "links.1.bandwidth={from: 1 Mbit/s, to: 2 Mbit/s, steps: 11}"
    made = found(scenario, least, f"latency.mean <= {1e3 * bound + 1e-6:.9f} ms", tmp_path)
    assert made.answer == "1.3 Mbit/s", made.sentence()  # type: ignore[attr-defined]
    assert "1.2 Mbit/s surely does not" in made.sentence()  # type: ignore[attr-defined]


def test_the_command_tells_and_keeps_the_answer(scenario: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ["size", str(scenario), "--most", "let.squares={from: 1, to: 3}", "--subject", "captured <= 12"]
    done = CliRunner().invoke(app, [*command, "--system", "ddnn", "--out", str(out), "--repeats", "2"])
    assert done.exit_code == 0, done.output
    assert "let.squares: 3 keeps the limits still" in done.output
    kept = json.loads((out / "size.json").read_text(encoding="utf-8"))
    assert kept["answer"] == 3 and {one["verdict"] for one in kept["tried"]} == {"yes"}
    figure = tmp_path / "size.png"
    more = ["--system", "ddnn", "--out", str(out), "--repeats", "2", "--json", "--figure", str(figure)]
    again = CliRunner().invoke(app, [*command, *more])
    assert json.loads(again.stdout) == kept and figure.stat().st_size > 5_000


def test_nothing_that_keeps_the_limits_is_status_3(scenario: Path, tmp_path: Path) -> None:
    command = ["size", str(scenario), "--most", "let.squares=1,2", "--subject", "captured < 5", "--system", "ddnn"]
    done = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "out"), "--repeats", "2"])
    assert done.exit_code == 3 and "not even 1 keeps the limits" in done.output


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"system": None}, "say which system must keep the limits: ddnn, ada-ddnn"),
        ({"system": "dnn"}, "unknown system 'dnn'; did you mean 'ddnn'?"),
    ],
)
def test_a_system_that_is_not_told(how: dict[str, object], message: str, scenario: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="system") as wrong:
        found(scenario, "links.1.bandwidth=1 Mbit/s,2 Mbit/s", "latency.mean < 1 s", tmp_path, **how)
    assert message in str(wrong.value)


def test_an_unknown_metric_is_told_with_the_nearest(scenario: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"unknown metric 'latency\.p59'; did you mean 'latency\.p9"):
        found(scenario, "links.1.bandwidth=1 Mbit/s,2 Mbit/s", "latency.p59 < 1 s", tmp_path)


@pytest.mark.parametrize(
    ("least", "limit", "message"),
    [
        ("let.squares=1,2", "latncy.p95 < 1 s", "unknown metric 'latncy'; did you mean 'latency'?"),
        ("let.squares=1,2", "let.squares < 3", "unknown metric 'let'"),
        ("nodes.edge.workers=0,1,2", "latency.p95 < 1 s", "nodes.edge.workers=0: "),
        ("nodes.edge.memory=1 B,4 GB,8 GB", "latency.p95 < 1 s", "nodes.edge.memory=1 B: "),
    ],
)
def test_a_mistake_is_told_before_anything_is_played(
    least: str, limit: str, message: str, scenario: Path, tmp_path: Path
) -> None:
    """The hardest value would be the last that bisection asks for."""
    with pytest.raises(RunError) as wrong:
        found(scenario, least, limit, tmp_path)
    assert message in str(wrong.value) and not (tmp_path / "out").exists()


def test_what_is_varied_is_no_metric(scenario: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="unknown metric 'samples'"):
        found(scenario, "samples=5,6", "samples < 7", tmp_path)


def test_intervals_of_all_limits_hold_together(scenario: Path, tmp_path: Path) -> None:
    """Three repeats, one look: of one limit Student's interval with 95 %, of two each with 97.5 % (two degrees)."""
    import statistics

    from simnet.experiments.repeats import seeds_of

    axis, limits = written("samples=12", "--least "), ["accuracy >= 0", "latency.mean < 1 s"]
    made = [
        size(
            simnet.load(scenario), axis, "least", list(map(Limit.read, some)), tmp_path / "out", How(workers=1),
            ["simnet"], system="ada-ddnn", repeats=3,
        )
        for some in (limits[:1], limits)
    ]  # fmt: skip
    seeds = [seed for seed, _ in zip(seeds_of(1), range(3), strict=False)]
    runs = [simnet.run(simnet.load(scenario, seed=seed)).summary["systems"]["ada-ddnn"] for seed in seeds]
    error = statistics.stdev(run["accuracy"] for run in runs) / 3**0.5
    assert error > 0
    for one, student in zip(made, (4.3027, 6.2053), strict=True):
        estimate = one.tried[0].estimates[0]
        assert estimate is not None and estimate.high is not None
        assert estimate.high - estimate.mean == pytest.approx(student * error, rel=1e-4)
