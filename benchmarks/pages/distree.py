"""DistrEE on two, four and eight nodes: a table of docs/league.md.

    python -m benchmarks.pages.distree

Needs CIFAR-10 in the folder that SIMNET_DATA names. Runs scenarios/distree_fluctuating.yaml, without its faults, with
the speeds that fluctuate, and with one node that is lost all the time.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import simnet
from simnet.models.cards.markdown import filled, table

SCENARIO = Path("scenarios/distree_fluctuating.yaml")
PAGE = Path("docs/league.md")
NODES = (2, 4, 8)
POLICIES = {"no-limit": "feature-difference", "deadline": "with 25 ms to meet", "last-exit": "last-exit"}
HEAD = (
    "nodes", "the others", "policy", "computes, MFLOP", "saves, %", "right, %", "over last-exit, points",
    "latency p50, ms", "p95, ms", "kB a sample",
)  # fmt: skip


def settings(nodes: int) -> dict[str, list[dict[str, str | float]]]:
    """What befalls the other nodes: the faults of each setting."""
    others = f"node[2..{nodes}]"
    return {
        "quick": [],
        "of changing speed": [{"node": others, "mtbf": "5 s", "mttr": "5 s", "slow": 3.333}],
        "one lost": [{"node": "node2", "at": "0 s", "is": "down"}],
    }


def rows(nodes: int, setting: str, summary: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A row for each policy; what it saves is beside last-exit on the same samples."""
    found, made = summary["systems"], []
    for name, policy in POLICIES.items():
        one, whole = found[name], found["last-exit"]
        computes = one["flop"]["total"] / one["captured"]
        right = one["accuracy_of_captured"], one["intervals"]["accuracy_of_captured"]
        share = f"{100 * right[0]:.1f} ({100 * right[1]['low']:.1f}–{100 * right[1]['high']:.1f})"
        saves = points = "–"
        if one is not whole:
            saves = f"{100 * (1 - computes * whole['captured'] / whole['flop']['total']):.1f}"
            # the later system of the scenario comes first in a pair
            pair = summary["paired"][f"last-exit vs {name}"]["accuracy"]
            low, mean, high = (-pair[key] * 100 for key in ("high", "mean", "low"))
            points = f"{mean:+.1f} ({low:+.1f} to {high:+.1f})".replace("-", "−")
        times = [f"{1e3 * one['latency'][key]:.1f}" for key in ("p50", "p95")]
        size = f"{one['bytes']['total'] / one['captured'] / 1e3:.2f}"
        made.append((str(nodes), setting, policy, f"{computes / 1e6:.2f}", saves, share, points, *times, size))
    return made


def main() -> None:
    """Run all, and write the table."""
    what = (__doc__ or "").split("\n", 1)[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages.distree", description=what)
    parser.add_argument("--nodes", type=int, nargs="+", default=NODES, help="for how many; there must be weights")
    chosen = parser.parse_args().nodes
    found = []
    for nodes in chosen:
        for setting, faults in settings(nodes).items():
            scenario = simnet.load(SCENARIO, {"let.nodes": nodes, "faults": faults})
            found += rows(nodes, setting, simnet.run(scenario).summary)
            print(*("; ".join(row) for row in found[-len(POLICIES) :]), sep="\n", flush=True)
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), {"distree": table(HEAD, found)}), encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
