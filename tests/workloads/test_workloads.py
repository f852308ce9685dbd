"""Workloads: arrival times against closed forms, classes and deadlines, cameras that are not synchronous."""

from __future__ import annotations

from math import cos, exp, pi, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import EXACT, fake_ask, node, play, rows, spans_of, tiered_scenario, world_scenario

from simnet.network.faults.spec import Fault
from simnet.registry import PluginError
from simnet.scenario import Scenario
from simnet.workloads.diurnal import Day, Diurnal
from simnet.workloads.mmpp import Bursty, Phase
from simnet.workloads.periodic import Periodic
from simnet.workloads.poisson import Poisson
from simnet.workloads.recorded import Recorded
from simnet.workloads.spec import SampleClass, Workload
from simnet.world.captures import arrivals, captures
from simnet.world.sites import skews_of

SEEDS = 20
T95 = 3.883
"""99.9 % point of Student's t with 19 degrees of freedom, both sides: one false alarm in a thousand sets of seeds."""

QUIET_AND_BUSY = Bursty(mmpp=(Phase(rate=2, stay=3), Phase(rate=30, stay=1)))
OFF_AND_ON = Bursty(mmpp=(Phase(rate=0, stay=2), Phase(rate=40, stay=0.5)))
THREE = Bursty(mmpp=(Phase(rate=5, stay=1), Phase(rate=0, stay=0.5), Phase(rate=20, stay=0.25)))
DAY = Diurnal(diurnal=Day(mean=10, swing=0.8, period=20, peak=5))
KINDS: dict[str, Workload] = {
    "periodic": Periodic(every=0.2, jitter=0.15),
    "poisson": Poisson(poisson=8),
    "quiet and busy": QUIET_AND_BUSY,
    "off and on": OFF_AND_ON,
    "three states": THREE,
    "diurnal": DAY,
    "nights without": Diurnal(diurnal=Day(mean=10, swing=1, period=20)),
    "recorded": Recorded(trace=(0.5, 0.5, 2), repeat=2.5),
}


def times(workload: Workload, samples: int | None = None, duration: float | None = None, seed: int = 1) -> np.ndarray:
    return arrivals(world_scenario(workload=workload, samples=samples, duration=duration, seed=seed))


def interval(values: list[float]) -> tuple[float, float]:
    """Mean and half width of a t-interval of one run per seed."""
    return float(np.mean(values)), T95 * float(np.std(values, ddof=1)) / sqrt(SEEDS)


def two_states(workload: Bursty) -> tuple[float, float, float, float]:
    """Of an MMPP of two states: mean rate, rate at which it forgets, p₁p₂(λ₁ − λ₂)², λ₁ − mean rate."""
    (first, out), (second, back) = ((phase.rate, 1 / phase.stay) for phase in workload.mmpp)
    forgets = out + back
    mean = (first * back + second * out) / forgets
    return mean, forgets, out * back / forgets**2 * (first - second) ** 2, first - mean


# --- arrival times ---


@pytest.mark.parametrize("kind", KINDS)
def test_a_shorter_run_has_the_first_arrivals_of_a_longer_one(kind: str):
    """By `samples` and by `duration`, to the last bit, beyond the blocks that are drawn at a time."""
    workload = KINDS[kind]
    whole = times(workload, samples=5000)
    assert len(whole) == 5000 and (np.diff(whole) >= 0).all() and whole[0] >= 0
    assert times(workload, samples=37).tolist() == whole[:37].tolist()
    for duration in (3.0, float(whole[-2] + whole[-1]) / 2):
        timed = times(workload, duration=duration)
        if kind == "poisson":  # its blocks are summed up apart
            assert timed == pytest.approx(whole[whole < duration], rel=1e-12)
        else:
            assert timed.tolist() == whole[whole < duration].tolist()
    assert kind in ("recorded",) or times(workload, samples=37, seed=2).tolist() != whole[:37].tolist()


