"""`simnet check`: whether a scenario can be run, without running it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simnet.cli.options import Samples, ScenarioFile, Seed, Set
from simnet.terminal.output import say

if TYPE_CHECKING:
    from simnet.scenario import Scenario


def check(scenario: ScenarioFile, overrides: Set = None, samples: Samples = None, seed: Seed = None) -> None:
    """Check a scenario, and that its weights fit it, without running anything."""
    from simnet.scenario import load_scenario

    loaded = load_scenario(scenario, overrides or (), samples=samples, seed=seed)

    from simnet.world.plan import plans_of, remarks

    plans = plans_of(loaded)
    used = [f"{plan.card.name} ({plan.codec})" for plan in plans.values()]
    say(f"{scenario}: {_outline(loaded)}; weights {', '.join(used)}: ok")
    for remark in remarks(loaded, plans):
        say(f"note: {remark}")


def _outline(scenario: Scenario) -> str:
    length = _count(scenario.samples, "sample") if scenario.samples is not None else f"{scenario.duration:g} s"
    faults = {fault.name for fault in scenario.faults}  # one of a glob, or of both directions, is several
    sizes = {"node": scenario.nodes, "link": scenario.links, "system": scenario.systems, "fault": faults}
    return f"{length} of {scenario.data.set}, {', '.join(_count(len(all_), word) for word, all_ in sizes.items())}"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
