"""From a file's plain data to a `Scenario`: ranges, presets and globs expanded, everything checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simnet.language import names
from simnet.language.checks import Checks, Raw
from simnet.language.errors import Problem, ScenarioError
from simnet.language.source import Source
from simnet.language.traces import Traces
from simnet.language.units import format_time
from simnet.network.faults.section import faults_of
from simnet.network.links.section import links_of
from simnet.network.links.spec import Link
from simnet.network.networking import Networking
from simnet.network.nodes.section import nodes_of
from simnet.scenario.data import data_of
from simnet.scenario.header import Header
from simnet.scenario.length import ends
from simnet.scenario.metrics import metrics_of
from simnet.scenario.places import enough, roles_of, seeing, whole, with_views
from simnet.scenario.scenario import Scenario
from simnet.scenario.systems import systems
from simnet.systems.roles import sites_of
from simnet.workloads.section import workload_of, workloads_of_sites


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
        entries = [dict(value) if isinstance(value, dict) else value for _ in expanded]
        try:
            _share_sites(key, entries)
        except ValueError as error:
            problems.append(source.problem(("nodes", key, "site"), str(error)))
        for name, entry in zip(expanded, entries, strict=True):
            if name in nodes:
                message = f"'{name}' is given twice: by '{origin[name]}' and by '{key}'"
                problems.append(source.problem(("nodes", key), message))
            nodes[name], origin[name] = entry, key
            if name != key:
                source.alias(name, key)
    if problems:
        raise ScenarioError(problems)
    return {**data, "nodes": nodes}


def _share_sites(key: str, entries: Sequence[Any]) -> None:
    """A site with a range, such as the b[1..9] of b[1..9]-camera[1..6], goes on with the first range of the key.

    Raises ValueError for one that is none of the key's.
    """
    text = entries[0].get("site") if isinstance(entries[0], dict) else None
    if not isinstance(text, str) or not (ranges := names.ranges(text)):
        return
    if len(ranges) > 1 or names.ranges(key)[:1] != ranges:
        there = names.ranges(key)
        first = f"the first of '{key}', {there[0]}" if there else f"one of '{key}', which has none"
        raise ValueError(f"the range of '{text}' must be {first}")
    sites = names.expand(text)
    for number, entry in enumerate(entries):
        entry["site"] = sites[number * len(sites) // len(entries)]


def resolve(data: Raw, source: Source) -> Scenario:
    """The scenario that `data` (ranges already expanded) describes.

    Raises:
        ScenarioError: with every problem found.
    """
    checks = Checks(source)
    scenario = _scenario(checks, data)
    if scenario is None:
        known = dict.fromkeys(checks.problems)  # both directions of a link complain alike
        raise ScenarioError(sorted(known, key=lambda problem: problem.line or 0))
    scenario._source = source
    return scenario


def _warm_up(checks: Checks, header: Header) -> None:
    """See that the warm-up leaves something to count."""
    if header.warm_up is not None and header.warm_up_samples is not None:
        checks.wrong(("warm_up_samples",), "give either 'warm_up' or 'warm_up_samples', not both")
    elif header.warm_up_samples is not None and header.samples is not None and header.warm_up_samples >= header.samples:
        checks.wrong(("warm_up_samples",), f"must be less than samples ({header.samples:,}), so that some are counted")
    elif header.warm_up is not None and header.duration is not None and header.warm_up >= header.duration:
        shorter = f"must be less than the duration ({format_time(header.duration)}), so that some samples are counted"
        checks.wrong(("warm_up",), shorter)


_SECTIONS = ("workload", "nodes", "links", "systems", "faults", "network", "sites")


def _scenario(checks: Checks, data: Raw) -> Scenario | None:
    header = checks.check(Header, {key: value for key, value in data.items() if value is not None}, ())
    if header is not None and (header.samples is None) == (header.duration is None):
        if header.samples is None:
            checks.wrong((), "needs 'samples' (a number) or 'duration' (a time)")
        else:
            checks.wrong(("duration",), "give either 'samples' or 'duration', not both")
    if header is not None:
        _warm_up(checks, header)
    given = {key: value if isinstance(value := data.get(key), dict) else {} for key in _SECTIONS}
    listed = {key: value if isinstance(value := data.get(key), list) else [] for key in ("links", "faults")}
    traces = Traces(checks)

    workload = None
    if isinstance(data.get("workload"), dict):
        workload = workload_of(checks, traces, given["workload"], ("workload",))
    nodes, named = nodes_of(checks, traces, given["nodes"]), names.Known(given["nodes"])
    site_of = {
        name: node["site"]
        for name, node in given["nodes"].items()
        if isinstance(node, dict) and isinstance(node.get("site"), str)
    }
    links = links_of(checks, traces, listed["links"], named, site_of)
    network = checks.check(Networking, given["network"], ("network",))
    dataset = None if data.get("data") is None else data_of(checks, data["data"])
    chosen = {}
    if isinstance(data.get("systems"), dict):
        chosen = systems(checks, given["systems"], dataset, named)
    seen_by = seeing(roles_of(chosen, checks, nodes).values())
    nodes = with_views(checks, nodes, seen_by)
    sites: list[str | None] | None = None
    if isinstance(data.get("nodes"), dict) and len(nodes) == len(named) and len(chosen) == len(given["systems"]):
        whole(checks, nodes, links if not checks.problems else [], chosen)
        sites = list(sites_of(nodes, seen_by))
    own = workloads_of_sites(
        checks, traces, given["sites"], None if sites is None else [site for site in sites if site is not None]
    )
    if header is not None and workload is not None and sites is not None:
        enough(checks, header.samples, workload, own, sites)
    members: dict[str, list[str]] = {}
    for name, site in site_of.items():
        members.setdefault(site, []).append(name)
    metrics = metrics_of(checks, () if header is None else header.metrics)
    faults = faults_of(checks, listed["faults"], named, members, links, nodes)
    if header is not None and workload is not None and sites is not None and not checks.problems:
        demands = [(("sites", site), own[site]) if site in own else (("workload",), workload) for site in sites]
        ends(checks, header.samples, header.duration, demands, nodes, links, chosen, faults)
    if header is not None and header.duration is None:
        _ends(checks, links)
    if checks.problems or header is None or workload is None or network is None or dataset is None:
        return None
    single = {key: getattr(header, key) for key in Header.model_fields if key not in (*_SECTIONS, "data")}
    return Scenario(
        **{**single, "metrics": metrics},
        data=dataset,
        workload=workload,
        nodes=nodes,
        links=links,
        systems=chosen,
        faults=faults,
        network=network,
        sites=own,
    )


def _ends(checks: Checks, links: Sequence[Link]) -> None:
    """Without a duration a run ends when every sample has an outcome: what a link holds must not stay there."""
    for link in links:
        trace = link.trace
        if trace is not None and trace.repeat is None and trace.values[-1] == 0:
            stays = f"the trace from {link.source} to {link.target} ends with 0, where messages stay for ever"
            checks.wrong(("links",), f"{stays}; give it 'repeat', or the run a 'duration'")
            return
