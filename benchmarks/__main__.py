"""All measurements, one after another: `python -m benchmarks`, from the repository's root; a few minutes."""

import argparse
import subprocess
import sys

NAMES = ("engine", "fair", "plaza", "warm_run", "cold_run")

parser = argparse.ArgumentParser(
    prog="python -m benchmarks",
    description="All measurements, one after another.",
    epilog=f"Each has options of its own: python -m benchmarks.NAME --help ({', '.join(NAMES)}).",
)
parser.parse_args()
for name in NAMES:
    print(f"== {name}", flush=True)
    subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)
