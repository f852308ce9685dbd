"""Whether nodes, links and systems of a scenario make a whole: every role filled, every way there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from simnet.language.checks import Checks
from simnet.language.errors import nearest, unknown
from simnet.language.kinds import short
from simnet.network.links.spec import Link
from simnet.network.nodes.spec import Node
from simnet.systems import SYSTEMS, contract
from simnet.systems.base import System
from simnet.systems.options import SystemOptions
from simnet.systems.roles import Place, Roles, Unfit, places, sites_of
from simnet.workloads.spec import Workload

TIERS = ("device", "gateway", "edge", "cloud", "router")
"""Tiers that need no system to name them."""


def roles_of(systems: Mapping[str, SystemOptions], checks: Checks, nodes: Mapping[str, Node]) -> dict[str, Roles]:
    """The roles of each system."""
    folder = checks.source.folder
    return {name: contract.roles_of(SYSTEMS.get(spec.system, folder), spec, nodes) for name, spec in systems.items()}


def seeing(roles: Iterable[Roles]) -> tuple[str, ...]:
    """Tiers whose nodes capture views in one of the systems."""
    return tuple(dict.fromkeys(tier for one in roles for tier in one.seeing))


def with_views(checks: Checks, nodes: Mapping[str, Node], seeing: Iterable[str]) -> dict[str, Node]:
    """The nodes, of which those that see have a view, by default in order at their site; `seeing` are their tiers."""
    tiers = dict.fromkeys(seeing) or {"device": None}
    result: dict[str, Node] = {}
    seen: dict[str | None, dict[int, str]] = {}
    counts: dict[str | None, int] = {}
    for name, node in nodes.items():
        path = ("nodes", name, "view")
        if node.tier in tiers:
            number = counts[node.site] = counts.get(node.site, 0) + 1
            view = number if node.view is None else node.view
            seen_by = seen.setdefault(node.site, {})
            if view in seen_by:
                checks.wrong(path, f"view {view} is already seen by '{seen_by[view]}'")
            seen_by[view] = name
            node = node.model_copy(update={"view": view})
        elif node.view is not None:
            checks.wrong(path, f"only {' and '.join(tiers)}s have a view, this is a {node.tier}")
        result[name] = node
    return result


def whole(
    checks: Checks, nodes: Mapping[str, Node], links: Sequence[Link], systems: Mapping[str, SystemOptions]
) -> None:
    """Note roles that are not filled, tiers that nobody knows, sites that are none, and ways that are not there."""
    roles = roles_of(systems, checks, nodes)
    known = dict.fromkeys([*TIERS, *(role.tier for one in roles.values() for role in one.values())])
    before = len(checks.problems)
    for name, node in nodes.items():
        if node.tier not in known:
            checks.wrong(("nodes", name, "tier"), unknown("tier", node.tier, list(known)))
    for name, spec in systems.items():
        for role, chosen in spec.roles.items():
            if len(tiers := dict.fromkeys(nodes[one].tier for one in chosen)) > 1:
                checks.wrong(("systems", name, "roles", role), f"must be nodes of one tier, found {', '.join(tiers)}")
    if len(checks.problems) == before:
        _sites(checks, nodes, roles.values())
    if len(checks.problems) > before:
        return
    reach = Reach(links)
    for name, spec in systems.items():
        _playable(checks, name, spec, roles[name], nodes, reach if links or len(nodes) == 1 else None)


def _sites(checks: Checks, nodes: Mapping[str, Node], roles: Iterable[Roles]) -> None:
    """Either every node that sees has a site, or none; who serves those belongs to a site that there is, or to none.

    Other nodes, and those of the last role, which all sites share, may have any: faults strike sites, too.
    """
    roles = list(roles)
    tiers = seeing(roles)
    serving = {role.tier for one in roles for role in list(one.values())[:-1]}.difference(tiers)
    there = sites_of(nodes, tiers)
    if None in there and len(there) > 1:
        first: dict[str | None, str] = {}
        for n, node in nodes.items():
            if node.tier in tiers:
                first.setdefault(node.site, n)
        other = next(first[site] for site in there if site is not None)
        checks.wrong(("nodes", first[None]), f"needs a site, since '{other}' has one")
    known = dict.fromkeys(site for site in there if site is not None)
    for name, node in nodes.items():
        if node.tier in serving and node.site is not None and node.site not in known:
            checks.wrong(("nodes", name, "site"), f"no device is of site '{node.site}'{nearest(node.site, known)}")


def _playable(
    checks: Checks,
    name: str,
    spec: SystemOptions,
    roles: Roles,
    nodes: Mapping[str, Node],
    reach: Reach | None,
) -> None:
    """Note what a system misses among nodes and links."""
    kind = SYSTEMS.get(spec.system, checks.source.folder)
    sites = sites_of(nodes, roles.seeing)
    if kind.one_site and len(sites) > 1:
        checks.wrong(("systems", name), f"{short(spec.system)} plays one site, found {', '.join(map(str, sites))}")
        return
    try:
        found = places(roles, nodes, sites)
    except Unfit as problem:
        checks.wrong(("systems", name), str(problem))
        return
    if reach is None:
        return
    for place in found:
        for source, target in contract.ways_of(kind, place, nodes):
            if target not in reach.of(source):
                message = f"no path of links leads from '{source}' to the {nodes[target].tier} '{target}'"
                checks.wrong(("nodes", source), message)
        _stood_in_for(checks, kind, place, nodes, reach)


def _stood_in_for(checks: Checks, kind: type[System], place: Place, nodes: Mapping[str, Node], reach: Reach) -> None:
    """Note stand-ins to which there is no way, and nodes for which nobody can stand in."""
    for name in place.views:
        if nodes[name].fallback is not None:
            checks.wrong(("nodes", name, "fallback"), f"nobody else sees the view of '{name}'")
    playing = [name for names in place.nodes.values() for name in names if name not in place.views]
    for name in playing:
        other = nodes[name].fallback
        if other is None or other in playing:
            continue
        roles = {role: tuple(other if n == name else n for n in names) for role, names in place.nodes.items()}
        for source, target in kind.ways(Place(place.site, roles, place.views)):
            if other in (source, target) and target not in reach.of(source):
                message = f"'{other}' cannot stand in: no path of links leads from '{source}' to '{target}'"
                checks.wrong(("nodes", name, "fallback"), message)


class Reach:
    """Which nodes can be reached over links."""

    def __init__(self, links: Iterable[Link]) -> None:
        self._beyond: dict[str, set[str]] = {}
        for link in links:
            self._beyond.setdefault(link.source, set()).add(link.target)
        self._known: dict[str, set[str]] = {}
        self._both_ways = all(
            source in self._beyond.get(target, ()) for source, targets in self._beyond.items() for target in targets
        )
        """Whether every link leads back, as in every file: then all that meet reach the same."""

    def of(self, start: str) -> set[str]:
        """All nodes that a message from `start` can get to, itself among them; not to be changed."""
        if start not in self._known:
            seen, fresh = {start}, [start]
            while fresh:
                new = self._beyond.get(fresh.pop(), set()) - seen
                seen |= new
                fresh += new
            self._known |= dict.fromkeys(seen if self._both_ways else [start], seen)
        return self._known[start]


def enough(
    checks: Checks,
    samples: int | None,
    workload: Workload,
    sites: Mapping[str, Workload],
    known: Sequence[str | None],
) -> None:
    """Note it if the traces of all sites together have fewer captures than there shall be samples."""
    all_of_them = [workload if site is None else sites.get(site, workload) for site in known]
    counts = [one.most for one in all_of_them if one.most is not None]
    if strange := [count for count in counts if type(count) is not int or count < 0]:
        checks.wrong(("workload",), f"'most' gives {strange[0]!r}, no number of captures")
        return
    if samples is not None and len(counts) == len(all_of_them) and sum(counts) < samples:
        message = f"the trace has only {sum(counts)} captures: give it a 'repeat', or ask for fewer samples"
        checks.wrong(("samples",), message)
