"""Fair links against allocations and times worked out by hand, and against a slow simulator that knows no shortcuts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf
from typing import Any

import pytest
from clocked import Seconds
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from worlds import Wire, both, node, spans_of

from simnet.language.schedule import Steps
from simnet.network.faults.spec import Fault
from simnet.network.links import flows
from simnet.network.links.fair import FairLink
from simnet.network.links.flows import Flow, Pipe, fill
from simnet.network.links.spec import Link, Loss
from simnet.scenario import ScenarioError, load_scenario

MS = 1e-3


def fair(source: str, target: str, bandwidth: float = 1e6, latency: float = 0.0, **values: Any) -> Link:
    """By default 10 kB take 10 ms when they are alone, and arrive as soon as they have left."""
    return Link(source=source, target=target, bandwidth=bandwidth, latency=latency, sharing="fair", **values)


def chain(*places: str, script: Sequence[Fault] = (), weights: str = "equal", **values: Any) -> Wire:
    """Fair links from each of the places to the next."""
    links = [fair(here, there, **values) for here, there in pairwise(places)]
    return Wire({place: node("router") for place in places}, links, script, weights=weights)


def heard(wire: Wire) -> dict:
    """When each message arrived, in ms; None: lost."""
    wire.env.play()
    assert len(wire.heard) == len(dict(wire.heard))
    return {token: None if time is None else round(time / MS, 6) for token, time in wire.heard}


def rates(wire: Wire) -> dict[Any, float]:
    """The present rate of every message, in kB/s."""
    links = [link for link in wire.network.links.values() if isinstance(link, FairLink)]
    return {message.token: round(message.rate / 1e3, 9) for link in links for message in link.messages}


def shared(bandwidths: Sequence[float], members: Sequence[tuple[float, Sequence[int]]]) -> list[Flow]:
    """Flows (weight, numbers of their pipes) with the rates that `fill` gives them."""
    pipes = [Pipe(bandwidth) for bandwidth in bandwidths]
    found = [Flow(Seconds(), [pipes[number] for number in path], 1, weight) for weight, path in members]
    for flow in found:
        for pipe in flow.pipes:
            pipe.flows[flow] = None
            if len(flow.pipes) > 1:
                pipe.crossing[flow] = None
    fill([pipe for pipe in pipes if pipe.flows], found)
    return found


# --- allocations


def test_progressive_filling_on_three_links_by_hand():
    """The third link is full first: 9 / 3 flows = 3. Then the second has 4 left for A, then the first 6 for C."""
    members = [(1, (0, 1)), (1, (1, 2)), (1, (0,)), (1, (2,)), (1, (2,))]
    assert [flow.rate for flow in shared([10, 7, 9], members)] == pytest.approx([4, 3, 6, 3, 3])


def test_progressive_filling_with_weights_by_hand():
    """At level 3 the third link is full (weights 1 + 1 + 1); the first at 10 / 3, where A, of weight 2, has 20/3."""
    members = [(2, (0, 1)), (1, (1, 2)), (1, (0,)), (1, (2,)), (1, (2,))]
    assert [flow.rate for flow in shared([10, 12, 9], members)] == pytest.approx([20 / 3, 3, 10 / 3, 3, 3])


@pytest.mark.parametrize("links", [1, 2, 3, 7])
def test_parking_lot_with_one_short_flow_on_each_link(links: int):
    """n + 1 flows over n links: on each link the long one meets one other, and all get half."""
    members = [(1, tuple(range(links))), *((1, (number,)) for number in range(links))]
    assert [flow.rate for flow in shared([1000] * links, members)] == pytest.approx([500] * (links + 1))


def test_parking_lot_with_more_and_more_short_flows():
    """1, 2 and 3 short flows: the long one gets a quarter of the last link; on each the others share what is left."""
    members = [(1, (0, 1, 2)), (1, (0,)), *[(1, (1,))] * 2, *[(1, (2,))] * 3]
    expected = [250, 750, 375, 375, 250, 250, 250]
    assert [flow.rate for flow in shared([1000] * 3, members)] == pytest.approx(expected)


MEMBERS = st.tuples(st.floats(1e-3, 1e3), st.lists(st.integers(0, 5), min_size=1, max_size=4, unique=True).map(tuple))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.floats(1e-2, 1e9), min_size=6, max_size=6), st.lists(MEMBERS, min_size=1, max_size=12))
def test_any_allocation_is_feasible_and_every_flow_has_a_bottleneck(bandwidths, members):
    """What characterizes max–min fairness: on some full link of its path nobody has more per weight than the flow."""
    found = shared(bandwidths, members)
    pipes = {pipe for flow in found for pipe in flow.pipes}
    load = {pipe: sum(flow.rate for flow in pipe.flows) for pipe in pipes}
    assert all(load[pipe] <= pipe.bandwidth * (1 + 1e-9) for pipe in pipes)
    for flow in found:
        assert flow.rate > 0
        level = flow.rate / flow.weight
        assert any(
            load[pipe] >= pipe.bandwidth * (1 - 1e-9)
            and all(other.rate / other.weight <= level * (1 + 1e-6) for other in pipe.flows)
            for pipe in flow.pipes
        )


def test_weights_that_rounding_eats_still_get_their_share():
    """A weight of 1e-9 beside one of 1e9: the first pipe's sum of weights, 1e9 taken off again, would be 0."""
    found = shared([1.0, 1e-3], [(1e9, (0, 1)), (1e-9, (0,)), (1.0, (1,))])
    assert [flow.rate for flow in found] == pytest.approx([1e-3, 0.999, 1e-12])
    narrow = shared([1.0, 1e-3, 2e-3], [(1e9, (0, 1)), (1e-9, (0, 2)), (1.0, (1,))])
    assert [flow.rate for flow in narrow] == pytest.approx([1e-3, 2e-3, 1e-12])


