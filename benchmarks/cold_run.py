"""What the simulation costs over the network alone: a run with an empty memo against a bare pass, as whole processes.

    python -m benchmarks.cold_run [--samples 1000] [--repeats 3]

The cold run is `python -m simnet run scenarios/six_cameras.yaml --no-report` with nothing known of any answer, pixels
rendered before. The bare pass is a process that imports torch, loads the same weights and runs the same segments on the
same samples in batches of 128, the edge's and the cloud's on those samples that no exit before them let go, without
simulating anything; it ends as the run does, without the destructors of torch's libraries. The two take turns; medians,
of wall-clock and of processor time.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.setting import SCENARIO, loaded, measure, middle, overrides

BATCH = 128


def bare_pass(changed: Sequence[str], samples: int) -> None:
    """Every system's network on the samples, with real early exits; prints nothing, keeps nothing."""
    import numpy as np
    import torch

    from simnet.models.cards.weights import load_network
    from simnet.models.data import open_dataset
    from simnet.models.rules import normalized_entropy
    from simnet.world.plan import plans_of

    scenario = loaded(changed, samples)
    data = open_dataset(scenario.data, scenario.split)
    for plan in plans_of(scenario).values():
        network, thresholds = load_network(plan.card), plan.thresholds
        with torch.inference_mode():
            for begin in range(0, samples, BATCH):
                pixels = network.prepare(torch.from_numpy(data.pixels(np.arange(begin, min(begin + BATCH, samples)))))
                reports = [device(pixels[:, view]) for view, device in enumerate(network.devices)]
                features = torch.stack([found for found, _ in reports], dim=1)
                if "edge-1" in thresholds:
                    scores = torch.stack([found for _, found in reports], dim=1).numpy()
                    features = features[normalized_entropy(scores).min(axis=1) >= thresholds["edge-1"]]
                present = torch.ones(len(features), 6, dtype=torch.bool)
                fused, scores = network.edge(features, present)
                last = list(thresholds)[-1]
                network.cloud(fused[normalized_entropy(scores.numpy()) >= thresholds[last]])


def inference_of(run: Path) -> dict[str, dict[str, Any]]:
    systems = json.loads((run / "manifest.json").read_text(encoding="utf-8"))["systems"]
    return {name: system["inference"] for name, system in systems.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description="Cold run against a bare pass of the network.")
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--bare", nargs="*", metavar="K=V", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.bare is not None:
        bare_pass(args.bare, args.samples)
        os._exit(0)
    cold, bare = [], []
    with TemporaryDirectory() as name:
        folder = Path(name)
        changed, random = overrides(folder, args.samples)
        sets = [word for change in changed for word in ("--set", change)]
        size = ["--samples", str(args.samples)]
        for number in range(args.repeats):
            run = folder / f"run{number}"
            command = ["-m", "simnet", "run", str(SCENARIO), "--no-report", "--quiet", "--out", str(run)]
            cold.append(measure([*command, *size, *sets], folder))
            bare.append(measure(["-m", "benchmarks.cold_run", *size, "--bare", *changed], folder))
            for system, report in inference_of(run).items():
                if report["recalled"]:
                    raise SystemExit(f"{system} knew {report['recalled']} answers: not a cold run")
            if number + 1 < args.repeats:
                shutil.rmtree(folder / "answers")
        for system, report in inference_of(run).items():
            print(f"{system}: {report['batches']} batches of {report['mean_batch']:.0f} samples on average")
    one, other = middle(cold), middle(bare)
    print(f"cold run {one.wall:.2f} s ({one.cpu:.2f} s of processor), bare pass {other.wall:.2f} s ({other.cpu:.2f} s)")
    print(f"ratio {one.wall / other.wall:.2f} ({one.cpu / other.cpu:.2f} of processor time); {args.repeats} repeats")
    print(f"memory {one.memory / 1e6:.0f} MB, bare pass {other.memory / 1e6:.0f} MB")
    if random:
        print(f"random weights for {', '.join(random)}", file=sys.stderr)


if __name__ == "__main__":
    main()
