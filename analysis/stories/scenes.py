"""Which faults are told, and from when to when, in which windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import inf, isfinite

import numpy as np

from simnet.analysis.faults import faults_of, together
from simnet.analysis.stories.record import Floats
from simnet.language.errors import unknown
from simnet.results.run import Results, RunError

ENOUGH = 40
"""Samples that a window has, where the fault lasts so long: a share of fewer says little (our choice)."""
AROUND = 4
"""Windows before and after a fault, at least."""
MOST = 36
"""Windows of a scene, about."""

Spells = tuple[tuple[float, float], ...]
"""From when to when, in s; infinite where there is no end."""


@dataclass(frozen=True)
class Scene:
    """A fault with the time around it.

    Attributes:
        fault: Its name.
        label: What it did, and where.
        spells: When it was in effect, apart, ascending.
        edges: Of the windows, in s; fewer than two where no sample was captured.
        others: When other faults were in effect.
    """

    fault: str
    label: str
    spells: Spells
    edges: Floats
    others: Spells


def struck(run: Results) -> list[str]:
    """Names of the faults that struck, in order of their first strike.

    Raises:
        RunError: none did, or a table is damaged.
    """
    names = list(dict.fromkeys(fault.name for fault in faults_of(run)))
    if not names:
        had = any(system.get("faults") for system in run.summary["systems"].values())
        raise RunError(f"{run.place}: " + ("no fault struck in this run" if had else "a run without faults"))
    return names


def selected(run: Results, patterns: Sequence[str], most: int) -> tuple[list[str], list[str]]:
    """Faults to be told, and those that are left out, both in order of their first strike.

    Args:
        run: The run.
        patterns: Names of faults, or patterns of them; none: the faults that changed most samples, in all systems.
        most: How many at most; of what was asked for the first ones.

    Raises:
        RunError: there are no such faults.
    """
    names = struck(run)
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) or name == pattern for name in names):
            raise RunError(f"{run.place}: {unknown('fault', pattern, names)}")
    if patterns:
        asked = [name for name in names if any(fnmatchcase(name, one) or name == one for one in patterns)]
        return asked[:most], asked[most:]
    weight = dict.fromkeys(names, 0)
    for system in run.summary["systems"].values():
        for name, told in system.get("faults", {}).items():
            if name in weight:
                during = told.get("during") or {"captured": 0}
                weight[name] += told["changed"] if told.get("changed") is not None else during["captured"]
    heaviest = sorted(names, key=lambda name: -weight[name])[:most]  # stable: of equal ones the first
    return [name for name in names if name in heaviest], [name for name in names if name not in heaviest]


def scene_of(run: Results, name: str, captured: Floats, end: float) -> Scene:
    """The scene of a fault in a run whose samples were `captured` then (s), and that recovered by `end` (s)."""
    faults = faults_of(run)
    mine = together(fault for fault in faults if fault.name == name)
    spells = _union([spell for group in mine for spell in group.spells])
    others = _union([(fault.start, fault.end) for fault in faults if fault.name != name])
    label = mine[0].label if len(mine) == 1 else f"{name} ({', '.join(group.label for group in mine)})"
    return Scene(name, label, spells, _edges(spells, captured, end), others)


def _union(spells: Sequence[tuple[float, float]]) -> Spells:
    merged: list[tuple[float, float]] = []
    for began, ended in sorted(spells):
        if merged and began <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], ended))
        else:
            merged.append((began, ended))
    return tuple(merged)


def _edges(spells: Spells, captured: Floats, recovered: float) -> Floats:
    """Windows of equal length, one of which begins as the fault does and, if it is a single spell, one as it ends."""
    if not len(captured):
        return np.empty(0)
    first, last = float(captured[0]), float(captured[-1])
    if last <= first:
        return np.array([first, np.nextafter(first, inf)])
    began, ended = spells[0][0], min(max(end for _, end in spells), last)
    target = ENOUGH * (last - first) / (len(captured) - 1)
    length = max(ended - began, 0.0)
    pad = max(0.75 * length, AROUND * target)
    begin, end = max(first, began - pad), min(last, max(ended + pad, min(recovered, ended + 3 * pad)))
    width = max(target, (end - begin) / MOST)
    if len(spells) == 1 and length >= width / 2 and isfinite(length):
        width = length / max(1, round(length / width))
    before, after = np.ceil((began - begin) / width - 1e-9), np.ceil((end - began) / width - 1e-9)
    edges = began + width * np.arange(-before, max(after, 1.0 - before) + 1)
    edges = np.clip(edges, first, np.nextafter(last, inf))
    short = np.diff(edges) < width / 2  # pieces at the ends of the run go with their neighbours
    keep = np.ones(len(edges), bool)
    keep[1:-1] = ~(short[:-1] | short[1:])
    inner = edges[keep]
    return np.unique(inner)
