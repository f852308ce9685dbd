"""Warm-up: samples that are simulated as ever, and counted nowhere in the summary."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from small import SCENARIO
from worlds import world_scenario

import simnet
from simnet.scenario import Scenario
from simnet.workloads.periodic import Periodic
from simnet.workloads.spec import SampleClass
from simnet.world.captures import captures


@pytest.fixture
def small(random_weights: Callable[..., Path]) -> Scenario:
    text = SCENARIO.replace("DDNN", str(random_weights("ddnn"))).replace("ADA", str(random_weights("ada-ddnn")))
    return simnet.load(text)


@pytest.mark.parametrize(
    ("change", "count"),
    [({}, 0), ({"warm_up_samples": 0}, 0), ({"warm_up_samples": 3}, 3), ({"warm_up": 0.0}, 0)]
    # captures at 0, 0.5, 1.0 … s: what is captured at the end of the warm-up counts
    + [({"warm_up": at}, count) for at, count in ((0.1, 1), (0.5, 1), (1.0, 2), (1.1, 3))],
)
def test_who_belongs_to_the_warm_up(change: dict[str, float], count: int):
    scenario = world_scenario(workload=Periodic(every=0.5), samples=8).model_copy(update=change)
    assert captures(scenario).before(scenario) == count


def test_a_warm_up_of_all_samples_is_one_message_at_its_line(small: Scenario, tmp_path: Path):
    file = tmp_path / "late.yaml"
    file.write_text(small.to_yaml() + "warm_up: 1 h\n", encoding="utf-8")
    with pytest.raises(simnet.ScenarioError, match=r"late\.yaml:\d+: warm_up: leaves no sample to count: .* 40, the"):
        simnet.run(simnet.load(file))


def test_the_summary_is_that_of_the_later_samples(small: Scenario):
    """Against the same run without warm-up: tables are equal, and the numbers those of rows 15 to 39."""
    plain, warm = simnet.run(small), simnet.run(small.with_({"warm_up_samples": 15}))
    assert warm.summary["warm_up"] == 15 and plain.summary["warm_up"] == 0 and warm.summary["samples"] == 40
    for name in warm.systems:
        assert warm.samples(name).equals(plain.samples(name)) and warm.spans(name).equals(plain.spans(name))
        found, rows = warm.summary["systems"][name], warm.samples(name).slice(15).to_pylist()
        answered = [row for row in rows if row["exit"] is not None]
        assert found["captured"] == len(rows) == 25 and found["finished"] == len(answered)
        assert found["accuracy"] == sum(row["correct"] for row in answered) / len(answered)
        assert found["latency"]["mean"] == pytest.approx(np.mean([row["latency"] for row in answered]))
        assert found["bytes"]["total"] == sum(row["bytes"] for row in rows)
        assert found["bytes"]["raw_offload"] == 25 * 6 * 3072
        assert sum(one["count"] for one in found["exits"].values()) == len(answered)
        during = found["faults"]["camera2 down"]["during"]  # 3 s to 4 s: 5 samples of one each 200 ms, none before 15
        assert during == plain.summary["systems"][name]["faults"]["camera2 down"]["during"]
    pair = warm.summary["paired"]["ada-ddnn vs ddnn"]
    assert pair["samples"] <= 25 < plain.summary["paired"]["ada-ddnn vs ddnn"]["samples"]


def test_joules_are_those_of_the_whole_run(small: Scenario):
    plain, warm = (simnet.run(one).summary["systems"]["ddnn"] for one in (small, small.with_({"warm_up": "2 s"})))
    assert warm["captured"] == 30
    assert warm["energy"] == plain["energy"]


def test_classes_and_deadlines_are_counted_after_it(small: Scenario):
    workload = Periodic(every=0.2, deadline=0.5, classes={"a": SampleClass(share=0.5), "b": SampleClass(share=0.5)})
    found = simnet.run(small.model_copy(update={"workload": workload, "warm_up_samples": 10})).summary["systems"][
        "ddnn"
    ]
    assert found["deadlines"]["samples"] == 30 == sum(one["captured"] for one in found["classes"].values())


def test_it_is_written_and_read_again(small: Scenario):
    for change in ({"warm_up": "1500 ms"}, {"warm_up_samples": 7}):
        scenario = small.with_(change)
        assert simnet.load(scenario.to_yaml()) == scenario != small
    assert "warm_up" not in small.to_yaml()


def test_the_figure_of_latency_leaves_it_out(small: Scenario):
    run = simnet.run(small.with_({"warm_up_samples": 15}))
    finished = run.summary["systems"]["ddnn"]["finished"]
    lines = [line for panel in run.figure("latency").axes for line in panel.lines]
    everything = [line for line in lines if str(line.get_label()).startswith("ddnn: ")]
    assert len(everything[0].get_xdata()) == finished + 1  # its steps begin at the first value once more
    json.dumps(run.summary, allow_nan=False)
