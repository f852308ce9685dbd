"""The file's `systems`: which there are and what each is set to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath
from sys import float_info
from typing import Any

from simnet.language import names
from simnet.language.checks import Checks
from simnet.language.errors import Path, nearest, shown, unknown
from simnet.language.kinds import settled_kind, short
from simnet.language.quantities import Model
from simnet.models.codecs import CODECS
from simnet.models.data.base import DatasetOptions
from simnet.models.rules import RULES
from simnet.systems import SYSTEMS
from simnet.systems.base import System
from simnet.systems.contract import exits_of, roles_of
from simnet.systems.options import SystemOptions
from simnet.systems.policies import POLICIES
from simnet.systems.roles import Roles


def systems(
    checks: Checks, raw: Mapping[str, Any], data: DatasetOptions | None, nodes: names.Known
) -> dict[str, SystemOptions]:
    """The systems of a file with these data and nodes, those that are good; problems are noted in `checks`."""
    result: dict[str, SystemOptions] = {}
    for name, value in raw.items():
        given = {} if value is None else value
        path = ("systems", name)
        checks.named(name, path)
        if name == names.FIGURES:
            checks.wrong(path, f"'{name}' is taken: it names the folder of figures beside the systems' folders")
        if not isinstance(given, dict):
            checks.check(SystemOptions, given, path)
        elif (spec := _system(checks, name, given, data, nodes)) is not None:
            result[name] = spec
    _check_folders(checks, raw)
    if not raw:
        checks.wrong(("systems",), f"needs at least one system (known: {', '.join(SYSTEMS)})")
    return result


def _check_folders(checks: Checks, raw: Mapping[str, Any]) -> None:
    """Each system has a folder of its own in the results, and these must be good on every machine."""
    first: dict[str, str] = {}
    for name in raw:
        path: Path = ("systems", name)
        if names.reserved(name):
            checks.wrong(path, f"'{name}' cannot name a folder of results: Windows keeps it for a device")
        if (twin := first.setdefault(name.lower(), name)) != name:
            checks.wrong(path, f"'{name}' and '{twin}' would share a folder of results where case does not count")


def _system(
    checks: Checks, name: str, given: Mapping[str, Any], data: DatasetOptions | None, nodes: names.Known
) -> SystemOptions | None:
    path: Path = ("systems", name)
    kind_name = given.get("system", name)
    where = (*path, "system") if "system" in given else path
    found = settled_kind(checks, SYSTEMS, kind_name, where)
    if found is None:
        return None
    kind_name, kind = found
    values = {key: item for key, item in given.items() if item is not None}
    before = len(checks.problems)
    if "codec" in values:
        values["codec"] = _codec(checks, kind, kind_name, values["codec"], (*path, "codec"))
    if "rule" in values:
        values["rule"] = _rules(checks, values["rule"], (*path, "rule"))
    if isinstance(policies := values.get("policies"), dict):
        values["policies"] = _policies(checks, policies, (*path, "policies"))
    if isinstance(weights := values.get("weights"), str):
        values["weights"] = seen_from(weights, checks.source.folder)
    thresholds = values.pop("thresholds", "calibrated")
    if (usual := kind.usual_weights or (None if ":" in kind_name else kind_name)) is not None:
        values.setdefault("weights", f"{usual}-{None if data is None else data.set}")
    spec: SystemOptions | None = checks.check(kind.Options, {**values, "system": kind_name}, path)
    if spec is None or len(checks.problems) > before:
        return None
    fields = kind.Options.model_fields
    for key, why in ((key, why) for key, why in kind.idle_keys(spec).items() if key in fields):
        stated = thresholds if key == "thresholds" else getattr(spec, key)
        if stated != fields[key].get_default(call_default_factory=True):
            checks.wrong((*path, key), f"does nothing {why}")
    for key, message in spec.problems():
        checks.wrong((*path, key), message)
    _seeing(checks, spec.data, data, (*path, "data"))
    roles = _played(checks, spec.roles, roles_of(kind, spec), nodes, (*path, "roles"))
    exits = exits_of(kind, spec, None)
    if isinstance(spec.rule, dict):
        _early_only(checks, spec.rule, exits, (*path, "rule"), "tests nothing")
    if len(checks.problems) == before:
        _thresholds(checks, thresholds, exits, spec.rule, (*path, "thresholds"), kind.range_of(spec))
    if len(checks.problems) > before:
        return None
    if isinstance(thresholds, dict):
        thresholds = {exit_name: float(t) for exit_name, t in thresholds.items()}
    elif thresholds != "calibrated":
        thresholds = float(thresholds)
    return spec.model_copy(update={"thresholds": thresholds, "roles": roles})


def _seeing(checks: Checks, own: Mapping[str, Any], data: DatasetOptions | None, path: Path) -> None:
    """Note keys that would change which samples there are, and what the data set does not understand."""
    if data is None or not own:
        return
    allowed = type(data).seeing
    for key in own:
        if key not in allowed:
            may = f"only {', '.join(allowed)}" if allowed else "none"
            why = f"all systems see the same samples; of {short(data.set)}'s keys a system may have {may} of its own"
            checks.wrong((*path, key), f"{why}{nearest(key, allowed)}")
    if set(own) <= set(allowed):
        checks.check(type(data), {**data.model_dump(mode="json"), **own}, path)


def _played(
    checks: Checks, chosen: Mapping[str, Sequence[str]], roles: Roles, nodes: names.Known, path: Path
) -> dict[str, tuple[str, ...]]:
    """The names of the nodes that play each role that is named, in the file's order."""
    found: dict[str, tuple[str, ...]] = {}
    taken: dict[str, str] = {}
    for role, patterns in chosen.items():
        if role not in roles:
            checks.wrong((*path, role), unknown("role", role, list(roles)))
            continue
        playing = {name for pattern in patterns for name in checks.matching(pattern, nodes, (*path, role))}
        found[role] = tuple(name for name in nodes if name in playing)
        for name in found[role]:
            if (other := taken.setdefault(name, role)) != role:
                checks.wrong((*path, role), f"'{name}' already plays '{other}'")
    return found


