"""Where a latency went: parts worked out by hand, and of every sample of a run that together are its latency."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from lived import MS, lived, step

from simnet.analysis.traces.account import accounts_of, life_of
from simnet.analysis.traces.critical import KINDS, Life, Part, critical_path, tier_of
from simnet.analysis.traces.setting import Setting
from simnet.analysis.traces.steps import by_sample, picoseconds, steps_of
from simnet.times import ticks

SETTING = Setting(
    nodes=("eye1", "eye2", "edge", "cloud"),
    tiers={"eye1": "device", "eye2": "device", "edge": "edge", "cloud": "cloud"},
    views={"eye1": 1, "eye2": 2},
    sites=dict.fromkeys(("eye1", "eye2", "edge", "cloud")),
    workers=dict.fromkeys(("eye1", "eye2", "edge", "cloud"), 1),
    latency={"eye1→edge": 2 * MS, "eye2→edge": 2 * MS, "edge→cloud": 20 * MS, "cloud→edge": 20 * MS},
    fair=frozenset(),
)


def life(ended: float, outcome: str = "finished", exit_name: str | None = "edge", captured: float = 0) -> Life:
    return Life(None, round(captured * MS), round(ended * MS), outcome, exit_name)


def told(parts: list[Part]) -> list[tuple[str, str, float]]:
    """Kind, place and milliseconds of each part, with whom it waited for."""
    return [(part.kind, " for ".join([part.place, *part.awaited]), (part.end - part.begin) / MS) for part in parts]


EYES = [
    step("eye1", 0, 1, 5),  # waits 1 ms for its worker, computes 4 ms
    step("eye2", 0, 0, 4),
    step("eye2→edge", 4, 4, 7),
    step("eye1→edge", 5, 6, 9),  # waits 1 ms for the link, transmits 1 ms, propagates 2 ms
]


def test_the_last_camera_is_the_path_and_what_was_ready_before_is_not() -> None:
    parts = critical_path([*EYES, step("edge", 9, 9, 12)], SETTING, life(12))
    assert told(parts) == [
        ("queue", "eye1", 1), ("compute", "eye1", 4), ("queue", "eye1→edge", 1), ("transmit", "eye1→edge", 1),
        ("propagate", "eye1→edge", 2), ("compute", "edge", 3),
    ]  # fmt: skip


def test_a_camera_that_comes_late_was_waited_for_from_the_last_report_until_the_limit() -> None:
    """eye1's report, sent at 5 ms, arrives at 60 ms; the edge had waited from 7 ms on, and goes on at 32 ms."""
    late = [*EYES[:3], step("edge", 32, 32, 35), step("eye1→edge", 5, 6, 60)]
    assert told(critical_path(late, SETTING, life(35)))[-2:] == [("wait", "edge for eye1", 25), ("compute", "edge", 3)]
    lost = [*EYES[:3], step("eye1→edge", 5, 6, 8, "lost")]  # the limit runs out, and exit 1 needs no computing
    assert told(critical_path(lost, SETTING, life(32, exit_name="edge-1")))[-1] == ("wait", "edge for eye1", 25)


def test_a_forced_answer_waited_at_the_edge_for_whom_it_had_asked() -> None:
    """The cloud has the features at 40 ms and would have answered at 80 ms; the limit is 50 ms after they were sent."""
    steps = [*EYES, step("edge", 9, 9, 10), step("edge→cloud", 10, 10, 40), step("cloud", 40, 40, 60, "ok")]
    parts = critical_path([*steps, step("cloud→edge", 60, 60, 80)], SETTING, life(60, "forced", "edge"))
    assert told(parts)[-2:] == [("compute", "edge", 1), ("wait", "edge for cloud", 50)]


def test_an_answer_of_the_cloud_ends_with_its_way_back() -> None:
    steps = [*EYES, step("edge", 9, 9, 10), step("edge→cloud", 10, 10, 40), step("cloud", 40, 45, 50)]
    parts = critical_path([*steps, step("cloud→edge", 50, 50, 71)], SETTING, life(71, exit_name="cloud"))
    assert told(parts)[-6:] == [
        ("transmit", "edge→cloud", 10), ("propagate", "edge→cloud", 20), ("queue", "cloud", 5), ("compute", "cloud", 5),
        ("transmit", "cloud→edge", 1), ("propagate", "cloud→edge", 20),
    ]  # fmt: skip


def test_a_camera_that_captures_later_is_a_part() -> None:
    parts = critical_path([step("eye1", 3, 3, 5), step("eye1→edge", 5, 5, 9)], SETTING, life(9, exit_name="edge-1"))
    assert told(parts)[:2] == [("skew", "eye1", 3), ("compute", "eye1", 2)]


