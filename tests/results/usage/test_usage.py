"""How much of each place was used: small worlds of which every figure is worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from pytest import approx
from worlds import Wire, both, link, node

from simnet.language.schedule import Steps as Schedule
from simnet.network.faults.spec import Fault
from simnet.network.links.base import Carrier
from simnet.network.links.spec import Link
from simnet.network.nodes.spec import Batching, Node, Queue
from simnet.network.work import Work
from simnet.results.steps import Steps
from simnet.results.usage.intervals import count, greatest, overlap, percentile
from simnet.results.usage.stations import places_of
from simnet.results.usage.usage import Usage, usage_of, window_for

ROUTER = node("router")
ENDS = {"a": ROUTER, "b": ROUTER}


class Lab(Wire):
    """A network that is asked for work by the clock, and what was used of it."""

    def __init__(self, nodes: dict[str, Node], links: Sequence[Link] = (), script: Sequence[Fault] = ()) -> None:
        self.specs = nodes, list(links)
        super().__init__(nodes, list(links), script)

    def serve(self, times: Sequence[float], name: str, flop: float, first: int = 0) -> None:
        """A call at each time; with nodes of 1 GFLOP/s, 1e6 FLOP are 1 ms. Samples are numbered from `first`."""
        for number, time in enumerate(times, start=first):
            self.at(time, lambda n=number: self._compute(n, name, flop))

    def _compute(self, sample: int, name: str, flop: float) -> None:
        self.network.nodes[name].compute(sample, Work(flop), self.done, self.lost, "token")

    def carry(self, times: Sequence[float], source: str, target: str, size: int, first: int = 0) -> None:
        """A message of `size` bytes at each time."""
        nodes = self.network.nodes
        for number, time in enumerate(times, start=first):
            route = self.network.route(nodes[source], nodes[target])
            self.at(time, lambda n=number, way=route: way.send(n, size, self.done, self.lost, "token"))

    def used(self, end: float, captured: float | None = None) -> Usage:
        self.env.play(end)
        self.network.close()
        nodes, links = self.specs
        places = places_of(nodes, links, self.network.links, self.network.bandwidths)
        return usage_of(places, Steps.of(self.network.spans, self.network.joined), end, captured)


def every(seconds: float, times: int, begin: float = 0.0) -> list[float]:
    return [begin + number * seconds for number in range(times)]


def over_time(usage: Usage, place: str, column: str) -> list[float]:
    there = np.array(usage.columns["place"]) == place
    return np.asarray(usage.columns[column])[there].tolist()


def test_ten_of_every_twenty_milliseconds_are_a_half():
    lab = Lab({"edge": node("edge")})
    lab.serve(every(0.02, 50), "edge", 10e6)
    used = lab.used(1.0)
    assert used.places == {
        "edge": {
            "kind": "node", "verdict": "ok", "utilisation": approx(0.5), "offered_load": approx(0.5),
            "throughput": approx(50), "arrivals": 50, "done": 50, "dropped": 0, "lost": 0, "unfinished": 0,
            "queue_mean": 0, "queue_max": 0, "queue_bytes_mean": None, "queue_bytes_max": None, "wait_p50": 0,
            "wait_p95": 0,
        }
    }  # fmt: skip
    assert used.window == 0.01 and over_time(used, "edge", "utilisation") == approx([1, 0] * 50, abs=1e-9)
    assert over_time(used, "edge", "arrivals") == [1, 0] * 50
    assert over_time(used, "edge", "done") == [0, 1] * 49 + [0, 1], "what ends at an edge is in the later window"
    assert over_time(used, "edge", "began") == approx(every(0.01, 100)) and used.columns["ended"][-1] == 1.0


def test_thirty_of_every_twenty_milliseconds_are_saturation():
    """Call n waits 10 · n ms. When the last of 50 comes, at 980 ms, 33 have begun, so that 17 wait."""
    lab = Lab({"edge": node("edge")})
    lab.serve(every(0.02, 50), "edge", 30e6)
    used = lab.used(1.5)
    edge = used.places["edge"]
    assert edge["verdict"] == "saturated" and edge["utilisation"] == approx(1) and edge["offered_load"] == approx(1.5)
    assert edge["queue_max"] == 17 and edge["queue_mean"] == approx(0.01 * 49 * 50 / 2 / 1.5)
    assert (edge["wait_p50"], edge["wait_p95"]) == (approx(0.245), approx(0.4655))
    assert used.window == 0.02 and len(over_time(used, "edge", "began")) == 75
    assert over_time(used, "edge", "queue_max")[48:50] == [16, 17]
    # In the window from 980 ms on 17 wait for 10 ms, until the 34th begins at 990 ms, then 16.
    assert over_time(used, "edge", "queue_mean")[49] == approx(16.5)


@pytest.mark.parametrize(
    ("workers", "end", "busy", "verdict"), [(1, 1.5, 1.5, "saturated"), (2, 1.0, 1.49, "ok"), (3, 1.0, 1.49, "ok")]
)
def test_all_workers_are_counted(workers: int, end: float, busy: float, verdict: str):
    """50 calls of 30 ms, one every 20 ms: one worker is behind, two keep up; 10 ms of the last are after the end."""
    lab = Lab({"edge": node("edge", workers=workers)})
    lab.serve(every(0.02, 50), "edge", 30e6)
    edge = lab.used(end).places["edge"]
    assert edge["utilisation"] == approx(busy / end / workers) and edge["verdict"] == verdict
    assert edge["offered_load"] == approx(1.5 / workers)


def test_nearly_always_busy_is_a_verdict_of_its_own():
    """19 of every 20 ms, and 18; less than nine tenths is well."""
    for flop, verdict in ((19e6, "busy"), (18e6, "busy"), (17.9e6, "ok"), (20e6, "saturated")):
        lab = Lab({"edge": node("edge")})
        lab.serve(every(0.02, 50), "edge", flop)
        assert lab.used(1.0).places["edge"]["verdict"] == verdict


def test_a_batch_occupies_one_worker_once():
    """Pairs at the same moment, each pair one call of 1 ms overhead and 2 · 5 ms: 11 ms of every 100 ms."""
    lab = Lab({"edge": node("edge", overhead=1e-3, batch=Batching(size=2, wait=0.05))})
    times = every(0.1, 10)
    lab.serve(times, "edge", 5e6)
    lab.serve(times, "edge", 5e6, first=10)
    edge = lab.used(1.0).places["edge"]
    assert edge["utilisation"] == approx(0.11) and edge["throughput"] == approx(20) and edge["done"] == 20
    # Twenty samples within 0.9 s and one mean interval.
    assert edge["offered_load"] == approx(10 * 0.011 / (0.9 * 20 / 19))


def test_waiting_for_a_batch_is_waiting():
    lab = Lab({"edge": node("edge", batch=Batching(size=2, wait=0.05))})
    lab.serve([0.0, 0.02], "edge", 5e6)
    edge = lab.used(0.1).places["edge"]
    assert edge["queue_mean"] == approx(0.02 / 0.1) and edge["queue_max"] == 1 and edge["wait_p50"] == approx(0.01)


def test_background_load_and_faults_make_calls_longer():
    """10 ms at half of the speed, and from 100 ms on at a quarter: 20 ms and 40 ms."""
    slow = Fault(node="edge", action="slow", value=2.0, at=0.1, lasts=10.0)
    half = Schedule(times=(0.0,), values=(0.5,))
    lab = Lab({"edge": node("edge", load=half)}, script=[slow])
    lab.serve([0.0, 0.1], "edge", 10e6)
    assert lab.used(0.2).places["edge"]["utilisation"] == approx(0.06 / 0.2)


def test_a_call_that_is_lost_was_work_until_then():
    """100 ms of work from 0 s on, gone at 40 ms with what waited for it; nothing may begin for 60 ms."""
    down = Fault(node="edge", action="down", at=0.04, lasts=0.06)
    lab = Lab({"edge": node("edge")}, script=[down])
    lab.serve([0.0, 0.01, 0.12], "edge", 100e6)
    edge = lab.used(0.2).places["edge"]
    assert edge["utilisation"] == approx((0.04 + 0.08) / 0.2)
    assert (edge["arrivals"], edge["done"], edge["lost"], edge["unfinished"]) == (3, 0, 2, 1)
    assert edge["queue_mean"] == approx(0.03 / 0.2) and edge["wait_p95"] == 0  # of the two that began


def test_a_full_queue_drops():
    """One is served, one waits, two of four at once are dropped, and count as load."""
    lab = Lab({"edge": node("edge", queue=Queue(limit=1))})
    lab.serve([0.0] * 4, "edge", 10e6)
    edge = lab.used(0.1, captured=0.05).places["edge"]
    assert (edge["arrivals"], edge["done"], edge["dropped"], edge["queue_max"]) == (4, 2, 2, 1)
    assert edge["offered_load"] == approx(4 * 0.01 / 0.05)


def test_propagation_does_not_occupy_a_link():
    """10 kB and 100 B of header at 1.01 MB/s every 20 ms, 15 ms to propagate; the way back is not used."""
    lab = Lab(ENDS, both("a", "b", bandwidth=1.01e6, latency=0.015, header=100))
    lab.carry(every(0.02, 50), "a", "b", 10_000)
    used = lab.used(1.0)
    assert [*used.places] == ["a→b"]
    way = used.places["a→b"]
    assert way["kind"] == "link" and way["utilisation"] == approx(0.5) and way["offered_load"] == approx(0.5)
    assert way["throughput"] == approx(505_000) and (way["done"], way["unfinished"]) == (49, 1)
    assert over_time(used, "a→b", "utilisation") == approx([1, 0] * 50, abs=1e-6)
    assert over_time(used, "a→b", "throughput") == approx([1.01e6, 0] * 50, abs=1)


def test_bytes_that_wait():
    """Three messages of 10 kB at once, 10 ms each: 20 kB wait for 10 ms and 10 kB for 10 ms more."""
    lab = Lab(ENDS, both("a", "b", latency=0.1))
    lab.carry([0.0] * 3, "a", "b", 10_000)
    way = lab.used(0.2).places["a→b"]
    assert (way["queue_max"], way["queue_bytes_max"]) == (2, 20_000)
    assert way["queue_mean"] == approx(0.03 / 0.2) and way["queue_bytes_mean"] == approx(300 / 0.2)
    assert (way["wait_p50"], way["wait_p95"]) == (approx(0.01), approx(0.019))


def test_what_waits_at_the_end_waits_with_all_its_bytes():
    """At 25 ms two of four messages are through, the third has half of its bytes on the link, the fourth waits."""
    lab = Lab(ENDS, both("a", "b", latency=0.0))
    lab.carry([0.0] * 4, "a", "b", 10_000)
    way = lab.used(0.025).places["a→b"]
    assert (way["done"], way["unfinished"]) == (2, 2) and way["queue_bytes_max"] == 30_000
    assert way["throughput"] == approx(25_000 / 0.025) and way["utilisation"] == approx(1)
    assert way["queue_bytes_mean"] == approx((30_000 * 0.01 + 20_000 * 0.01 + 10_000 * 0.005) / 0.025)


def test_a_message_lost_on_its_way_occupied_the_link_while_it_left():
    """10 ms of transmission and 30 ms of propagation: down at 25 ms the first is lost after it has left, the second,
    sent at 20 ms, amid its transmission."""
    down = Fault(link=("a", "b"), action="down", at=0.025, lasts=1.0)
    lab = Lab(ENDS, both("a", "b", latency=0.03), script=[down])
    lab.carry([0.0, 0.02], "a", "b", 10_000)
    used = lab.used(0.1)
    way = used.places["a→b"]
    assert way["utilisation"] == approx(0.015 / 0.1, abs=1e-5) and way["lost"] == 2
    assert way["throughput"] == approx(15_000 / 0.1)
    assert over_time(used, "a→b", "utilisation")[:30] == approx([1] * 10 + [0] * 10 + [1] * 5 + [0] * 5, abs=2e-3)


@pytest.mark.parametrize("kind", ["plain", "packets"])
def test_a_bandwidth_that_changes(kind: str):
    """20 kB at 1 MB/s, from 10 ms on at 0.5 MB/s: 10 ms and 20 ms; the other, from 50 ms on at full speed: 20 ms."""
    slow = Fault(link=("a", "b"), action="bandwidth", value=0.5e6, at=0.01, lasts=0.03)
    more = {"mtu": 100_000} if kind == "packets" else {}
    lab = Lab(ENDS, both("a", "b", latency=0.01, **more), script=[slow])
    lab.carry([0.0, 0.05], "a", "b", 20_000)
    used = lab.used(0.1)
    assert used.places["a→b"]["utilisation"] == approx(0.5, abs=1e-6)
    assert over_time(used, "a→b", "throughput") == approx(
        [1e6] * 10 + [0.5e6] * 20 + [0] * 20 + [1e6] * 20 + [0] * 30, abs=5
    )


def test_a_pause_of_a_trace_keeps_the_message_on_the_link():
    """10 kB at 1 MB/s, but nothing goes from 4 ms to 10 ms: 16 ms. One that ends as a pause begins is over."""
    trace = Schedule(times=(0.0, 0.004, 0.010, 0.040, 0.060), values=(1e6, 0.0, 1e6, 0.0, 1e6))
    pausing = [link("a", "b", latency=0.001), link("b", "a", latency=0.001)]
    lab = Lab(ENDS, pausing)
    carrier: Carrier = lab.network.links["a", "b"]
    for time, value in zip(trace.times[1:], trace.values[1:], strict=True):
        lab.at(time, lambda value=value: carrier.set_base(value))
    lab.carry([0.0, 0.030], "a", "b", 10_000)
    used = lab.used(0.1)
    assert used.places["a→b"]["utilisation"] == approx(0.026 / 0.1, abs=1e-5)


def test_a_medium_is_as_busy_as_its_links_together():
    """Both ways 10 kB at 1 MB/s, every 50 ms at the same moment: each is busy for 10 ms, one waits for the other."""
    lab = Lab(ENDS, both("a", "b", medium="cell"))
    lab.carry(every(0.05, 20), "a", "b", 10_000)
    lab.carry(every(0.05, 20), "b", "a", 10_000)
    used = lab.used(1.0)
    assert [*used.places] == ["a→b", "b→a", "medium cell"]
    assert [one["utilisation"] for one in used.places.values()] == approx([0.2, 0.2, 0.4])
    assert [one["offered_load"] for one in used.places.values()] == approx([0.2, 0.2, 0.4])
    cell = used.places["medium cell"]
    assert cell["kind"] == "medium" and cell["queue_max"] == 1 and cell["queue_mean"] == approx(0.2)
    assert cell["throughput"] == approx(400_000) and cell["wait_p95"] == approx(0.01)
    assert over_time(used, "medium cell", "throughput") == approx([1e6, 1e6, 0, 0, 0] * 20, abs=1)


def test_a_medium_may_be_saturated_by_links_that_are_not():
    """0.6 of the time each: together 1.2."""
    lab = Lab(ENDS, both("a", "b", medium="cell"))
    for source, target in (("a", "b"), ("b", "a")):
        lab.carry(every(0.02, 50), source, target, 12_000)
    places = lab.used(1.0, captured=1.0).places
    assert {name: one["verdict"] for name, one in places.items()} == {
        "a→b": "ok", "b→a": "ok", "medium cell": "saturated",
    }  # fmt: skip
    assert places["medium cell"]["offered_load"] == approx(1.2)


def test_packets_sent_again_occupy_the_link():
    """Everything is lost: each message of 10 kB goes out three times, 30 ms, and is lost 50 ms after the last bit."""
    lost = Fault(link=("a", "b"), action="loss", value=1.0, at=0.0, lasts=10.0)
    lab = Lab(ENDS, both("a", "b", attempts=3, latency=0.01), script=[lost])
    lab.carry(every(0.1, 10), "a", "b", 10_000)
    way = lab.used(1.0).places["a→b"]
    assert way["utilisation"] == approx(0.3) and way["throughput"] == approx(300_000)
    assert (way["lost"], way["done"]) == (10, 0) and way["offered_load"] == approx(0.3)


def test_on_a_fair_link_bytes_are_known_and_moments_are_not():
    """Two of 10 kB at once share 1 MB/s for 20 ms of 100; nobody waits. Over two links both carry them."""
    lab = Lab({**ENDS, "c": ROUTER}, [*both("a", "b", sharing="fair"), *both("b", "c", sharing="fair", bandwidth=2e6)])
    lab.carry([0.0, 0.0], "a", "c", 10_000)
    used = lab.used(0.1, captured=0.1)
    first, second = (used.places[name] for name in ("a→b", "b→c"))
    assert (first["utilisation"], second["utilisation"]) == (approx(0.2), approx(0.1))
    assert (first["offered_load"], second["offered_load"]) == (approx(0.2), approx(0.1))
    assert (first["wait_p95"], first["queue_max"], first["throughput"]) == (0, 0, approx(200_000))
    assert all(np.isnan(one) for one in over_time(used, "a→b", "utilisation") + over_time(used, "a→b", "throughput"))


def test_a_fair_link_is_saturated_by_more_bytes_than_it_can_carry():
    lab = Lab(ENDS, both("a", "b", sharing="fair"))
    lab.carry(every(0.02, 50), "a", "b", 30_000)
    way = lab.used(1.0).places["a→b"]
    assert (
        way["verdict"] == "saturated"
        and way["offered_load"] == approx(1.5)
        and way["utilisation"] == approx(1, abs=1e-3)
    )


def test_heartbeats_take_time_and_are_no_arrivals_of_samples():
    """1 ms of every 10 ms for heartbeats, and 10 ms every 50 ms for samples."""
    lab = Lab(ENDS, both("a", "b"))
    lab.carry(every(0.05, 20), "a", "b", 10_000)
    for time in every(0.01, 100, begin=0.0005):
        route = lab.network.route(lab.network.nodes["a"], lab.network.nodes["b"])
        lab.at(time, lambda way=route: way.send(-1, 1000, lab.done, lab.lost, "beat"))
    way = lab.used(1.0).places["a→b"]
    assert way["offered_load"] == approx(0.2 + 0.1, abs=2e-3) and way["utilisation"] == approx(0.3, abs=2e-3)


def test_a_few_calls_in_a_row_are_no_saturation():
    """Two calls of 50 ms within 20 ms, of a run whose samples are captured for 10 s."""
    lab = Lab({"cloud": node("cloud")})
    lab.serve([1.0, 1.02], "cloud", 50e6)
    cloud = lab.used(10.0, captured=10.0).places["cloud"]
    assert cloud["offered_load"] == approx(0.01) and cloud["verdict"] == "ok"


def test_who_is_behind_a_bottleneck_is_not_blamed():
    """The link lets a message through every 30 ms, though they come every 20 ms: the edge, 25 ms each, keeps up."""
    lab = Lab({"a": ROUTER, "edge": node("edge")}, both("a", "edge", latency=0.0))
    route = lab.network.route(lab.network.nodes["a"], lab.network.nodes["edge"])

    def arrived(sample: int) -> None:
        lab.network.nodes["edge"].compute(sample, Work(25e6), lab.done, lab.lost, "token")

    for number, time in enumerate(every(0.02, 50)):
        lab.at(time, lambda n=number: route.send(n, 30_000, arrived, lab.lost, n))
    places = lab.used(1.525, captured=1.0).places
    assert (places["a→edge"]["verdict"], places["edge"]["verdict"]) == ("saturated", "ok")
    assert places["edge"]["offered_load"] == approx(25 / 30)


def test_a_run_of_no_time_has_no_usage():
    used = Lab({"edge": node("edge")}).used(0.0)
    assert used.places == {} and used.columns == {}


@pytest.mark.parametrize(("end", "window"), [
    (1.0, 0.01), (7.3, 0.1), (50, 0.5), (50.1, 1), (100, 1), (0.003, 5e-5), (86_400, 1000), (2.0, 0.02), (19.99, 0.2),
])  # fmt: skip
def test_windows_are_round_numbers_and_at_most_a_hundred(end: float, window: float):
    assert window_for(end) == window


def test_any_length_has_between_forty_and_a_hundred_windows():
    for end in np.geomspace(1e-9, 1e8, 1000).tolist():
        window = window_for(end)
        assert 39.9 < end / window <= 100 + 1e-6


def test_sums_over_windows_are_those_of_a_loop():
    draw = np.random.default_rng(3)
    edges = np.array([0.0, 0.5, 1.0, 1.5, 1.7])
    begin = np.concatenate([draw.uniform(0, 1.7, 200), [0.5, 0.0, 1.7, 1.0]])
    end = np.concatenate([np.minimum(begin[:200] + draw.exponential(0.4, 200), 1.7), [1.0, 1.7, 1.7, 1.0]])
    weight = draw.integers(1, 9, len(begin)).astype(float)
    for weights in (None, weight):
        each = np.ones(len(begin)) if weights is None else weights
        wanted = [
            sum(w * max(0.0, min(e, high) - max(b, low)) for b, e, w in zip(begin, end, each, strict=True))
            for low, high in pairwise(edges.tolist())
        ]
        assert overlap(begin, end, edges, weights) == approx(wanted)
        instants = np.concatenate([begin, end, edges])
        most = [
            max(
                sum(w for b, e, w in zip(begin, end, each, strict=True) if b <= t < e)
                for t in instants.tolist()
                if low <= t < high or t == low
            )
            for low, high in pairwise(edges.tolist())
        ]
        assert greatest(begin, end, edges, weights).tolist() == most
    inside = [sum(low <= b < high for b in begin[:200]) for low, high in pairwise(edges.tolist())]
    assert count(begin[:200], edges).tolist() == inside


def test_times_that_differ_in_their_last_bits_are_one():
    """0.1 + 0.2 is not 0.3 in floats: who leaves then and who comes are still not there together."""
    assert greatest(np.array([0.0, 0.3]), np.array([0.1 + 0.2, 0.4]), np.array([0.0, 1.0])).tolist() == [1]
    assert count(np.array([0.3]), np.array([0.0, 0.1 + 0.2, 1.0])).tolist() == [0, 1]


def test_percentiles_are_numpys():
    draw = np.random.default_rng(5)
    values, windows = draw.exponential(1, 300), draw.integers(0, 5, 300)
    windows[windows == 3] = 4
    for share in (0.0, 0.5, 0.95, 1.0):
        found = percentile(values, windows, 6, share)
        assert np.isnan(found[[3, 5]]).all()
        for window in (0, 1, 2, 4):
            assert found[window] == approx(np.percentile(values[windows == window], 100 * share))


def test_what_a_user_made_of_a_link_is_not_guessed(monkeypatch: pytest.MonkeyPatch):
    """A kind that does not say that messages follow one another: bytes are counted, moments are not."""
    from simnet.network.links.base import Link as Plain

    monkeypatch.setattr(Plain, "one_by_one", False)
    lab = Lab(ENDS, both("a", "b"))
    lab.carry([0.0], "a", "b", 10_000)
    used = lab.used(0.1)
    assert used.places["a→b"]["utilisation"] == approx(0.1) and np.isnan(over_time(used, "a→b", "utilisation")).all()
