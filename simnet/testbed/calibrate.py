"""From an execution to a scenario whose nodes and links take as long as they really did."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from simnet.language.names import CALIBRATION, LINK_ARROW
from simnet.language.units import BANDWIDTH, TIME, format_bandwidth, format_time
from simnet.results.manifest import SEAL
from simnet.results.run import Results, RunError

APART = 2
"""Times the smallest message that the largest must have for a line through both: nearer ones tell no slope."""
LEAST = 5
"""Spans of a place that must be there before anything is derived of it."""


class Step(NamedTuple):
    """One step of a sample's life; times in s."""

    queued: float
    started: float
    ended: float
    size: int


Key = tuple[int, str, str, int]
"""Sample, place, kind, and how many such there were before."""


@dataclass(frozen=True)
class Extra:
    """How much longer something took than the model says.

    Attributes:
        place: A node, or a link's two ends.
        count: Of how many steps it is the median, or the straight line.
        seconds: For each call, or message.
        per_byte: For each byte of a message, in s.
        beside: The part of `seconds` that passed before the call began and after it had ended.
    """

    place: str
    count: int
    seconds: float
    per_byte: float = 0.0
    beside: float = 0.0


def extras_of(live: Results, simulated: Results) -> list[Extra]:
    """What nodes and links took longer in an execution than in a simulation of the same scenario.

    Steps of both are set against each other one by one, those that waited for nobody. What passes between the end of a
    step and the beginning of that which it sets off takes no time in a simulation; here it is the node's, on which it
    passes.

    Raises:
        RunError: a table is damaged, or the two are not of the same samples.
    """
    nodes: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    links: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for system in live.systems:
        really, modelled = _steps(live, system), _steps(simulated, system)
        ends = _ends(modelled)
        captured = dict(
            zip(*(live.samples(system).column(name).to_pylist() for name in ("sample", "captured_at")), strict=True)
        )
        for key, there in modelled.items():
            sample, place, kind, _ = key
            here = really.get(key)
            if here is None or there.started > there.queued:
                continue
            longer = (here.ended - here.queued) - (there.ended - there.queued)
            node = place if kind == "compute" else place.split(LINK_ARROW)[0]
            if kind == "compute":
                nodes[node]["longer"].append(longer)
                nodes[node]["woken"].append(here.started - here.queued)
            else:
                links[_pair(place)].append((there.size, longer))
            begun = [really[one].ended for one in ends.get((sample, node, there.queued), ()) if one in really]
            if not begun and there.queued == captured[sample]:
                begun = [captured[sample]]
            if begun:
                nodes[node]["before" if kind == "compute" else "after"].append(here.queued - max(begun))
    found = []
    for node, times in nodes.items():
        if (count := len(times["longer"])) >= LEAST:
            longer, woken, before, after = (
                float(np.median(times[name])) if times[name] else 0.0 for name in ("longer", "woken", "before", "after")
            )
            found.append(Extra(node, count, longer + before + after, beside=woken + before + after))
    return found + [_line(pair, points) for pair, points in links.items() if len(points) >= LEAST]


def calibrated(live: Results, extras: Iterable[Extra]) -> dict[str, Any]:
    """The scenario of an execution, as a file would give it, with what was measured.

    Nodes get an `overhead`; if they ran their segments, a `profile` with quantiles, from which times are drawn. Links
    get latency and bandwidth.
    """
    scenario: dict[str, Any] = yaml.safe_load(live.scenario_yaml)
    ran = live.manifest["live"]["compute"] == "network"
    by_place = {extra.place: extra for extra in extras}
    for name, node in scenario["nodes"].items():
        extra = by_place.get(name)
        if ran and (profile := _profile(live, name, 0.0 if extra is None else extra.beside)):
            node |= {"profile": profile, "jitter": {"measured": True}}
        elif extra is not None:
            node["overhead"] = format_time(max(0.0, TIME.parse(node.get("overhead", "0 s")) + extra.seconds), 4)
    for link in scenario["links"]:
        if (extra := by_place.get(LINK_ARROW.join(sorted(link["between"])))) is not None:
            link["latency"] = format_time(max(0.0, TIME.parse(link.get("latency", "0 s")) + extra.seconds), 4)
            each = 1 / BANDWIDTH.parse(link["bandwidth"]) + extra.per_byte
            link["bandwidth"] = format_bandwidth(1 / each, 4)
    return scenario


