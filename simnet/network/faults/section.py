"""The file's `faults`: one entry becomes one fault for each node or direction of a link that it strikes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from simnet.language.checks import Checks, Raw
from simnet.language.errors import Path, unknown
from simnet.language.kinds import check_options, settled_kind, short, split
from simnet.language.names import LINK_ARROW, LONGEST
from simnet.language.quantities import MOST, Bandwidth, Model, Share, Time
from simnet.network.faults import ACTIONS
from simnet.network.faults.spec import LEAST_SHAPE, Fault
from simnet.network.links.spec import Link
from simnet.network.nodes.spec import Node


class FaultEntry(Model):
    """One entry of the file's `faults`; a user's action, which `do` names, may add keys of its own."""

    name: Annotated[str, Field(max_length=LONGEST)] | None = None
    """What it is called in the results."""
    at: Time | None = None
    """When it begins; of random faults, when they can."""
    lasts: Annotated[Time, Field(gt=0)] | None = Field(None, alias="for")
    """How long it lasts; by default to the end."""
    node: str | None = None
    """The node that it strikes, or a pattern."""
    link: tuple[str, str] | None = None
    """The two ends of the link that it strikes, or patterns."""
    site: str | None = None
    """The site all of whose nodes it strikes."""
    partition: tuple[tuple[str, ...], ...] | None = None
    """Groups of nodes between which nothing gets through."""
    direction: Literal["up", "down"] | None = None
    """Which direction of a link it strikes; by default both."""
    state: Literal["down", "up"] | None = Field(None, alias="is")
    """Down, or up again before its time."""
    slow: Annotated[float, Field(ge=1, le=MOST, strict=True, allow_inf_nan=False)] | None = None
    """The node is so many times slower."""
    bandwidth: Annotated[Bandwidth, Field(gt=0)] | None = None
    """What is left of the link."""
    loss: Annotated[Share, Field(gt=0)] | None = None
    """Probability that a packet on the link is lost."""
    do: Any = None
    """A user's action, by name or as ``file.py:Name``."""
    mtbf: Annotated[Time, Field(gt=0)] | None = None
    """Mean time to failure, for failures at random (Weibull with `shape`)."""
    mttr: Annotated[Time, Field(gt=0)] | None = None
    """Mean time to repair (exponential)."""
    shape: Annotated[float, Field(ge=LEAST_SHAPE, strict=True, allow_inf_nan=False)] | None = None
    """Of the Weibull distribution; 1 is exponential."""
    together: Annotated[bool, Field(strict=True)] | None = None
    """Whether all that it names fail at the same moments."""


Ends = tuple[str, str]
_TARGETS = {
    "node": ("a node", "node"),
    "link": ("a link", "link"),
    "site": ("a site", "node"),
    "partition": ("a partition", "link"),
}
"""What a fault may strike, in words, and of which sort its single targets are."""


def _allowed(target: str) -> list[str]:
    """The keys of which a fault of a target says one."""
    if target == "partition":
        return ["is", "do"]
    kinds = (ACTIONS[name] for name in ACTIONS)
    return [*dict.fromkeys(kind.key for kind in kinds if _TARGETS[target][1] in kind.targets), "do"]


def faults_of(
    checks: Checks,
    raw: Sequence[Any],
    known: Sequence[str],
    sites: Mapping[str, Sequence[str]],
    links: Sequence[Link],
    nodes: Mapping[str, Node],
) -> list[Fault]:
    """The faults of all entries that are good.

    `known` names all nodes, also those that are no good, `sites` those of each site.
    """
    section = _Section(checks, known, sites, links, nodes)
    entries = [(index, section.entry(value, ("faults", index))) for index, value in enumerate(raw)]
    section.taken = {said[0].name for _, said in entries if said is not None and said[0].name is not None}
    result: list[tuple[int, Fault]] = []
    for index, said in entries:
        if said is not None:
            result += [(index, fault) for fault in section.faults(*said, ("faults", index))]
    _agree(checks, result)
    return [fault for _, fault in result]


