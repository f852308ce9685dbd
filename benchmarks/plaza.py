"""How fast views of `plaza` are rendered: the first samples of the test split, into an empty cache, by a fresh process.

    python -m benchmarks.plaza [--set plaza2] [--samples 1000] [--cameras 6] [--side 32] [--repeats 3]

Once on one thread, the pixels handed on and nothing written, by the processor's time, which other work on the machine
disturbs least; and once on all cores, a block per thread, written to the cache, by the clock on the wall. Both lines
leave out the start of Python. `OMP_NUM_THREADS` is used as it is found.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

WAYS = {"one": "one thread, processor's time", "all": "all cores, written to the cache"}


def render(name: str, samples: int, cameras: int, side: int, way: str, cache: Path) -> float:
    """Samples rendered per second; "one" calls the renderer as without a writable cache."""
    from time import perf_counter, process_time

    import numpy as np

    from simnet.models.data.plaza.plaza import Plaza
    from simnet.models.data.plaza.render import cameras_of
    from simnet.models.data.plaza.second.plaza2 import Plaza2

    kind = {one.name: one for one in (Plaza, Plaza2)}[name]
    data = kind("test", samples, cache, cameras=cameras_of(cameras), side=side)
    clock, work = (process_time, data._render) if way == "one" else (perf_counter, data.pixels)
    begin = clock()
    work(np.arange(samples))
    return samples / (clock() - begin)


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed of rendering plaza.")
    parser.add_argument("--set", choices=("plaza", "plaza2"), default="plaza", help="which edition")
    parser.add_argument("--samples", type=int, default=1000, help="a multiple of 250 renders nothing in vain")
    parser.add_argument("--cameras", type=int, default=6)
    parser.add_argument("--side", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.way is not None:
        with TemporaryDirectory() as folder:
            print(render(args.set, args.samples, args.cameras, args.side, args.way, Path(folder)))
        return
    command = [sys.executable, "-m", "benchmarks.plaza"]
    command += [word for key in ("set", "samples", "cameras", "side") for word in (f"--{key}", str(getattr(args, key)))]
    for way, words in WAYS.items():
        rates = [
            float(subprocess.run([*command, "--way", way], check=True, stdout=subprocess.PIPE, text=True).stdout)
            for _ in range(args.repeats)
        ]
        found, what = ", ".join(f"{rate:.0f}" for rate in rates), f"{args.cameras} × {args.side}² of {args.set}"
        print(f"{words}: {median(rates):.0f} samples/s (median of {found}); {args.samples} of {what}", flush=True)
    threads = os.environ.get("OMP_NUM_THREADS", "not set")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, OMP_NUM_THREADS {threads}")


if __name__ == "__main__":
    main()
