"""The sections of a system's summary by name: ours, and metrics of a user's own. They are made in `simnet.results`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simnet.registry import Registry

if TYPE_CHECKING:
    from simnet.results.section import Section

SECTIONS: Registry[Section] = Registry(
    "simnet.metrics",
    "metric",
    "simnet.results.section:Section",
    {
        "flop": "simnet.results.sections.flop:Flop",
        "energy": "simnet.results.sections.energy:Energy",
        "deadlines": "simnet.results.sections.deadlines:Deadlines",
        "classes": "simnet.results.sections.classes:Classes",
        "sites": "simnet.results.sections.sites:Sites",
        "usage": "simnet.results.sections.usage:Usage",
        "budget": "simnet.results.sections.budget:Budget",
        "policy": "simnet.results.sections.policy:Policy",
        "faults": "simnet.results.sections.faults:Faults",
    },
    "simnet.results.section:check_name",
)
"""Ours in the order in which they stand in a summary; a scenario's `metrics` come after them."""
