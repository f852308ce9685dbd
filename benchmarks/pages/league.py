"""The league: all systems on the same captures. Makes the tables and the figure of docs/league.md.

    python -m benchmarks.pages.league [--repeats 10]

Needs CIFAR-10 in the folder that SIMNET_DATA names. Runs scenarios/league.yaml so often, each time with another seed.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from time import process_time
from typing import Any

import simnet
from simnet.analysis.league import draw_league, pairs, rows
from simnet.analysis.style import look, save
from simnet.models.cards.card import Card
from simnet.models.cards.markdown import filled, table
from simnet.world.plan import plans_of

SCENARIO = Path("scenarios/league.yaml")
PAGE = Path("docs/league.md")
FIGURE = Path("docs/img/league.png")
REPEATS = 10


def networks(scenario: simnet.Scenario) -> str:
    """Weights of every system, how long they were trained, and what each exit is worth on the whole test set."""
    found: dict[str, tuple[Card, list[str]]] = {}
    for name, plan in plans_of(scenario).items():
        found.setdefault(plan.card.name, (plan.card, []))[1].append(f"`{name}`")
    rows_ = [
        (
            f"`{card.name}`",
            ", ".join(names),
            str(card.values["epochs"]),
            f"{card.values['parameters']:,}",
            ", ".join(
                f"{exit_name} {100 * right:.1f}" for exit_name, right in card.values["forced_accuracy"]["test"].items()
            ),
        )
        for card, names in found.values()
    ]
    return table(("weights", "systems", "epochs", "parameters", "forced accuracy, whole test set, %"), rows_)


def conditions(summary: Mapping[str, Any]) -> str:
    """How often, of how many samples."""
    count, samples = summary["repeats"]["count"], summary["samples"]
    return f"{count} runs of {samples:,} samples, each with a seed of its own: {count * samples:,} samples a system."


def main() -> None:
    """Run, and write the page and the figure."""
    what = (__doc__ or "").split("\n", 1)[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages.league", description=what)
    parser.add_argument("--repeats", type=int, default=REPEATS, help="runs, each with another seed")
    chosen = parser.parse_args()
    scenario = simnet.load(SCENARIO)
    plans = plans_of(scenario)
    began = process_time()
    summary = simnet.run(scenario, repeats=chosen.repeats, progress=True).summary
    print(f"{chosen.repeats} runs: {process_time() - began:.1f} s of processor time")
    baseline, bounds = next(iter(plans)), [name for name, plan in plans.items() if plan.kind.omniscient]
    parts = {"league": rows(summary), "pairs": pairs(summary, baseline)}
    page = filled(
        PAGE.read_text(encoding="utf-8"),
        {
            "conditions": conditions(summary),
            "networks": networks(scenario),
            **{name: table(head, cells) for name, (head, *cells) in parts.items()},
        },
    )
    with look():
        print(f"wrote {save(draw_league(summary, bounds), FIGURE, 150)}")
    PAGE.write_text(page, encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
