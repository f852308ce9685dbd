"""Who runs what: systems with their networks, thresholds and nodes, and whether they fit. No torch, no engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simnet.language.errors import shown, unknown
from simnet.language.kinds import short
from simnet.language.units import format_size
from simnet.models.cards.card import WEIGHTS, Card, WeightsError, check_weights, read_card
from simnet.models.codecs import CODECS
from simnet.models.data import DATASETS, options_of, set_of
from simnet.models.data.base import DatasetOptions
from simnet.models.graph import Graph, Part
from simnet.models.networks import NETWORKS
from simnet.models.rules import RULES, USUAL, ExitRule
from simnet.models.rules.checked import learns
from simnet.registry import PluginError, blamed, blaming
from simnet.scenario import Scenario
from simnet.scenario.places import Reach
from simnet.systems import SYSTEMS
from simnet.systems.base import System
from simnet.systems.contract import exits_of, hosts_of, roles_of
from simnet.systems.options import SystemOptions
from simnet.systems.roles import Place, Unfit, places, sites_of, stand_ins

MOST_VIEWS = 32
"""As many as the column `views` of the results has bits."""


@dataclass(frozen=True)
class Plan:
    """One system of a scenario, ready to run.

    Attributes:
        name: Its name in the scenario.
        kind: The system.
        options: What the scenario says of it.
        card: Its weights.
        exits: The exits in the order in which a sample meets them.
        thresholds: T of every exit but the last.
        rules: What is compared with T, of every exit but the last.
        instead: Segments that answer at an exit in place of its own.
        codec: How features travel.
        places: Who plays what, at every site.
        stand_ins: For each site further places in order, one of which plays while a node of the first is down.
        data: How it sees the scenario's samples.
    """

    name: str
    kind: type[System]
    options: SystemOptions
    card: Card
    exits: tuple[str, ...]
    thresholds: Mapping[str, float]
    rules: Mapping[str, ExitRule]
    instead: Mapping[str, str]
    codec: str
    places: Sequence[Place]
    stand_ins: Sequence[Sequence[Place]]
    data: DatasetOptions

    @property
    def graph(self) -> Graph:
        """The network's segments, with their operations."""
        return self.card.counted

    @property
    def seeing(self) -> list[int]:
        """For each site the number of the first that sees the same views."""
        seen = [tuple(sorted(place.views.values())) for place in self.places]
        first = {views: number for number, views in reversed([*enumerate(seen)])}
        return [first[views] for views in seen]


@blaming()
def plans_of(scenario: Scenario) -> dict[str, Plan]:
    """A plan for every system, once it is sure that its weights fit the scenario.

    Raises ScenarioError when weights are missing or are not those of their card, belong to another data set, lack
    segments, exits or views that the system needs, have no calibrated thresholds although these are asked for, a part
    does not fit into its node's memory (with the activations of a whole batch on every worker), or a node's profile
    lacks its times.
    """
    return {name: _plan(scenario, name, spec) for name, spec in scenario.systems.items()}


