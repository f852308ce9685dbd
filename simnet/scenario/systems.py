"""The file's `systems`: which there are, what each may be set to, and whether the nodes can play them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from simnet.scenario import names
from simnet.scenario.errors import Path, nearest, unknown
from simnet.scenario.schema import Node, SystemSpec
from simnet.scenario.units import format_time

M = TypeVar("M", bound=BaseModel)


class Checks(Protocol):
    """Collects problems, see `simnet.scenario.resolve`."""

    def wrong(self, path: Path, message: str) -> None:
        """Note a problem."""

    def named(self, name: str, path: Path) -> None:
        """Note it if `name` is no name."""

    def check(self, model: type[M], raw: object, path: Path) -> M | None:
        """`raw` as a `model`, or None after noting what is wrong with it."""


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
        for key in ("upload", "tiers"):
            if key in given and key not in system.keys:
                owner = next(other for other, one in SYSTEMS.items() if key in one.keys)
                checks.wrong((*path, key), f"only {owner} has this choice, not {kind}")
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
                checks.wrong((*path, "retry"), f"'after' must be less than cloud_limit ({limit}), which ends all asking")
    if not raw:
        checks.wrong(("systems",), f"needs at least one system (known: {', '.join(SYSTEMS)})")
    if nodes:
        _playable(checks, result, nodes)
    return result


def _playable(checks: Checks, specs: Mapping[str, SystemSpec], nodes: Mapping[str, Node]) -> None:
    """Note what each system misses among the nodes; a cloud and a device are there."""
    from simnet.systems.tiers import layout

    edges = [name for name, node in nodes.items() if node.tier == "edge"]
    if len(edges) != 1 and (plain := [name for name, spec in specs.items() if spec.tiers is None]):
        there = f"found {len(edges)}: {', '.join(edges)}" if edges else "found none"
        checks.wrong(("nodes",), f"needs exactly one node of tier 'edge', {there} (for {', '.join(plain)})")
    for name, spec in specs.items():
        if spec.tiers is not None:
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
