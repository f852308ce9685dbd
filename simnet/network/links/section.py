"""The file's `links`: globs, presets, traces, and values that differ by direction; read and written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any, Literal

from pydantic import create_model

from simnet.language import units
from simnet.language.checks import Checks, Raw, keys_of
from simnet.language.errors import Path, unknown
from simnet.language.kinds import check_options, settled_kind, split, written
from simnet.language.quantities import Model
from simnet.language.traces import Traces
from simnet.network.links import LINKS
from simnet.network.links.presets import LINK_PRESETS
from simnet.network.links.spec import Link


class Ends(Model):
    """What an entry of the file's `links` has beside the keys of a `Link`."""

    between: tuple[str, str]
    """Its two ends; patterns such as camera* stand for every node that they match."""
    within: Literal["site"] | None = None
    """With `site` only nodes of the same site are linked; else each of the one end with each of the other."""
    preset: str | None = None
    """Values of a technology by name; what is given beside it has precedence."""


MOST_LINKS = 100_000
"""Connections of all entries; a mesh of hundreds of nodes has as many."""
UP, DOWN = "up", "down"
"""From the first name of `between` to the second, and back."""
COMMON = ("sharing", "medium", "attempts")
"""Keys that are the same in both directions, as those of a kind are."""
DIRECTED = tuple(key for key in keys_of(Link) if key not in COMMON)
"""Keys whose value may be `{up: …, down: …}`."""
_STRUCTURED = ("loss", "trace")
"""Keys whose value may have keys of its own."""
_ANY: dict[str, Any] = dict.fromkeys((*DIRECTED, *COMMON), (Any, None))
LinkEntry = create_model("LinkEntry", __base__=Ends, **_ANY)
"""One entry of the file's `links`, whose values are checked as those of a `Link` in each direction."""


def links_of(
    checks: Checks, traces: Traces, raw: Sequence[Any], known: Sequence[str], sites: Mapping[str, str]
) -> list[Link]:
    """Both directions of every link that is good; `sites` has the site of each node that has one."""
    result: list[Link] = []
    owner: dict[tuple[str, str], int] = {}
    for index, value in enumerate(raw):
        path = ("links", index)
        values = value if isinstance(value, dict) else {}
        sharing = "fifo" if values.get("sharing") is None else values["sharing"]
        named = settled_kind(checks, LINKS, sharing, (*path, "sharing"))
        if named is None:
            continue
        parts = split(checks, LinkEntry, named[1], value, path)
        if parts is None:
            continue
        entry, options = parts
        firsts, seconds = (checks.matching(end, known, (*path, "between", side))
                           for side, end in enumerate(entry.between))  # fmt: skip
        both = _both_directions(checks, traces, {**value, "sharing": named[0], "options": options}, path)
        groups = _by_site(firsts, seconds, sites) if entry.within else [(firsts, seconds)]
        many = sum(len(one) * len(other) - len(set(one).intersection(other)) for one, other in groups)
        if many + len(result) // 2 > MOST_LINKS:
            checks.wrong((*path, "between"), f"makes {many:,} links; at most {MOST_LINKS:,} in all")
            continue
        pairs = [(first, second) for group in groups for first, second in product(*group) if first != second]
        if firsts and seconds and not pairs and entry.within:
            checks.wrong((*path, "within"), "no two of these nodes are of one site")
        elif firsts and seconds and not pairs:
            checks.wrong((*path, "between"), f"links '{firsts[0]}' with itself")
        for first, second in pairs:
            if owner.get((first, second)) == index:  # a mesh, [router*, router*], meets each pair twice
                continue
            if (first, second) in owner:
                other = owner[first, second]
                checks.wrong(path, f"'{first}' and '{second}' are linked already, by links[{other}]")
            owner[first, second] = owner[second, first] = index
            if both is not None:
                result.append(both[0].model_copy(update={"source": first, "target": second}))
                result.append(both[1].model_copy(update={"source": second, "target": first}))
    return result


def _by_site(
    firsts: Sequence[str], seconds: Sequence[str], sites: Mapping[str, str]
) -> list[tuple[list[str], list[str]]]:
    """Both ends, site by site; nodes without one are left out."""
    groups: dict[str, tuple[list[str], list[str]]] = {}
    for side, ends in enumerate((firsts, seconds)):
        for name in ends:
            if (site := sites.get(name)) is not None:
                groups.setdefault(site, ([], []))[side].append(name)
    return list(groups.values())