def _plan(scenario: Scenario, name: str, spec: SystemOptions) -> Plan:
    kind, folder = SYSTEMS.get(spec.system, scenario.folder), scenario.folder
    where = ("systems", name, "weights")
    try:
        card = read_card(spec.weights)
        check_weights(card)
        if card.network not in NETWORKS:
            from simnet.models.cards.weights import load_network  # torch: only for a user's own network

            load_network(card)
        graph = card.counted
    except WeightsError as problem:
        raise scenario.error(where, str(problem)) from None
    if not _same(trained_on := set_of(card.values["data"]), scenario.data.set):
        raise scenario.error(where, f"{card.name} is for data {trained_on!r}, not {scenario.data.set!r}")
    data = options_of(scenario.data, folder, spec.data)
    kind_of_data = DATASETS.get(data.set, folder)
    if (shape := kind_of_data.shape_of(data)) is not None:
        check_shape(scenario, name, card, graph, *shape)
    if (classes := kind_of_data.classes_of(data)) is not None:
        check_classes(scenario, name, card, graph, kind_of_data.name, classes)
    if len(graph.seen) > MOST_VIEWS:
        raise scenario.error(where, f"{card.name} has {len(graph.seen)} views; at most {MOST_VIEWS} can be simulated")
    exits = exits_of(kind, spec, graph) or ()
    if strange := [exit_name for exit_name in exits if exit_name not in graph.exits]:
        have = f"{card.name} has exits {', '.join(graph.exits)}"
        raise scenario.error(where, f"{short(spec.system)} needs an exit '{strange[0]}'; {have}")
    roles = roles_of(kind, spec, scenario.nodes)
    there = places(roles, scenario.nodes, sites_of(scenario.nodes, roles.seeing))
    for place in there:
        try:
            kind.fit(graph, place, spec)
        except Unfit as problem:
            raise scenario.error(where, f"{card.name}: {problem}") from None
    if spec.budget is not None and spec.budget.energy is not None and not any(n.power for n in scenario.nodes.values()):
        raise scenario.error(("systems", name, "budget", "energy"), "no node has a 'power' model: nothing is measured")
    instead = kind.instead(spec)
    if unknown_there := [segment for segment in instead.values() if segment not in graph.segments]:
        raise scenario.error(where, f"{card.name} has no segment '{unknown_there[0]}'; {_calibrate(card)} adds it")
    given = spec.rule if isinstance(spec.rule, dict) else dict.fromkeys(exits[:-1], spec.rule)
    chosen = {exit_name: given.get(exit_name, USUAL) for exit_name in exits[:-1]}
    thresholds = _thresholds(scenario, kind, name, spec, card, chosen, instead)
    rules = {exit_name: _rule(rule, folder) for exit_name, rule in chosen.items()}
    for exit_name, rule in rules.items():
        if learns(type(rule)):
            rule.parameters = _learned(scenario, name, card, exit_name, chosen[exit_name], instead)
    reach = Reach(scenario.links)
    plan = Plan(
        name, kind, spec, card, exits, thresholds, rules, instead, codec_of(kind, spec, card), there,
        [_reachable(kind, reach, stand_ins(place, scenario.nodes)) for place in there], data,
    )  # fmt: skip
    for place in (*there, *(other for others in plan.stand_ins for other in others)):
        _memory(scenario, plan, place)
    return plan


def _rule(name: str, folder: Path | None) -> ExitRule:
    kind = RULES.get(name, folder)
    try:
        return kind()
    except Exception as problem:  # whatever a user's code raises
        reason = blamed(problem) or f"exit rule {name!r}: {type(problem).__name__}: {problem}"
        raise PluginError(f"{reason}; a rule is made without arguments") from problem


def _reachable(kind: type[System], reach: Reach, found: Sequence[Place]) -> list[Place]:
    """Those to which there are ways."""
    return [place for place in found if all(target in reach.of(source) for source, target in kind.ways(place))]


def check_shape(
    scenario: Scenario, name: str, card: Card, graph: Graph, views: int, view: tuple[int, int, int] | None
) -> None:
    """Refuse data of another shape than a system's network takes: `views` of shape `view` (None: not known yet).

    Raises ScenarioError that names both, and the keys of the data that the weights were trained on.
    """
    if views == graph.views and view in (None, graph.view):
        return
    its, there = (
        f"{n} view{'s' * (n != 1)}" + ("" if shape is None else f" of {'×'.join(map(str, shape))}")
        for n, shape in ((graph.views, graph.view), (views, view))
    )
    trained_on = str(card.values["data"])
    hint = "" if trained_on == set_of(trained_on) else f"; it was trained on {trained_on}"
    message = f"{card.name} is for {its}; {short(scenario.data.set)} has {there}{hint}"
    raise scenario.error(("systems", name, "weights"), message)


def check_classes(
    scenario: Scenario, name: str, card: Card, graph: Graph, data: str, class_names: Sequence[str]
) -> None:
    """Refuse data of other classes than a system's network knows. Raises ScenarioError that names the first of them."""
    where = ("systems", name, "weights")
    if len(class_names) != graph.classes:
        its = f"{graph.classes} classes"
        raise scenario.error(where, f"{card.name} is for {its}; {data} has {len(class_names)}")
    known = card.values["class_names"]
    if different := [pair for pair in zip(known, class_names, strict=True) if pair[0] != pair[1]]:
        its, there = (shown(one) for one in different[0])
        raise scenario.error(where, f"{card.name} knows a class {its} where {data} has {there}")


