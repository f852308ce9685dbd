"""Which weights a scenario runs, with which thresholds, on which cameras; and whether they fit. No torch, no engine."""

from __future__ import annotations

from models.cards import Card, WeightsError, check_weights, read_card
from models.data.base import VIEWS
from simnet.inference.cost import Cost
from simnet.scenario import Scenario
from simnet.scenario.units import format_size
from simnet.systems import SYSTEMS


def cards_of(scenario: Scenario) -> dict[str, Card]:
    """The card of every system's weights, once it is sure that they fit the scenario.

    Raises ScenarioError when weights are missing or are not those of their card, belong to another system or data set,
    have no calibrated thresholds although these are asked for, or a segment does not fit into its node's memory.
    """
    cards = {}
    for name, spec in scenario.systems.items():
        where = ("systems", name, "weights")
        try:
            card = read_card(spec.weights)
            check_weights(card)
        except WeightsError as problem:
            raise scenario.error(where, str(problem)) from None
        for key, wanted in (("system", spec.system), ("data", scenario.data)):
            if card.values[key] != wanted:
                raise scenario.error(where, f"{card.name} is for {key} {card.values[key]!r}, not {wanted!r}")
        uncalibrated = [e for e in SYSTEMS[spec.system].exits[:-1] if e not in card.thresholds]
        if spec.thresholds == "calibrated" and uncalibrated:
            without = f"{card.name} has no calibrated threshold for {', '.join(uncalibrated)}"
            raise scenario.error(("systems", name, "thresholds"), f"{without}; give 'thresholds'")
        memory = Cost(card).memory
        for node_name, node in scenario.nodes.items():
            if node.memory is not None and node.tier in memory and memory[node.tier] > node.memory:
                needed, there = format_size(memory[node.tier]), format_size(node.memory)
                raise scenario.error(
                    ("nodes", node_name, "memory"), f"the {node.tier} segment of {name} needs {needed}, not {there}"
                )
        cards[name] = card
    return cards


def thresholds_of(scenario: Scenario, name: str, card: Card) -> dict[str, float]:
    """T of every exit but the last, as the scenario says: calibrated (the card's), one for all, or each by name."""
    spec = scenario.systems[name]
    exits = SYSTEMS[spec.system].exits[:-1]
    if isinstance(spec.thresholds, float):
        return dict.fromkeys(exits, spec.thresholds)
    given = card.thresholds if spec.thresholds == "calibrated" else spec.thresholds
    return {exit_name: given[exit_name] for exit_name in exits}


def cameras_of(scenario: Scenario) -> list[tuple[str, int]]:
    """Name and view (0-based) of every device, in the scenario's order."""
    devices = [(name, node) for name, node in scenario.nodes.items() if node.tier == "device"]
    return [(name, (node.view or number) - 1) for number, (name, node) in enumerate(devices, start=1)]


def remarks(scenario: Scenario, available: int | None = None) -> list[str]:
    """What a reader of the results should know beforehand; `available` is the size of the data set, where known."""
    found = []
    if (cameras := len(cameras_of(scenario))) < VIEWS:
        found.append(
            f"only {cameras} of {VIEWS} views exist; the weights and calibrated thresholds are for all of them, "
            "and views that are missing count as zeros"
        )
    if available is not None and scenario.samples is not None and scenario.samples > available:
        found.append(
            f"{scenario.samples:,} samples from {available:,} in the data set: they come round again, "
            "so intervals over samples are too narrow"
        )
    return found