# --- times


def test_three_messages_at_once_arrive_at_29_ms_all_of_them():
    wire = chain("a", "b", bandwidth=1.25e6, latency=5 * MS)
    for token in "123":
        wire.send(0, "a", "b", 10_000, token)
    assert heard(wire) == {"1": 29.0, "2": 29.0, "3": 29.0}
    assert [span[3:5] for span in wire.spans] == [(0, 0)] * 3


def test_an_arrival_in_the_middle_slows_and_a_departure_speeds_up():
    """A alone for 4 ms; both at half rate until A's other 6 kB are through at 16 ms; B's last 4 kB at full rate."""
    wire = chain("a", "b", latency=1 * MS)
    wire.send(0, "a", "b", 10_000, "A")
    wire.send(4 * MS, "a", "b", 10_000, "B")
    wire.at(3 * MS, lambda: seen.append(rates(wire)))
    wire.at(5 * MS, lambda: seen.append(rates(wire)))
    wire.at(16.5 * MS, lambda: seen.append(rates(wire)))
    seen: list = []
    assert heard(wire) == {"A": 17.0, "B": 21.0}
    assert seen == [{"A": 1000}, {"A": 500, "B": 500}, {"A": 0, "B": 1000}]


def test_a_message_over_several_links_is_one_flow():
    """It takes the narrowest link's time once, then all latencies; store and forward would take 10 + 20 + 10 ms."""
    links = [fair("a", "b", 1e6, 1 * MS), fair("b", "c", 0.5e6, 2 * MS), fair("c", "d", 1e6, 3 * MS)]
    wire = Wire({place: node("router") for place in "abcd"}, links)
    wire.send(0, "a", "d", 10_000, "x")
    assert heard(wire) == {"x": 26.0}
    spans = [(span[1], span[2], *(round(time / MS, 6) for time in span[3:6]), *span[6:]) for span in wire.spans]
    assert spans == [
        ("a→b", "transfer", 0, 0, 21, 10_000, "ok"),
        ("b→c", "transfer", 0, 0, 23, 10_000, "ok"),
        ("c→d", "transfer", 0, 0, 26, 10_000, "ok"),
    ]


def test_a_long_and_two_short_flows_of_a_parking_lot_end_when_they_should():
    """All at half rate until the short ones are through at 20 ms with 10 kB; the long one then has 10 kB to go."""
    wire = chain("a", "b", "c")
    wire.send(0, "a", "c", 20_000, "long")
    wire.send(0, "a", "b", 10_000, "first")
    wire.send(0, "b", "c", 10_000, "second")
    assert heard(wire) == {"first": 20.0, "second": 20.0, "long": 30.0}