def _same(one: str, other: str) -> bool:
    """Whether two names are of the same kind: of a user's own, whose files may have moved, the class has that name."""
    return one == other or (":" in one and ":" in other and short(one) == short(other))


def _thresholds(
    scenario: Scenario,
    kind: type[System],
    name: str,
    spec: SystemOptions,
    card: Card,
    rules: Mapping[str, str],
    instead: Mapping[str, str],
) -> dict[str, float]:
    """T of every exit but the last, as the scenario says: calibrated (the card's), one for all, or each by name.

    Calibrated are those that the card has where all exits have the rule that this exit has.
    """
    where, early = ("systems", name, "thresholds"), list(rules)
    if isinstance(spec.thresholds, float):
        return dict.fromkeys(early, spec.thresholds)
    if spec.thresholds == "calibrated":
        own = kind.calibrated(card.values, spec)
        if own is not None:
            if missing := [exit_name for exit_name in early if exit_name not in own]:
                without = f"{card.name} has no calibrated threshold for {', '.join(missing)}"
                raise scenario.error(where, f"{without}; give 'thresholds'")
            return {exit_name: own[exit_name] for exit_name in early}
        found: dict[str, float] = {}
        for exit_name, rule in rules.items():
            known = card.calibrated(rule, instead)
            if known is None or exit_name not in known["thresholds"]:
                what = "" if rule == USUAL else f" by the rule {short(rule)}"
                what += "".join(f" with {segment}" for segment in instead.values())
                without = f"{card.name} has no calibrated threshold for {exit_name}{what}"
                raise scenario.error(where, f"{without}; give 'thresholds', or run {_calibrate(card, rule)}")
            found[exit_name] = float(known["thresholds"][exit_name])
        return found
    for exit_name in spec.thresholds:
        if exit_name not in early:
            raise scenario.error((*where, exit_name), unknown("exit", exit_name, early))
    if missing := [exit_name for exit_name in early if exit_name not in spec.thresholds]:
        raise scenario.error(where, f"gives no threshold for exit '{missing[0]}'")
    return {exit_name: spec.thresholds[exit_name] for exit_name in early}


def _learned(
    scenario: Scenario, name: str, card: Card, exit_name: str, rule: str, instead: Mapping[str, str]
) -> Mapping[str, Any]:
    """What a rule has learned for an exit."""
    known = (card.calibrated(rule, instead) or {}).get("parameters", {})
    if exit_name not in known:
        what = f"{card.name} does not say what the rule {short(rule)} has learned for {exit_name}"
        raise scenario.error(("systems", name, "rule"), f"{what}; run {_calibrate(card, rule)}")
    found: Mapping[str, Any] = known[exit_name]
    return found


def _calibrate(card: Card, rule: str = "") -> str:
    own = f" --exit-rule {rule}" if ":" in rule else ""
    name = card.name if card.path.parent == WEIGHTS else str(card.weights)
    return f"'python -m models calibrate {name}{own}'"


def codec_of(kind: type[System], spec: SystemOptions, card: Card) -> str:
    """How the features travel: as the scenario says, else as the weights were trained for."""
    trained = card.codec
    return spec.codec or (trained if trained in kind.codecs or trained not in CODECS else kind.codecs[0])


def _memory(scenario: Scenario, plan: Plan, place: Place) -> None:
    """Refuse a node whose memory is too small for its parts, or whose profile lacks times for them."""
    for node_name, parts in hosts_of(plan.kind, plan.graph, place, plan.options).items():
        profile_covers(scenario, node_name, plan.card, parts)
        node = scenario.nodes[node_name]
        together = node.workers * (1 if node.batch is None else node.batch.size)
        costs = [plan.graph.segments[part.segment] for part in parts]
        needed = sum(one.memory + (together - 1) * one.activations for one in costs)
        if node.memory is not None and needed > node.memory:
            names = [one.name for one in costs]
            what = f"the {' and '.join(names)} segment{'s' if len(names) > 1 else ''} of {plan.name}"
            at_once = f" for {together} samples at a time" if together > 1 else ""
            raise scenario.error(
                ("nodes", node_name, "memory"),
                f"{what} needs {format_size(needed)}{at_once}, not {format_size(node.memory)}",
            )


