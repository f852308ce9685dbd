"""How cost grows with sites: `scenarios/campus.yaml`, buildings of six cameras and an edge that share a cloud.

    python -m benchmarks.campus [--buildings 1000] [--duration 60]

Each of `simnet check`, `simnet run` of the campus and of `scenarios/six_cameras.yaml` (one system, no faults, 10,000
samples) is a process of its own, and the second of two, so that the network's answers are known. Printed are processor
time, that per hop, and peak memory.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.setting import SCENARIO

CAMPUS = Path("scenarios/campus.yaml")


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
    parser.add_argument("--buildings", type=int, default=1000)
    parser.add_argument("--duration", type=float, default=60.0, help="simulated seconds")
    args = parser.parse_args()
    size = ["--set", f"let.buildings={args.buildings}", "--set", f"duration={args.duration} s"]
    with TemporaryDirectory() as name:
        folder = Path(name)
        cpu, memory = cost(["-m", "simnet", "check", str(CAMPUS), *size])
        print(f"check of {args.buildings:,} sites: {cpu:.1f} s, {memory} MB", flush=True)
        print(f"campus:      {run(CAMPUS, folder / 'campus', *size)}", flush=True)
        alone = ["--samples", "10000", "--set", "faults=[]", "--set", "systems={ada-ddnn: {wait: 80 ms}}"]
        print(f"six cameras: {run(SCENARIO, folder / 'six', *alone)}", flush=True)


if __name__ == "__main__":
    main()
