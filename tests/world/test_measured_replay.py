"""A run on measured files, and the run of its resolved scenario in a folder without them."""

from __future__ import annotations

from pathlib import Path

from worlds import play, rows

from simnet.clock import seconds
from simnet.scenario import load_scenario

TEXT = """
data: plaza
duration: 20 s
workload: {rate: {file: counts.csv, time: t, value: n, unit: count, repeat: 10 s}}
nodes:
  camera[1..2]: {tier: device, speed: 1 GFLOP/s}
  edge: {tier: edge, speed: 1 GFLOP/s, load: {file: load.csv, interpolate: 100 ms}}
  cloud: {tier: cloud, speed: 1 GFLOP/s}
links:
  - {between: [camera*, edge], trace: {up: {file: up, format: mahimahi, offset: 1 s}, down: bus.csv}, latency: 2 ms}
  - {between: [edge, cloud], trace: {file: bus, format: pensieve, scale: 0.5}, latency: 10 ms}
systems: {ddnn: {thresholds: 0.5, wait: 500 ms}}
"""


def test_a_resolved_scenario_replays_to_the_same_tables(tmp_path: Path) -> None:
    files = {
        "counts.csv": "t,n\n2024-05-01T12:00:00Z,30\n2024-05-01T12:00:04Z,0\n2024-05-01T12:00:07.3Z,25\n",
        "load.csv": "t_s,load_%\n100,0\n103.7,60\n111,10\n",
        "up": "".join(f"{n * n // 3}\n" for n in range(150)),
        "bus.csv": "time_ms,throughput_Mbps\n1500000000000,8\n1500000003300,0\n1500000003900,16.1\n",
        "bus": "0.1 3.3\n1.35 0.0\n2.7 5.123456789\n4 1\n",
        "x.yaml": TEXT,
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    scenario = load_scenario(tmp_path / "x.yaml")
    elsewhere = tmp_path / "run" / "x.yaml"
    elsewhere.parent.mkdir()
    elsewhere.write_text(scenario.to_yaml(), encoding="utf-8")
    resolved = load_scenario(elsewhere)
    world, again = play(scenario), play(resolved)
    assert rows(world, scenario) == rows(again, resolved)
    assert world.network.spans == again.network.spans and world.network.spans
    captured = [seconds(time) % 10 for time in world._captured]
    assert len(captured) > 50 and not any(4 <= time < 7.3 for time in captured)  # the counts say 0 there