def profile_covers(scenario: Scenario, node_name: str, card: Card, parts: Sequence[Part]) -> None:
    """Refuse a node's profile that lacks times of these weights or of a segment that the node runs."""
    profile = scenario.nodes[node_name].profile
    if profile is None:
        return
    times = profile.get(card.name, {})
    if missing := [one for one in dict.fromkeys(part.segment for part in parts) if not times.get(one)]:
        measured = {name: [one for one, taken in segments.items() if taken] for name, segments in profile.items()}
        own = measured.get(card.name)
        what = f"{card.name}'s {' and '.join(missing)} segment{'s' if len(missing) > 1 else ''}" if own else card.name
        there = ", ".join(own or [name for name, segments in measured.items() if segments]) or "none"
        raise scenario.error(
            ("nodes", node_name, "profile"),
            f"has no times of {what}, only of {there}; measure them: python -m simnet profile {card.name}",
        )


def remarks(scenario: Scenario, plans: Mapping[str, Plan], available: int | None = None) -> list[str]:
    """What a reader of the results should know beforehand; `available` is the size of the data set, where known."""
    found: list[str] = []
    for name, plan in plans.items():
        found += _few_views(plan)
        if plan.codec in plan.kind.codecs and plan.codec != plan.card.codec:
            told = " and its thresholds calibrated" if plan.options.thresholds == "calibrated" else ""
            found.append(
                f"{name} sends features as {plan.codec}; {plan.card.name} was trained{told} for {plan.card.codec}"
            )
    if knowing := [name for name, plan in plans.items() if plan.kind.omniscient]:
        found.append(f"{', '.join(knowing)}: not implementable, an upper bound: told the right answer of every sample")
    if free := [name for name, plan in plans.items() if plan.options.reply.to == "none"]:
        found.append(f"{', '.join(free)}: the answer's way back is not modelled (reply: none)")
    found += _idle(scenario, plans)
    if available is not None and scenario.samples is not None and scenario.samples > available:
        found.append(
            f"{scenario.samples:,} samples from {available:,} in the data set: they come round again, "
            "so intervals of accuracy count each once"
        )
    return list(dict.fromkeys(found))


def constant_times(scenario: Scenario, plans: Mapping[str, Plan]) -> list[str]:
    """What the latencies of a run cannot say: nothing of how computing times vary where they do not."""
    busy = {
        node for plan in plans.values() for place in plan.places for nodes in place.nodes.values() for node in nodes
    }
    constant = [name for name, node in scenario.nodes.items() if name in busy and node.jitter is None]
    if not constant:
        return []
    whose = "" if len(constant) == len(busy) else f" of {', '.join(constant)}"
    return [
        f"computing times{whose} do not vary (no 'jitter'): p99 and the spread of latencies say nothing of them, "
        "only of exits, queues, links and faults"
    ]


def _few_views(plan: Plan) -> list[str]:
    """Sites with fewer cameras than the network has views."""
    views, few = len(plan.graph.seen), dict[int, list[str]]()
    for place in plan.places:
        if len(place.views) < views:
            few.setdefault(len(place.views), []).append(place.site or "")
    why = "the weights and calibrated thresholds are for all of them, and views that are missing count as zeros"
    return [
        f"{', '.join(sites)}{': ' if sites != [''] else ''}only {count} of {views} views exist; {why}"
        for count, sites in few.items()
    ]


def _idle(scenario: Scenario, plans: Mapping[str, Plan]) -> list[str]:
    """Nodes that could play a role in a system, but only forward."""
    without: dict[tuple[str, ...], list[str]] = {}
    for name, plan in plans.items():
        busy = {node for place in plan.places for nodes in place.nodes.values() for node in nodes}
        busy |= {
            node for others in plan.stand_ins for other in others for nodes in other.nodes.values() for node in nodes
        }
        idle = [n for n, node in scenario.nodes.items() if n not in busy and node.tier not in ("router", "device")]
        if idle:
            without.setdefault(tuple(idle), []).append(name)
    return [
        f"{', '.join(names)}: {', '.join(idle)} only forward{'s' if len(idle) == 1 else ''}"
        for idle, names in without.items()
    ]