def test_what_a_bottleneck_leaves_goes_to_the_others():
    """B's own link lets it have 200 kB/s of the shared 1 MB/s; A gets 800, for 12.5 ms."""
    links = [fair("a", "hub", 5e6), fair("b", "hub", 0.2e6), fair("hub", "c", 1e6)]
    wire = Wire({place: node("router") for place in ("a", "b", "c", "hub")}, links)
    wire.send(0, "a", "c", 10_000, "A")
    wire.send(0, "b", "c", 10_000, "B")
    wire.at(1 * MS, lambda: seen.append(rates(wire)))
    seen: list = []
    assert heard(wire) == {"A": 12.5, "B": 50.0}
    assert seen == [{"A": 800, "B": 200}]


def by_latency(first: float, second: float) -> Wire:
    """Two sources with so much latency to a third node, at which 3 MB/s lead on."""
    links = [fair("a", "hub", 1e9, first), fair("b", "hub", 1e9, second), fair("hub", "c", 3e6)]
    return Wire({place: node("router") for place in ("a", "b", "c", "hub")}, links, weights="latency")


def test_flows_with_latencies_of_10_and_20_ms_share_two_to_one():
    wire = by_latency(10 * MS, 20 * MS)
    wire.send(0, "a", "c", 20_000, "near")
    wire.send(0, "b", "c", 20_000, "far")
    wire.at(1 * MS, lambda: seen.append(rates(wire)))
    seen: list = []
    # 2 MB/s for 10 ms; the far one's other 10 kB then at 3 MB/s
    assert heard(wire) == {"near": 20.0, "far": pytest.approx(10 + 10 / 3 + 20, abs=1e-5)}
    assert seen == [{"near": 2000, "far": 1000}]


def test_a_path_without_latency_counts_as_a_microsecond_and_starves_nobody():
    for latency, share in ((0.0, 1 / 2), (1e-6, 1 / 2), (9e-6, 1 / 10)):
        wire = by_latency(0.0, latency)
        wire.send(0, "a", "c", 300_000, "none")
        wire.send(0, "b", "c", 300_000, "some")
        wire.env.play(until=1 * MS)
        assert rates(wire)["some"] == pytest.approx(3000 * share)


@pytest.mark.parametrize("how", ["fault", "trace"])
def test_a_change_of_bandwidth_in_the_middle(how: str):
    """5 kB of each are through at 10 ms, when the bandwidth halves; the rest takes 20 ms."""
    if how == "fault":
        wire = chain("a", "b", script=[Fault(at=10 * MS, link=("a", "b"), action="bandwidth", value=0.5e6)])
    else:
        wire = chain("a", "b", trace=Steps(times=(0.0, 10 * MS), values=(1e6, 0.5e6)))
    wire.send(0, "a", "b", 10_000, "1")
    wire.send(0, "a", "b", 10_000, "2")
    assert heard(wire) == {"1": 30.0, "2": 30.0}


def test_bandwidth_that_a_flow_could_not_use_makes_no_difference():
    script = [Fault(at=5 * MS, link=("b", "c"), action="bandwidth", value=1.1e6)]
    wire = Wire({place: node("router") for place in "abc"}, [fair("a", "b"), fair("b", "c", 9e6)], script)
    wire.send(0, "a", "c", 10_000, "x")
    assert heard(wire) == {"x": 10.0}


@pytest.mark.parametrize("values", [{}, {"header": 40}, {"bandwidth": 1.25e6, "latency": 5 * MS}])
def test_alone_a_message_fares_as_on_a_fifo_link(values: dict):
    """Also one that starts when the one before has just left."""
    sends = [(0, 10_000), (20 * MS, 7), (30 * MS, 0), (40 * MS, 9_960), (50 * MS, 1)]
    spans = []
    for sharing in ("fifo", "fair"):
        spec = fair("a", "b", **values).model_copy(update={"sharing": sharing})
        wire = Wire({"a": node("router"), "b": node("router")}, [spec])
        for number, (time, size) in enumerate(sends):
            wire.send(time, "a", "b", size, number)
        wire.env.play()
        assert len(wire.heard) == 5
        spans.append([span[5:] for span in wire.spans])
    assert [end for end, *_ in spans[1]] == pytest.approx([end for end, *_ in spans[0]], abs=1e-12)
    assert [rest for _, *rest in spans[1]] == [rest for _, *rest in spans[0]]