def expected_count(workload: Workload, duration: float) -> float:
    """Mean number of arrivals before `duration`, from the closed form."""
    if isinstance(workload, Poisson):
        return workload.poisson * duration
    if isinstance(workload, Diurnal):
        assert duration % workload.diurnal.period == 0
        return workload.diurnal.mean * duration
    assert isinstance(workload, Bursty)
    mean, forgets, _, start = two_states(workload)
    return mean * duration + start * (1 - exp(-forgets * duration)) / forgets  # it begins in the first state


@pytest.mark.parametrize("kind", ["poisson", "quiet and busy", "off and on", "diurnal", "nights without"])
def test_the_mean_rate_is_that_of_the_closed_form(kind: str):
    workload, duration = KINDS[kind], 400.0
    mean, half = interval([len(times(workload, duration=duration, seed=seed)) for seed in range(SEEDS)])
    wanted = expected_count(workload, duration)
    assert abs(mean - wanted) <= half and half < 0.1 * wanted


def test_the_states_of_an_mmpp_come_in_turn():
    """Three states: over many rounds the mean rate is Σ rate · stay / Σ stay, and the first 0.1 s see the first."""
    counts = [len(times(THREE, duration=500, seed=seed)) / 500 for seed in range(SEEDS)]
    mean, half = interval(counts)
    assert abs(mean - (5 * 1 + 20 * 0.25) / 1.75) <= half < 0.3
    slow = Bursty(mmpp=(Phase(rate=100, stay=1e9), Phase(rate=0, stay=1)))
    start = [len(times(slow, duration=10, seed=seed)) for seed in range(SEEDS)]
    mean, half = interval(start)
    assert abs(mean - 1000) <= half < 40


def test_an_mmpp_begins_with_its_first_state():
    """With a silent first state of mean 2 s, the first arrival of `off and on` is later than the stay, so late."""
    firsts = [float(times(OFF_AND_ON, samples=1, seed=seed)[0]) for seed in range(200)]
    # Off: 2 s. On for Exp(0.5 s) at 40/s: an arrival comes first with 40 / (40 + 2), else another round.
    rounds = 1 / (40 / 42)
    assert np.mean(firsts) == pytest.approx(rounds * 2 + rounds / 42, rel=0.2)


def test_the_stays_of_an_mmpp_tell_nothing_of_its_arrivals():
    """On and off for Exp(1 s) each, at 1/s: E = 1/2 + (1 s + E)/2, so the first arrival is at 2 s on average.

    Were both drawn alike, the first arrival would come just when the first stay ends, at 1 s on average.
    """
    workload = Bursty(mmpp=(Phase(rate=1, stay=1), Phase(rate=0, stay=1)))
    firsts = [float(times(workload, samples=1, seed=seed)[0]) for seed in range(500)]
    assert abs(np.mean(firsts) - 2) < 3.3 * np.std(firsts) / sqrt(500) < 0.5


@pytest.mark.parametrize("kind", ["quiet and busy", "off and on", "poisson"])
def test_the_index_of_dispersion_is_that_of_the_closed_form(kind: str):
    """Variance / mean of the counts in windows: 1 for Poisson, and for two states (Fischer & Meier-Hellstern 1993)
    1 + 2 p₁p₂(λ₁ − λ₂)² (w − (1 − e^(−sw)) / s) / (s λ w), s the sum of the rates of change."""
    workload = KINDS[kind]
    runs = [times(workload, duration=4000, seed=seed) for seed in range(SEEDS)]
    for window in (0.5, 2.0, 8.0):
        wanted = 1.0
        if isinstance(workload, Bursty):
            mean, forgets, spread, _ = two_states(workload)
            wanted += 2 * spread * (window - (1 - exp(-forgets * window)) / forgets) / (forgets * mean * window)
            assert wanted > 3
        found = []
        for run in runs:
            counts = np.histogram(run, np.arange(40, 4000.1, window))[0]
            found.append(counts.var(ddof=1) / counts.mean())
        mean, half = interval(found)
        assert abs(mean - wanted) <= half and half < 0.15 * wanted


