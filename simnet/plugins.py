"""All kinds of things that there are: ours, those of installed packages, and what is broken, with why."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any, NamedTuple

from simnet.registry import ALL, Registry

MODULES: tuple[str, ...] = (
    "simnet.models.codecs",
    "simnet.models.data",
    "simnet.models.networks",
    "simnet.models.rules",
    "simnet.network.faults",
    "simnet.network.links",
    "simnet.network.nodes",
    "simnet.metrics",
    "simnet.systems",
    "simnet.systems.policies",
    "simnet.workloads",
)
"""The modules that hold registries."""


class Kind(NamedTuple):
    """One kind of a sort (system, network, …): its name, where it is from, what is wrong with it (None: nothing)."""

    group: str
    sort: str
    name: str
    origin: str
    problem: str | None


def registries() -> dict[str, Registry[Any]]:
    """Every registry by its group of entry points."""
    for module in MODULES:
        import_module(module)
    return dict(sorted(ALL.items()))


def kinds() -> Iterator[Kind]:
    """All kinds of all registries; each is imported, so that what is broken shows."""
    for group, registry in registries().items():
        for found in registry.found():
            yield Kind(group, registry.what, found.name, found.origin, found.problem)