def test_between_links_of_different_kinds_messages_are_stored_and_forwarded():
    """10 + 1 ms to h1, one flow of 10 ms and 2 ms of latency to h3, 10 + 1 ms to the end."""
    fifo = {"bandwidth": 1e6, "latency": 1 * MS}
    links = [*both("a", "h1", **fifo), fair("h1", "h2", latency=1 * MS), fair("h2", "h3", latency=1 * MS)]
    wire = Wire({place: node("router") for place in ("a", "h1", "h2", "h3", "b")}, [*links, *both("h3", "b", **fifo)])
    wire.send(0, "a", "b", 10_000, "x")
    assert heard(wire) == {"x": 34.0}
    assert [(span[1], round(span[4] / MS, 6)) for span in wire.spans] == [
        ("a→h1", 0), ("h1→h2", 11), ("h2→h3", 11), ("h3→b", 23)
    ]  # fmt: skip


def test_an_empty_message_takes_the_latency_and_a_link_without_any_delay_no_time():
    wire = chain("a", "b", "c", latency=2 * MS)
    wire.send(0, "a", "c", 0, "empty")
    assert heard(wire) == {"empty": 4.0}
    wire = chain("a", "b", bandwidth=1e300)
    for token in range(3):
        wire.send(0.007, "a", "b", 10_000, token)
    assert heard(wire) == {0: 7.0, 1: 7.0, 2: 7.0}


def test_a_long_flow_is_not_starved_by_short_ones():
    """Five others at any time, each followed by the next: it has a sixth throughout, and its 100 kB take 0.6 s."""
    wire = chain("a", "b")
    wire.send(0, "a", "b", 100_000, "long")
    route = wire.network.route(wire.network.nodes["a"], wire.network.nodes["b"])

    def again(token: Any) -> None:
        if wire.env.s < 1:
            route.send(0, 1_000, again, wire.lost, token)

    for token in range(5):
        wire.at(0, lambda token=token: again(token))
    assert heard(wire) == {"long": 600.0}


def test_a_thousand_flows_of_different_sizes_end_as_processor_sharing_has_it():
    """The k-th shortest: every kB between it and the one before is sent by all who are still there."""
    wire = chain("a", "b")
    for number in range(1000):
        wire.send(0, "a", "b", 1_000 * (number + 1), number)
    arrived, expected = heard(wire), 0.0
    for number in range(1000):
        expected += 1 * (1000 - number)
        assert arrived[number] == pytest.approx(expected, rel=1e-9)


# --- failures


def test_a_link_that_goes_down_in_the_middle_takes_the_flows_and_frees_their_share():
    """At 5 ms 'long' has sent 2.5 kB over both links; the other has the first link for itself then: 7.5 ms more."""
    wire = chain("a", "b", "c", script=[Fault(at=5 * MS, link=("b", "c"), action="down")])
    wire.send(0, "a", "c", 10_000, "long")
    wire.send(0, "a", "b", 10_000, "short")
    wire.send(6 * MS, "a", "c", 10_000, "no way")
    assert heard(wire) == {"long": None, "no way": None, "short": 12.5}
    lost = [span for span in wire.spans if span[7] == "lost"]
    assert [(span[1], span[4], span[5], span[6]) for span in lost] == [
        ("a→b", 0, 5 * MS, 2500),
        ("b→c", 0, 5 * MS, 2500),
    ]


PASSING = {
    # 10 kB leave a by 10 ms, pass b at 15 ms and arrive at c at 20 ms
    "first link, while on it": ("link", ("a", "b"), 14, None),
    "first link, when passed": ("link", ("a", "b"), 16, 20.0),
    "last link, before it is reached": ("link", ("b", "c"), 12, None),
    "last link, while on it": ("link", ("b", "c"), 19, None),
    "source, while it sends": ("node", "a", 9, None),
    "source, when all has left": ("node", "a", 11, 20.0),
    "between, before it is passed": ("node", "b", 14, None),
    "between, when passed": ("node", "b", 16, 20.0),
    "target, up again in time": ("node", "c", 14, 20.0),
    "target, on arrival": ("node", "c", 19, None),
}


@pytest.mark.parametrize("case", PASSING)
def test_failures_take_what_has_not_passed(case: str):
    kind, target, at, arrival = PASSING[case]
    script = [Fault(at=at * MS, lasts=2 * MS, action="down", **{kind: target})]
    wire = chain("a", "b", "c", script=script, latency=5 * MS)
    wire.send(0, "a", "c", 10_000, "x")
    assert heard(wire) == {"x": arrival}
    assert [span[1] for span in wire.spans] == ["a→b", "b→c"]
    statuses = [span[7] for span in wire.spans]
    if arrival is not None:
        assert statuses == ["ok", "ok"]
    else:
        assert statuses == (["ok", "lost"] if at > 15 else ["lost", "lost"])
        size = 9_000 if at == 9 else 10_000
        assert [span[6] for span in wire.spans] == [pytest.approx(size, abs=1)] * 2


