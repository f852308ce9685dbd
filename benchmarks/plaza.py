"""How fast views of `plaza` are rendered: the first samples of the test split, into an empty cache, by a fresh process.

    python -m benchmarks.plaza [--samples 1000] [--repeats 3]

Once on one thread, the pixels handed on and nothing written, and once on all cores, a block of 250 samples per thread,
written to the cache. Both lines leave out the start of Python. `OMP_NUM_THREADS` is used as it is found.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

WAYS = {"one": "one thread", "all": "all cores, written to the cache"}


def render(samples: int, way: str, cache: Path) -> float:
    """Samples rendered per second of wall-clock time; "one" calls the renderer as without a writable cache."""
    from time import perf_counter

    import numpy as np

    from simnet.models.data.plaza.plaza import Plaza

    data = Plaza("test", samples, cache)
    begin = perf_counter()
    if way == "one":
        data._render(np.arange(samples))
    else:
        data.pixels(np.arange(samples))
    return samples / (perf_counter() - begin)


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed of rendering plaza.")
    parser.add_argument("--samples", type=int, default=1000, help="a multiple of 250 renders nothing in vain")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.way is not None:
        with TemporaryDirectory() as folder:
            print(render(args.samples, args.way, Path(folder)))
        return
    command = [sys.executable, "-m", "benchmarks.plaza", "--samples", str(args.samples), "--way"]
    for way, words in WAYS.items():
        rates = [
            float(subprocess.run([*command, way], check=True, stdout=subprocess.PIPE, text=True).stdout)
            for _ in range(args.repeats)
        ]
        found = ", ".join(f"{rate:.0f}" for rate in rates)
        print(f"{words}: {median(rates):.0f} samples/s (median of {found}); {args.samples} samples", flush=True)
    threads = os.environ.get("OMP_NUM_THREADS", "not set")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, OMP_NUM_THREADS {threads}")


if __name__ == "__main__":
    main()
