"""DAPDEE by link and load beside what it is compared with: a table of docs/league.md.

    python -m benchmarks.pages.dapdee

Needs CIFAR-10 in the folder that SIMNET_DATA names. Runs scenarios/dapdee_light.yaml and dapdee_heavy.yaml, each on
three links.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import simnet
from simnet.models.cards.markdown import filled, table

HEAVY = "20 /s"
LOADS = {"0.1 /s": Path("scenarios/dapdee_light.yaml"), HEAVY: Path("scenarios/dapdee_heavy.yaml")}
LINKS = {"CAT1": "dads-cat1", "3G": "dads-3g", "4G": "dads-4g"}
PAGE = Path("docs/league.md")
ALONE, OTHERS, OURS = "device-only", ("edge-only", "neurosurgeon"), "dapdee"
HEAD = (
    "load", "link", f"latency, ms: {ALONE}", *OTHERS, OURS, "less by", "times",
    f"could answer, /s: {ALONE}", OURS, "times", "accuracy, points",
)  # fmt: skip


def latency(system: Mapping[str, Any]) -> str:
    """Mean in ms, and its 95 % interval where there is one."""
    mean, limits = 1e3 * system["latency"]["mean"], system["intervals"]["latency.mean"]
    if limits["low"] is None:
        return f"{mean:.1f}"
    return f"{mean:.1f} ({1e3 * limits['low']:.1f}–{1e3 * limits['high']:.1f})"


def capacity(system: Mapping[str, Any]) -> float:
    """Answers per s if the busiest node or link were busy all the time: those of the run ÷ its utilisation."""
    busiest = max(place["utilisation"] or 0.0 for place in system["usage"]["places"].values())
    return float(system["finished"] / system["simulated_time"] / busiest)


def row(load: str, link: str, summary: Mapping[str, Any]) -> tuple[str, ...]:
    """One load on one link; `times` are device-only ÷ dapdee for latency, the other way round for answers.

    How many could be answered only where answers are what keeps nodes busy, not decisions.
    """
    systems = summary["systems"]
    alone, ours = systems[ALONE], systems[OURS]
    before, after = alone["latency"]["mean"], ours["latency"]["mean"]
    pair = summary["paired"][f"{OURS} vs {ALONE}"]["accuracy"]
    could = [f"{one:.1f}" for one in (capacity(alone), capacity(ours), capacity(ours) / capacity(alone))]
    points = [f"{100 * pair[key]:+.1f}".replace("-", "−") for key in ("mean", "low", "high")]
    return (
        load,
        link,
        *(latency(systems[name]) for name in (ALONE, *OTHERS, OURS)),
        f"{100 * (1 - after / before):.0f} %",
        f"{before / after:.1f}",
        *(could if load == HEAVY else ["–"] * len(could)),
        f"{points[0]} ({points[1]} to {points[2]})",
    )


def main() -> None:
    """Run all, and write the table."""
    rows = []
    for load, file in LOADS.items():
        for link, preset in LINKS.items():
            scenario = simnet.load(file, f"links.0.preset={preset}")
            rows.append(row(load, link, simnet.run(scenario).summary))
            print("; ".join(rows[-1]), flush=True)
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), {"dapdee": table(HEAD, rows)}), encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
