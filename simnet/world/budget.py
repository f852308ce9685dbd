"""The budget rule, online: thresholds follow what samples cost, so that it is at most B on average.

Every step each T of a site becomes T · exp(gain · (measured − B) / B), within its rule's range; `measured` is the mean
cost of a sample of the site in that step. A measure below T leaves early, so costs above B must raise T (written with
B − measured the rule is for a confidence that must be *above* T).
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from math import exp
from typing import Any

from simnet.clock import Order, ticks
from simnet.models.graph import Graph, Part
from simnet.models.rules import ExitRule
from simnet.network.nodes.power import charges
from simnet.network.nodes.spec import PowerModel
from simnet.network.topology import Topology
from simnet.results.kept.endings import Ending
from simnet.systems.parts.budget import Budget

LOWEST = 0.001
"""Part of the rule's range below which no T is lowered, or it would be long in coming back (our choice)."""
MOST_STEP = 20.0
"""Largest exponent of one step: T is at its limit by then."""


class Controller:
    """Follows the budget at every site of a system.

    Args:
        network: Where the samples live; its spans tell bytes and joules.
        spec: The budget.
        sites: For each sample the number of its site.
        endings: How each sample ended; filled while the world runs.
        thresholds: T of each site, which the systems read; changed here.
        rules: Of every exit but the last: T stay within their ranges.
        flop: Operations of a sample that is answered at each exit; of one without an answer nothing is counted.
        powered: The nodes with a power model.
    """

    def __init__(
        self,
        network: Topology,
        spec: Budget,
        sites: Sequence[int],
        endings: Sequence[Ending | None],
        thresholds: Sequence[MutableMapping[str, float]],
        rules: Mapping[str, ExitRule],
        flop: Mapping[str, int],
        powered: Mapping[str, PowerModel],
    ) -> None:
        self._network, self._spec, self._sites, self._endings = network, spec, sites, endings
        self.thresholds = thresholds
        self._range = {
            name: (min(t, rule.least + LOWEST * (rule.most - rule.least)), rule.most)
            for name, rule in rules.items()
            for t in [min(of_site[name] for of_site in thresholds)]
        }
        self._flop, self._powered = flop, powered
        self._every, self._seen = ticks(spec.every), 0
        self._open: list[int] = []
        """Samples that were captured and had no ending when last looked at."""
        self._joined: set[int] = set()
        self.cost, self.samples, self.steps, self.above = 0.0, 0, 0, 0
        """Of all steps: what was measured, of so many samples; steps of a site with samples, and those above B."""
        self.least = {name: min(of_site[name] for of_site in thresholds) for name in rules}
        self.most = {name: max(of_site[name] for of_site in thresholds) for name in rules}
        network.env.background(self._every, Order.LIMIT, self._step)

    def captured(self, sample: int) -> None:
        """A sample begins its life."""
        self._open.append(sample)

    def _step(self) -> None:
        count, cost = [0] * len(self.thresholds), [0.0] * len(self.thresholds)
        still = []
        for sample in self._open:
            ending = self._endings[sample]
            if ending is None:
                still.append(sample)
                continue
            count[self._sites[sample]] += 1
            if self._spec.measured == "flop" and ending.decision is not None:
                cost[self._sites[sample]] += self._flop[ending.decision.exit]
        self._open = still
        if self._spec.measured != "flop":
            self._spent(cost)
        for site, samples in enumerate(count):
            if samples:  # without any nothing is known of the mean
                self._follow(site, cost[site] / samples)
                self.samples += samples
        self.cost += sum(cost)
        env = self._network.env
        env.background(env.now + self._every, Order.LIMIT, self._step)

    def _spent(self, cost: list[float]) -> None:
        """Add the bytes or joules of the spans that have ended since."""
        spans, joined = self._network.spans, self._joined
        joined.update(self._network.joined[len(joined) :])
        for number, span in enumerate(spans.since(self._seen), self._seen):
            sample, _, kind, _, _, _, size, _ = span
            if sample < 0:  # a heartbeat
                continue
            if self._spec.measured == "bytes":
                cost[self._sites[sample]] += size if kind == "transfer" else 0
                continue
            for charge in charges(span, self._powered):
                if charge.use != "busy" or number not in joined:  # a batch is one call
                    cost[self._sites[sample]] += charge.joules
        self._seen = len(spans)

    def _follow(self, site: int, measured: float) -> None:
        limit, of_site = self._spec.limit, self.thresholds[site]
        factor = exp(min(self._spec.gain * (measured - limit) / limit, MOST_STEP))
        self.steps += 1
        self.above += measured > limit
        for name, (lowest, highest) in self._range.items():
            t = of_site[name] = min(max(of_site[name] * factor, lowest), highest)
            self.least[name], self.most[name] = min(self.least[name], t), max(self.most[name], t)

    def report(self) -> dict[str, Any]:
        """See the section `budget` in docs/results.md."""
        return {
            "measured": self._spec.measured,
            "limit": self._spec.limit,
            "mean": self.cost / self.samples if self.samples else None,
            "steps": self.steps,
            "above": self.above,
            "thresholds": {
                name: {
                    "last": sum(one[name] for one in self.thresholds) / len(self.thresholds),
                    "least": self.least[name],
                    "most": self.most[name],
                }
                for name in self._range
            },
        }


def flop_until(graph: Graph, exits: Sequence[str], instead: Mapping[str, str]) -> dict[str, int]:
    """Operations of a sample that is answered at each exit: of all parts that lead to it or to one before, once."""
    needed: set[Part] = set()

    def add(part: Part) -> None:
        if part in graph.into and part not in needed:
            needed.add(part)
            for arcs in graph.into[part]:
                for arc in arcs:
                    add(graph.arcs[arc].source)

    found = {}
    for name in exits:
        for part in graph.parts_of(graph.answering(name, instead.get(name)).name):
            add(part)
        found[name] = sum(graph.segments[part.segment].flop for part in needed)
    return found
