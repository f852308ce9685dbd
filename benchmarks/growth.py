"""How time and memory grow: with samples, cameras of one edge, sites, and points of a sweep.

    python -m benchmarks.growth [--write docs/performance.md]

Each row is a process of its own, and the second of two, so that the network's answers are known. Told are processor
time and peak memory, and how many times those of the row before they are: where the size is four times as large and the
time less than four, it grows less than in proportion. `--write` puts the tables between the marks in that page.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.campus import CAMPUS, cost
from benchmarks.setting import SCENARIO

BEGIN, END = "<!-- growth: begin -->\n", "<!-- growth: end -->\n"
PLAIN = ["--no-figures", "--no-report", "--quiet"]
ALONE = ["--set", "faults=[]", "--set", "systems={ada-ddnn: {wait: 80 ms}}"]


def curves() -> Iterator[tuple[str, list[tuple[int, list[str]]]]]:
    """What grows, and for each size a command without its `--out`."""
    run = ["-m", "simnet", "run"]
    yield (
        "samples (`six_cameras.yaml`, one system, no faults)",
        [(n, [*run, str(SCENARIO), *ALONE, "--samples", str(n), *PLAIN]) for n in (1000, 4000, 16_000, 64_000)],
    )
    sizing = [*run, "scenarios/sizing.yaml", "--set", "systems={ada-ddnn: {wait: 80 ms}}", *PLAIN]
    yield (
        "cameras of one edge (`sizing.yaml`, 2,000 samples in all, 2 a second for each six cameras)",
        [
            (6 * n, [*sizing, "--samples", "2000", "--set", f"let.squares={n}", "--set", "let.rate=2"])
            for n in (1, 4, 16)
        ],
    )
    yield (
        "sites (`campus.yaml`, 6 s: 30 samples and six cameras each)",
        [
            (n, [*run, str(CAMPUS), "--set", f"let.buildings={n}", "--set", "duration=6 s", *PLAIN])
            for n in (25, 100, 400)
        ],
    )
    sweep = ["-m", "simnet", "sweep", str(SCENARIO), "--samples", "200", *ALONE, "--workers", "1", "--quiet"]
    yield (
        "points of a sweep (200 samples each, one worker)",
        [
            (n, [*sweep, "--over", f"systems.ada-ddnn.thresholds={{from: 0.05, to: 0.95, steps: {n}}}"])
            for n in (4, 16, 64)
        ],
    )


def tables() -> Iterator[str]:
    """Lines of Markdown, each when it has been measured."""
    for what, sizes in curves():
        yield f"| {what} | size | s | MB | size × | s × | MB × |"
        yield "|---|---:|---:|---:|---:|---:|---:|"
        before: tuple[float, ...] | None = None
        for size, command in sizes:
            with TemporaryDirectory() as name:
                cost([*command, "--out", str(Path(name) / "out")])
            with TemporaryDirectory() as name:
                seconds, memory = cost([*command, "--out", str(Path(name) / "out")])
            now = (float(size), seconds, float(memory))
            more = ["", "", ""] if before is None else [f"{b / a:.2f}" for a, b in zip(before, now, strict=True)]
            yield f"| | {size:,} | {seconds:.1f} | {memory:,} | {' | '.join(more)} |"
            before = now
        yield ""


def main() -> None:
    parser = argparse.ArgumentParser(description="How time and memory grow.")
    parser.add_argument("--write", type=Path, help="a page with marks, between which the tables go")
    args = parser.parse_args()
    lines = []
    for line in tables():
        print(line, flush=True)
        lines.append(f"{line}\n")
    if args.write is not None:
        page = args.write.read_text(encoding="utf-8")
        head, _, rest = page.partition(BEGIN)
        _, _, tail = rest.partition(END)
        args.write.write_text(f"{head}{BEGIN}{''.join(lines)}{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