def test_who_hears_of_one_message_may_take_down_the_link_under_another_that_is_through_at_the_same_moment():
    """Both have left at 20 ms; the first to arrive takes the link down, and the other is lost and does not arrive."""
    wire = chain("a", "b")
    line, heard_of = wire.network.links["a", "b"], list[str]()

    def done(token: str) -> None:
        heard_of.append(f"{token} arrived")
        line.set_state(False)

    for token in ("first", "second"):
        line.send(0, 10_000, done, lambda token: heard_of.append(f"{token} was lost"), token)
    wire.env.play()
    assert heard_of == ["first arrived", "second was lost"]
    assert [span[7] for span in wire.spans] == ["ok", "lost"]


def test_nothing_flows_through_a_node_that_is_down():
    """The hub is up again when the message arrives there, at 10 ms; only then the second link carries it, for 10 ms."""
    wire = chain("a", "hub", "b", script=[Fault(at=0.0, lasts=5 * MS, node="hub", action="down")])
    wire.send(1 * MS, "a", "b", 10_000, "stored")
    wire.send(30 * MS, "a", "b", 10_000, "flows")
    assert heard(wire) == {"stored": 21.0, "flows": 40.0}


def test_a_flow_starts_anew_at_once_when_it_was_lost():
    """What hears of the loss sends again, while the link that failed is already known to be down."""
    wire = chain("a", "b", script=[Fault(at=5 * MS, lasts=1 * MS, link=("a", "b"), action="down")])
    route = wire.network.route(wire.network.nodes["a"], wire.network.nodes["b"])

    def lost(token: int) -> None:
        wire.heard.append((token, None))
        if token < 2:
            wire.at(wire.env.s + 0.5 * MS, lambda: route.send(0, 10_000, wire.done, lost, token + 1))

    wire.at(0, lambda: route.send(0, 10_000, wire.done, lost, 0))
    assert heard(wire) == {0: None, 1: None, 2: 16.0}


# --- the ledger


def test_headers_and_packets_count_on_each_link():
    """900 B with 100 B: 1000 B; 3 packets of up to 400 B with 50 B each: 1050 B, the most, which sets the time."""
    links = [fair("a", "b", header=100), fair("b", "c", header=50, mtu=400), fair("c", "d")]
    wire = Wire({place: node("router") for place in "abcd"}, links)
    wire.send(0, "a", "d", 900, "x")
    assert heard(wire) == {"x": 1.05}
    assert [span[6] for span in wire.spans] == [1000, 1050, 900]


def test_at_the_end_of_a_run_the_bytes_that_have_left_are_on_record():
    wire = chain("a", "b", "c", latency=1 * MS)
    wire.send(0, "a", "b", 2_000, "through")  # at half rate, at 4 ms
    wire.send(0, "a", "c", 10_000, "half")
    wire.send(6 * MS, "b", "c", 20_000, "other")
    wire.env.play(until=10 * MS)
    wire.network.close()
    # 'half': 2 kB by 4 ms, 2 kB more by 6 ms, 2 kB more by 10 ms, when 'other' has sent 2 kB, too
    spans = sorted((span[1], span[7], span[6]) for span in wire.spans)
    assert [span[:2] for span in spans] == [("a→b", "ok"), ("a→b", "unfinished"), *[("b→c", "unfinished")] * 2]
    assert [span[2] for span in spans] == pytest.approx([2000, 6000, 2000, 6000], abs=1)


# --- how much is touched