@pytest.mark.parametrize("swing", [0.0, 0.8, 1.0])
def test_the_diurnal_rate_of_every_quarter_of_the_day(swing: float):
    """The integral of mean · (1 + swing · cos) over the quarters: ± √2 · period / 2π around peak and trough, else 0."""
    workload = Diurnal(diurnal=Day(mean=10, swing=swing, period=20, peak=5))
    days, quarters = 20, []
    for seed in range(SEEDS):
        clock = (times(workload, duration=days * 20, seed=seed) - 5 + 2.5) % 20  # the first quarter is that of the peak
        quarters.append(np.histogram(clock, [0, 5, 10, 15, 20])[0] / days)
    for number, sign in enumerate((1, 0, -1, 0)):
        mean, half = interval([counts[number] for counts in quarters])
        assert abs(mean - (50 + sign * swing * 10 * 20 * sqrt(2) / (2 * pi))) <= half < 4


def test_the_diurnal_rate_of_every_hour():
    """Finer: twenty bins of the day against the rate at their middles; no bin drowns in another."""
    clock = np.concatenate([times(DAY, duration=400, seed=seed) % 20 for seed in range(SEEDS)])
    counts, _ = np.histogram(clock, np.arange(21))
    wanted = [10 * (1 + 0.8 * cos(2 * pi * (hour + 0.5 - 5) / 20)) * 20 * SEEDS for hour in range(20)]
    chi2 = sum((count - want) ** 2 / want for count, want in zip(counts, wanted, strict=True))
    assert chi2 < 45.3, "99.9 % point of chi-square with 20 degrees of freedom"


def test_recorded_times_are_the_traces_own():
    trace = Recorded(trace=(0.25, 1.0, 1.0, 7.5))
    assert times(trace, samples=3).tolist() == [0.25, 1.0, 1.0]
    with pytest.raises(PluginError, match="has only 4 captures: ask for fewer than 9 samples"):
        times(trace, samples=9)
    assert times(trace, duration=7.5).tolist() == [0.25, 1.0, 1.0], "the end does not belong to the run"
    again = trace.model_copy(update={"repeat": 10.0})
    assert times(again, samples=6).tolist() == [0.25, 1.0, 1.0, 7.5, 10.25, 11.0]
    assert times(again, duration=20.5).tolist() == [0.25, 1.0, 1.0, 7.5, 10.25, 11.0, 11.0, 17.5, 20.25]
    assert times(again, duration=0.1).tolist() == []


def test_an_mmpp_that_never_sends_is_refused():
    with pytest.raises(ValueError, match="one of the rates must be more than 0"):
        Bursty(mmpp=(Phase(rate=0, stay=1), Phase(rate=0, stay=2)))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    phases=st.lists(st.tuples(st.sampled_from([0.0, 0.3, 5.0, 200.0]), st.floats(0.01, 20)), min_size=2, max_size=4),
    samples=st.integers(1, 300),
    seed=st.integers(0, 99),
)
def test_mmpp_arrivals_ascend_and_fall_into_stays_that_have_some(
    phases: list[tuple[float, float]], samples: int, seed: int
):
    """Whatever the states: as many as wanted, in order, in no time below zero."""
    if not any(rate for rate, _ in phases):
        phases[0] = (1.0, phases[0][1])
    found = times(Bursty(mmpp=tuple(Phase(rate=r, stay=s) for r, s in phases)), samples=samples, seed=seed)
    assert len(found) == samples and found[0] > 0 and (np.diff(found) >= 0).all() and np.isfinite(found).all()


# --- what belongs to the samples ---

CLASSES = {
    "urgent": SampleClass(share=0.2, priority=5, deadline=0.05),
    "normal": SampleClass(share=0.7),
    "rare": SampleClass(share=0.1, priority=-1, deadline=2.0),
}


def test_every_system_meets_the_same_samples_whatever_breaks():
    workload = QUIET_AND_BUSY.model_copy(update={"classes": CLASSES, "deadline": 0.5})
    values: dict[str, Any] = {"workload": workload, "samples": 50}
    plain = world_scenario(**values)
    ada = world_scenario(system="ada-ddnn", script=[Fault(at=1, node="camera3", action="down")], **values)
    keys = ("captured_at", "class", "deadline", "site")
    first, second = ([{key: row[key] for key in keys} for row in rows(play(one), one)] for one in (plain, ada))
    assert first == second
    assert {row["class"] for row in first} == set(CLASSES)


