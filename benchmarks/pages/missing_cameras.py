"""Missing cameras, simulated: makes the tables and figures of docs/missing_cameras.md.

    python -m benchmarks.pages.missing_cameras [--keep FILE]

Needs CIFAR-10 in the folder that SIMNET_DATA names. Runs scenarios/missing_cameras.yaml once for every set of missing
cameras of plaza, and for some of CIFAR-10, whose network takes longer; sets the answers beside the masked study
(`python -m models study faults`) of the same samples. The heat map of data of which not all sets were simulated is of
that study. Some four minutes of a processor.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from statistics import fmean
from time import process_time
from typing import Any

import numpy as np

import simnet
from simnet.analysis.networks.camera_subsets import draw_simulated, draw_subsets
from simnet.analysis.style import look, save
from simnet.models.cards.markdown import filled, table
from simnet.models.studies.base import stored
from simnet.streams import stream
from simnet.world.plan import plans_of

SCENARIO = Path("scenarios/missing_cameras.yaml")
PAGE = Path("docs/missing_cameras.md")
IMAGES = Path("docs/img")
MASKED = "zero features"
"""What the edge does about a missing camera by default, and so in the scenario."""
STUDIES = {"plaza": ("plaza", 20), "CIFAR-10": ("cifar10", 3)}
"""By what figures call it: a data set, and how many sets of each number of missing cameras are simulated at most."""


def chosen(cameras: int, draws: int, seed: int = 1) -> list[tuple[int, ...]]:
    """Sets of missing cameras (from 1): none, each alone, and of every larger number but all `draws` at random."""
    random, found = stream(seed, "missing cameras"), [(), *((one,) for one in range(1, cameras + 1))]
    for n in range(2, cameras):
        every = list(combinations(range(1, cameras + 1), n))
        taken = random.choice(len(every), min(draws, len(every)), replace=False)
        found += sorted(every[at] for at in taken.tolist())
    return found


def without(scenario: simnet.Scenario, missing: Sequence[int]) -> simnet.Scenario:
    """The scenario with these cameras down from the start, and no other fault."""
    faults = [{"name": "missing", "at": "0 s", "node": f"camera{number}", "is": "down"} for number in missing]
    return scenario.with_({"faults": faults})


def simulated(scenario: simnet.Scenario, missing: Sequence[int]) -> dict[str, Any]:
    """What a run with these cameras missing gives, as an entry of the study of faults.

    The scenario's first system leaves at its T: `shares`, `exit_accuracies` and `system` are its. The second one asks
    every exit of every sample: `forced` is the accuracy of what each exit told it.

    Raises:
        ValueError: some exit was not asked of some sample, so that there is no forced accuracy.
    """
    run = simnet.run(without(scenario, missing))
    usual, every = run.systems
    scores, forced = run.scores(every), {}
    assert scores is not None
    exits, correct = scores["exit"].cast("string").to_numpy(), scores["correct"].cast("float64").to_numpy()
    numbers = run.summary["systems"][usual]
    for name in numbers["exits"]:
        right = correct[exits == name]
        if np.isnan(right).any():
            raise ValueError(f"cameras {missing} missing: {name} was not asked of every sample")
        forced[name] = float(right.mean())
    return {
        "missing": list(missing),
        "forced": forced,
        "shares": {name: found["share"] for name, found in numbers["exits"].items()},
        "exit_accuracies": {name: found["accuracy"] for name, found in numbers["exits"].items()},
        "system": numbers["accuracy_of_captured"],
    }


def compared(masked: Sequence[Mapping[str, Any]], runs: Sequence[Mapping[str, Any]]) -> list[tuple[Any, str, float]]:
    """Of every run and exit, and of the system: missing cameras, which exit, and points by which the run is higher."""
    by = {tuple(entry["missing"]): entry for entry in masked}
    found = []
    for run in runs:
        other = by[tuple(run["missing"])]
        mine = {**run["forced"], "system": run["system"]}
        theirs = {**other["forced"], "system": other["system"]}
        found += [(tuple(run["missing"]), name, 100 * (mine[name] - theirs[name])) for name in mine]
    return found


def agreement(studies: Mapping[str, tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]]) -> str:
    """How many accuracies were compared, how many are equal, and by how much the others differ at most."""
    lines = []
    for title, (masked, runs) in studies.items():
        apart = [abs(points) for _, _, points in compared(masked, runs)]
        equal = sum(points < 1e-9 for points in apart)
        most = "" if equal == len(apart) else f"; the others differ by {max(apart):.2f} points at most"
        lines.append(f"{title}: {len(runs)} runs, {len(apart)} accuracies compared, {equal} equal{most}.")
    return "\n".join(f"* {line}" for line in lines)


def accuracies(studies: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Of the simulated runs: with so many cameras missing the mean over sets, in brackets the worst and the best."""
    rows, numbers = [], []
    for title, runs in studies.items():
        numbers = sorted({len(run["missing"]) for run in runs})
        for name in (*runs[0]["forced"], "system"):
            cells = []
            for n in numbers:
                values = [_of(run, name) for run in runs if len(run["missing"]) == n]
                spread = f" ({min(values):.0f}–{max(values):.0f})" if len(values) > 1 else ""
                cells.append(f"{fmean(values):.1f}{spread}")
            rows.append((title, name, *cells))
    return table(("data", "exit", *(f"{n} missing" for n in numbers)), rows)


