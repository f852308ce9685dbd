"""The file's `workload` and `sites`: when samples are captured, and where at other times than elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from simnet.language.checks import Checks, Raw
from simnet.language.errors import Path, unknown
from simnet.language.quantities import Time
from simnet.language.traces import Traces
from simnet.language.units import format_time
from simnet.workloads.spec import Bursty, Demand, Diurnal, Periodic, Poisson, Recorded, Workload


class RecordedEntry(Demand):
    """A workload from a trace: a file's name, a list of times, or CSV as text."""

    trace: Any
    repeat: Annotated[Time, Field(gt=0)] | None = None


_KINDS: dict[str, type[Workload]] = {"every": Periodic, "poisson": Poisson, "mmpp": Bursty, "diurnal": Diurnal}
"""Workloads by the key that only they have; the file's form of the fifth kind, `trace`, is a `RecordedEntry`."""


def workload_of(checks: Checks, traces: Traces, raw: Raw, path: Path) -> Workload | None:
    """One workload, or None if it is no good."""
    kinds = [key for key in (*_KINDS, "trace") if key in raw]
    if len(kinds) != 1:
        _no_kind(checks, raw, path, kinds)
        return None
    recorded = kinds == ["trace"]
    result = _recorded(checks, traces, raw, path) if recorded else checks.check(_KINDS[kinds[0]], raw, path)
    for name in result.classes if result is not None else ():
        checks.named(name, (*path, "classes", name))
    return result


def _no_kind(checks: Checks, raw: Raw, path: Path, found: Sequence[str]) -> None:
    """Note that a workload is of no kind, where no unknown key explains it, or of several."""
    known = dict.fromkeys(key for kind in (*_KINDS.values(), RecordedEntry) for key in kind.model_fields)
    strange = [key for key in raw if key not in known]
    for key in strange:
        checks.wrong((*path, key), unknown("key", key, list(known)))
    if found or not strange:
        kinds, given = ", ".join(f"'{key}'" for key in (*_KINDS, "trace")), " and ".join(f"'{key}'" for key in found)
        checks.wrong(path, f"needs exactly one of {kinds}, found {given or 'none'}")


def _recorded(checks: Checks, traces: Traces, raw: Raw, path: Path) -> Recorded | None:
    entry = checks.check(RecordedEntry, raw, path)
    times = traces.captures(raw["trace"], (*path, "trace"))
    if entry is None or times is None:
        return None
    if entry.repeat is not None and entry.repeat <= times[-1]:
        repeat, last = format_time(entry.repeat), format_time(times[-1])
        checks.wrong((*path, "repeat"), f"repeat ({repeat}) must be later than the last time ({last})")
        return None
    given = {key: getattr(entry, key) for key in RecordedEntry.model_fields if key != "trace"}
    return Recorded(times=times, **given)


def workloads_of_sites(
    checks: Checks, traces: Traces, raw: Mapping[str, Any], known: Sequence[str] | None
) -> dict[str, Workload]:
    """The workloads of sites that have one of their own; `known` are the devices' sites, where they are known."""
    result: dict[str, Workload] = {}
    for site, value in raw.items():
        path = ("sites", site)
        if known is not None and site not in known:
            checks.wrong(path, unknown("site", site, known) if known else f"no device has a site: '{site}' is none")
        elif not isinstance(value, dict):
            checks.wrong(path, f"must be keys and values, found {value!r}")
        elif (workload := workload_of(checks, traces, value, path)) is not None:
            result[site] = workload
    return result
