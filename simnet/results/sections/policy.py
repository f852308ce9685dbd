"""The section `policy`: what heartbeats, repetitions and breakers did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simnet.results.section import Played, Section


class Policy(Section):
    """The sums over all sites, by key of the scenario; none where no such key is in use."""

    name = "policy"

    def of(self, run: Played) -> dict[str, Any] | None:
        """See the class."""
        from simnet.systems.policies.policy import policy_report  # late: the engine, which no reader needs

        return policy_report(run.policies).get("policy")

    def rows(self, found: Mapping[str, Any]) -> dict[str, str]:
        """None: counts of sites in their own keys are for the summary's readers."""
        return {}