def seen_from(name: str, folder: FilePath) -> str:
    """Weights by name as they are, those in a file by their absolute place, seen from the scenario's folder."""
    is_file = FilePath(name).suffix in (".json", ".safetensors")
    return str((folder / name).absolute()) if is_file else name


def _policies(checks: Checks, given: Mapping[str, Any], path: Path) -> dict[str, Model]:
    """The options of each policy that is good, by a name that finds it from everywhere."""
    result: dict[str, Model] = {}
    for name, keys in given.items():
        kind = settled_kind(checks, POLICIES, name, (*path, name))
        options = None if kind is None else checks.check(kind[1].Options, {} if keys is None else keys, (*path, name))
        if kind is not None and options is not None:
            result[kind[0]] = options
    return result


def _rules(checks: Checks, given: object, path: Path) -> object:
    """The rule of all exits, or of each, by names that find them from everywhere."""
    if isinstance(given, dict):
        return {name: _rules(checks, rule, (*path, name)) for name, rule in given.items()}
    found = settled_kind(checks, RULES, given, path)
    return given if found is None else found[0]


def _codec(checks: Checks, kind: type[System], kind_name: str, codec: object, path: Path) -> object:
    """How features travel: as the system knows, or a user's own, by a name that finds it from everywhere."""
    if not isinstance(codec, str) or codec in kind.codecs:
        return codec
    installed = [name for name in CODECS.names() if name not in CODECS]
    if ":" in codec or codec in installed:
        found = settled_kind(checks, CODECS, codec, path)
        return codec if found is None else found[0]
    checks.wrong(path, unknown(f"codec of {short(kind_name)}", codec, [*kind.codecs, *installed]))
    return codec


def _early_only(
    checks: Checks, given: Mapping[str, object], exits: Sequence[str] | None, path: Path, last_has: str
) -> list[str]:
    """Names of `given` that are early exits, or may be (`exits` None: only the network knows); others are noted."""
    good = []
    for name in given:
        if exits is not None and name == exits[-1]:
            checks.wrong((*path, name), f"'{name}' is the last exit: it always answers and {last_has}")
        elif exits is not None and name not in exits:
            checks.wrong((*path, name), unknown("exit", name, list(exits[:-1])))
        else:
            good.append(name)
    return good


def _thresholds(
    checks: Checks,
    given: object,
    exits: Sequence[str] | None,
    rules: str | Mapping[str, str],
    path: Path,
    its_own: tuple[float, float] | None,
) -> None:
    """Note what is wrong with them; pydantic's words about unions would help nobody.

    Each lies in its rule's range, or in the system's own.
    """

    def range_of(exit_name: str | None) -> tuple[float, float]:
        """The thresholds that make sense at an exit, or (None) at all of them."""
        if its_own is not None:
            return its_own
        if isinstance(rules, str):
            names = [rules]
        else:
            names = [rules.get(exit_name, "entropy")] if exit_name is not None else [*rules.values(), "entropy"]
        found = [RULES.get(name, checks.source.folder) for name in names]
        return max(one.least for one in found), min(one.most for one in found)

    def good(value: object, exit_name: str | None) -> bool:
        if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= float_info.max:
            return False
        least, most = range_of(exit_name)
        return least <= value <= most

    def wanted(exit_name: str | None) -> str:
        return "a number from {:g} to {:g}".format(*range_of(exit_name))

    early = [] if exits is None else list(exits[:-1])
    if isinstance(given, dict):
        for name in _early_only(checks, given, exits, path, "has no threshold"):
            if not good(given[name], name):
                checks.wrong((*path, name), f"must be {wanted(name)}, found {shown(given[name])}")
        for name in early:
            if name not in given:
                checks.wrong(path, f"gives no threshold for exit '{name}'")
    elif given != "calibrated" and not good(given, None):
        each = "each exit" if exits is None else f"each of {', '.join(early) or 'no exit'}"
        hint = nearest(given, ["calibrated"])
        checks.wrong(path, f"must be 'calibrated', {wanted(None)}, or one for {each}; found {shown(given)}{hint}")
