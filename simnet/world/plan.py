"""Which weights a scenario runs, with which thresholds, on which cameras; and whether they fit. No torch, no engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simnet.inference.cost import BINARY, Cost
from simnet.language.units import format_size
from simnet.models.cards.card import Card, WeightsError, check_weights, read_card
from simnet.models.data.base import VIEWS
from simnet.scenario import Scenario
from simnet.systems import SYSTEMS
from simnet.systems.options import SystemSpec
from simnet.systems.tiers import layout, tiers_for
from simnet.world.sites import cameras_of, edge_of, sites_of


def cards_of(scenario: Scenario) -> dict[str, Card]:
    """The card of every system's weights, once it is sure that they fit the scenario.

    Raises ScenarioError when weights are missing or are not those of their card, belong to another system or data set,
    have no calibrated thresholds although these are asked for, a segment does not fit into its node's memory (with the
    activations of a whole batch on every worker), or a node's profile lacks its times.
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
        if spec.tiers is not None:
            _fit_tiers(scenario, name, spec.tiers, card)
        uncalibrated = [e for e in SYSTEMS[spec.system].exits_of(spec.tiers)[:-1] if e not in card.thresholds]
        if spec.thresholds == "calibrated" and uncalibrated:
            without = f"{card.name} has no calibrated threshold for {', '.join(uncalibrated)}"
            raise scenario.error(("systems", name, "thresholds"), f"{without}; give 'thresholds'")
        cost = Cost(card, codec_of(spec, card))
        for node_name, segments in _hosts(scenario, spec, card).items():
            profile_covers(scenario, node_name, card, segments)
            there, batch = scenario.nodes[node_name].memory, scenario.nodes[node_name].batch
            together = scenario.nodes[node_name].workers * (1 if batch is None else batch.size)
            needed = sum(cost.memory[segment] + (together - 1) * cost.activations[segment] for segment in segments)
            if there is not None and needed > there:
                what = f"the {' and '.join(segments)} segment{'s' if len(segments) > 1 else ''} of {name}"
                at_once = f" for {together} samples at a time" if together > 1 else ""
                raise scenario.error(
                    ("nodes", node_name, "memory"),
                    f"{what} needs {format_size(needed)}{at_once}, not {format_size(there)}",
                )
        cards[name] = card
    return cards


def profile_covers(scenario: Scenario, node_name: str, card: Card, segments: Iterable[str]) -> None:
    """Refuse a node's profile that lacks times of these weights or of a segment that the node runs."""
    profile = scenario.nodes[node_name].profile
    if profile is None:
        return
    times = profile.get(card.name, {})
    if missing := [segment for segment in dict.fromkeys(segments) if not times.get(segment)]:
        measured = {name: [one for one, taken in parts.items() if taken] for name, parts in profile.items()}
        own = measured.get(card.name)
        what = f"{card.name}'s {' and '.join(missing)} segment{'s' if len(missing) > 1 else ''}" if own else card.name
        there = ", ".join(own or [name for name, parts in measured.items() if parts]) or "none"
        raise scenario.error(
            ("nodes", node_name, "profile"),
            f"has no times of {what}, only of {there}; measure them: python -m simnet profile {card.name}",
        )


def _fit_tiers(scenario: Scenario, name: str, tiers: str, card: Card) -> None:
    """Refuse weights of DDNN of 2017 that were made for other tiers, other views or another number of edges."""
    arch = card.values["architecture"]
    if not isinstance(arch.get("devices"), list) or not isinstance(arch.get("edges"), list):
        raise scenario.error(
            ("systems", name, "weights"), f"{card.name} does not say which devices and edges it is for"
        )
    if "local" not in card.segments:
        raise scenario.error(("systems", name, "weights"), f"{card.name} does not say what its local segment costs")
    devices, edges = arch["devices"], arch["edges"]
    if tiers not in (made := tiers_for(len(devices), len(edges)), "cloud only"):
        raise scenario.error(("systems", name, "tiers"), f"{card.name} is for '{made}' or 'cloud only', not '{tiers}'")
    seen = sorted(view for site in sites_of(scenario) for _, view in cameras_of(scenario, site))
    if seen != devices:
        wanted, there = (", ".join(str(view + 1) for view in views) for views in (devices, seen))
        raise scenario.error(
            ("systems", name, "weights"), f"{card.name} is for views {wanted}; the devices see {there}"
        )
    found = layout(scenario.nodes, tiers).edges
    if found and len(found) != len(edges):
        there = f"found {len(found)}: {', '.join(found)}"
        raise scenario.error(
            ("systems", name, "tiers"), f"{card.name} needs {len(edges)} nodes of tier 'edge', {there}"
        )
    if len({len(views) for views in edges}) > 1:
        problem = f"{card.name} has edges of different size, but its card has the cost of one only"
        raise scenario.error(("systems", name, "weights"), problem)