def _of(entry: Mapping[str, Any], name: str) -> float:
    return 100 * float(entry["system"] if name == "system" else entry["forced"][name])


def main() -> None:
    """Run, and write the page and the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.pages.missing_cameras", description=(__doc__ or "").split("\n", 1)[0]
    )
    parser.add_argument("--keep", type=Path, help="file that keeps what was simulated, and is read if it is there")
    options = parser.parse_args()
    kept: dict[str, list[dict[str, Any]]] = {}
    if options.keep is not None and options.keep.exists():
        kept = json.loads(options.keep.read_text(encoding="utf-8"))
    base, studies, samples = simnet.load(SCENARIO), {}, 0
    for title, (data, draws) in STUDIES.items():
        scenario = base.with_({"data": {"set": data, "order": "file"}})
        card = next(iter(plans_of(scenario).values())).card
        study = stored(f"faults-{card.name}", card)
        scenario, samples = scenario.with_(samples=study["samples"]), study["samples"]
        masked, began, runs = study["modes"][MASKED], process_time(), kept.setdefault(title, [])
        cameras = max(number for entry in masked for number in entry["missing"])
        have = {tuple(run["missing"]) for run in runs}
        for missing in chosen(cameras, draws):
            if missing in have:
                continue
            runs.append(simulated(scenario, missing))
            print(title, missing, runs[-1]["forced"], runs[-1]["system"], flush=True)
            if options.keep is not None:
                options.keep.write_text(json.dumps(kept), encoding="utf-8")
        runs = [run for run in runs if tuple(run["missing"]) in chosen(cameras, draws)]
        print(f"{title}: {process_time() - began:.0f} s of processor time")
        studies[title] = (masked, runs)
    runs_of = {title: runs for title, (_, runs) in studies.items()}
    parts = {
        "agreement": agreement(studies),
        "accuracies": accuracies(runs_of),
        "conditions": f"The first {samples:,} test samples in every run. "
        + "; ".join(f"{title}: {len(runs)} sets of missing cameras, one run each" for title, runs in runs_of.items())
        + ".",
    }
    maps = {
        f"{title}, simulated" if len(runs) == len(masked) else f"{title}, masked study": runs
        if len(runs) == len(masked)
        else masked
        for title, (masked, runs) in studies.items()
    }
    with look():
        for figure, name in (
            (draw_simulated(studies), "missing_cameras_simulated"),
            (draw_subsets(maps), "camera_subsets"),
        ):
            print(f"wrote {save(figure, IMAGES / f'{name}.png')}")
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), parts), encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
