"""What each fault did to a system: its samples before, during and after it, and how soon service was normal again.

Definitions, with all times in seconds of simulated time:

* An *incident* is one strike of a fault at one place: a node, or a connection (both directions of a link, if the fault
  hits both at once). That of a node that was down lasts until its warm-up is over. A *period* of a fault is a longest
  interval in which one incident of it at least is active at any moment.
* A sample is *touched* by a fault that is active at any moment from its capture to its outcome, that is also by one
  that begins while the sample is under way. A fault whose targets all belong to sites touches samples of these sites
  only, and only these are counted for it.
* *during* are the samples touched by the fault. *before* and *after* are samples that no fault at all touched: captured
  before its first period, and captured when one had ended (so those between two periods are *after*, too).
* *Service is normal again* with the first sample, captured after the end of a period, from which on `IN_ROW` samples
  in a row are answered, not forced, in a time not longer than the longest latency *before*. The time to recover is from
  the end of the period to the capture of that first sample; it includes the wait for it, on average half the time
  between samples. Where any fault touches a sample captured between the end and the last of the `IN_ROW`, recovery
  cannot be told from the other fault's effects: such a period counts as not recovered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simnet.network.faults.incidents import Incident, connection_of, name_of, target_of
from simnet.results.cells import NONE, Listing, percent, time
from simnet.results.lives import Lives, Mask, latency_of, mean_of
from simnet.results.section import Played, Section
from simnet.results.tables import ANY, NUMBER

if TYPE_CHECKING:
    from simnet.scenario import Scenario

IN_ROW = 10
"""Samples in a row that must be as good as before (our choice)."""
ROUNDING = 1e-9
"""Seconds by which sums of the same times may differ."""

Periods = NDArray[np.float64]
"""Begin and end in s of intervals that do not meet, ascending, shape (n, 2); infinite where there is no end."""


_GROUP = {"accuracy": NUMBER, "latency": {"p95": NUMBER}, "forced_share": NUMBER}


class Faults(Section):
    """An entry for each fault by name; none without faults.

    Per name: `incidents` (count), `targets` (place → s in effect there), `downtime` (their sum), `periods` (count),
    `first` and `last` of these ({began, ended}, None while it lasts), `recovered` (how many periods were followed
    by normal service before anything else struck), `time_to_recover` (mean over these, in s) and the groups
    `before`, `during` and `after` (see `_group`). None where a value does not exist. The module defines all this.
    """

    name = "faults"
    form: ClassVar[Mapping[str, Any]] = {
        ANY: {
            **dict.fromkeys(("periods", "recovered"), int),
            "time_to_recover": NUMBER,
            **dict.fromkeys(("before?", "during?", "after?"), _GROUP),
        }
    }

    def of(self, run: Played) -> dict[str, Any] | None:
        """See the class."""
        names = dict.fromkeys(name_of(fault) for fault in run.scenario.faults if fault.action != "up")
        if not names:
            return None
        lives = run.lives
        struck = {name: [one for one in run.incidents if one.name == name] for name in names}
        periods = {name: _union(struck[name]) for name in names}
        reach = {name: _reach(run.scenario, name, lives) for name in names}
        touched = {name: reach[name] & _overlap(lives, periods[name]) for name in names}
        clear = ~np.any(list(touched.values()), axis=0)
        return {
            name: {
                **_extent(struck[name], periods[name], run.end),
                **_effect(lives, run.exits, periods[name], reach[name], touched[name], clear),
            }
            for name in names
        }

    def rows(self, found: Mapping[str, Any]) -> dict[str, str]:
        """None: they have a table."""
        return {}

    def table(self, found: Mapping[str, Mapping[str, Any]]) -> Listing:
        """A fault's name, below it three rows for each system."""
        listing = Listing("faults", ("fault", "samples", "accuracy", "latency\np95", "forced", "recovers in"))
        for fault in dict.fromkeys(name for faults in found.values() for name in faults):
            listing.rows.append([fault])
            for system, faults in found.items():
                if fault in faults:
                    listing.rows += _rows(system, faults[fault])
            listing.rows.append(())
        return listing


def _rows(system: str, found: Mapping[str, Any]) -> Iterator[list[str]]:
    for when, label in (("before", f"  {system}"), ("during", ""), ("after", "")):
        group = found.get(when) or {"accuracy": None, "latency": {"p95": None}, "forced_share": None}
        numbers = percent(group["accuracy"]), time(group["latency"]["p95"]), percent(group["forced_share"])
        yield [label, when, *numbers, _recovers(found) if when == "after" else ""]


def _recovers(fault: Mapping[str, Any]) -> str:
    """The mean time, and after how many periods of the fault service was normal again before the next."""
    if not fault["recovered"]:
        return NONE
    once = fault["recovered"] == fault["periods"] == 1
    return time(fault["time_to_recover"]) + ("" if once else f" ({fault['recovered']} of {fault['periods']})")


