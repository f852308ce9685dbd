"""Neurosurgeon: every cut's latency by hand and in a run, which one is taken, and when it is chosen anew."""

from __future__ import annotations

from typing import Any

import pytest
from worlds import EXACT, node, play, rows, world_scenario

from simnet.models.graph import INPUT, Graph, Segment, Take
from simnet.network.faults.spec import Fault
from simnet.systems.baselines import neurosurgeon
from simnet.systems.baselines.neurosurgeon import Cut, Neurosurgeon
from simnet.systems.roles import Place, Unfit

RAW, FEATURES, UPLOAD = 0.060, 0.019, 0.030
"""Seconds of a raw view, of a device's features and of the edge's on their way, at 1 MB/s and 10 ms."""
CUTS = {
    Cut(1, 3): 0.001 + FEATURES + 0.006,
    Cut(1, 2): 0.001 + FEATURES + 0.002 + UPLOAD + 0.004,
    Cut(1, 1): 0.001 + FEATURES + (6 * 0.009 + 0.010) + 0.006,
    Cut(0, 3): RAW + 0.012,
    Cut(0, 2): RAW + 0.008 + UPLOAD + 0.004,
    Cut(0, 1): RAW + 0.006 + (6 * 0.009 + 0.010) + 0.006,
    Cut(0, 0): RAW + (6 * 0.050 + 0.010) + 0.012,
}
"""1, 2 and 4 ms for the segments of a device, the edge and the cloud, wherever they run; six devices."""
MESSAGES = {
    (1, 3): 54_000, (1, 2): 74_000, (1, 1): 108_000, (0, 3): 300_000, (0, 2): 320_000, (0, 1): 354_000, (0, 0): 600_000,
}  # fmt: skip


def scenario_of(edge: float = 1e9, backbone: float = 1e6, period: float = 1.0, **values: Any) -> Any:
    """An edge of a speed, an uplink of a bandwidth."""
    base = world_scenario(
        system="neurosurgeon", nodes={"edge": node("edge", speed=edge)}, backbone={"bandwidth": backbone}, **values
    )
    spec = base.systems["neurosurgeon"].model_copy(update={"period": period})
    return base.model_copy(update={"systems": {"neurosurgeon": spec}})


def made(world: Any) -> Neurosurgeon:
    ((system,),) = world.systems
    assert isinstance(system, Neurosurgeon)
    return system


