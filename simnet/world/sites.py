"""Sites: cameras with the same `site` see the same scene, and hang on an edge of their own or on a common one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from simnet.scenario import Scenario, places
from simnet.streams import stream
from simnet.systems import SYSTEMS, roles
from simnet.systems.contract import roles_of
from simnet.workloads.spec import Workload

NO_SKEWS: Mapping[str, float] = MappingProxyType({})


def seeing(scenario: Scenario) -> tuple[str, ...]:
    """Tiers whose nodes capture views in one of the systems."""
    specs = scenario.systems.values()
    return places.seeing(roles_of(SYSTEMS.get(spec.system, scenario.folder), spec, scenario.nodes) for spec in specs)


def sites_of(scenario: Scenario) -> tuple[str | None, ...]:
    """The sites that cameras name, in the scenario's order; None is that of cameras which name none."""
    return roles.sites_of(scenario.nodes, seeing(scenario))


def workload_of(scenario: Scenario, site: str | None) -> Workload:
    """When a site captures: as is said for it, else as for all."""
    return scenario.workload if site is None else scenario.sites.get(site, scenario.workload)


def skews_of(scenario: Scenario) -> Mapping[str, float]:
    """How many s each camera captures its view after the sample's capture: U(0, skew), fixed, a stream for each.

    Empty where all are synchronous.
    """
    skews, tiers = {}, seeing(scenario)
    for name, node in scenario.nodes.items():
        if node.tier in tiers and (skew := workload_of(scenario, node.site).skew) > 0:
            skews[name] = float(stream(scenario.seed, f"skew/{name}").uniform(0.0, skew))
    return skews or NO_SKEWS
