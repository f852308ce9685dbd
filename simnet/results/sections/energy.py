"""What a run cost in joules: the section `energy` (definitions: `simnet.results.ledger`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from simnet.language.units import format_energy
from simnet.results.cells import NONE, long, percent, time
from simnet.results.section import Played, Section
from simnet.results.tables import ANY, NUMBER

if TYPE_CHECKING:
    from simnet.results.ledger import Ledger
    from simnet.scenario import Scenario


class Energy(Section):
    """Joules in all, for each answer and of each node; there is none where no node has a power model."""

    name = "energy"
    beside = "costs"
    form: ClassVar[Mapping[str, Any]] = {
        "per_sample?": NUMBER,
        "without?": list,
        "dynamic_per_sample?": NUMBER,
        "nodes": {ANY: {"battery_empty_at?": NUMBER, "battery_life?": NUMBER, "asleep_share?": NUMBER}},
    }

    def of(self, run: Played) -> dict[str, Any] | None:
        """See `energy_of`."""
        answered = int(run.lives.answered.sum()) + run.warm_answers  # joules are those of the whole run
        return energy_of(run.scenario, run.ledger, answered, run.empty_at, run.end)

    def rows(self, found: Mapping[str, Any]) -> dict[str, str]:
        """Joules for each answer, who slept least, how long the first battery lasts, and which were used up."""
        rows = {"energy per sample": _per_sample(found)}
        if (dynamic := found.get("dynamic_per_sample")) is not None:
            rows["  without idling"] = format_energy(dynamic, 3)
        shares = {n: share for n, node in found["nodes"].items() if (share := node.get("asleep_share")) is not None}
        if shares:
            name, least = min(shares.items(), key=lambda one: one[1])
            rows["asleep, least"] = f"{percent(least)} ({name})"
        lives = {name: life for name, node in found["nodes"].items() if (life := node.get("battery_life")) is not None}
        if lives:
            name, life = min(lives.items(), key=lambda one: one[1])
            rows["battery life, shortest"] = f"{long(life)} ({name})"
        if batteries := [node["battery_empty_at"] for node in found["nodes"].values() if "battery_empty_at" in node]:
            empty = [at for at in batteries if at is not None]
            first = f", first after {time(min(empty))}" if empty else ""
            rows["batteries empty"] = f"{len(empty)} of {len(batteries)}{first}"
        return rows


def energy_of(
    scenario: Scenario, ledger: Ledger, answered: int, empty_at: Mapping[str, float | None], end: float
) -> dict[str, Any] | None:
    """The section, in joules; None where no node has a power model.

    `total` over all of these, `per_sample` = total / answered samples, `dynamic_per_sample` without idling and
    sleeping; and the same of each node, with the share of its time up that it slept and how often it was woken, if it
    ever sleeps, with what is left in its battery and when that was empty (`empty_at`, in seconds, of each node that has
    one; None while it is not) and how long it lasts: until then, or, in a run of `end` seconds that it outlasts, as
    long as it would at the mean power of the run (our choice). `without` names the computers that have no power model.
    """
    if not ledger.nodes:
        return None
    nodes: dict[str, Any] = {}
    for name, uses in ledger.nodes.items():
        total = sum(uses.values())
        nodes[name] = {**uses, "total": total, "per_sample": total / answered if answered else None}
        if (slept := ledger.slept.get(name)) is not None:
            up = ledger.up_times[name]
            nodes[name] |= {"asleep_share": slept.asleep / up if up else None, "wake_ups": slept.wake_ups}
        if (capacity := scenario.nodes[name].battery) is not None:
            left = capacity - total if empty_at[name] is None else 0.0  # but for the part of a byte that left
            nodes[name]["battery_left"] = left
            nodes[name]["battery_empty_at"] = empty = empty_at[name]
            nodes[name]["battery_life"] = empty if empty is not None else capacity * end / total if total else None
    total = sum(node["total"] for node in nodes.values())
    idle = sum(node["idle"] + node.get("asleep", 0.0) for node in nodes.values())
    return {
        "total": total,
        "per_sample": total / answered if answered else None,
        "dynamic_per_sample": (total - idle) / answered if answered else None,
        "nodes": nodes,
        "without": [n for n, node in scenario.nodes.items() if node.tier != "router" and n not in nodes],
    }


def _per_sample(found: Mapping[str, Any]) -> str:
    if (per_sample := found.get("per_sample")) is None:
        return NONE
    without = found.get("without") or []
    names = ", ".join(without) if len(without) < 3 else f"{len(without)} nodes"
    return format_energy(per_sample, 3) + (f" ({names} not counted)" if without else "")
