"""Sections of a system's summary, one file each; those that a system has nothing to say in are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simnet.registry import Registry

if TYPE_CHECKING:
    from simnet.results.section import Section


def _check(kind: type[Section]) -> None:
    from simnet.results.section import check_name

    check_name(kind)


SECTIONS: Registry[Section] = Registry(
    "simnet.metrics",
    "metric",
    "simnet.results.section:Section",
    {
        "energy": "simnet.results.sections.energy:Energy",
        "deadlines": "simnet.results.sections.deadlines:Deadlines",
        "classes": "simnet.results.sections.classes:Classes",
        "sites": "simnet.results.sections.sites:Sites",
        "policy": "simnet.results.sections.policy:Policy",
        "faults": "simnet.results.sections.faults:Faults",
    },
    _check,
)
"""Ours in the order in which they stand in a summary; a scenario's `metrics` come after them."""