class _Section:
    def __init__(
        self,
        checks: Checks,
        known: Sequence[str],
        sites: Mapping[str, Sequence[str]],
        links: Sequence[Link],
        nodes: Mapping[str, Node],
    ) -> None:
        self.checks, self.known, self.sites, self.links, self.machines = checks, known, sites, links, nodes
        self.allowed = {target: _allowed(target) for target in _TARGETS}
        self.there = {(link.source, link.target): link for link in links}
        self.taken: set[str] = set()
        """Names that entries have."""
        self.numbers: dict[str, int] = {}
        """The last number of those that were made of the same words."""

    def entry(self, raw: Any, path: Path) -> tuple[FaultEntry, Model | None] | None:
        """The keys of an entry, those of its action apart; its `do` has a name that is found from everywhere."""
        named = raw.get("do") if isinstance(raw, dict) else None
        if named is None:
            entry = self.checks.check(FaultEntry, raw, path)
            return None if entry is None else (entry, None)
        if (found := settled_kind(self.checks, ACTIONS, named, (*path, "do"))) is None:
            return None
        name, kind = found
        if name in ACTIONS:
            said = f"'is: {name}'" if kind.key == "is" else f"'{kind.key}: …'"
            self.checks.wrong((*path, "do"), f"'{name}' is written {said}")
            return None
        return split(self.checks, FaultEntry, kind, {**raw, "do": name}, path)

    def faults(self, entry: FaultEntry, options: Model | None, path: Path) -> Iterator[Fault]:
        what = self.what(entry, path)
        if what is None:
            return
        what["name"] = self.name(entry) if entry.name is None else entry.name
        what["options"] = options
        kind = ACTIONS[what["action"]]
        targets: Sequence[str | Ends]
        if entry.partition is not None:
            targets = self.cut(entry.partition, path)
        else:
            targets = self.nodes(entry, path) if entry.link is None else self.pairs(entry, path)
        specs = [self.machines.get(one) if isinstance(one, str) else self.there[one] for one in targets]
        for target, spec in zip(targets, specs, strict=True):
            if spec is not None and (why := kind.unfit(spec)) is not None:
                called = target if isinstance(target, str) else " - ".join(target)
                self.checks.wrong((*path, kind.key), f"'{called}' {why}")
                return
        for target in targets:
            yield Fault(node=target, **what) if isinstance(target, str) else Fault(link=target, **what)

    def what(self, entry: FaultEntry, path: Path) -> Raw | None:
        """What all faults of an entry have in common; None if that is no good."""
        before = len(self.checks.problems)
        wrong = self.checks.wrong
        targets = [key for key in _TARGETS if getattr(entry, key) is not None]
        if len(targets) != 1:
            found = " and ".join(f"'{key}'" for key in targets) or "none"
            wrong(path, f"needs exactly one of 'node', 'link', 'site' and 'partition', found {found}")
            return None
        (subject, sort), allowed = _TARGETS[targets[0]], self.allowed[targets[0]]
        values = {
            "is": entry.state,
            "slow": entry.slow,
            "bandwidth": entry.bandwidth,
            "loss": entry.loss,
            "do": entry.do,
        }
        chosen = [key for key, value in values.items() if value is not None]
        if not chosen and entry.partition is not None:
            chosen, values["is"] = ["is"], "down"
        if len(chosen) != 1 or chosen[0] not in allowed:
            found = ", ".join(f"'{key}'" for key in chosen) or "nothing"
            wrong(path, f"a fault of {subject} says one of {', '.join(map(repr, allowed))}; found {found}")
            return None
        action = values["is"] or values["do"] or chosen[0]
        if sort not in (fits := ACTIONS[action].targets):
            wrong((*path, "do"), f"{short(action)} strikes {' and '.join(f'{one}s' for one in fits)}, not {subject}")
            return None
        if entry.direction is not None and entry.link is None:
            wrong((*path, "direction"), "only a link has directions")
        self.times(entry, path)
        random = entry.mtbf is not None
        groups = entry.site is not None or entry.partition is not None
        return None if len(self.checks.problems) > before else {
            "at": entry.at or 0.0,
            "lasts": entry.lasts,
            "action": action,
            "value": None if chosen[0] in ("is", "do") else values[chosen[0]],
            "mtbf": entry.mtbf,
            "mttr": entry.mttr,
            "shape": 1.0 if entry.shape is None else entry.shape,
            "together": random and groups if entry.together is None else entry.together,
        }  # fmt: skip

    def times(self, entry: FaultEntry, path: Path) -> None:
        wrong, random = self.checks.wrong, entry.mtbf is not None or entry.mttr is not None
        if random and (entry.mtbf is None or entry.mttr is None):
            wrong(path, "faults at random need both 'mtbf' and 'mttr'")
        if not random and entry.at is None:
            wrong((*path, "at"), "is missing")
        if not random and entry.shape is not None:
            wrong((*path, "shape"), "only faults at random have a shape; give 'mtbf' and 'mttr'")
        if random and entry.lasts is not None:
            wrong((*path, "for"), "faults at random last 'mttr' on average; leave 'for' out")
        if entry.state == "up" and entry.lasts is not None:
            wrong((*path, "for"), "'is: up' ends outages and does not last; leave 'for' out")
        if entry.state == "up" and random:
            wrong((*path, "is"), "faults at random end by themselves; leave 'is: up' out")

    def nodes(self, entry: FaultEntry, path: Path) -> Sequence[str]:
        if entry.node is not None:
            return self.checks.matching(entry.node, self.known, (*path, "node"))
        assert entry.site is not None  # one of the four is given
        if entry.site not in self.sites:
            self.checks.wrong((*path, "site"), unknown("site", entry.site, list(self.sites)))
        return self.sites.get(entry.site, ())

    def pairs(self, entry: FaultEntry, path: Path) -> list[Ends]:
        """The directed links that an entry's `link` and `direction` mean."""
        assert entry.link is not None
        firsts, seconds = (
            self.checks.matching(end, self.known, (*path, "link", side)) for side, end in enumerate(entry.link)
        )
        found = [(first, second) for first in firsts for second in seconds if (first, second) in self.there]
        if firsts and seconds and not found and not self.broken:
            pairs = [f"{link.source} - {link.target}" for link in self.links[::2]]
            self.checks.wrong((*path, "link"), unknown("link", " - ".join(entry.link), pairs))
        both = [(pair, pair[::-1]) for pair in found]
        chosen = {
            pair: None
            for up, down in both
            for pair in (up, down)
            if entry.direction is None or pair == (up, down)[entry.direction == "down"]
        }
        return list(chosen)

    @property
    def broken(self) -> bool:
        """Whether a link has a mistake: it may be the one that is meant."""
        return any(problem.key.startswith("links[") for problem in self.checks.problems)

    def cut(self, groups: Sequence[Sequence[str]], path: Path) -> list[Ends]:
        """Every direction of every link that leads from one group of nodes to another."""
        path = (*path, "partition")
        before = len(self.checks.problems)
        if len(groups) < 2:
            self.checks.wrong(path, "needs two groups of nodes or more, e.g. [[camera*, edge], [cloud]]")
        group_of: dict[str, int] = {}
        for number, patterns in enumerate(groups):
            for place, pattern in enumerate(patterns):
                for node in self.checks.matching(pattern, self.known, (*path, number, place)):
                    if group_of.setdefault(node, number) != number:
                        self.checks.wrong((*path, number, place), f"'{node}' is in two groups")
        if len(self.checks.problems) > before:
            return []
        none = -1
        found = [
            (source, target)
            for source, target in ((link.source, link.target) for link in self.links)
            if none not in (here := group_of.get(source, none), there := group_of.get(target, none)) and here != there
        ]
        if not found and not self.broken:
            message = "no link leads from one group to another: name what lies between them in one of the groups"
            self.checks.wrong(path, message)
        return found

    def name(self, entry: FaultEntry) -> str:
        """A name for an entry without one, which no other entry has."""
        if entry.link is not None:
            ends = entry.link[::-1] if entry.direction == "down" else entry.link
            target = ("–" if entry.direction is None else LINK_ARROW).join(ends)
        elif entry.partition is not None:
            target = " | ".join(", ".join(group) for group in entry.partition)
        else:
            target = entry.node or f"site {entry.site}"
        states = {"slow": entry.slow, "bandwidth": entry.bandwidth, "loss": entry.loss}
        own = None if entry.do is None else short(entry.do)
        action = next((key for key, value in states.items() if value is not None), entry.state or own or "cut")
        called = name = f"{target} {action}"
        number = self.numbers.get(called, 1)
        while name in self.taken:
            number += 1
            name = f"{called} ({number})"
        self.numbers[called] = number
        self.taken.add(name)
        return name


def _agree(checks: Checks, faults: Sequence[tuple[int, Fault]]) -> None:
    """Faults that strike together need the same times."""
    first: dict[str, Fault] = {}
    for index, fault in faults:
        other = first.setdefault(fault.name, fault)
        for key in ("together", "at", "mtbf", "mttr", "shape"):
            if (fault.together or other.together) and getattr(fault, key) != getattr(other, key):
                message = f"faults of one name that strike together need the same '{key}'; '{fault.name}' has two"
                checks.wrong(("faults", index), message)
                break


def check_kind(kind: type[Any]) -> None:
    """Whether a kind's own keys can stand in an entry, as the registry asks. Raises ValueError with what cannot."""
    check_options(kind, FaultEntry)
    if not kind.targets or not {"node", "link"}.issuperset(kind.targets):
        raise ValueError(f"{kind.__name__}.targets must be of 'node' and 'link', found {kind.targets!r}")