@pytest.fixture
def touched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many flows each computation of rates had."""
    counts: list[int] = []

    def counting(pipes: Sequence[Pipe], found: Sequence[Flow]) -> None:
        counts.append(len(found))
        fill(pipes, found)

    monkeypatch.setattr(flows, "fill", counting)
    return counts


def test_an_event_touches_only_flows_that_share_links(touched: list[int]):
    """A hundred flows on one link cost three flows on another nothing, whatever happens there."""
    wire = Wire({place: node("router") for place in "abcd"}, [fair("a", "b"), fair("c", "d")])
    for number in range(100):
        wire.send(0, "a", "b", 1_000_000, f"elsewhere {number}")
    wire.env.play(until=1 * MS)
    assert touched == list(range(1, 101))
    touched.clear()
    for number in range(3):
        wire.send(2 * MS, "c", "d", 1_000 * (number + 1), number)
    wire.at(3 * MS, lambda: wire.network.links["c", "d"].set_state(True, 2e6))
    wire.env.play(until=0.1)
    assert touched == [1, 2, 3, 3, 2, 1]  # three arrivals, the bandwidth, two departures that leave somebody behind


def test_flows_that_end_together_are_one_event(touched: list[int]):
    wire = chain("a", "b", "c")
    for number in range(30):
        wire.send(0, "a", "c", 10_000, number)
    wire.send(0, "a", "b", 20_000, "last")
    assert set(heard(wire).values()) == {310.0, 320.0}
    assert touched == [*range(1, 32), 1]


def test_links_are_connected_by_a_flow_as_long_as_it_lasts(touched: list[int]):
    wire = chain("a", "b", "c")
    wire.send(0, "a", "b", 100_000, "first")
    wire.send(0, "b", "c", 100_000, "second")
    wire.send(0, "a", "c", 1_000, "both")  # until 2 ms
    wire.send(5 * MS, "a", "b", 1_000, "late")  # until 7 ms
    wire.env.play(until=10 * MS)
    assert touched == [1, 1, 3, 1, 1, 2, 1]


# --- refusals


@pytest.mark.parametrize("values", [{"loss": Loss(good=0.1)}, {"jitter": 0.1}, {"queue": 1000}, {"medium": "air"}])
def test_what_flows_cannot_have_is_refused(values: dict):
    with pytest.raises(ValidationError, match=f"a fair link has no {next(iter(values))}"):
        fair("a", "b", **values)


def test_a_fault_cannot_make_a_fair_link_lose_packets(tmp_path):
    link = chain("a", "b").network.links["a", "b"]
    with pytest.raises(ValueError, match="a→b is of a kind that loses no packets"):
        link.set_state(True, None, 0.1)
    file = tmp_path / "lossy.yaml"
    file.write_text(
        """
data: plaza
samples: 1
workload: {every: 1 s}
nodes:
  camera: {tier: device, speed: 1 GFLOP/s}
  edge: {tier: edge, speed: 1 GFLOP/s}
  cloud: {tier: cloud, speed: 1 GFLOP/s}
links:
  - {between: [camera, edge], bandwidth: 1 Mbit/s, latency: 0, sharing: fair}
  - {between: [edge, cloud], bandwidth: 1 Mbit/s, latency: 0}
systems: {ddnn: {}}
faults:
  - {at: 1 s, link: [edge, cloud], loss: 0.1}
  - {at: 1 s, link: [camera, edge], loss: 0.1}
