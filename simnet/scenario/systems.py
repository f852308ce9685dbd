"""The file's `systems`: which there are, what each may be set to, and whether the nodes can play them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simnet.language import names
from simnet.language.checks import Checks
from simnet.language.errors import Path, nearest, unknown
from simnet.language.units import format_time
from simnet.network.nodes.section import edges_for, sites_of
from simnet.network.nodes.spec import Node
from simnet.systems.options import SystemSpec


def systems(checks: Checks, raw: Mapping[str, Any], data: object, nodes: Mapping[str, Node]) -> dict[str, SystemSpec]:
    """The systems of a file with `data`, those that are good; problems are noted in `checks`.

    `nodes` is empty where their own mistakes forbid to say what they could play.
    """
    from simnet.systems import SYSTEMS  # late, so that reading the schema needs no system
    from simnet.systems.tiers import DEFAULT, TIERS

    result: dict[str, SystemSpec] = {}
    for name, value in raw.items():
        path = ("systems", name)
        given = {} if value is None else value
        checks.named(name, path)
        if name == names.FIGURES:
            checks.wrong(path, f"'{name}' is taken: it names the folder of figures beside the systems' folders")
        if not isinstance(given, dict):
            checks.check(SystemSpec, given, path)
            continue
        kind = given.get("system", name)
        if not isinstance(kind, str) or kind not in SYSTEMS:
            where = (*path, "system") if "system" in given else path
            checks.wrong(where, unknown("system", kind, list(SYSTEMS)))
            continue
        system = SYSTEMS[kind]
        given = {key: item for key, item in given.items() if item is not None}
        for key in {key: None for one in SYSTEMS.values() for key in one.keys}:
            if key in given and key not in system.keys:
                owners = " and ".join(other for other, one in SYSTEMS.items() if key in one.keys)
                verb = "have" if " and " in owners else "has"
                checks.wrong((*path, key), f"only {owners} {verb} this choice, not {kind}")
                del given[key]
        if "tiers" in system.keys:
            given.setdefault("tiers", DEFAULT)
            if not isinstance(given["tiers"], str) or given["tiers"] not in TIERS:
                checks.wrong((*path, "tiers"), unknown("value", given["tiers"], list(TIERS)))
                continue
        for key, why in system.idle_keys(given.get("tiers")).items():
            if given.pop(key, None) is not None:
                checks.wrong((*path, key), f"does nothing with tiers '{given['tiers']}': {why}")
        if "codec" in given and given["codec"] not in system.codecs:
            checks.wrong((*path, "codec"), unknown(f"codec of {kind}", given.pop("codec"), system.codecs))
        if not _thresholds(checks, given.get("thresholds"), system.exits_of(given.get("tiers")), (*path, "thresholds")):
            del given["thresholds"]
        spec = checks.check(SystemSpec, {"system": kind, "weights": f"{kind}-{data}", **given}, path)
        if spec is not None:
            result[name] = spec
            if spec.retry is not None and spec.retry.after >= spec.cloud_limit:
                limit = format_time(spec.cloud_limit)
                checks.wrong(
                    (*path, "retry"), f"'after' must be less than cloud_limit ({limit}), which ends all asking"
                )
    if not raw:
        checks.wrong(("systems",), f"needs at least one system (known: {', '.join(SYSTEMS)})")
    if nodes:
        _playable(checks, result, nodes)
    return result


def _playable(checks: Checks, specs: Mapping[str, SystemSpec], nodes: Mapping[str, Node]) -> None:
    """Note what each system misses among the nodes; a cloud and a device are there."""
    from simnet.systems.tiers import layout

    plain = [name for name, spec in specs.items() if spec.tiers is None]
    sites = sites_of(nodes)
    for site in sites if plain else ():
        edges = edges_for(nodes, site)
        if len(edges) != 1:
            there = f"found {len(edges)}: {', '.join(edges)}" if edges else "found none"
            whose = "" if site is None else f" for site '{site}', its own or one without a site"
            checks.wrong(("nodes",), f"needs exactly one node of tier 'edge'{whose}, {there} (for {', '.join(plain)})")
    for name, spec in specs.items():
        if spec.tiers is None:
            continue
        if len(sites) > 1:
            checks.wrong(("systems", name), f"{spec.system} plays one site, found {', '.join(map(str, sites))}")
            continue
        try:
            layout(nodes, spec.tiers)
        except ValueError as problem:
            checks.wrong(("systems", name, "tiers"), str(problem))


def _thresholds(checks: Checks, raw: object, exits: Sequence[str], path: Path) -> bool:
    """Whether `raw` is good; pydantic's words about a union of three kinds would help nobody."""
    good = True

    def wrong(path: Path, message: str) -> None:
        nonlocal good
        good = False
        checks.wrong(path, message)

    def number(value: object) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1

    *early, last = exits
    if not isinstance(raw, dict):
        if raw not in (None, "calibrated") and not number(raw):
            wrong(path, f"must be 'calibrated', a number from 0 to 1, or one for each of "
                        f"{', '.join(early) or 'no exit'}; found {raw!r}{nearest(raw, ['calibrated'])}")  # fmt: skip
        return good
    for name in raw:
        if name == last:
            wrong((*path, name), f"'{last}' is the last exit: it always answers and has no threshold")
        elif name not in early:
            wrong((*path, name), unknown("exit", name, early))
        elif not number(raw[name]):
            wrong((*path, name), f"must be a number from 0 to 1, found {raw[name]!r}")
    for name in early:
        if name not in raw:
            wrong(path, f"gives no threshold for exit '{name}'")
    return good
