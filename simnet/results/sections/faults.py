"""What each fault did to a system: its samples, beside what they would have been without it, and how long that lasted.

The run is played again without the fault, with all others and the same draws (`simnet.world.run`), so that the same
samples are compared, one by one. Definitions, with all times in seconds of simulated time:

* An *incident* is one strike of a fault at one place: a node, or a connection (both directions of a link, if the fault
  hits both at once). That of a node that was down lasts until its warm-up is over. A *period* of a fault is a longest
  interval in which one incident of it at least is active at any moment.
* A sample is *touched* by a fault that is active at any moment from its capture to its outcome, that is also by one
  that begins while the sample is under way. A fault whose targets all belong to sites touches samples of these sites
  only, and only these are counted for it.
* *during* are the samples touched by the fault, *after* the others of its sites that were captured when a period of it
  had ended.
* A sample is *changed* by the fault if without it another exit or nobody would have answered it, the answer would have
  been another one or forced, or its latency would have been other by more than `TOLERANCE` (our choice).
* *Recovery* from a period is complete with the outcome of the last sample that the fault changed, among those captured
  before its next period; the time to recover is from the end of the period until then, 0 if no such outcome came later.
  A period from which it was not complete before the next one, or before the run ended, counts as not recovered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simnet.network.faults.incidents import Incident, connection_of, name_of, target_of
from simnet.results.cells import NONE, Listing, percent, time
from simnet.results.lives import Lives, Mask, interval_of, latency_of, mean_of
from simnet.results.section import Played, Section
from simnet.results.tables import ANY, NUMBER

if TYPE_CHECKING:
    from simnet.scenario import Scenario

TOLERANCE = 0.01
"""Share of its latency by which a sample may be sooner or later, and is still as it would have been (our choice)."""

Periods = NDArray[np.float64]
"""Begin and end in s of intervals that do not meet, ascending, shape (n, 2); infinite where there is no end."""

_NUMBERS = {"right_share": NUMBER, "latency": {"mean": NUMBER}, "forced_share": NUMBER, "dropped_share": NUMBER}
_INTERVAL = dict.fromkeys(("mean", "low", "high"), NUMBER)
_GROUP = {
    "captured": int,
    **_NUMBERS,
    "without?": _NUMBERS,
    "difference?": {"changed": int, "right": _INTERVAL, "latency": _INTERVAL},
}


class Faults(Section):
    """An entry for each fault by name; none without faults.

    Per name: `incidents` (count), `targets` (place → s in effect there), `downtime` (their sum), `periods` (count),
    `first` and `last` of these ({began, ended}, None while it lasts), `compared` (whether it is known what would have
    been without it), `changed` (how many samples of the run), `recovered` (from how many periods), `time_to_recover`
    (mean over these, in s) and the groups `during` and `after` (see `_group`). None where a value does not exist. The
    module defines all this.
    """

    name = "faults"
    form: ClassVar[Mapping[str, Any]] = {
        ANY: {
            **dict.fromkeys(("periods", "recovered"), int),
            "compared": bool,
            "time_to_recover": NUMBER,
            **dict.fromkeys(("during?", "after?"), _GROUP),
        }
    }

    def of(self, run: Played) -> dict[str, Any] | None:
        """See the class."""
        names = dict.fromkeys(name_of(fault) for fault in run.scenario.faults if fault.action != "up")
        if not names:
            return None
        found = {}
        for name in names:
            struck = [one for one in run.incidents if one.name == name]
            periods = _union(struck)
            reach = _reach(run.scenario, name, run.lives)
            without = run.without.get(name) if struck else run.lives
            found[name] = {
                **_extent(struck, periods, run.end),
                **_effect(run.lives, without, run.exits, periods, reach),
            }
        return found

    def rows(self, found: Mapping[str, Any]) -> dict[str, str]:
        """None: they have a table."""
        return {}

    def table(self, found: Mapping[str, Mapping[str, Any]]) -> Listing:
        """A fault's name, below it for each system who was there during it, and after it if that was changed, too."""
        listing = Listing("faults", ("fault", "samples", "right", "latency mean", "forced", "dropped"))
        for fault in dict.fromkeys(name for faults in found.values() for name in faults):
            listing.rows.append([fault])
            for system, faults in found.items():
                if fault in faults:
                    listing.rows += _rows(system, faults[fault])
            listing.rows.append(())
        return listing


def _rows(system: str, found: Mapping[str, Any]) -> Iterator[list[str]]:
    label = f"  {system}"
    for when in ("during", "after"):
        group = found.get(when)
        difference = (group or {}).get("difference")
        if when == "after" and not (difference and difference["changed"]):
            continue
        if group is None:
            yield [label, f"none {when}", *[NONE] * 4]
        else:
            yield [label, f"{group['captured']:,} {when}", *_cells(group)]
            if difference is not None:
                yield ["", "without it", *_cells(group["without"])]
                right, latency = _said(difference["right"], 100, "%"), _said(difference["latency"], 1e3, "ms")
                yield ["", "difference", right, latency, "", ""]
        label = ""
    yield ["", "recovers in", "", _recovers(found), "", ""]