""",
        encoding="utf-8",
    )
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file)
    assert [problem.key for problem in caught.value.problems] == ["faults[1].loss"]
    assert "is a fair link" in caught.value.problems[0].message


# --- against a slow simulator


def slowly(
    bandwidths: list[float], changes: list[tuple[float, int, float]], sent: list[tuple[float, int, tuple[int, ...]]]
) -> list[float]:
    """When the last byte of each message (time, size, links) leaves: all rates anew, one by one, at every event.

    Rates by a water level that rises in steps: the link that is full first is looked for among all, again and again.
    """
    bandwidths, left = list(bandwidths), [float(size) for _, size, _ in sent]
    ends, now = [inf] * len(sent), 0.0
    while inf in ends:
        active = [n for n, (at, _, _) in enumerate(sent) if at <= now and ends[n] == inf]
        rate: dict[int, float] = {}
        while len(rate) < len(active):
            rooms = {}
            for number, bandwidth in enumerate(bandwidths):
                on_it = [n for n in active if number in sent[n][2]]
                rising = [n for n in on_it if n not in rate]
                if rising:
                    rooms[number] = (bandwidth - sum(rate.get(n, 0.0) for n in on_it)) / len(rising)
            full = min(rooms, key=rooms.__getitem__)
            rate |= {n: rooms[full] for n in active if n not in rate and full in sent[n][2]}
        events = [at for at, *_ in [*changes, *sent] if at > now]
        then = min([*events, *(now + left[n] / rate[n] for n in active)])
        for n in active:
            left[n] -= rate[n] * (then - now)
            if left[n] <= 1e-9 * sent[n][1]:
                ends[n] = then
        now = then
        for at, number, bandwidth in changes:
            if at == now:
                bandwidths[number] = bandwidth
    return ends


PATHS = st.sampled_from([(start, stop) for start in range(4) for stop in range(start + 1, 5)])
SENT = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 30_000), PATHS), min_size=1, max_size=12)
CHANGES = st.lists(
    st.tuples(st.integers(1, 60), st.integers(0, 3), st.sampled_from([2.5e5, 5e5, 1e6, 3e6])),
    max_size=4, unique_by=lambda change: change[:2],
)  # fmt: skip


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from([2.5e5, 1e6, 1.5e6, 4e6]), min_size=4, max_size=4), CHANGES, SENT)
def test_any_run_over_a_chain_of_links_is_as_the_slow_simulator_has_it(bandwidths, changes, sent):
    """Messages between any two of five nodes in a row, bandwidths that change, times in whole ms: many ties."""
    places = "abcde"
    links = [fair(*ends, bandwidth) for ends, bandwidth in zip(pairwise(places), bandwidths, strict=True)]
    wire = Wire({place: node("router") for place in places}, links)
    for at, number, bandwidth in changes:
        link = wire.network.links[places[number], places[number + 1]]
        wire.at(at * MS, lambda link=link, bandwidth=bandwidth: link.set_base(bandwidth))
    for token, (at, size, (start, stop)) in enumerate(sent):
        wire.send(at * MS, places[start], places[stop], size, token)
    wire.env.play()
    arrived = dict(wire.heard)
    expected = slowly(
        bandwidths,
        [(at * MS, number, bandwidth) for at, number, bandwidth in changes],
        [(at * MS, size, tuple(range(start, stop))) for at, size, (start, stop) in sent],
    )
    assert [arrived[token] for token in range(len(sent))] == pytest.approx(expected, abs=1e-9)
    for start, stop in pairwise(places):
        crossed = sum(size for _, size, (first, last) in sent if first <= places.index(start) < last)
        assert sum(span[6] for span in spans_of(wire.network, f"{start}→{stop}")) == crossed


FAILURES = st.lists(
    st.tuples(
        st.integers(1, 60),
        st.integers(1, 10),
        st.sampled_from([{"node": place} for place in "abcde"] + [{"link": ends} for ends in pairwise("abcde")]),
    ),
    max_size=5,
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.sampled_from([0.0, 1.0, 7.0]), st.sampled_from(["equal", "latency"]), FAILURES, SENT, st.integers(5, 80))
def test_whatever_fails_bytes_are_conserved_and_no_link_carries_more_than_it_can(latency, weights, failures, sent, end):
    """On every link of a chain, from any start of a span to any end of one; each message has one span on each link."""
    script = [Fault(at=at * MS, lasts=lasts * MS, action="down", **target) for at, lasts, target in failures]
    wire = chain(*"abcde", script=script, weights=weights, latency=latency * MS)
    for token, (at, size, (start, stop)) in enumerate(sent):
        route = wire.network.route(wire.network.nodes["abcde"[start]], wire.network.nodes["abcde"[stop]])
        wire.at(at * MS, lambda n=token, size=size, way=route: way.send(n, size, wire.done, wire.lost, n))
    wire.env.play(until=end * MS)
    wire.network.close()
    heard = dict(wire.heard)
    assert len(heard) == len(wire.heard)
    for token, (_, size, (start, stop)) in enumerate(sent):
        spans = [span for span in wire.spans if span[0] == token]
        whole = [f"{here}→{there}" for here, there in pairwise("abcde"[start : stop + 1])]
        places, statuses = [span[1] for span in spans], {span[7] for span in spans} - {"ok"}
        assert places == whole[: len(places)]  # fewer where a node on the way was down, or there was no way at all
        assert all(0 <= span[6] <= size and span[3] == span[4] <= span[5] <= end * MS for span in spans)
        if token not in heard:
            assert statuses == {"unfinished"} or not spans
        elif heard[token] is None:
            assert statuses == {"lost"} or (not statuses and places != whole)
        else:
            assert places == whole and not statuses and all(span[6] == size for span in spans)
    for place in (f"{here}→{there}" for here, there in pairwise("abcde")):
        spans = spans_of(wire.network, place)
        for first in {span[4] for span in spans}:
            for last in {span[5] for span in spans}:
                carried = sum(span[6] for span in spans if first <= span[4] and span[5] <= last)
                assert carried <= max(0.0, last - first) * 1e6 + 1e-6
