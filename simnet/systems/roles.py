"""Roles: which nodes of a scenario play what in a system, and whether there are as many as it needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from typing import Protocol


class Unfit(ValueError):  # noqa: N818 - what a scenario is, not what went wrong in the program
    """A scenario or a network does not give a system what it needs; the message says what and what was found."""


@dataclass(frozen=True)
class Role:
    """Nodes of a tier, `least` to `most` of them (None: any number).

    Attributes:
        tier: Value of `tier` in the nodes' entries.
        least: How many are needed.
        most: How many there may be.
        sees: They capture views: each site has its own, and they are what `site` groups.
        names: Only these nodes of the tier; None: all of it.
    """

    tier: str
    least: int = 1
    most: int | None = 1
    sees: bool = False
    names: tuple[str, ...] | None = None

    @property
    def wanted(self) -> str:
        """The number in words."""
        if self.most == self.least:
            return f"exactly {_NUMBERS.get(self.least, self.least)} node{'' if self.least == 1 else 's'}"
        if self.most is None:
            return f"at least {_NUMBERS.get(self.least, self.least)} node{'' if self.least == 1 else 's'}"
        if not self.least:
            return f"at most {_NUMBERS.get(self.most, self.most)} node{'' if self.most == 1 else 's'}"
        return f"{self.least} to {self.most} nodes"


_NUMBERS = {1: "one", 2: "two", 3: "three"}


def one(tier: str) -> Role:
    """Exactly one node of a tier."""
    return Role(tier)


def some(tier: str, least: int = 1, *, sees: bool = False) -> Role:
    """At least so many nodes of a tier."""
    return Role(tier, least, None, sees)


def cameras(least: int = 1, most: int | None = None, tier: str = "device") -> Role:
    """Nodes that capture views."""
    return Role(tier, least, most, sees=True)


def maybe(tier: str, most: int = 1) -> Role:
    """None, or up to so many nodes of a tier."""
    return Role(tier, 0, most)


class Roles(Mapping[str, Role]):
    """The roles of a system by name, from the views upward: messages go from each role to the next."""

    def __init__(self, **roles: Role) -> None:
        self._roles = roles

    def __getitem__(self, name: str) -> Role:
        return self._roles[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._roles)

    def __len__(self) -> int:
        return len(self._roles)

    @property
    def seeing(self) -> tuple[str, ...]:
        """Tiers whose nodes capture views."""
        return tuple(role.tier for role in self.values() if role.sees)

    def played_by(self, chosen: Mapping[str, Sequence[str]], nodes: Mapping[str, Node]) -> Roles:
        """The same roles, some of them played by chosen nodes (of one tier, whichever), the others by nobody of these.

        Who is not among `nodes` is passed over.
        """
        taken = {name for names in chosen.values() for name in names}
        found: dict[str, Role] = {}
        for name, role in self.items():
            names = [n for n in chosen.get(name, ()) if n in nodes]
            if name in chosen:
                found[name] = replace(role, tier=nodes[names[0]].tier if names else role.tier, names=tuple(names))
            else:
                others = (n for n, node in nodes.items() if node.tier == role.tier and n not in taken)
                found[name] = replace(role, names=tuple(others))
        return Roles(**found)


class Node(Protocol):
    """What is read of a node's entry."""

    @property
    def tier(self) -> str:
        """Its tier."""

    @property
    def site(self) -> str | None:
        """The site that it belongs to."""

    @property
    def view(self) -> int | None:
        """Number of the view that it sees, from 1."""

    @property
    def fallback(self) -> str | None:
        """Who does its work while it is down."""


@dataclass(frozen=True)
class Place:
    """Who plays what at one site: names of nodes by role, in the scenario's order, and the views of those that see.

    Attributes:
        site: The site; None is that of nodes which name none.
        nodes: Role → names.
        views: Name → number of the view that it sees, from 0.
    """

    site: str | None
    nodes: Mapping[str, tuple[str, ...]]
    views: Mapping[str, int]

    def only(self, role: str) -> str:
        """The one node of a role. Raises ValueError where there are none or several."""
        (name,) = self.nodes[role]
        return name


