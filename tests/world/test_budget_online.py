"""The budget rule online: one step by hand, that it settles, and a burst of hard samples; bad budgets."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import exp
from pathlib import Path
from typing import Any

import pytest
from worlds import FakeCost, fake_ask, node, plan_of, play, world_scenario

from simnet.language.schedule import Steps
from simnet.network.nodes.spec import PowerModel
from simnet.scenario import Scenario
from simnet.systems.parts.budget import Budget
from simnet.workloads.changing import Changing
from simnet.workloads.periodic import Periodic
from simnet.world.budget import LOWEST, flop_until
from simnet.world.world import World

REPORTS, UPLOAD = 6 * 10_000, 20_000
"""Bytes of every sample, and of one that goes on to the cloud."""


def budgeted(budget: Budget, samples: int, thresholds: float, **values: Any) -> Scenario:
    """DDNN at 10 samples a second, whose edge leaves at T."""
    values.setdefault("workload", Periodic(every=0.1))
    scenario = world_scenario(samples=samples, thresholds=thresholds, wait=0.02, **values)
    spec = scenario.systems["ddnn"].model_copy(update={"budget": budget})
    return scenario.model_copy(update={"systems": {"ddnn": spec}})


def edge_t(world: World) -> float:
    assert world.budget is not None
    (of_site,) = world.budget.thresholds
    return of_site["edge"]


def cloud_share(world: World, first: int, last: int) -> float:
    decided = [one.decision for one in world.endings[first:last] if one is not None]
    return sum(one is not None and one.exit == "cloud" for one in decided) / len(decided)


def test_one_step_by_hand() -> None:
    """Ten samples, all of which go to the cloud, are over within the first 0.99 s: 80,000 bytes each, 1.25 times B."""
    world = play(budgeted(Budget(bytes=64_000, gain=0.2, every=0.99), 11, 0.1), lambda *asked: (0, 0.5))
    assert world.budget is not None and (world.budget.steps, world.budget.samples) == (1, 10)
    assert edge_t(world) == pytest.approx(0.1 * exp(0.2 * 0.25), rel=1e-12)


def test_costs_below_the_budget_lower_t_to_a_floor_and_above_raise_it_to_the_end_of_the_range() -> None:
    cheap = play(budgeted(Budget(bytes=10**9, gain=0.3), 500, 0.5))
    assert edge_t(cheap) == LOWEST  # e^(−0.3 · 50) of 0.5 is less
    dear = play(budgeted(Budget(bytes=1_000), 200, 0.5))
    assert edge_t(dear) == 1.0
    assert cloud_share(dear, 150, 200) == 0


@pytest.mark.parametrize("start", [0.05, 0.95])
def test_it_settles_where_the_mean_is_the_budget(start: float) -> None:
    """Measures are even in [0, 1): with T the share 1 − T goes on; 60,000 + 20,000 · (1 − T) is the budget at 0.6."""
    world = play(budgeted(Budget(bytes=68_000, gain=0.3), 3_000, start), fake_ask)
    assert world.budget is not None
    assert edge_t(world) == pytest.approx(0.6, abs=0.06)
    assert REPORTS + UPLOAD * cloud_share(world, 1_500, 3_000) == pytest.approx(68_000, rel=0.01)


def test_in_a_burst_of_hard_samples_it_gives_way_and_comes_back() -> None:
    """Samples 1,000 to 3,000 come three times as dense, and are harder: their measures lie 0.4 higher."""

    def ask(exit_name: str, sample: int, views: int) -> tuple[int, float]:
        prediction, measure = fake_ask(exit_name, sample, views)
        return prediction, 0.6 * measure + 0.4 * (1_000 <= sample < 3_000)

    # the budget leaves half: T is 0.3 before and after, and 0.7 in the burst
    rate = Changing(rate=Steps(times=(0, 100, 166.7), values=(10, 30, 10)))
    world = play(budgeted(Budget(bytes=70_000, gain=0.3), 4_500, 0.3, workload=rate), ask)
    report = world.budget.report() if world.budget is not None else {}
    assert cloud_share(world, 1_000, 1_020) > 0.75, "it begins with the T of the calm"
    assert cloud_share(world, 2_400, 3_000) == pytest.approx(0.5, abs=0.08)
    assert cloud_share(world, 3_000, 3_050) < 0.1, "and ends with that of the burst"
    assert cloud_share(world, 4_000, 4_500) == pytest.approx(0.5, abs=0.08)
    assert report["thresholds"]["edge"]["most"] == pytest.approx(0.7, abs=0.1)
    assert report["mean"] == pytest.approx(70_000, rel=0.03)


def test_flop_are_those_of_all_that_leads_to_the_exit() -> None:
    """Six devices of 1 MFLOP, the edge 2 MFLOP, the cloud 4 MFLOP."""
    graph = FakeCost().graph("ada-ddnn")
    found = flop_until(graph, ("edge-1", "edge-2", "cloud"), {})
    assert found == {"edge-1": 6_000_000, "edge-2": 8_000_000, "cloud": 12_000_000}
    world = play(budgeted(Budget(flop=9.6e6, gain=0.3), 2_000, 0.1), fake_ask)
    assert edge_t(world) == pytest.approx(0.6, abs=0.06)  # 8 + 4 · 0.4 MFLOP


def test_joules_are_those_of_the_nodes_with_a_power_model() -> None:
    """The edge pays 1 µJ a byte that it sends: an upload costs 20 mJ, its computing 2 ms · 5 W = 10 mJ."""
    power = PowerModel(idle=1.0, busy=6.0, send=1e-6)
    world = play(budgeted(Budget(energy=0.018, gain=0.3), 2_500, 0.1, nodes={"edge": node("edge", power=power)}))
    assert edge_t(world) == pytest.approx(0.6, abs=0.1)  # 10 + 20 · 0.4 mJ
    assert world.budget is not None and world.budget.report()["measured"] == "energy"


def test_without_a_budget_thresholds_stay() -> None:
    scenario = world_scenario(samples=30, workload=Periodic(every=0.1), thresholds=0.5)
    world = play(scenario)
    assert world.budget is None and world.systems[0][0].threshold == plan_of(scenario).thresholds


def test_a_period_without_an_answer_changes_nothing() -> None:
    scenario = budgeted(Budget(bytes=1_000, every=0.01), 2, 0.5, workload=Periodic(every=2.0))
    world = play(scenario)
    assert world.budget is not None and world.budget.steps <= 2


TEXT = """
data: plaza
samples: 20
workload: {every: 200 ms}
nodes:
  camera[1..6]: {tier: device, speed: 10 GFLOP/s}
  edge: {tier: edge, speed: 10 GFLOP/s}
  cloud: {tier: cloud, speed: 10 GFLOP/s}
