"""The default run as a user has it, all answers known from a run before; and the quick commands.

    python -m benchmarks.warm_run [--samples 1000] [--repeats 3]

Whole processes, wall-clock and processor time, medians; then one more run in parts: imports, loading, simulating the
systems (with their tables), drawing the figures, writing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from benchmarks.setting import SCENARIO, loaded, measure, middle, overrides


def in_parts(changed: Sequence[str], samples: int, target: Path) -> list[tuple[str, float, float]]:
    """Name, wall-clock and processor seconds of each part of `simnet run`, in this process (its start counts, too)."""
    marks = [("", perf_counter() - process_time(), 0.0)]

    def mark(part: str) -> None:
        marks.append((part, perf_counter(), process_time()))

    from simnet.analysis.figures import draw_all
    from simnet.results.folder import write_run
    from simnet.results.manifest import manifest
    from simnet.results.run import collect
    from simnet.world import run as engine

    mark("imports")
    scenario = loaded(changed, samples)
    mark("scenario")
    results, data = engine.run(scenario, engine.Options())
    mark("simulation and tables")
    described = {"name": data.name, "split": data.split, "samples": len(data), "sha256": data.checksum}
    weights = {result.weights["name"]: result.weights["sha256"] for result in results}
    certificate = manifest(scenario.to_yaml(), scenario.seed, described, weights, [])
    run = collect(scenario.name, scenario.to_yaml(), results, certificate)
    write_run(target, run)
    mark("manifest and writing")
    draw_all(run, target / "figures")
    mark("figures")
    return [(part, wall - before[1], cpu - before[2]) for before, (part, wall, cpu) in pairwise(marks)]


def main() -> None:
    parser = argparse.ArgumentParser(description="Warm default run, as a whole process and in parts.")
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--parts", nargs="*", metavar="K=V", help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.parts is not None:
        for part, wall, cpu in in_parts(args.parts, args.samples, args.out):
            print(f"  {part:<24}{wall:6.2f} s {cpu:6.2f} s of processor", file=sys.stderr)
        return
    with TemporaryDirectory() as name:
        folder = Path(name)
        changed, random = overrides(folder, args.samples)
        sets = [word for change in changed for word in ("--set", change)]
        size = ["--samples", str(args.samples)]
        run = ["-m", "simnet", "run", str(SCENARIO), "--out", str(folder / "run"), "--quiet", *size, *sets]
        measure(run, folder)
        commands = {
            "warm run": run,
            "--help": ["-m", "simnet", "--help"],
            "check": ["-m", "simnet", "check", str(SCENARIO), *sets],
        }
        for label, command in commands.items():
            cost = middle([measure(command, folder) for _ in range(args.repeats)])
            print(f"{label:<12}{cost.wall:6.2f} s {cost.cpu:6.2f} s of processor", flush=True)
        parts = ["-m", "benchmarks.warm_run", *size, "--out", str(folder / "parts"), "--parts", *changed]
        print("in parts:", flush=True)
        measure(parts, folder, show=True)
    if random:
        print(f"random weights for {', '.join(random)}", file=sys.stderr)


if __name__ == "__main__":
    main()