@pytest.mark.parametrize("cut", CUTS, ids=str)
@pytest.mark.parametrize("reply, more", [("none", 0.0), ("edge", 0.010996)])
def test_what_is_predicted_is_what_a_sample_takes(
    cut: Cut, reply: str, more: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer's way back counts where the cloud has it."""
    monkeypatch.setattr(neurosurgeon, "cuts", lambda *_: [cut])
    scenario = scenario_of(reply=reply, wait=1.0)
    world = play(scenario)
    (row,) = rows(world, scenario)
    expected = CUTS[cut] + (more if cut.edge < 3 else 0.0)
    assert (row["outcome"], row["exit"], row["views"]) == ("finished", "cloud", 63)
    assert row["latency"] == pytest.approx(expected, abs=EXACT)
    assert made(world).predicted(cut) == pytest.approx(expected, abs=EXACT)
    assert row["bytes"] == MESSAGES[cut] + (996 if more and cut.edge < 3 else 0)


@pytest.mark.parametrize("edge, backbone, cut, latency", [
    (1e9, 1e6, (1, 3), 0.026),
    (1e8, 1e6, (1, 2), 0.001 + FEATURES + 0.020 + UPLOAD + 0.004),  # (1, 3): 80 ms, (1, 1): 90 ms
    (1e8, 1e7, (1, 1), 0.001 + FEATURES + (6 * 0.0009 + 0.010) + 0.006),  # (1, 2): 56 ms
    (1e8, 5e5, (1, 3), 0.001 + FEATURES + 0.060),  # (1, 2): 94 ms
])  # fmt: skip
def test_the_cut_follows_speeds_and_bandwidth(edge: float, backbone: float, cut: Any, latency: float) -> None:
    scenario = scenario_of(edge, backbone)
    world = play(scenario)
    (row,) = rows(world, scenario)
    assert made(world).cut == cut
    assert row["latency"] == pytest.approx(latency, abs=EXACT)


@pytest.mark.parametrize("period, changed", [(1.0, 3), (2.0, 4), (2.001, 3), (5.0, 5), (10.0, 6)])
def test_the_cut_is_chosen_anew_when_a_period_is_over(period: float, changed: int) -> None:
    """A sample a second; from 2.5 s on the uplink is ten times as fast: 74 ms become 56 ms, with another cut 41.4."""
    script = [Fault(at=2.5, link=("edge", "cloud"), action="bandwidth", value=1e7)]
    scenario = scenario_of(1e8, 1e6, period, samples=6, script=script)
    world = play(scenario)
    before, between, after = 0.074, 0.056, 0.0414
    expected = [after if n >= changed else before if n < 3 else between for n in range(6)]
    assert [row["latency"] for row in rows(world, scenario)] == pytest.approx(expected, abs=EXACT)
    cuts = {"device | edge | cloud": changed, "device | – | edge+cloud": 6 - changed}
    assert made(world).policy_report() == {
        "cuts": {"samples": {name: count for name, count in cuts.items() if count}, "changes": int(changed < 6)}
    }


def test_a_load_on_the_edge_counts_too() -> None:
    """Nine tenths of it taken: as an edge of a tenth of the speed."""
    base = scenario_of()
    script = [Fault(at=0.0, node="edge", action="slow", value=10.0)]
    assert made(play(base.model_copy(update={"faults": script}))).cut == (1, 2)


def test_what_is_down_runs_nothing() -> None:
    """Without the edge there is no way at all: the sample is lost. Without the cloud the edge runs all."""
    lost = scenario_of(script=[Fault(at=0.0, node="edge", action="down")])
    (row,) = rows(play(lost), lost)
    assert row["outcome"] == "dropped"
    without = scenario_of(1e8, 1e7, script=[Fault(at=0.0, node="cloud", action="down")])
    world = play(without)
    assert made(world).cut == (1, 3) and rows(world, without)[0]["outcome"] == "finished"


def test_a_camera_that_is_down_does_not_decide() -> None:
    world = play(scenario_of(script=[Fault(at=0.0, node="camera2", action="down")]))
    assert made(world).cut == (1, 3)
    ((ending,),) = [world.endings]
    assert ending.at == pytest.approx((0.026 + 0.050) * 1e12)  # the edge waits for it


def test_a_camera_that_is_cut_off_does_not_decide() -> None:
    """Without the way of one of six, and an uplink that is ten times as fast from 2.5 s on, the cut goes with it.

    The edge waits 50 ms for it. Before 74 ms and (1, 2); then (1, 1): 41.4 less one of six messages of 0.9 ms.
    """
    script = [
        Fault(at=0.0, link=("camera2", "edge"), action="down"),
        Fault(at=2.5, link=("edge", "cloud"), action="bandwidth", value=1e7),
    ]
    world = play(scenario_of(1e8, 1e6, 1.0, samples=4, script=script))
    assert made(world).cut == (1, 1) and made(world).policy_report()["cuts"]["changes"] == 1
    assert made(world).predicted(Cut(1, 1)) == pytest.approx(0.0414 - 0.0009, abs=EXACT)


@pytest.mark.parametrize("name, at, reason", [
    ("edge", 0.03, "edge down"), ("edge", 0.045, "message lost"), ("cloud", 0.073, "cloud down"),
])  # fmt: skip
def test_who_goes_down_loses_what_it_holds(name: str, at: float, reason: str) -> None:
    """The edge computes from 20 to 40 ms and sends from 40 to 60 ms, the cloud computes from 70 ms on."""
    scenario = scenario_of(1e8, script=[Fault(at=at, node=name, action="down")])
    (row,) = rows(play(scenario), scenario)
    assert (row["outcome"], row["reason"]) == ("dropped", reason)


def chained(views: int, *, fused: bool = True) -> Graph:
    each = tuple((view,) for view in range(views))
    return Graph(
        views,
        (3, 4, 4),
        [
            Segment("stem", (Take(INPUT, groups=each),), views, sends=(1, 1, 1), scores=False),
            Segment("body", (Take("stem", groups=each),), views, sends=(1, 1, 1), scores=False),
            Segment("head", (Take("body"), *(() if fused else (Take("stem"),))), exit="out"),
        ],
        10,
    )


def place_of(views: int) -> Place:
    names = tuple(f"camera{number}" for number in range(views))
    return Place(None, {"device": names, "edge": ("e",), "cloud": ("c",)}, {n: v for v, n in enumerate(names)})


def test_devices_run_what_takes_their_view_alone() -> None:
    """Of two views the first two segments; of one view all three."""
    two = neurosurgeon.cuts(chained(2), ("stem", "body", "head"), place_of(2))
    assert {cut.devices for cut in two} == {0, 1, 2} and len(two) == 4 + 3 + 2
    one = neurosurgeon.cuts(chained(1), ("stem", "body", "head"), place_of(1))
    assert one[0] == Cut(3, 3) and len(one) == 4 + 3 + 2 + 1


def test_a_network_that_is_no_chain_is_refused() -> None:
    with pytest.raises(Unfit, match="it cuts a chain of segments; 'head' takes features of 'stem'"):
        Neurosurgeon.fit(chained(2, fused=False), place_of(2), None)
    Neurosurgeon.fit(chained(2), place_of(2), None)


def test_one_camera_may_do_everything_itself() -> None:
    """A device of 100 GFLOP/s: 70 µs for all; its answer is where it is wanted, on the device, too."""
    fast = {"camera1": node("device", view=1, speed=1e11)}
    for reply in ("edge", "device"):
        base = world_scenario(system="neurosurgeon", cameras=1, reply=reply, nodes=fast)
        world = play(base)
        (row,) = rows(world, base)
        assert (row["latency"], row["bytes"]) == (pytest.approx(0.00007, abs=EXACT), 0)
        assert made(world).cut == Cut(3, 3)
