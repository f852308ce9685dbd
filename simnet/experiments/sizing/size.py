"""How much of something a scenario bears, or needs: bisection with common random numbers, repeats until it can be told.

Each value is played with the same seeds (common random numbers), at first with `FIRST` of them, then with twice as many
again and again, until every limit's interval is on one side of it or there are as many repeats as allowed. The
intervals are Student's, and so wide that those of all limits and looks at one value hold together with 95 %
(Bonferroni).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any, Literal

from simnet.experiments.sizing.limits import Estimate, Limit, Verdict, estimate
from simnet.experiments.sizing.search import Bracket, bracket
from simnet.experiments.sweeps import store
from simnet.experiments.sweeps.axes import Axis, in_si, refused
from simnet.experiments.sweeps.design import MOST_POINTS
from simnet.experiments.sweeps.spec import Asked
from simnet.experiments.sweeps.sweep import How, Results, sweep
from simnet.experiments.sweeps.table import FIRST as NO_METRICS
from simnet.experiments.sweeps.table import SI, as_text
from simnet.experiments.sweeps.work import scenario_of, told
from simnet.language.errors import ScenarioError, unknown
from simnet.metrics import SECTIONS
from simnet.results.run import RunError
from simnet.results.section import OWN_KEYS
from simnet.scenario import Scenario
from simnet.scenario.changes import applied, changed_by
from simnet.statistics.student import LEVEL
from simnet.terminal.listener import Progress
from simnet.world.plan import plans_of

FIRST = 3
"""Repeats of a value at first, if so many are allowed (our choice)."""
STEPS = 65
"""Values between two ends of which none is said how many there are (our choice)."""
FILE = "size.json"
End = Literal["most", "least"]


@dataclass(frozen=True)
class Tried:
    """One value that was played.

    Attributes:
        value: Of the key, as in a scenario.
        number: Its place among all values, from the easiest on.
        repeats: How often it was played.
        estimates: Of each limit's metric; None where a run has no such number.
        verdict: Whether all limits are kept: surely, surely not, or that cannot be told.
    """

    value: Any
    number: int
    repeats: int
    estimates: Sequence[Estimate | None]
    verdict: Verdict


@dataclass(frozen=True)
class Sized:
    """What a sizing has found.

    Attributes:
        key: What was varied.
        end: Whether the most or the least of it was asked for.
        system: The system that must keep the limits.
        limits: What must be kept.
        values: All values, from the easiest on.
        tried: Those that were played, in order.
        found: Between which of them the answer lies.
    """

    key: str
    end: End
    system: str
    limits: Sequence[Limit]
    values: Sequence[Any]
    tried: Sequence[Tried]
    found: Bracket

    @property
    def answer(self) -> Any:
        """The most, or the least, that surely keeps the limits; None if there is none."""
        return None if self.found.kept is None else self.values[self.found.kept]

    def sentence(self) -> str:
        """The answer in words."""
        first, last = as_text(self.values[0]), as_text(self.values[-1])
        untold = [as_text(self.values[n]) for n in self.found.untold(len(self.values))]
        between = f"; of {' to '.join(dict.fromkeys((untold[0], untold[-1])))} it cannot be told" if untold else ""
        if self.found.kept is None:
            lead = "none of the values surely keeps the limits" if untold else f"not even {first} keeps the limits"
            return f"{self.key}: {lead}{between}"
        lead = f"{self.end} {as_text(self.answer)}"
        if self.found.broken is None and not untold:
            return f"{self.key}: {last} keeps the limits still; it is the last value that was asked for"
        broken = "" if self.found.broken is None else f", {as_text(self.values[self.found.broken])} surely does not"
        return f"{self.key}: {lead}{between}{broken}"

    def as_json(self) -> dict[str, Any]:
        """All of it, as in ``size.json``."""
        return {
            "key": self.key,
            "end": self.end,
            "system": self.system,
            "limits": [asdict(limit) for limit in self.limits],
            "answer": self.answer,
            "kept": self.found.kept,
            "broken": self.found.broken,
            "sentence": self.sentence(),
            "values": list(self.values),
            "tried": [asdict(one) for one in self.tried],
        }


def size(
    base: Scenario,
    axis: Axis,
    end: End,
    limits: Sequence[Limit],
    out: Path,
    how: How,
    command: Sequence[str],
    system: str | None = None,
    repeats: int = 24,
    progress: Progress | None = None,
) -> Sized:
    """The most, or the least, of a key with which a system keeps all limits.

    Limits must be the harder to keep the more there is of the key (`end` "most"), or the less ("least").

    Args:
        base: The scenario.
        axis: The key and its values.
        end: Which end of the values is asked for.
        limits: What must be kept, one at least.
        out: Folder; what is finished there is not done again.
        how: With whom.
        command: The command line, for the folder's files.
        system: Which system must keep them; None: the only one.
        repeats: Runs of a value, at most; 2 at least.
        progress: Hears how it gets on.

    Raises:
        ScenarioError: the values have no order, or are too many.
        RunError: a value makes no scenario, there is no such system or metric, a run failed, or `out` cannot be
            written.
    """
    alone, system = only(base, system)
    values = ordered(axis, end)
    known = [*OWN_KEYS, *SECTIONS, *base.metrics]
    for limit in limits:
        if (first := limit.key.partition(".")[0]) not in known:
            raise RunError(f"limit '{limit.text}': {unknown('metric', first, known)}")
    for value in (values[0], values[-1]):  # a mistake is told before anything is played
        try:
            plans_of(scenario_of(alone, [axis.change(value)]))
        except ScenarioError as error:
            raise RunError(f"{axis.key}={as_text(value)}: {told(error)}") from error
    tried: dict[int, Tried] = {}

    def verdict(number: int) -> Verdict:
        if number not in tried:
            tried[number] = _tried(number)
        return tried[number].verdict

    def _tried(number: int) -> Tried:
        point = replace(axis, values=(values[number],), between=None, notes={})
        found: Tried | None = None
        looks = looks_at(repeats)
        for count in looks:
            asked = Asked(alone.name, alone, (point,), repeats=count)
            results = sweep(asked, out, how, command, progress)
            if results.failed:
                raise RunError(f"{axis.key}={as_text(values[number])}: {next(iter(results.failed))}")
            level = 1 - (1 - LEVEL) / (len(looks) * len(limits))
            estimates = [_estimate(results, limit, level) for limit in limits]
            found = Tried(values[number], number, count, estimates, together(limits, estimates))
            if found.verdict != "cannot tell":
                break
        assert found is not None
        return found

    done = bracket(len(values), verdict)
    sized = Sized(axis.key, end, system, limits, values, [tried[n] for n in sorted(tried)], done)
    store.write_whole(out / FILE, json.dumps(sized.as_json(), indent=1).encode())
    return sized


def looks_at(repeats: int) -> list[int]:
    """After how many repeats the intervals are looked at: 3, 6, 12 … and the most that are allowed."""
    found = [min(FIRST, repeats)]
    while found[-1] < repeats:
        found.append(min(2 * found[-1], repeats))
    return found


def together(limits: Sequence[Limit], estimates: Sequence[Estimate | None]) -> Verdict:
    """All limits at once: surely broken if one is, kept if all are. What has no number at all breaks its limit."""
    each = ["no" if one is None else limit.verdict(one) for limit, one in zip(limits, estimates, strict=True)]
    return "no" if "no" in each else "cannot tell" if "cannot tell" in each else "yes"


def only(base: Scenario, system: str | None, what: str = "must keep the limits") -> tuple[Scenario, str]:
    """The scenario with one of its systems alone, and its name; None: the only one.

    Raises RunError; of several systems without a name it asks which one `what`.
    """
    names = list(base.systems)
    if system is None and len(names) > 1:
        raise RunError(f"say which system {what}: {', '.join(names)}")
    name = names[0] if system is None else system
    if name not in names:
        raise RunError(unknown("system", name, names))
    if len(names) == 1:
        return base, name
    scenario = base if base._given is not None and base._as_given == base.__dict__ else changed_by(base, ())
    assert scenario._given is not None
    given: dict[str, Any] = deepcopy(scenario._given)
    given["systems"] = {name: given["systems"][name]}
    return applied((), given, scenario._source.copy()), name


def ordered(axis: Axis, end: End) -> list[Any]:
    """All values of a key, from the easiest to the hardest: upwards for the most, downwards for the least.

    An interval of whole numbers without `steps` has all of them, another one `STEPS` values. Raises ScenarioError for
    values without an order.
    """
    if axis.between is not None and axis.between.steps is None:
        ends = (axis.between.first, axis.between.last)
        whole = all(type(one) is int for one in ends)
        steps = ends[1] - ends[0] + 1 if whole and axis.between.scale == "linear" else STEPS
        if steps > MOST_POINTS:
            raise refused(axis.origin, f"{axis.key}: that are {steps:,} values; at most {MOST_POINTS:,}")
        axis = replace(axis, between=axis.between.model_copy(update={"steps": steps, "whole": whole}))
    values = list(axis.grid())
    numbers: Sequence[float | None] | None = in_si(values)
    if numbers is None and all(type(one) in (int, float) and isfinite(one) for one in values):
        numbers = values
    if numbers is None:
        raise refused(axis.origin, f"{axis.key}: sizes must be numbers, or quantities of one kind")
    order = sorted(range(len(values)), key=lambda place: numbers[place] or 0.0, reverse=end == "least")
    return [values[place] for place in order]


def _estimate(results: Results, limit: Limit, level: float) -> Estimate | None:
    keys = {column for key in results.keys for column in (key, f"{key}{SI}")}
    metrics = [name for name in results.table.column_names if name not in NO_METRICS and name not in keys]
    if limit.key not in metrics:
        raise RunError(f"limit '{limit.text}': {unknown('metric', limit.key, metrics)}")
    return estimate(results.table[limit.key].to_pylist(), level)
