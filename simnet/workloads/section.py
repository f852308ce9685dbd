"""The file's `workload` and `sites`: when samples are captured, and where at other times than elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simnet.language.checks import Checks, Raw, keys_of
from simnet.language.errors import Path, shown, unknown
from simnet.language.kinds import settled_kind
from simnet.language.traces import Traces
from simnet.workloads import WORKLOADS
from simnet.workloads.spec import Demand, kinds_in


def workload_of(checks: Checks, traces: Traces, raw: Raw, path: Path) -> Demand | None:
    """One workload, or None if it is no good."""
    result: Demand | None
    if raw.get("kind") is not None:
        named = settled_kind(checks, WORKLOADS, raw["kind"], (*path, "kind"))
        result = None if named is None else named[1].read(checks, traces, {**raw, "kind": named[0]}, path)
    else:
        kinds = kinds_in(raw)
        if len(kinds) != 1:
            _no_kind(checks, raw, path, kinds)
            return None
        result = WORKLOADS[kinds[0]].read(checks, traces, raw, path)
    for name in result.classes if result is not None else ():
        checks.named(name, (*path, "classes", name))
    return result


def _no_kind(checks: Checks, raw: Raw, path: Path, found: Sequence[str]) -> None:
    """Note that a workload is of no kind, where no unknown key explains it, or of several."""
    known = dict.fromkeys(key for name in WORKLOADS for key in keys_of(WORKLOADS[name]))
    strange = [key for key in raw if key not in known]
    for key in strange:
        checks.wrong((*path, key), unknown("key", key, list(known)))
    if found or not strange:
        kinds, given = ", ".join(f"'{key}'" for key in WORKLOADS), " and ".join(f"'{key}'" for key in found)
        checks.wrong(path, f"needs exactly one of {kinds}, found {given or 'none'}")


def workloads_of_sites(
    checks: Checks, traces: Traces, raw: Mapping[str, Any], known: Sequence[str] | None
) -> dict[str, Demand]:
    """The workloads of sites that have one of their own; `known` are the devices' sites, where they are known."""
    result: dict[str, Demand] = {}
    for site, value in raw.items():
        path = ("sites", site)
        if known is not None and site not in known:
            checks.wrong(path, unknown("site", site, known) if known else f"no device has a site: '{site}' is none")
        elif not isinstance(value, dict):
            checks.wrong(path, f"must be keys and values, found {shown(value)}")
        elif (workload := workload_of(checks, traces, value, path)) is not None:
            result[site] = workload
    return result
