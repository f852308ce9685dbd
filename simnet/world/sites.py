"""Sites: devices with the same `site` see the same scene, and hang on an edge of their own or on a common one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from simnet.network.nodes import section as node_section
from simnet.scenario import Scenario
from simnet.streams import stream
from simnet.workloads.spec import Workload

NO_SKEWS: Mapping[str, float] = MappingProxyType({})


def sites_of(scenario: Scenario) -> tuple[str | None, ...]:
    """The sites that devices name, in the scenario's order; None is that of devices which name none."""
    return tuple(node_section.sites_of(scenario.nodes)) or (None,)


def cameras_of(scenario: Scenario, site: str | None = None) -> list[tuple[str, int]]:
    """Name and view (0-based) of every device of a site, in the scenario's order."""
    devices = [(n, node) for n, node in scenario.nodes.items() if node.tier == "device" and node.site == site]
    return [(name, (node.view or number) - 1) for number, (name, node) in enumerate(devices, start=1)]


def edge_of(scenario: Scenario, site: str | None) -> str | None:
    """The edge that serves a site: its own, else the first that is no other site's; None without any."""
    return next(iter(node_section.edges_for(scenario.nodes, site)), None)


def workload_of(scenario: Scenario, site: str | None) -> Workload:
    """When a site captures: as is said for it, else as for all."""
    return scenario.workload if site is None else scenario.sites.get(site, scenario.workload)


def skews_of(scenario: Scenario) -> Mapping[str, float]:
    """How many s each device captures its view after the sample's capture: U(0, skew), fixed, a stream for each.

    Empty where all are synchronous.
    """
    skews = {}
    for site in sites_of(scenario):
        if (skew := workload_of(scenario, site).skew) > 0:
            for name, _ in cameras_of(scenario, site):
                skews[name] = float(stream(scenario.seed, f"skew/{name}").uniform(0.0, skew))
    return skews or NO_SKEWS
