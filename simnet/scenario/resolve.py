"""From a file's plain data to a `Scenario`: ranges, presets and globs expanded, everything checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from simnet.scenario import names
from simnet.scenario.entries import FaultEntry, Header, LinkEntry
from simnet.scenario.errors import Path, Problem, ScenarioError, unknown
from simnet.scenario.presets import LINK_PRESETS, NODE_PRESETS, Preset
from simnet.scenario.schema import FROM_FILE, VIEWS, Fault, Link, Node, Periodic, Poisson, Scenario
from simnet.scenario.source import Source
from simnet.scenario.systems import systems

M = TypeVar("M", bound=BaseModel)
Raw = dict[str, Any]


def expand_names(data: Raw, source: Source) -> Raw:
    """The file's data with `nodes: {camera[1..6]: …}` written out as six nodes.

    Raises:
        ScenarioError: a bad range, or a name that two keys give.
    """
    if not isinstance(data.get("nodes"), dict):
        return data
    nodes: Raw = {}
    origin: dict[str, str] = {}
    problems: list[Problem] = []
    for key, value in data["nodes"].items():
        try:
            expanded = names.expand(key)
        except ValueError as error:
            problems.append(source.problem(("nodes", key), str(error)))
            continue
        for name in expanded:
            if name in nodes:
                message = f"'{name}' is given twice: by '{origin[name]}' and by '{key}'"
                problems.append(source.problem(("nodes", key), message))
            nodes[name], origin[name] = dict(value) if isinstance(value, dict) else value, key
            if name != key:
                source.alias(("nodes", name), ("nodes", key))
    if problems:
        raise ScenarioError(problems)
    return {**data, "nodes": nodes}


def resolve(data: Raw, source: Source) -> Scenario:
    """The scenario that `data` (ranges already expanded) describes.

    Raises:
        ScenarioError: with every problem found.
    """
    resolver = _Resolver(source)
    scenario = resolver.scenario(data)
    if scenario is None:
        known = dict.fromkeys(resolver.problems)  # both directions of a link complain alike
        raise ScenarioError(sorted(known, key=lambda problem: problem.line or 0))
    scenario._source = source
    return scenario


class _Resolver:
    """Collects problems while it turns sections into models; a section with a problem yields nothing."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []

    def wrong(self, path: Path, message: str) -> None:
        self.problems.append(self.source.problem(path, message))

    def check(self, model: type[M], raw: object, path: Path) -> M | None:
        """`raw` as a `model`, or None after noting what is wrong with it."""
        if not isinstance(raw, dict):
            self.wrong(path, f"expected keys and values (allowed: {', '.join(_keys(model))}), found {raw!r}")
            return None
        try:
            return model.model_validate(raw, context=FROM_FILE)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                # Members of a union add their own name to the place; the file knows only keys.
                place = [
                    part
                    for part in detail["loc"]
                    if isinstance(part, int) or part in raw or detail["type"] == "missing"
                ]
                self.wrong((*path, *place), _message(model, detail))
            return None

    def scenario(self, data: Raw) -> Scenario | None:
        header = self.check(Header, {key: value for key, value in data.items() if value is not None}, ())
        given = {key: data.get(key) for key in ("workload", "nodes", "links", "systems", "faults")}
        if header is not None:
            if header.samples is None and header.duration is None:
                self.wrong((), "needs 'samples' (a number) or 'duration' (a time)")
            elif header.samples is not None and header.duration is not None:
                self.wrong(("duration",), "give either 'samples' or 'duration', not both")
        workload = self.workload(given["workload"]) if isinstance(given["workload"], dict) else None
        nodes = self.nodes(given["nodes"]) if isinstance(given["nodes"], dict) else {}
        named = list(given["nodes"]) if isinstance(given["nodes"], dict) else []
        good = isinstance(given["nodes"], dict) and len(nodes) == len(named) and self.tiers(nodes)
        links = self.links(given["links"], named) if isinstance(given["links"], list) else []
        if not self.problems:
            self.reachable(nodes, links)
        fits = nodes if good else {}
        chosen = systems(self, given["systems"], data.get("data"), fits) if isinstance(given["systems"], dict) else {}
        faults = self.faults(given["faults"], named, links) if isinstance(given["faults"], list) else []
        if self.problems or header is None or workload is None:
            return None
        single = {key: getattr(header, key) for key in Header.model_fields if key not in given}
        return Scenario(**single, workload=workload, nodes=nodes, links=links, systems=chosen, faults=faults)

    def workload(self, raw: Raw) -> Periodic | Poisson | None:
        if "poisson" in raw:
            return self.check(Poisson, raw, ("workload",))
        return self.check(Periodic, raw, ("workload",))

    def with_preset(self, raw: Raw, presets: Mapping[str, Preset], path: Path) -> Raw:
        """`raw` with the values of its preset below its own; an unknown preset is noted and gives none."""
        chosen = raw.get("preset")
        if chosen is None:
            return raw
        if not isinstance(chosen, str) or chosen not in presets:
            self.wrong((*path, "preset"), unknown("preset", chosen, list(presets)))
            return {**raw, "preset": None}
        return {**presets[chosen].values, **raw}

    def nodes(self, raw: Raw) -> dict[str, Node]:
        result: dict[str, Node] = {}
        seen_by: dict[int, str] = {}
        devices = 0
        for name, value in raw.items():
            path = ("nodes", name)
            self.named(name, path)
            filled = self.with_preset(value, NODE_PRESETS, path) if isinstance(value, dict) else value
            node = self.check(Node, filled, path)
            if node is None:
                continue
            if node.tier != "router" and node.speed == 0 and node.preset == value.get("preset"):
                self.wrong(path, "needs a speed: a preset or e.g. 'speed: 10 GFLOP/s'")
            if node.tier == "device":
                devices += 1
                view = devices if node.view is None else node.view
                if view > VIEWS:
                    self.wrong(path, f"one device too many: a sample has {VIEWS} views")
                elif view in seen_by:
                    self.wrong((*path, "view"), f"view {view} is already seen by '{seen_by[view]}'")
                seen_by[view] = name
                node = node.model_copy(update={"view": view})
            elif node.view is not None:
                self.wrong((*path, "view"), f"only devices have a view, this is a {node.tier}")
            result[name] = node
        return result

    def named(self, name: str, path: Path) -> None:
        if not names.NAME.fullmatch(name):
            self.wrong(path, f"{name!r} is no name: use letters, digits, '-' and '_', starting with a letter")

    def tiers(self, nodes: Mapping[str, Node]) -> bool:
        """Whether every system's least is there: a device and one cloud."""
        before = len(self.problems)
        devices, clouds = ([n for n, node in nodes.items() if node.tier == tier] for tier in ("device", "cloud"))
        if not devices:
            self.wrong(("nodes",), "needs at least one node of tier 'device'")
        if len(clouds) != 1:
            there = f"found {len(clouds)}: {', '.join(clouds)}" if clouds else "found none"
            self.wrong(("nodes",), f"needs exactly one node of tier 'cloud', {there}")
        return len(self.problems) == before

    def matching(self, pattern: str, known: Sequence[str], path: Path) -> list[str]:
        """The nodes a name or glob stands for; none is a problem."""
        try:
            found = names.match(pattern, known)
        except ValueError as error:
            self.wrong(path, str(error))
            return []
        if not found:
            self.wrong(path, unknown("node", pattern, known))
        return found

    def links(self, raw: list[Any], known: Sequence[str]) -> list[Link]:
        result: list[Link] = []
        owner: dict[tuple[str, str], int] = {}
        for index, value in enumerate(raw):
            path = ("links", index)
            entry = self.check(LinkEntry, value, path)
            if entry is None:
                continue
            firsts, seconds = (self.matching(end, known, (*path, "between", side))
                               for side, end in enumerate(entry.between))  # fmt: skip
            both = self.both_directions(value, path)
            pairs = [(first, second) for first in firsts for second in seconds if first != second]
            if firsts and seconds and not pairs:
                self.wrong((*path, "between"), f"links '{firsts[0]}' with itself")
            for first, second in pairs:
                if owner.get((first, second)) == index:  # a mesh, [router*, router*], meets each pair twice
                    continue
                if (first, second) in owner:
                    other = owner[first, second]
                    self.wrong(path, f"'{first}' and '{second}' are linked already, by links[{other}]")
                owner[first, second] = owner[second, first] = index
                if both is not None:
                    result.append(both[0].model_copy(update={"source": first, "target": second}))
                    result.append(both[1].model_copy(update={"source": second, "target": first}))
        return result

    def both_directions(self, raw: Raw, path: Path) -> tuple[Link, Link] | None:
        """The link's values from first to second name (up) and back (down), ends to be filled in."""
        before = len(self.problems)
        values = self.with_preset(raw, LINK_PRESETS, path)
        if len(self.problems) > before:
            return None
        directions: dict[str, Raw] = {
            "up": {"source": "", "target": ""},
            "down": {"source": "", "target": ""},
        }
        for key in ("bandwidth", "latency", "header"):
            value = values.get(key)
            if isinstance(value, dict):
                for name in value:
                    if name not in directions:
                        self.wrong((*path, key, name), unknown("direction", name, list(directions)))
                for name in directions:
                    if name not in value:
                        self.wrong((*path, key), f"gives no '{name}'; write {{up: …, down: …}}")
            for name, one in directions.items():
                given = value.get(name) if isinstance(value, dict) else value
                if given is not None:
                    one[key] = given
                elif key != "header" and not isinstance(value, dict):
                    self.wrong(path, f"needs a {key}, directly or from a preset")
        if len(self.problems) > before:
            return None
        up, down = (self.check(Link, one, path) for one in directions.values())
        return (up, down) if up is not None and down is not None else None

    def faults(self, raw: list[Any], known: Sequence[str], links: Sequence[Link]) -> list[Fault]:
        result: list[Fault] = []
        for index, value in enumerate(raw):
            path = ("faults", index)
            entry = self.check(FaultEntry, value, path)
            if entry is None:
                continue
            if (entry.node is None) == (entry.link is None):
                self.wrong(path, "needs either 'node' or 'link'")
                continue
            kinds = {"is": entry.state, "slow": entry.slow, "bandwidth": entry.bandwidth}
            allowed = ("is", "slow") if entry.node is not None else ("is", "bandwidth")
            chosen = [key for key, given in kinds.items() if given is not None]
            if len(chosen) != 1 or chosen[0] not in allowed:
                subject = "a node" if entry.node is not None else "a link"
                found = ", ".join(f"'{key}'" for key in chosen) or "nothing"
                self.wrong(path, f"a fault of {subject} says one of 'is', '{allowed[1]}'; found {found}")
                continue
            if entry.state == "up" and entry.lasts is not None:
                self.wrong((*path, "for"), "'is: up' ends outages and does not last; leave 'for' out")
            amount = entry.slow if entry.slow is not None else entry.bandwidth
            what: Raw = {
                "at": entry.at,
                "lasts": entry.lasts,
                "action": entry.state or chosen[0],
                "value": amount,
            }
            if entry.node is not None:
                if entry.direction is not None:
                    self.wrong((*path, "direction"), "only a link has directions")
                found_nodes = self.matching(entry.node, known, (*path, "node"))
                result += [Fault(node=name, **what) for name in found_nodes]
            elif entry.link is not None:
                ends = self.fault_links(entry.link, entry.direction, known, links, path)
                result += [Fault(link=pair, **what) for pair in ends]
        return result

    def fault_links(
        self,
        ends: tuple[str, str],
        direction: str | None,
        known: Sequence[str],
        links: Sequence[Link],
        path: Path,
    ) -> list[tuple[str, str]]:
        firsts, seconds = (self.matching(end, known, (*path, "link", side)) for side, end in enumerate(ends))
        there = {(link.source, link.target) for link in links}
        found = [(first, second) for first in firsts for second in seconds if (first, second) in there]
        broken = any(problem.key.startswith("links[") for problem in self.problems)
        if firsts and seconds and not found and not broken:  # a link with a mistake may be the one meant
            pairs = [f"{link.source} - {link.target}" for link in links[::2]]
            self.wrong((*path, "link"), unknown("link", " - ".join(ends), pairs))
        both = [(pair, pair[::-1]) for pair in found]
        chosen = [
            pair
            for up, down in both
            for pair in (up, down)
            if direction is None or pair == (up, down)[direction == "down"]
        ]
        return list(dict.fromkeys(chosen))

    def reachable(self, nodes: Mapping[str, Node], links: Sequence[Link]) -> None:
        """Every device must reach the first edge (without one, the cloud), and that every other place of inference."""
        beyond: dict[str, set[str]] = {name: set() for name in nodes}
        for link in links:
            beyond[link.source].add(link.target)

        def reached(start: str) -> set[str]:
            seen, fresh = {start}, [start]
            while fresh:
                new = beyond[fresh.pop()] - seen
                seen |= new
                fresh += new
            return seen

        edges, clouds = ([n for n, node in nodes.items() if node.tier == tier] for tier in ("edge", "cloud"))
        hub = (edges or clouds)[0]
        what = f"the {nodes[hub].tier} '{hub}'"
        for name, node in nodes.items():
            if node.tier == "device" and hub not in reached(name):
                self.wrong(("nodes", name), f"no path of links leads from '{name}' to {what}")
        for name, node in nodes.items():
            if node.tier in ("gateway", "edge", "cloud") and name not in reached(hub):
                self.wrong(("nodes", name), f"unreachable: no path of links leads from {what} to '{name}'")


_WANTED = {
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge:g} or more",
    "less_than_equal": "{le:g} or less",
    "finite_number": "finite",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "string_too_short": "text with at least {min_length} character",
    "list_type": "a list",
    "dict_type": "keys and values",
    "tuple_type": "a list of two names",
    "too_long": "a list of two names",
}


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _message(model: type[BaseModel], detail: Mapping[str, Any]) -> str:
    """A pydantic error in this project's words."""
    key, found, kind = detail["loc"][-1] if detail["loc"] else "", detail["input"], detail["type"]
    context = detail.get("ctx", {})
    if kind == "extra_forbidden":
        return unknown("key", key, _keys(model))
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        field = next((f for n, f in model.model_fields.items() if key in (n, f.alias)), None)
        return unknown("value", found, _literals(field.annotation if field else None))
    wanted = _WANTED.get(kind)
    if wanted is None:
        return f"{found!r}: {detail['msg']}"
    return f"must be {wanted.format(**context)}, found {found!r}"


def _literals(annotation: object) -> list[str]:
    if get_origin(annotation) is Literal:
        return [str(value) for value in get_args(annotation)]
    return [value for part in get_args(annotation) for value in _literals(part)]