def _cells(group: Mapping[str, Any]) -> list[str]:
    shares = (percent(group[f"{key}_share"]) for key in ("right", "forced", "dropped"))
    right, forced, dropped = shares
    return [right, time(group["latency"]["mean"]), forced, dropped]


def _said(found: Mapping[str, float | None], factor: float, unit: str) -> str:
    mean, high = found["mean"], found["high"]
    if mean is None:
        return NONE
    return f"{factor * mean:+.1f}" + ("" if high is None else f" ± {factor * (high - mean):.1f}") + f" {unit}"


def _recovers(fault: Mapping[str, Any]) -> str:
    """The mean time, and from how many periods of the fault service was as without it before the next."""
    if not fault["compared"]:
        return "not compared"
    if not fault["recovered"]:
        return NONE
    once = fault["recovered"] == fault["periods"] == 1
    mean = fault["time_to_recover"]
    return (time(mean) if mean else "at once") + ("" if once else f" ({fault['recovered']} of {fault['periods']})")


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


def _effect(lives: Lives, without: Lives | None, exits: Sequence[str], periods: Periods, reach: Mask) -> dict[str, Any]:
    """What became of the samples, and what would have become of them, where that is known."""
    touched = reach & _overlap(lives, periods)
    after = reach & ~touched & (np.searchsorted(periods[:, 1], lives.captured, side="right") > 0)
    changed = None if without is None else _changed(lives, without)
    times = [] if changed is None else _times_to_recover(lives, periods, changed)
    return {
        "compared": changed is not None,
        "changed": None if changed is None else int(changed.sum()),
        "recovered": len(times),
        "time_to_recover": float(np.mean(times)) if times else None,
        "during": _group(lives, without, changed, exits, touched),
        "after": _group(lives, without, changed, exits, after),
    }


def _changed(lives: Lives, without: Lives) -> Mask:
    """Samples that are not as they would have been."""
    same = (
        (lives.outcome == without.outcome)
        & (lives.exit == without.exit)
        & (lives.prediction == without.prediction)
        & ~(np.abs(lives.latency - without.latency) > TOLERANCE * without.latency)  # of no answer: not a number
    )
    return np.asarray(~same.astype(bool))


def _times_to_recover(lives: Lives, periods: Periods, changed: Mask) -> list[float]:
    """Seconds from the end of each period to the last outcome that the fault changed, where that came before the next.

    One that was still missing when the run ended is infinitely late.
    """
    times = []
    for ended, begins in zip(periods[:, 1].tolist(), [*periods[1:, 0].tolist(), inf], strict=False):
        late = lives.left[changed & (lives.captured < begins)]
        last = max(ended, float(late.max())) if len(late) else ended
        if last < inf and last <= begins:
            times.append(last - ended)
    return times


def _group(
    lives: Lives, without: Lives | None, changed: Mask | None, exits: Sequence[str], mask: Mask
) -> dict[str, Any] | None:
    """Some samples: how many, what became of them, what would have become of them, and the paired difference.

    None if there are none. `difference` is of what is less what would have been: of `right` (1 or 0 for each sample;
    without an answer it is 0), of the latency in s of those answered in both, each with a 95 % interval.
    """
    if not mask.any():
        return None
    found = {"captured": int(mask.sum()), **_numbers(lives, exits, mask)}
    if without is None or changed is None:
        return {**found, "without": None, "difference": None}
    both = mask & lives.answered & without.answered
    return {
        **found,
        "without": _numbers(without, exits, mask),
        "difference": {
            "changed": int((mask & changed).sum()),
            "right": interval_of(lives.correct[mask].astype(float) - without.correct[mask].astype(float)),
            "latency": interval_of(lives.latency[both] - without.latency[both]),
        },
    }


def _numbers(lives: Lives, exits: Sequence[str], mask: Mask) -> dict[str, Any]:
    """Counts and means of some samples, keyed as in the summary of a system.

    Shares are of those captured, so that who got no answer counts; accuracy, latency and exit shares of those answered.
    """
    answered = mask & lives.answered
    captured, right = int(mask.sum()), int((mask & lives.correct).sum())
    forced, dropped = (int((lives.outcome[mask] == outcome).sum()) for outcome in ("forced", "dropped"))
    return {
        "answered": int(answered.sum()),
        "forced": forced,
        "dropped": dropped,
        "right": right,
        **{
            f"{key}_share": count / captured
            for key, count in (
                ("answered", int(answered.sum())),
                ("forced", forced),
                ("dropped", dropped),
                ("right", right),
            )
        },
        "accuracy": mean_of(lives.correct[answered]),
        "latency": latency_of(lives.latency[answered]),
        "exits": lives.exits(exits, mask),
    }
