"""How cost grows with sites: 1,000 sites of six cameras and an edge share a cloud, for 60 s at 5 frames/s.

    python -m benchmarks.campus [--sites 1000] [--duration 60] [--write FILE]

Each of `simnet check`, `simnet run` of the campus and of `scenarios/six_cameras.yaml` (one system, no faults, 10,000
samples) is a process of its own, and the second of two, so that the network's answers are
known. Printed are processor time, that per hop, and peak memory.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.setting import SCENARIO


def lines(sites: int, duration: float) -> Iterator[str]:
    """The campus as a scenario's file: a site takes three lines of it."""
    yield f"name: campus\nseed: 1\ndata: plaza\nduration: {duration} s"
    yield "workload: {every: 200 ms, jitter: 10 ms}\nnodes:"
    for site in range(1, sites + 1):
        yield f"  b{site}-camera[1..6]: {{tier: device, preset: raspberry-pi-4, site: b{site}}}"
        yield f"  b{site}-edge: {{tier: edge, preset: jetson-orin-nano, site: b{site}}}"
    yield "  cloud: {tier: cloud, preset: nvidia-t4, workers: 64}\nlinks:"
    for site in range(1, sites + 1):
        yield f"  - {{between: [b{site}-camera*, b{site}-edge], preset: wifi}}"
    yield '  - {between: ["*-edge", cloud], bandwidth: 100 Mbit/s, latency: 20 ms}'
    yield "systems:\n  ada-ddnn: {wait: 80 ms}"


def cost(command: Sequence[str]) -> tuple[float, int]:
    """Seconds of processor time of a Python command as a process, and its peak memory in MB."""
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    return used.ru_utime + used.ru_stime, used.ru_maxrss >> 10


def run(file: Path, out: Path, *more: str) -> str:
    """Processor time, that per hop, and memory of a run whose answers are known."""
    command = ["-m", "simnet", "run", str(file), "--out", str(out), "--no-figures", "--no-report", "--quiet", *more]
    cost(command)
    cpu, memory = cost(command)
    systems = json.loads((out / "summary.json").read_text(encoding="utf-8"))["systems"].values()
    hops = sum(system["hops"] for system in systems)
    return f"{cpu:6.1f} s, {hops:,} hops, {1e6 * cpu / hops:.1f} µs a hop, {memory:,} MB"


def main() -> None:
    parser = argparse.ArgumentParser(description="Cost of many sites.")
    parser.add_argument("--sites", type=int, default=1000)
    parser.add_argument("--duration", type=float, default=60.0)
    parser.add_argument("--write", type=Path, help="write the campus' scenario there, and measure nothing")
    args = parser.parse_args()
    text = "\n".join(lines(args.sites, args.duration)) + "\n"
    if args.write is not None:
        args.write.write_text(text, encoding="utf-8")
        return
    with TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "campus.yaml"
        file.write_text(text, encoding="utf-8")
        cpu, memory = cost(["-m", "simnet", "check", str(file)])
        print(f"check of {args.sites:,} sites: {cpu:.1f} s, {memory} MB", flush=True)
        print(f"campus:      {run(file, folder / 'campus')}", flush=True)
        alone = ["--samples", "10000", "--set", "faults=[]", "--set", "systems={ada-ddnn: {wait: 80 ms}}"]
        print(f"six cameras: {run(SCENARIO, folder / 'six', *alone)}", flush=True)


if __name__ == "__main__":
    main()