def test_classes_come_in_their_shares_with_their_priorities_and_deadlines():
    """A class without a deadline has the workload's; the arrivals are the same with classes and without."""
    plain = Poisson(poisson=10)
    mixed = plain.model_copy(update={"classes": CLASSES, "deadline": 0.5})
    count = 20_000
    found = captures(world_scenario(workload=mixed, samples=count))
    assert found.times.tolist() == times(plain, samples=count).tolist()
    assert found.classes == ("urgent", "normal", "rare")
    for number, (name, deadline) in enumerate(zip(found.classes, (0.05, 0.5, 2.0), strict=True)):
        those = found.kind == number
        share = CLASSES[name].share
        assert abs(those.mean() - share) < 3.3 * sqrt(share * (1 - share) / count)
        assert set(found.priority[those]) == {CLASSES[name].priority} and set(found.deadline[those]) == {deadline}
    # drawn for each sample by itself: what follows an urgent one is urgent as often as any other
    after = found.kind[1:][found.kind[:-1] == 0]
    assert abs((after == 0).mean() - 0.2) < 3.3 * sqrt(0.2 * 0.8 / len(after))
    assert captures(world_scenario(workload=mixed, samples=99)).kind.tolist() == found.kind[:99].tolist()


def test_without_classes_there_is_neither_class_nor_priority():
    scenario = world_scenario(workload=Periodic(every=1, deadline=0.2), samples=3)
    found = captures(scenario)
    assert found.kind.tolist() == [-1] * 3 and found.priority.tolist() == [0] * 3
    assert [(row["site"], row["class"], row["deadline"]) for row in rows(play(scenario), scenario)] == [
        (None, None, 0.2)
    ] * 3
    bare = world_scenario(samples=3)
    assert [(row["class"], row["deadline"]) for row in rows(play(bare), bare)] == [(None, None)] * 3


# --- cameras that are not synchronous ---


def skewed(skew: float = 0.02, **values: Any) -> Scenario:
    return world_scenario(workload=Periodic(every=0.5, skew=skew), samples=4, thresholds=1.0, **values)


def test_a_skewed_camera_captures_the_same_time_later_in_every_sample():
    scenario = skewed()
    skews = skews_of(scenario)
    assert set(skews) == {f"camera{n}" for n in range(1, 7)} and len(set(skews.values())) == 6
    assert all(0 <= skew < 0.02 for skew in skews.values())
    world = play(scenario)
    for name, skew in skews.items():
        begun = [span[4] for span in spans_of(world, name)]
        assert begun == pytest.approx([0.5 * n + skew for n in range(4)], abs=EXACT)
    # 1 ms on the device, 10 + 10 ms to the edge, 2 ms there; it waits for the last, and the sample's capture counts
    latencies = [row["latency"] for row in rows(world, scenario)]
    assert latencies == pytest.approx([max(skews.values()) + 0.023] * 4, abs=EXACT)
    for other in (skewed(seed=2), skewed(script=[Fault(at=0, node="camera1", action="down")])):
        assert (skews_of(other) == skews) == (other.seed == 1), "by seed and camera alone"
    assert skews_of(skewed(skew=0)) == {}


def test_skews_are_spread_over_all_of_their_range():
    """240 draws from U(0, 20 ms): mean 10 ms within 3.3 standard errors, the greatest beyond 19 ms but in 5 of 10⁶."""
    scenario = skewed()
    drawn = [skew for seed in range(40) for skew in skews_of(scenario.model_copy(update={"seed": seed})).values()]
    assert abs(np.mean(drawn) - 0.01) < 3.3 * 0.02 / sqrt(12 * len(drawn))
    assert max(drawn) > 0.019