def _union(incidents: Iterable[Incident]) -> Periods:
    """The periods that incidents make together; those that meet are one."""
    merged: list[list[float]] = []
    for began, ended in sorted((one.began, inf if one.ended is None else one.ended) for one in incidents):
        if merged and began <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], ended)
        else:
            merged.append([began, ended])
    return np.array(merged, float).reshape(-1, 2)


def _overlap(lives: Lives, periods: Periods) -> Mask:
    """Samples under way at some moment of a period. At its time a fault begins or ends before anything else happens."""
    begun = np.searchsorted(periods[:, 0], lives.left, side="right")
    over = np.searchsorted(periods[:, 1], lives.captured, side="right")
    return np.asarray(begun > over)


def _reach(scenario: Scenario, name: str, lives: Lives) -> Mask:
    """Samples that a fault can touch: those of its targets' sites, or all if a target belongs to none."""
    sites: set[str] = set()
    for fault in scenario.faults:
        if name_of(fault) == name and fault.action != "up":
            ends = (fault.node,) if fault.node is not None else fault.link or ()
            mine = {site for node in ends if (site := scenario.nodes[node].site) is not None}
            if not mine:
                return np.ones(len(lives.captured), bool)
            sites |= mine
    return np.isin(lives.site, list(sites))


def _extent(incidents: Sequence[Incident], periods: Periods, end: float) -> dict[str, Any]:
    """How often, where and how long a fault was in effect."""
    places: dict[str, list[Incident]] = {}
    for one in incidents:
        places.setdefault(connection_of(one.fault), []).append(one)
    targets = {}
    for here in places.values():
        union = np.minimum(_union(here), end)
        targets[_label(here)] = float((union[:, 1] - union[:, 0]).sum())
    ways = [{"began": float(began), "ended": float(ended) if ended < inf else None} for began, ended in periods]
    return {
        "incidents": sum(len({one.began for one in here}) for here in places.values()),
        "targets": targets,
        "downtime": float(sum(targets.values())),
        "periods": len(ways),
        "first": ways[0] if ways else None,
        "last": ways[-1] if ways else None,
    }


def _label(here: Sequence[Incident]) -> str:
    """A node, `source→target` of a link, or `one–other` where both its directions were hit."""
    first = here[0].fault
    if len({one.target for one in here}) == 1:
        return target_of(first)
    return "–".join(first.link or ())


def _effect(
    lives: Lives, exits: Sequence[str], periods: Periods, reach: Mask, touched: Mask, clear: Mask
) -> dict[str, Any]:
    over = np.searchsorted(periods[:, 1], lives.captured, side="right")
    before = reach & clear & (over == 0)
    after = reach & clear & (over > 0)
    usual = lives.latency[before & lives.answered]
    longest = float(usual.max()) if len(usual) else None
    times = [] if longest is None else _times_to_recover(lives, periods, reach, clear, longest)
    return {
        "recovered": len(times),
        "time_to_recover": float(np.mean(times)) if times else None,
        "before": _group(lives, exits, before),
        "during": _group(lives, exits, touched),
        "after": _group(lives, exits, after),
    }


def _times_to_recover(lives: Lives, periods: Periods, reach: Mask, clear: Mask, longest: float) -> list[float]:
    """Seconds from the end of each period to normal service, of those periods after which it came undisturbed."""
    captured, clear = lives.captured[reach], clear[reach]
    slow = lives.latency > longest + ROUNDING  # false for those without latency: they are not answered
    good = (lives.answered & (lives.outcome != "forced") & ~slow)[reach]
    sums = np.concatenate([[0], np.cumsum(good)])
    starts = np.flatnonzero(sums[IN_ROW:] - sums[:-IN_ROW] == IN_ROW)
    disturbed = np.append(np.flatnonzero(~clear), len(captured))
    times = []
    for ended in periods[:, 1].tolist():
        first = np.searchsorted(captured, ended)
        place = np.searchsorted(starts, first)
        if place < len(starts) and starts[place] + IN_ROW <= disturbed[np.searchsorted(disturbed, first)]:
            times.append(float(captured[starts[place]] - ended))
    return times


def _group(lives: Lives, exits: Sequence[str], mask: Mask) -> dict[str, Any] | None:
    """Counts and means of some samples, keyed as in the summary of a system; None if there are none.

    `answered_share` and `forced_share` are of those captured; accuracy, latency and exit shares of those
    answered, `accuracy_of_captured` of all, those without an answer being wrong.
    """
    if not mask.any():
        return None
    answered = mask & lives.answered
    captured, count = int(mask.sum()), int(answered.sum())
    forced, dropped = (int((lives.outcome[mask] == outcome).sum()) for outcome in ("forced", "dropped"))
    return {
        "captured": captured,
        "answered": count,
        "forced": forced,
        "dropped": dropped,
        "answered_share": count / captured,
        "forced_share": forced / captured,
        "accuracy": mean_of(lives.correct[answered]),
        "accuracy_of_captured": mean_of(lives.correct[mask]),
        "latency": latency_of(lives.latency[answered]),
        "exits": lives.exits(exits, mask),
    }