def sites_of(nodes: Mapping[str, Node], seeing: Iterable[str]) -> tuple[str | None, ...]:
    """The sites that nodes of these tiers name, in the scenario's order; (None,) where there is no such node."""
    tiers = set(seeing)
    return tuple(dict.fromkeys(node.site for node in nodes.values() if node.tier in tiers)) or (None,)


def places(roles: Roles, nodes: Mapping[str, Node], sites: Sequence[str | None]) -> list[Place]:
    """Who plays what at every site. Raises Unfit for a role that is not filled, or filled too often.

    All sites share the nodes that belong to none of them.
    """
    tiers: dict[str, _Tier] = {role.tier: _Tier() for role in roles.values()}
    known = set(sites)
    for name, node in nodes.items():
        if node.tier in tiers:
            tiers[node.tier].at.setdefault(node.site, []).append(name)
            if node.site is None or node.site not in known:
                tiers[node.tier].common.append(name)
    return [_place(roles, nodes, site, tiers) for site in sites]


@dataclass
class _Tier:
    """The nodes of a tier: those at each site, and those that all sites share."""

    at: dict[str | None, list[str]] = field(default_factory=dict)
    common: list[str] = field(default_factory=list)


MOST_STAND_INS = 64
"""Of one node, and of one place; with more ways to combine them only one node at a time is replaced."""


def stand_ins(place: Place, nodes: Mapping[str, Node]) -> list[Place]:
    """The places that take over, in order: with the fewest nodes replaced, each by its `fallback`, or by that one's.

    Nodes that see have none: nobody else sees their view.
    """
    taken = [name for names in place.nodes.values() for name in names]
    chains: list[list[str]] = []
    for name in taken:
        chain = [name]
        while (following := nodes[chain[-1]].fallback) is not None and following not in (*taken, *chain):
            chain.append(following)
            if len(chain) > MOST_STAND_INS:
                break
        if len(chain) > 1 and name not in place.views:
            chains.append(chain)
    lengths = [len(chain) for chain in chains]
    if prod(lengths) > MOST_STAND_INS:
        numbers = [
            tuple(n if i == at else 0 for i in range(len(chains))) for at, m in enumerate(lengths) for n in range(1, m)
        ]
    else:
        numbers = [chosen for chosen in product(*map(range, lengths)) if any(chosen)]
    found = []
    for chosen in sorted(numbers, key=lambda chosen: (sum(chosen), chosen)):
        instead = {chain[0]: chain[number] for chain, number in zip(chains, chosen, strict=True)}
        replaced = {role: tuple(instead.get(name, name) for name in names) for role, names in place.nodes.items()}
        if all(len(set(names)) == len(names) for names in replaced.values()):
            found.append(Place(place.site, replaced, place.views))
    return found


def _place(roles: Roles, nodes: Mapping[str, Node], site: str | None, tiers: Mapping[str, _Tier]) -> Place:
    found: dict[str, tuple[str, ...]] = {}
    views: dict[str, int] = {}
    for name, role in roles.items():
        mine = tiers[role.tier].at.get(site, [])
        if not role.sees and not mine:
            mine = tiers[role.tier].common
        if role.names is not None:
            mine = [n for n in mine if n in role.names]
        if role.most is not None and len(mine) > role.most:  # who only stands in for one of them has no part of its own
            mine = [n for n in mine if not any(nodes[other].fallback == n for other in mine)] or mine
        if len(mine) < role.least or (role.most is not None and len(mine) > role.most):
            listed = f"found {len(mine)}: {', '.join(mine)}" if mine else "found none"
            whose = (
                "" if site is None else f" for site '{site}'{'' if role.sees else ', its own or one without a site'}"
            )
            raise Unfit(f"role '{name}' needs {role.wanted} of tier '{role.tier}'{whose}, {listed}")
        found[name] = tuple(mine)
        if role.sees:
            for number, n in enumerate(mine, start=len(views) + 1):
                views[n] = (number if role.names is not None else nodes[n].view or number) - 1
    return Place(site, found, views)