def test_a_wait_that_is_shorter_than_the_skew_leaves_late_cameras_out():
    """The edge waits from the first report on; whoever reports later than that is not in the answer."""
    scenario = skewed(skew=0.4, wait=0.1)
    skews = list(skews_of(scenario).values())
    wanted = sum(1 << n for n, skew in enumerate(skews) if skew < min(skews) + 0.1)
    assert 0 < wanted < 0b111111
    assert {row["views"] for row in rows(play(scenario), scenario)} == {wanted}


def test_a_camera_that_is_down_at_its_own_capture_does_not_see_the_sample():
    """Down from the sample's capture to just before its own it sees it; down at its own it does not."""
    name, skew = max(skews_of(skewed()).items(), key=lambda item: item[1])
    mask = 0b111111 & ~(1 << int(name[-1]) - 1)
    for start, seen in ((0.5, 0b111111), (0.5 + skew, mask)):
        scenario = skewed(script=[Fault(at=start, lasts=skew - 1e-4, node=name, action="down")])
        assert [row["views"] for row in rows(play(scenario), scenario)] == [0b111111, seen, 0b111111, 0b111111]


def test_features_on_request_are_there_after_a_failure_before_the_cameras_own_capture():
    """The request comes after all reports; a camera has what it computed since it was up again."""
    values: dict[str, Any] = {"system": "ada-ddnn", "upload": "on_request"}
    name, skew = max(skews_of(skewed()).items(), key=lambda item: item[1])
    down = Fault(at=0.5 + skew / 4, lasts=skew / 2, node=name, action="down")
    base = skewed(script=[down], **values)
    spec = base.systems["ada-ddnn"].model_copy(update={"thresholds": {"edge-1": 0.0, "edge-2": 1.0}})
    scenario = base.model_copy(update={"systems": {"ada-ddnn": spec}})
    found = rows(play(scenario), scenario)
    assert [(row["exit"], row["views"]) for row in found] == [("edge-2", 0b111111)] * 4


@pytest.mark.parametrize("tiers", ["device+cloud", "devices+cloud", "cloud only"])
def test_skew_holds_for_ddnn_2017(tiers: str):
    """Whoever begins, begins so much later, and the answer comes as much later as its slowest camera."""
    plain = tiered_scenario(tiers, samples=3, workload=Periodic(every=0.5))
    late = plain.model_copy(update={"workload": Periodic(every=0.5, skew=0.04)})

    def sure(exit_name: str, sample: int, views: int) -> tuple[int, float]:
        return fake_ask(exit_name, sample, views)[0], 0.0

    before, after = ([row["latency"] for row in rows(play(one, sure), one)] for one in (plain, late))
    skews = skews_of(late)
    # Raw views of all six meet on no common link, so the last of them decides.
    assert after == pytest.approx([latency + max(skews.values()) for latency in before], abs=EXACT)
    for name, skew in skews.items():
        place = f"{name}→cloud" if tiers == "cloud only" else name
        assert [span[3] for span in spans_of(play(late, sure), place)] == pytest.approx(
            [0.5 * n + skew for n in range(3)], abs=EXACT
        )


def test_priorities_reach_a_queue_that_heeds_them():
    """Three samples at once at one busy edge: the urgent one overtakes those that wait, not the one in service."""
    from simnet.network.nodes.spec import Queue

    classes = {"a": SampleClass(share=0.5), "b": SampleClass(share=0.5, priority=1)}
    edge = node("edge", speed=2e7, queue=Queue(order="priority"))  # 100 ms a call
    scenario = world_scenario(
        workload=Recorded(trace=tuple(0.001 * n for n in range(8)), classes=classes),
        samples=8,
        thresholds=1.0,
        nodes={"edge": edge},
    )
    kinds = captures(scenario).kind.tolist()
    assert len(set(kinds[1:])) == 2 and kinds[1:] != sorted(kinds[1:], reverse=True), "else nothing is to be seen"
    served = [span[0] for span in sorted(spans_of(play(scenario), "edge"), key=lambda span: span[4])]
    assert served == [0, *sorted(range(1, 8), key=lambda sample: (-kinds[sample], sample))]
