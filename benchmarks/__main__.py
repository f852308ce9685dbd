"""All measurements, one after another: `python -m benchmarks`, from the repository's root; a few minutes."""

import subprocess
import sys

for name in ("engine", "fair", "plaza", "warm_run", "cold_run"):
    print(f"== {name}", flush=True)
    subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)