def test_a_message_that_takes_fair_links_as_one_flow_propagates_over_all_of_them() -> None:
    """Two hops that begin together; the second ends when the last byte has passed 2 ms and 20 ms of cable."""
    fair = replace(SETTING, fair=frozenset({"eye1→edge", "edge→cloud"}))
    hops = [step("eye1→edge", 4, 4, 16, message="eye1→cloud"), step("edge→cloud", 4, 4, 36, message="eye1→cloud")]
    parts = critical_path([step("eye1", 0, 0, 4), *hops], fair, life(36, exit_name="cloud"))
    assert told(parts) == [("compute", "eye1", 4), ("transmit", "edge→cloud", 10), ("propagate", "edge→cloud", 22)]


def test_a_dropped_sample_ends_with_what_was_lost() -> None:
    steps = [step("eye1", 0, 0, 5), step("eye1→edge", 5, 5, 8, "lost")]
    assert told(critical_path(steps, SETTING, life(8, "dropped", None))) == [
        ("compute", "eye1", 5), ("transmit", "eye1→edge", 3)
    ]  # fmt: skip
    assert told(critical_path([], SETTING, life(8, "dropped", None))) == [("wait", " for eye1 for eye2", 8)]


def test_tiers_are_what_stands_before_an_exits_number() -> None:
    assert [tier_of(name) for name in ("edge-2", "edge", "my-exit", "cloud-10")] == ["edge", "edge", "my-exit", "cloud"]


@pytest.mark.parametrize("system", ["ddnn", "ada-ddnn"])
def test_the_parts_of_every_sample_are_its_latency_to_the_picosecond(system: str) -> None:
    """They follow each other from the capture to the outcome, and each is a stretch of the step that it names."""
    run = lived()
    setting, steps = Setting.of(run.scenario), by_sample(steps_of(run.spans(system)))
    kinds = Counter[str]()
    for row in run.samples(system).to_pylist():
        lived_so = life_of(row)
        assert lived_so is not None
        parts = critical_path(steps.get(row["sample"], []), setting, lived_so)
        assert parts[0].begin == ticks(row["captured_at"]) and parts[-1].end == ticks(row["ended_at"])
        assert all(one.end == other.begin and one.begin < one.end for one, other in pairwise(parts))
        if row["latency"] is not None:
            assert sum(part.end - part.begin for part in parts) == ticks(row["latency"])
        for part in parts:
            assert part.kind in KINDS
            if part.step is not None:
                assert part.step.queued <= part.begin and part.end <= part.step.ended and part.place == part.step.place
        kinds.update(part.kind for part in parts)
    assert {"compute", "transmit", "propagate", "wait", "skew"} <= set(kinds)
    assert "queue" in kinds or system != "ddnn"


def test_waits_of_a_run_are_as_long_as_its_limits() -> None:
    """While south2 is down its edge goes on 25 ms after its first report; answers are forced 200 ms after computing."""
    run = lived()
    rows = run.samples("ddnn").to_pylist()
    down = next(row for row in rows if row["site"] == "south" and 0.35 < row["captured_at"] < 0.8)
    (account,) = accounts_of(run, down["sample"], ["ddnn"])
    waits = [part for part in account.parts if part.kind == "wait"]
    assert [(part.place, part.awaited) for part in waits[:1]] == [("edge-south", ("south2",))]
    reports = [step.ended for step in account.steps if step.ends_at == "edge-south" and step.transfer]
    assert waits[0].begin == max(reports[:2]) and waits[0].end == min(reports[:2]) + 25 * MS
    assert account.missing == {"south2": "down"} and "south2 down" in [fault.label for fault in account.faults]
    forced = next(row for row in rows if row["outcome"] == "forced")
    (account,) = accounts_of(run, forced["sample"], ["ddnn"])
    assert account.parts[-1].awaited == ("cloud",)
    assert account.parts[-1].end - account.parts[-1].begin == 200 * MS


def test_times_are_those_of_the_clock_however_late_it_is() -> None:
    """0.1 s are 10¹¹ ps; beyond 2,000 s each is the shortest decimal's, so that equal times stay equal."""
    import pyarrow as pa

    assert picoseconds(pa.chunked_array([[0.1, 0.3, 1999.123456789012]])) == [10**11, 3 * 10**11, 1999123456789012]
    assert picoseconds(pa.chunked_array([[31_536_000.1]])) == [31_536_000_100_000_000_000]
    assert picoseconds(pa.chunked_array([pa.array([], pa.float64())])) == []
