"""What was run, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simnet.results.cells import time
from simnet.results.run import Results


def sentence(run: Results) -> str:
    """Samples, data, cameras, systems, machines, faults, length and seed of a run."""
    summary, scenario = run.summary, run.scenario
    nodes: Mapping[str, Any] = scenario.get("nodes") or {}
    views = sum((node or {}).get("view") is not None for node in nodes.values())
    faults = len(dict.fromkeys(_fault(fault) for fault in scenario.get("faults") or ()))
    length = max((system.get("simulated_time") or 0.0 for system in summary["systems"].values()), default=0.0)
    parts = [
        _count(summary["samples"], "sample") + f" of {_data(summary.get('data'))}",
        f"seen by {_count(views, 'camera')}" if views else "",
        f"{'answered by' if len(run.systems) == 1 else 'each answered by'} {_listed(run.systems)}",
        f"on {_count(len(nodes), 'node')} and {_count(len(scenario.get('links') or ()), 'link')}"
        if scenario.get("links")
        else f"on {_count(len(nodes), 'node')}",
        f"with {_count(faults, 'fault')}" if faults else "without faults",
    ]
    repeats = f", repeated with {len(run.repeats)} seeds" if run.repeats else ""
    kind = "real" if "live" in run.manifest else "simulated"
    seed = "" if summary["seed"] is None else f", seed {summary['seed']}"
    return f"{', '.join(part for part in parts if part)}; {time(length)} of {kind} time{seed}{repeats}."


def _data(data: Any) -> str:
    return str(data.get("set", "its data set") if isinstance(data, Mapping) else data)


def _fault(fault: Mapping[str, Any]) -> str:
    return str(fault.get("name") or sorted(map(str, fault.items())))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
