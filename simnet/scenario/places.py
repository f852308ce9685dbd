"""Whether nodes, links and workloads of a scenario make a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simnet.language.checks import Checks
from simnet.language.errors import nearest
from simnet.network.links.spec import Link
from simnet.network.nodes.section import edges_for, sites_of
from simnet.network.nodes.spec import Node
from simnet.scenario.header import Header
from simnet.workloads.spec import Recorded, Workload


def enough(
    checks: Checks, header: Header, workload: Workload, sites: Mapping[str, Workload], known: Sequence[str | None]
) -> None:
    """Note it if the traces of all sites together have fewer captures than there shall be samples."""
    all_of_them = [workload if site is None else sites.get(site, workload) for site in known]
    counts = [len(one.times) for one in all_of_them if isinstance(one, Recorded) and one.repeat is None]
    if header.samples is not None and len(counts) == len(all_of_them) and sum(counts) < header.samples:
        message = f"the trace has only {sum(counts)} captures: give it a 'repeat', or ask for fewer samples"
        checks.wrong(("samples",), message)


def tiers_are_whole(checks: Checks, nodes: Mapping[str, Node]) -> bool:
    """Whether every system's least is there, a device and one cloud, and sites are whole."""
    before = len(checks.problems)
    clouds = [name for name, node in nodes.items() if node.tier == "cloud"]
    sites = sites_of(nodes)
    if not sites:
        checks.wrong(("nodes",), "needs at least one node of tier 'device'")
    if len(clouds) != 1:
        there = f"found {len(clouds)}: {', '.join(clouds)}" if clouds else "found none"
        checks.wrong(("nodes",), f"needs exactly one node of tier 'cloud', {there}")
    if None in sites and len(sites) > 1:
        name, other = sites[None][0], next(names[0] for site, names in sites.items() if site is not None)
        checks.wrong(("nodes", name), f"needs a site, since '{other}' has one")
    known = [site for site in sites if site is not None]
    for name, node in nodes.items():
        if node.tier in ("gateway", "edge") and node.site is not None and node.site not in known:
            hint = nearest(node.site, known)
            checks.wrong(("nodes", name, "site"), f"no device is of site '{node.site}'{hint}")
    return len(checks.problems) == before


def reachable(checks: Checks, nodes: Mapping[str, Node], links: Sequence[Link]) -> None:
    """Every device must reach its site's edge (without one, the cloud), and that every other place of inference."""
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

    clouds = [name for name, node in nodes.items() if node.tier == "cloud"]
    for site, devices in sites_of(nodes).items():
        hub = (edges_for(nodes, site) or clouds)[0]
        what = f"the {nodes[hub].tier} '{hub}'"
        for name in devices:
            if hub not in reached(name):
                checks.wrong(("nodes", name), f"no path of links leads from '{name}' to {what}")
        there = reached(hub)
        for name, node in nodes.items():
            needed = node.tier == "cloud" or (node.tier in ("gateway", "edge") and node.site in (None, site))
            if needed and name not in there:
                checks.wrong(("nodes", name), f"unreachable: no path of links leads from {what} to '{name}'")