def _both_directions(checks: Checks, traces: Traces, raw: Raw, path: Path) -> tuple[Link, Link] | None:
    """The link's values up and down, ends to be filled in."""
    before = len(checks.problems)
    values = checks.with_preset(raw, LINK_PRESETS, path)
    for key in DIRECTED:
        if _differs(key, values.get(key)):
            _both_named(checks, values[key], (*path, key))
    if isinstance(values.get("medium"), str):
        checks.named(values["medium"], (*path, "medium"))
    if len(checks.problems) > before:
        return None
    directions = [_direction(checks, traces, raw, values, name, path) for name in (UP, DOWN)]
    if len(checks.problems) > before:
        return None
    up, down = (checks.check(Link, one, path) for one in directions)
    return (up, down) if up is not None and down is not None else None


def _direction(checks: Checks, traces: Traces, raw: Raw, values: Raw, name: str, path: Path) -> Raw:
    """What a `Link` of one direction is made of."""
    one: Raw = {
        "source": "",
        "target": "",
        **{key: values[key] for key in (*COMMON, "options") if values.get(key) is not None},
    }
    for key in DIRECTED:
        value = values.get(key)
        given = _one(key, value, name)
        if given is not None:
            one[key] = {"good": given} if key == "loss" and not isinstance(given, dict) else given
    if "trace" in one:
        if _one("bandwidth", raw.get("bandwidth"), name) is not None:
            checks.wrong((*path, "trace"), "give either 'bandwidth' or 'trace', not both")
        where = (*path, "trace", name) if _differs("trace", values["trace"]) else (*path, "trace")
        one["trace"] = traces.bandwidth(one["trace"], where)
        if one["trace"] is not None:
            some = next(filter(None, one["trace"].values), None)
            if some is None:
                checks.wrong(where, "the bandwidth is 0 at all times (a fault takes a link down)")
            else:
                one["bandwidth"] = units.format_bandwidth(some)
    for key in (key for key in DIRECTED if Link.model_fields[key].is_required()):
        if key not in one and not (key == "bandwidth" and "trace" in one):
            checks.wrong(path, f"needs a {key}, directly or from a preset")
    return one


def _differs(key: str, value: object) -> bool:
    """Whether a value is given for each direction."""
    return isinstance(value, dict) and (key not in _STRUCTURED or not {UP, DOWN}.isdisjoint(value))


def _one(key: str, value: Any, name: str) -> Any:
    """What a value is in one direction."""
    return value[name] if _differs(key, value) else value


def _both_named(checks: Checks, value: Mapping[str, Any], path: Path) -> None:
    for name in value:
        if name not in (UP, DOWN):
            checks.wrong((*path, name), unknown("direction", name, [UP, DOWN]))
    for name in (UP, DOWN):
        if name not in value:
            checks.wrong(path, f"gives no '{name}'; write {{up: …, down: …}}")


def check_kind(kind: type[Any]) -> None:
    """Whether a kind's own keys can stand in an entry, as the registry asks. Raises ValueError with what cannot."""
    check_options(kind, LinkEntry)


def written_links(links: Iterable[Link]) -> list[dict[str, Any]]:
    """The entries in a file.

    Raises:
        ValueError: a link has no opposite direction, or differs from it in what a file gives to both.
    """
    by_ends = {(link.source, link.target): link for link in links}
    result = []
    while by_ends:
        (source, target), up = next(iter(by_ends.items()))
        del by_ends[source, target]
        down = by_ends.pop((target, source), None)
        if down is None:
            raise ValueError(f"the link {source} - {target} has no opposite direction; a file cannot say so")
        for key in (*COMMON, "options"):
            if getattr(up, key) != getattr(down, key):
                raise ValueError(f"the link {source} - {target} differs in '{key}' by direction; a file cannot say so")
        result.append({"between": [source, target], **_written(up, down)})
    return result


def _written(up: Link, down: Link) -> dict[str, Any]:
    """The values of a link: what differs by direction as a pair of them."""
    one, other = (_said(link) for link in (up, down))
    pairs: dict[str, Any] = {}
    for key in (key for key in DIRECTED if key in one or key in other):
        here, there = one.get(key), other.get(key)
        pairs[key] = here if here == there else {UP: here, DOWN: there}
    return {**pairs, **{key: one[key] for key in COMMON if key in one}, **written(up.options)}


def _said(link: Link) -> dict[str, Any]:
    values = link.model_dump(mode="json")
    if link.trace is not None:
        del values["bandwidth"]
    if link.loss is not None and link.loss.bad is None:
        values["loss"] = link.loss.good
    return values