def _steps(run: Results, system: str) -> dict[Key, Step]:
    """What went well, by what it is."""
    table = run.spans(system)
    columns = ("sample", "place", "kind", "queued_at", "started_at", "ended_at", "bytes", "status")
    counts: dict[tuple[int, str, str], int] = defaultdict(int)
    found = {}
    for sample, place, kind, queued, started, ended, size, status in zip(
        *(table.column(name).to_pylist() for name in columns), strict=True
    ):
        number = counts[sample, place, kind]
        counts[sample, place, kind] += 1
        if sample >= 0 and status == "ok":
            found[sample, place, kind, number] = Step(queued, started, ended, size)
    return found


def _ends(steps: Mapping[Key, Step]) -> dict[tuple[int, str, float], list[Key]]:
    """By sample, node and moment, the steps that end there then: what begins there at that moment they set off."""
    found: dict[tuple[int, str, float], list[Key]] = defaultdict(list)
    for key, step in steps.items():
        sample, place, kind, _ = key
        found[sample, place if kind == "compute" else place.split(LINK_ARROW)[1], step.ended].append(key)
    return found


def _pair(place: str) -> str:
    """Both directions of a link have one entry in a scenario."""
    return LINK_ARROW.join(sorted(place.split(LINK_ARROW)))


def _line(pair: str, points: Sequence[tuple[int, float]]) -> Extra:
    """Seconds for each message, and for each byte where messages have several sizes: medians of each size, a line."""
    by_size: dict[int, list[float]] = defaultdict(list)
    for size, longer in points:
        by_size[size].append(longer)
    sizes = sorted(by_size)
    medians = [float(np.median(by_size[size])) for size in sizes]
    weights = np.sqrt([len(by_size[size]) for size in sizes])
    slope, offset = -1.0, 0.0
    if sizes[-1] >= APART * sizes[0] > 0:
        slope, offset = np.polyfit(sizes, medians, 1, w=weights)
    if slope < 0:
        slope, offset = 0.0, float(np.median([longer for _, longer in points]))
    return Extra(pair, len(points), float(offset), float(slope))


def _profile(live: Results, node: str, beside: float) -> dict[str, Any]:
    """Times of a node's calls, by weights and segments; `beside` is added to each."""
    found: dict[str, Any] = {}
    for name, about in live.manifest["live"]["systems"].items():
        weights = live.manifest["systems"][name]["weights"]
        for segments, times in about["computing"].get(node, {}).items():
            quantiles = [f"{one + beside!r} s" for one in times]
            found.setdefault(_called(weights), {})[segments] = {1: quantiles}
    return found


def _called(weights: Any) -> str:
    return str(weights["name"] if isinstance(weights, Mapping) else weights)


WHO = ("measured", "simulated before", "calibrated")
QUANTITIES = ("mean", "p50", "p95")
Latencies = dict[str, list[tuple[str, list[float | None]]]]
"""By system, for each of `QUANTITIES`: seconds of each of `WHO`, None where nothing was answered."""


def keep(live: Results, before: Results, after: Results) -> dict[str, Any]:
    """Write into an execution's folder what was simulated before and after its calibration, and return it.

    Raises OSError.
    """
    found = {"of": live.manifest.get(SEAL), "systems": {
        system: [_latency(run, system) for run in (before, after)] for system in live.systems
    }}  # fmt: skip
    Path(live.place, CALIBRATION).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return found


def kept(live: Results) -> Latencies | None:
    """What `keep` has written, beside what was measured; None where there is nothing of this very execution."""
    if "live" not in live.manifest or live.path is None:
        return None
    try:
        found = json.loads(Path(live.place, CALIBRATION).read_text(encoding="utf-8"))
        return latencies_of(live, found) if found["of"] == live.manifest.get(SEAL) else None
    except (OSError, ValueError, LookupError, TypeError):
        return None


def latencies_of(live: Results, found: Mapping[str, Any]) -> Latencies:
    """What was measured, beside what was simulated."""
    return {
        system: [
            (name, [one[name] for one in (_latency(live, system), *found["systems"][system])]) for name in QUANTITIES
        ]
        for system in live.systems
    }


def _latency(run: Results, system: str) -> dict[str, float | None]:
    told = run.summary["systems"][system]["latency"]
    return {name: told[name] for name in QUANTITIES}


def check_live(run: Results) -> None:
    """Raise RunError for a run that was simulated."""
    if "live" not in run.manifest:
        raise RunError(f"{run.place}: simulated, so nothing was measured; simnet live executes")
