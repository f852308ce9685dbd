# ruff: noqa: E501
"""Captures at a rate that changes in steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simnet.clock import seconds
from simnet.language.schedule import Steps
from simnet.registry import PluginError
from simnet.scenario import load_scenario
from simnet.workloads.arrivals import arrival_times
from simnet.workloads.changing import Changing
from simnet.workloads.poisson import Poisson
from simnet.world.captures import captures

SMALL = """\
data: plaza
samples: 10
workload: {every: 200 ms}
nodes:
  cam: {tier: device, preset: raspberry-pi-4}
  edge: {tier: edge, preset: jetson-nano}
  cloud: {tier: cloud, speed: 10 TFLOP/s}
links:
  - {between: [cam, edge], bandwidth: 10 Mbit/s, latency: 5 ms}
  - {between: [edge, cloud], preset: wan}
systems: {ddnn: {}}
"""


def changing(*pairs: tuple[float, float], repeat: float | None = None) -> Changing:
    times, rates = zip(*pairs, strict=True)
    return Changing(rate=Steps(times=times, values=rates, repeat=repeat))


def times(workload: Changing | Poisson, count: int | None = None, duration: float | None = None) -> list[float]:
    return [seconds(time) for time in arrival_times(workload, 1, "arrivals", count, duration)]


def test_of_a_constant_rate_it_is_a_poisson_process() -> None:
    assert times(changing((0, 5)), 100) == pytest.approx(times(Poisson(poisson=5), 100), abs=1e-11)
    assert times(changing((0, 5), (3, 5)), 100) == pytest.approx(times(Poisson(poisson=5), 100), abs=1e-11)


def test_arrivals_are_those_of_rate_1_laid_on_the_integral_of_the_rate() -> None:
    """Rate 2 for 3 s (6 arrivals expected), none for 4 s, then 0.5: unit u comes at u / 2, else at 7 + 2 (u − 6)."""
    units = times(Poisson(poisson=1), 50)
    expected = [unit / 2 if unit <= 6 else 7 + 2 * (unit - 6) for unit in units]
    assert times(changing((0, 2), (3, 0), (7, 0.5)), 50) == pytest.approx(expected, abs=1e-11)


def test_rounds_follow_one_another() -> None:
    """Nothing for 1 s, rate 3 for 2 s, nothing for 1 s: 6 arrivals expected a round of 4 s."""
    units = times(Poisson(poisson=1), 80)
    expected = [4 * (unit // 6) + 1 + unit % 6 / 3 for unit in units]
    workload = changing((0, 0), (1, 3), (3, 0), repeat=4)
    found = times(workload, 80)
    assert found == pytest.approx(expected, abs=1e-11)
    assert all(1 <= time % 4 <= 3 for time in found)
    # Whoever asks for a time, or for fewer, gets the first of the same.
    assert times(workload, 30) == found[:30]
    for duration in (0.5, 2.0, 4.0, found[40], 37.0):
        assert times(workload, duration=duration) == [time for time in found if time < duration]


def test_the_counts_of_the_intervals_are_as_measured_in_the_mean() -> None:
    counts = [40, 0, 7, 90]
    workload = changing(*((10 * n, count / 10) for n, count in enumerate(counts)), repeat=40)
    found = np.array(times(workload, duration=40.0 * 500)) % 40
    means = np.histogram(found, bins=[0, 10, 20, 30, 40])[0] / 500
    assert means == pytest.approx(counts, abs=2)  # 5 standard errors: √(90 / 500) · 5 = 2.1


def test_a_rate_that_ends_at_0_has_no_more_captures(tmp_path: Path) -> None:
    workload = changing((0, 2), (3, 0))
    found = times(workload, 1000)
    assert found == pytest.approx([unit / 2 for unit in times(Poisson(poisson=1), 50) if unit < 6], abs=1e-11)
    assert times(workload, duration=100) == found
    file = tmp_path / "x.yaml"
    text = SMALL.replace("every: 200 ms", "rate: [[0 s, 2 /s], [3 s, 0]]")
    file.write_text(text.replace("samples: 10", "samples: 500"), encoding="utf-8")
    with pytest.raises(PluginError, match=f"the workload has only {len(found)} captures: ask for fewer than 500"):
        captures(load_scenario(file))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("rate: [[0 s, 0]]", "workload.rate: a rate is never below 0, and at some time more"),
        ("rate: [[0 s, 5]]", "workload.rate[0]: 5 has no unit; write e.g. '5 /s'"),
        ("rate: 5 /s", "workload.rate: '5 /s' is no trace; write the name of a .csv or .yaml file, or {steps: [[0 s, 5 /s], …]}"),
        ("rate: {file: a.csv, valu: 1}", "workload.rate.valu: unknown key 'valu'; did you mean 'value'?"),
        ("trace: {file: a.csv, tme: 1}", "workload.trace.tme: unknown key 'tme'; did you mean 'time'?"),
        ("trace: {time: 1}", "workload.trace: needs a 'file'"),
        ("trace: {file: a.csv, offset: 2 min}", "workload.trace.offset: offset (120 s) lies after the end of the trace"),
        ("trace: {file: a.csv, time_unit: sec}", "workload.trace.time_unit: unknown unit 'sec'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_rate_or_with_captures_is_one_message(given: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("time_s\n1\n2\n", encoding="utf-8")
    file = tmp_path / "x.yaml"
    file.write_text(SMALL.replace("every: 200 ms", given), encoding="utf-8")
    with pytest.raises(Exception, match=r"^[^\n]*$") as caught:  # one line
        load_scenario(file)
    assert f": {says}" in str(caught.value)


def test_a_resolved_scenario_has_the_values_of_all_measured_files(tmp_path: Path) -> None:
    """Rates from counts, captures from time stamps, bandwidths of Mahimahi, with pauses: short or long."""
    (tmp_path / "counts.csv").write_text("t,n\n" + "".join(f"2024-05-01T{h:02}:00Z,{h % 5}\n" for h in range(24)))
    (tmp_path / "log.csv").write_text("id;t\n1;2024-05-01T12:00:00Z\n2;2024-05-01T12:00:00.123Z\n")
    (tmp_path / "up").write_text("".join(f"{n * n}\n" for n in range(200)))
    (tmp_path / "down").write_text("3\n3\n8\n")
    for given in (
        "{rate: {file: counts.csv, value: n, unit: count, repeat: 24 h}}",
        "{trace: {file: log.csv, delimiter: ';', time: t}, repeat: 10 s}",
    ):
        text = SMALL.replace("{every: 200 ms}", given).replace(
            "bandwidth: 10 Mbit/s",
            "trace: {up: {file: up, format: mahimahi, offset: 10 ms}, down: {file: down, format: mahimahi}}",
        )
        file = tmp_path / "x.yaml"
        file.write_text(text, encoding="utf-8")
        scenario = load_scenario(file)
        assert len(scenario.links[0].trace.times) > 200  # type: ignore[union-attr]
        assert scenario.links[1].trace == Steps(times=(0, 0.003, 0.004, 0.008), values=(0, 3e6, 0, 1.5e6), repeat=0.009)
        resolved = tmp_path / "elsewhere" / "x.yaml"
        resolved.parent.mkdir(exist_ok=True)
        resolved.write_text(scenario.to_yaml(), encoding="utf-8")
        assert load_scenario(resolved) == scenario
        assert load_scenario(resolved).to_yaml() == scenario.to_yaml()