def _hosts(scenario: Scenario, spec: SystemSpec, card: Card) -> dict[str, list[str]]:
    """The segments that each node runs, by its name."""
    if spec.tiers is None:
        return {name: [node.tier] for name, node in scenario.nodes.items() if node.tier in card.segments}
    place, edges = layout(scenario.nodes, spec.tiers), len(card.values["architecture"]["edges"])
    if spec.tiers == "cloud only":
        devices = ["device"] * len(place.devices)
        return {place.cloud: [*devices, *["edge"] * edges, "cloud"]}
    hosts = {name: ["device"] if place.aggregator else ["device", "local"] for name in place.devices}
    hosts |= {name: ["edge"] for name in place.edges} | {place.cloud: ["cloud"]}
    if place.aggregator:
        hosts.setdefault(place.aggregator, []).append("local")
    return hosts


def codec_of(spec: SystemSpec, card: Card) -> str:
    """How the features travel: as the scenario says, else as the weights were trained for."""
    codecs = SYSTEMS[spec.system].codecs
    return spec.codec or (card.codec if card.codec in codecs else codecs[0])


def edges_of(card: Card) -> list[list[int]]:
    """The views (0-based) of each edge, where the weights say so; else none."""
    return list(card.values["architecture"].get("edges", []))


def thresholds_of(scenario: Scenario, name: str, card: Card) -> dict[str, float]:
    """T of every exit but the last, as the scenario says: calibrated (the card's), one for all, or each by name."""
    spec = scenario.systems[name]
    exits = SYSTEMS[spec.system].exits_of(spec.tiers)[:-1]
    if isinstance(spec.thresholds, float):
        return dict.fromkeys(exits, spec.thresholds)
    given = card.thresholds if spec.thresholds == "calibrated" else spec.thresholds
    return {exit_name: given[exit_name] for exit_name in exits}


def remarks(scenario: Scenario, cards: Mapping[str, Card], available: int | None = None) -> list[str]:
    """What a reader of the results should know beforehand; `available` is the size of the data set, where known."""
    found = []
    whole = [name for name, spec in scenario.systems.items() if spec.tiers is None]
    for site in sites_of(scenario) if whole else ():
        if (cameras := len(cameras_of(scenario, site))) < VIEWS:
            found.append(
                f"{'' if site is None else f'{site}: '}only {cameras} of {VIEWS} views exist; the weights and "
                "calibrated thresholds are for all of them, and views that are missing count as zeros"
            )
    for name, card in cards.items():
        spec = scenario.systems[name]
        if (codec := codec_of(spec, card)) not in (BINARY, card.codec):
            told = " and its thresholds calibrated" if spec.thresholds == "calibrated" else ""
            found.append(f"{name} sends features as {codec}; {card.name} was trained{told} for {card.codec}")
        if spec.tiers is not None:
            place = layout(scenario.nodes, spec.tiers)
            parts = {place.aggregator, *place.edges}
            idle = [n for n, node in scenario.nodes.items() if node.tier in ("gateway", "edge") and n not in parts]
            if idle:
                found.append(f"{name} ({spec.tiers}): {', '.join(idle)} only forward{'s' if len(idle) == 1 else ''}")
    if whole:
        serving = {edge_of(scenario, site) for site in sites_of(scenario)}
        if idle := [n for n, node in scenario.nodes.items() if node.tier == "edge" and n not in serving]:
            found.append(f"{', '.join(whole)}: {', '.join(idle)} only forward{'s' if len(idle) == 1 else ''}")
    if available is not None and scenario.samples is not None and scenario.samples > available:
        found.append(
            f"{scenario.samples:,} samples from {available:,} in the data set: they come round again, "
            "so intervals over samples are too narrow"
        )
    return found