links:
  - {between: [camera*, edge], bandwidth: 10 Mbit/s, latency: 1 ms}
  - {between: [edge, cloud], bandwidth: 10 Mbit/s, latency: 1 ms}
systems:
  ddnn: {budget: BUDGET}
"""


@pytest.mark.parametrize(
    ("budget", "says"),
    [
        ("{}", "needs exactly one of bytes, flop, energy, found none"),
        ("{bytes: 1 kB, flop: 1 MFLOP}", "found bytes and flop"),
        ("{bytes: 1 kB, gain: 0.4}", "0.3"),
        ("{bytes: 1 kB, gain: 0}", "gain"),
        ("{bytes: 0 B}", "bytes"),
        ("{byte: 1 kB}", "did you mean"),
        ("{flop: 1 GFLOP/s}", "FLOP"),
        ("{bytes: 1 kB}, latency_target: 1 s", "cannot stand beside 'latency_target'"),
        ("{energy: 1 J}", "no node has a 'power' model"),
    ],
)
def test_bad_budgets_are_one_message(
    simnet: Callable[..., tuple[int, str, str]], tmp_path: Path, budget: str, says: str
) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(TEXT.replace("BUDGET", budget), encoding="utf-8")
    status, printed, err = simnet("check", file)
    assert (status, printed) == (2, "") and err.count("error: ") == 1
    assert says in err and "budget" in err and "s.yaml:13" in err


def test_the_summary_tells_what_was_followed(simnet: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    file, out = tmp_path / "s.yaml", tmp_path / "out"
    file.write_text(TEXT.replace("BUDGET", "{bytes: 100 kB}"), encoding="utf-8")
    assert simnet("run", file, "--out", out, "--no-figures", "--quiet", "--device", "cpu") == (0, "", "")
    found = json.loads((out / "summary.json").read_text(encoding="utf-8"))["systems"]["ddnn"]["budget"]
    assert found["measured"] == "bytes" and found["limit"] == 100_000 and found["steps"] >= 3
    assert found["thresholds"]["edge"]["least"] <= found["thresholds"]["edge"]["last"]


@pytest.mark.parametrize("system", ["device-only", "edge-only", "cloud-only", "neurosurgeon", "oracle"])
def test_where_nothing_is_tested_a_budget_is_refused(
    simnet: Callable[..., tuple[int, str, str]], tmp_path: Path, system: str
) -> None:
    file = tmp_path / "s.yaml"
    entry = f"{system}: {{weights: ddnn-plaza, budget: BUDGET}}"
    text = TEXT.replace("ddnn: {budget: BUDGET}", entry).replace("BUDGET", "{bytes: 1 kB}")
    file.write_text(text, encoding="utf-8")
    status, _, err = simnet("check", file)
    assert status == 2 and f"systems.{system}.budget: does nothing here" in err
