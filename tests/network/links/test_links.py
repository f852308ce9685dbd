"""Links that do more than the plain one, against times worked out by hand: packets, losses, queues, media, traces."""

from __future__ import annotations

from collections import Counter
from functools import partial
from math import exp, inf, sqrt
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from clocked import Seconds, Spans
from worlds import EXACT, Wire, both, link, node, spans_of

from simnet.clock import Order
from simnet.language.schedule import Steps
from simnet.network.faults.spec import Fault
from simnet.network.links.base import Carrier, Link
from simnet.network.links.kinds import make_link
from simnet.network.links.lossy import LossyLink
from simnet.network.links.medium import Medium
from simnet.network.links.packets import Channel, Packets
from simnet.network.links.spec import Loss
from simnet.network.varying import schedule_steps
from simnet.streams import keyed, stream

MS = 1e-3
TEN_MEGABIT = {"bandwidth": 1.25e6, "latency": 5 * MS}
"""10 kB take 8 ms to transmit and 5 ms to propagate."""
SLOW = {"bandwidth": 1000.0, "latency": 1.0}
"""A byte a millisecond, then a second to propagate."""
T_29 = 3.659
"""Student's t for 30 batches: the interval that holds with probability 0.999."""


class Bench:
    """Some links between nodes that are always up (unless a test says otherwise), and what was heard of messages."""

    def __init__(self, seed: int = 1) -> None:
        self.env, self.seed = Seconds(), seed
        self.spans = Spans()
        self.heard: list[tuple[str, str, float]] = []
        self.media: dict[str, Medium] = {}
        self.target = SimpleNamespace(up=True)

    def link(self, source: str = "a", target: str = "b", lossy: bool = False, **values: Any) -> Carrier:
        base = link(source, target).model_dump()
        spec = link(source, target).model_validate({**base, **SLOW, **values})
        return make_link(self.env, self.spans.record, spec, self.target, self.seed, self.media, lossy)

    def send(self, line: Carrier, *tokens: str, size: int = 1000, sample: int = 0) -> None:
        for token in tokens:
            line.send(sample, size, self.done, self.lost, token)

    def at(self, time: float, act: Any) -> None:
        self.env.on(time, act)

    def done(self, token: str) -> None:
        self.heard.append((token, "ok", self.env.s))

    def lost(self, token: str) -> None:
        self.heard.append((token, "lost", self.env.s))

    def hears(self, *expected: tuple[str, str, float]) -> None:
        self.env.play()
        assert [(token, how) for token, how, _ in self.heard] == [(token, how) for token, how, _ in expected]
        assert [time for *_, time in self.heard] == pytest.approx([time for *_, time in expected], abs=EXACT)

    def bytes(self, status: str = "ok") -> list[int]:
        return [span[6] for span in self.spans if span[7] == status]


def losing(line: Carrier, probability: float, *losses: list[int]) -> None:
    """Have the packets of the messages sent, one after another, be lost so many times each."""
    assert isinstance(line, LossyLink)
    left = list(losses)

    def uniforms(sample: int, nth: int, count: int) -> np.ndarray:
        chosen = left.pop(0)
        assert len(chosen) == count
        return 1 - probability ** (np.array(chosen) + 0.5)  # in the middle of what stands for so many losses

    line._packets._draws = SimpleNamespace(uniforms=uniforms)  # type: ignore[assignment]


# Packets


@pytest.mark.parametrize(
    ("size", "packets"), [(0, 1), (1, 1), (2999, 1), (3000, 1), (3001, 2), (6000, 2), (6001, 3), (10_000, 4)]
)
def test_a_message_is_cut_into_packets_each_with_a_header(size: int, packets: int):
    bench = Bench()
    bench.send(bench.link(mtu=3000, header=40), "x", size=size)
    bench.hears(("x", "ok", (size + 40 * packets) / 1000 + 1))
    assert bench.bytes() == [size + 40 * packets]


def test_without_an_mtu_a_message_is_one_packet():
    bench = Bench()
    bench.send(bench.link(header=40, jitter=0.0, queue=10**6), "x", size=10_000)
    bench.hears(("x", "ok", 11.04))


def test_only_links_that_need_more_than_the_plain_one_are_of_another_kind():
    bench = Bench()
    assert type(bench.link()) is Link
    assert type(bench.link(header=100, trace=Steps(times=(0.0,), values=(1.0,)))) is Link
    for values in ({"mtu": 1500}, {"loss": Loss(good=0.1)}, {"jitter": 0.1}, {"queue": 1}, {"medium": "air"}):
        assert type(bench.link(**values)) is LossyLink
    assert type(bench.link(lossy=True)) is LossyLink
    assert type(bench.link(trace=Steps(times=(0.0, 1.0), values=(1.0, 2.0)))) is LossyLink


def test_a_lossy_link_without_losses_does_what_the_plain_link_does():
    """The same messages at the same times, with a change of bandwidth and an outage: the same spans."""
    results = []
    for lossy in (False, True):
        bench = Bench()
        line = bench.link(header=7, lossy=lossy)
        draws = stream(3, "test")
        for sample in range(60):
            size, at = int(draws.integers(1, 2000)), float(draws.uniform(0, 60))
            bench.at(at, partial(bench.send, line, str(sample), size=size))
        bench.at(11.0, lambda line=line: line.set_state(True, 300.0))
        bench.at(21.0, lambda line=line: line.set_state(True))
        bench.at(40.0, lambda line=line: line.set_state(False))
        bench.at(41.0, lambda line=line: line.set_state(True))
        bench.env.play(until=50.0)
        line.close()
        results.append((bench.spans, bench.heard))
    (plain, heard), (lossy_spans, lossy_heard) = results
    assert {span[7] for span in plain} == {"ok", "lost", "unfinished"}
    assert [entry[:2] for entry in heard] == [entry[:2] for entry in lossy_heard]
    for one, other in zip(plain, lossy_spans, strict=True):
        assert one[:3] + one[6:] == other[:3] + other[6:]
        assert one[3:6] == pytest.approx(other[3:6], abs=EXACT)


# Losses


def test_lost_packets_occupy_the_link_again_and_cost_a_round_trip_each_round():
    """250 B in packets of 100, 100, 50 B; the second goes out three times, the third twice: 500 B. Three rounds, so
    it arrives 1 + 2·2 s after its last bit; the next message, without losses, waits for it: links deliver in order.
    """
    bench = Bench()
    line = bench.link(mtu=100, loss=Loss(good=0.2))
    losing(line, 0.2, [0, 2, 1], [0])
    bench.send(line, "first", size=250)
    bench.send(line, "second", size=100)
    bench.hears(("first", "ok", 5.5), ("second", "ok", 5.5))
    assert bench.bytes() == [500, 100]
    assert [span[4] for span in bench.spans] == pytest.approx([0, 0.5])


def test_headers_are_sent_again_with_their_packets():
    """Two packets of 100 B + 10 B, and one of 30 B + 10 B: the last twice more."""
    bench = Bench()
    line = bench.link(mtu=100, header=10, loss=Loss(good=0.5))
    losing(line, 0.5, [0, 0, 2])
    bench.send(line, "x", size=230)
    bench.hears(("x", "ok", 0.340 + 5))
    assert bench.bytes() == [260 + 2 * 40]


def test_a_message_is_lost_when_a_packet_has_failed_as_often_as_is_allowed():
    """Three attempts. The first message's second packet fails thrice: 100 + 300 + 2·50 B, lost after three rounds. The
    second's only packet fails twice, and arrives with the third.
    """
    bench = Bench()
    line = bench.link(mtu=100, attempts=3, loss=Loss(good=0.2))
    losing(line, 0.2, [0, 3, 1], [2])
    bench.send(line, "given up", size=250)
    bench.at(10.0, lambda: bench.send(line, "arrives", size=100))
    bench.hears(("given up", "lost", 0.5 + 5), ("arrives", "ok", 10.3 + 5))
    assert bench.bytes("lost") == [500] and bench.bytes() == [300]


def test_a_link_that_loses_everything_sends_every_packet_as_often_as_is_allowed():
    bench = Bench()
    bench.send(bench.link(mtu=100, attempts=4, loss=Loss(good=1.0)), "x", size=250)
    bench.hears(("x", "lost", 1.0 + 7))
    assert bench.bytes("lost") == [1000]


@pytest.mark.parametrize("probability", [0.02, 0.2, 0.6])
def test_packets_are_sent_one_over_one_minus_p_times_on_average(probability: float):
    """30 batches of 400 messages of 5 packets; the mean lies in the interval that Student's t gives for 0.999."""
    bench = Bench(seed=7)
    line = bench.link(mtu=100, attempts=1000, loss=Loss(good=probability))
    for sample in range(12_000):
        bench.send(line, "x", size=500, sample=sample)
    bench.env.play()
    batches = np.array(bench.bytes()).reshape(30, -1).mean(axis=1) / 500
    assert abs(batches.mean() - 1 / (1 - probability)) < T_29 * batches.std(ddof=1) / sqrt(30)


def test_messages_are_given_up_as_often_as_probability_says():
    """A packet fails three times with p³; a message of two packets is lost with 1 − (1 − p³)²."""
    packets = Packets(link("a", "b").model_copy(update={"mtu": 100, "attempts": 3}), 1, "a→b")
    lost = np.array([not packets.cross(200, 0.5, sample, 0).whole for sample in range(12_000)])
    batches = lost.reshape(30, -1).mean(axis=1)
    assert abs(batches.mean() - (1 - (1 - 0.5**3) ** 2)) < T_29 * batches.std(ddof=1) / sqrt(30)


def test_a_fault_loses_packets_of_what_begins_while_it_lasts():
    """At 0.5 s 'on the air' is under way and not touched; 'begins in it' waited until 1 s; the fault ends at 1.5 s."""
    bench = Bench()
    line = bench.link(lossy=True, attempts=2)
    bench.send(line, "on the air", "begins in it", "begins after it")
    bench.at(0.5, lambda: line.set_state(True, None, 1.0))
    bench.at(1.5, lambda: line.set_state(True))
    bench.hears(("on the air", "ok", 2.0), ("begins in it", "lost", 3.0 + 3), ("begins after it", "ok", 6.0))
    assert [span[6] for span in bench.spans] == [1000, 2000, 1000]


def test_what_a_fault_loses_comes_on_top_of_the_link_s_own_losses():
    """A link that loses everything does not become better by a fault that loses a tenth."""
    bench = Bench()
    line = bench.link(loss=Loss(good=1.0), attempts=1)
    line.set_state(True, None, 0.1)
    bench.send(line, "first")
    bench.hears(("first", "lost", 2.0))


def test_losses_of_a_link_and_of_a_fault_are_independent():
    """Half and half: a quarter of the packets arrives, those whose draw is below 1 − 0.75."""
    bench = Bench()
    line = bench.link(loss=Loss(good=0.5), attempts=1)
    draws = iter([0.24, 0.26])
    line._packets._draws = SimpleNamespace(uniforms=lambda *_: np.array([next(draws)]))  # type: ignore[attr-defined]
    line.set_state(True, None, 0.5)
    bench.send(line, "arrives", "does not")
    bench.hears(("arrives", "ok", 2.0), ("does not", "lost", 3.0))


def test_the_plain_link_refuses_a_probability_of_loss():
    with pytest.raises(ValueError, match="a→b"):
        Bench().link().set_state(True, None, 0.5)


# The Gilbert–Elliott channel

BURSTS = Loss(good=0.0, bad=1.0, good_for=3.0, bad_for=1.0)


def test_a_channel_is_bad_for_its_share_of_the_time():
    """1 s of 4, over 30 stretches of 1000 s."""
    channel = Channel(BURSTS, 5, "a→b")
    bad = np.array([channel.at(time) for time in np.arange(0, 30_000, 0.1)])
    batches = bad.reshape(30, -1).mean(axis=1)
    assert abs(batches.mean() - 0.25) < T_29 * batches.std(ddof=1) / sqrt(30)
    turns = 300_000 * 0.75 * 0.25 * (1 - exp(-0.1 * (1 / 3 + 1)))  # good now and bad 0.1 s later: a Markov chain
    assert (np.diff(bad) > 0).sum() == pytest.approx(turns, rel=0.05)


def test_a_channel_begins_bad_as_often_as_it_is_bad():
    """Else the start of every run would be better than the rest."""
    begins = sum(Channel(BURSTS, seed, "a→b").at(0.0) for seed in range(2000))
    assert abs(begins / 2000 - 0.25) < 3.3 * sqrt(0.25 * 0.75 / 2000)


def test_a_channel_depends_on_time_only():
    """Whoever asks more often, or later, finds the same state at the same time; another link has another channel."""
    often, seldom, other = (Channel(BURSTS, 5, place) for place in ("a→b", "a→b", "b→a"))
    times = np.arange(0, 200, 0.1).tolist()
    states = {time: often.at(time) for time in times}
    assert [seldom.at(time) for time in times[7::40]] == [states[time] for time in times[7::40]]
    assert [other.at(time) for time in times] != list(states.values())


def test_the_channels_state_when_a_transmission_begins_counts():
    """Bad between 1.5 s and 2.5 s: of messages that begin at 0, 1, 2 and 3 s it takes the third."""
    bench = Bench()
    line = bench.link(attempts=1, loss=BURSTS)
    line._channel = SimpleNamespace(at=lambda time: float(1.5 <= time < 2.5))  # type: ignore[attr-defined]
    bench.send(line, "0", "1", "2", "3")
    bench.hears(("0", "ok", 2.0), ("1", "ok", 3.0), ("2", "lost", 4.0), ("3", "ok", 5.0))


# Draws


def test_systems_that_send_different_messages_meet_the_same_losses():
    """Another order, other messages between, other sizes of these, retries: the same message fares the same."""
    fates: list[dict[tuple[int, str], int]] = []
    for more in (False, True):
        bench = Bench()
        line = bench.link(mtu=100, loss=Loss(good=0.3), jitter=0.5)
        for sample in range(200)[:: -1 if more else 1]:
            bench.send(line, "report", size=400, sample=sample)
            if more and sample % 3 == 0:
                bench.send(line, "request", size=50 + sample, sample=-1)
            bench.send(line, "features", size=700, sample=sample)
            if more:
                bench.send(line, "again", size=700, sample=sample)
        bench.env.play()
        sizes = zip([span[0] for span in bench.spans], [token for token, *_ in bench.heard], bench.bytes(), strict=True)
        fates.append({(sample, token): size for sample, token, size in sizes if token in ("report", "features")})
    assert len(fates[0]) == 400 and fates[0] == fates[1]
    assert len({fates[0][sample, "report"] for sample in range(200)}) > 4  # they do differ among themselves


def test_messages_links_and_seeds_draw_differently():
    draws = [keyed(seed, f"loss/{place}").uniform(sample, nth)
             for seed in (1, 2) for place in ("a→b", "b→a") for sample in (-1, 0, 1) for nth in (0, 1)]  # fmt: skip
    assert len(set(draws)) == 24
    assert all(0 <= draw < 1 for draw in draws)


def test_keyed_draws_do_not_depend_on_what_was_asked_before():
    """One draw, several draws, and the same from a fresh object."""
    draws = keyed(1, "x")
    many = draws.uniforms(5, 3, 9)
    assert draws.uniform(5, 3) == many[0]
    assert draws.uniforms(5, 3, 4).tolist() == many[:4].tolist()
    assert keyed(1, "x").uniforms(5, 3, 9).tolist() == many.tolist()
    assert many[0] != stream(1, "x").random()


def test_keyed_draws_are_uniform():
    """Mean and variance of 30 × 400 first draws, and no correlation between neighbours."""
    one = keyed(1, "x")
    draws = np.array([one.uniform(sample, nth) for sample in range(400) for nth in range(30)])
    assert abs(draws.mean() - 0.5) < 3.3 * sqrt(1 / 12 / len(draws))
    assert abs(draws.var() - 1 / 12) < 3.3 * sqrt(1 / 180 / len(draws))
    assert abs(np.corrcoef(draws[1:], draws[:-1])[0, 1]) < 3.3 / sqrt(len(draws))


# The queue


def test_what_does_not_fit_into_the_queue_is_dropped_at_the_tail():
    """2500 B may wait, with what the message on the air still has to send: at first 1000 B + 1000 B, so 1000 B more
    do not fit, 500 B do. At 0.5 s the first has half left: 500 B fit again, and then not a byte.
    """
    bench = Bench()
    line = bench.link(queue=2500)
    bench.send(line, "1", "2", "dropped")
    bench.send(line, "3", size=500)
    bench.send(line, "dropped too", size=1)
    bench.at(0.5, lambda: bench.send(line, "too large", size=501))
    bench.at(0.5, lambda: bench.send(line, "4", size=500))
    bench.at(0.5, lambda: bench.send(line, "dropped at last", size=1))
    bench.hears(
        ("dropped", "lost", 0), ("dropped too", "lost", 0),
        ("too large", "lost", 0.5), ("dropped at last", "lost", 0.5),
        ("1", "ok", 2.0), ("2", "ok", 3.0), ("3", "ok", 3.5), ("4", "ok", 4.0),
    )  # fmt: skip
    dropped = [span for span in bench.spans if span[7] == "dropped"]
    assert [span[3:7] for span in dropped] == [(0, 0, 0, 0), (0, 0, 0, 0), (0.5, 0.5, 0.5, 0), (0.5, 0.5, 0.5, 0)]


def test_headers_take_room_in_the_queue():
    bench = Bench()
    line = bench.link(queue=2199, mtu=500, header=100)
    bench.send(line, "on the air", size=500)
    bench.send(line, "1600 B left", size=1300)
    bench.env.play(until=1e-9)
    assert bench.heard == [("1600 B left", "lost", 0.0)]
    bench.send(line, "1400 B fit", size=1200)
    bench.hears(("1600 B left", "lost", 0.0), ("on the air", "ok", 1.6), ("1400 B fit", "ok", 3.1))


def test_an_idle_link_accepts_a_message_larger_than_its_queue():
    bench = Bench()
    line = bench.link(queue=10)
    bench.send(line, "first", "second")
    bench.at(1.5, lambda: bench.send(line, "while the first propagates"))
    bench.hears(("second", "lost", 0), ("first", "ok", 2.0), ("while the first propagates", "ok", 3.5))


def test_what_is_sent_again_keeps_the_queue_full_longer():
    """The first goes out twice: at 1 s it has 1000 B left, and 1000 B wait; another 1000 B do not fit into 2500 B."""
    bench = Bench()
    line = bench.link(queue=2500, loss=Loss(good=0.5))
    losing(line, 0.5, [1], [0])
    bench.send(line, "1", size=1000)
    bench.at(0.9, lambda: bench.send(line, "2"))
    bench.at(1.0, lambda: bench.send(line, "3"))
    bench.hears(("3", "lost", 1.0), ("1", "ok", 5.0), ("2", "ok", 5.0))


def test_what_a_failure_took_makes_room_in_the_queue():
    """The link is down from 0.5 s to 0.6 s; then it is idle again, and 1200 B fit."""
    bench = Bench()
    line = bench.link(queue=1200)
    bench.send(line, "1")
    bench.send(line, "2", size=200)
    bench.at(0.5, lambda: line.set_state(False))
    bench.at(0.6, lambda: line.set_state(True))
    bench.at(0.6, lambda: bench.send(line, "3"))
    bench.at(0.6, lambda: bench.send(line, "4", size=200))
    bench.hears(("1", "lost", 0.5), ("2", "lost", 0.5), ("3", "ok", 2.6), ("4", "ok", 2.8))


# Jitter


def test_jitter_delays_by_no_more_than_it_says_and_by_half_of_it_on_average():
    bench = Bench()
    line = bench.link(jitter=0.4, latency=0.0)
    for sample in range(1000):
        bench.at(sample * 2.0, lambda sample=sample: bench.send(line, "x", sample=sample))
    bench.env.play()
    delays = np.array([span[5] - span[4] - 1.0 for span in bench.spans])
    assert delays.min() >= -EXACT and delays.max() < 0.4
    assert abs(delays.mean() - 0.2) < 3.3 * 0.4 / sqrt(12 * 1000)
    assert abs(delays.std() - 0.4 / sqrt(12)) < 0.01


def test_messages_never_overtake_each_other_in_jitter():
    """Ten a second with up to a second of jitter: each arrives at its own time or with the one before it."""
    bench = Bench()
    line = bench.link(jitter=1.0)
    for sample in range(300):
        bench.at(sample * 0.1, lambda sample=sample: bench.send(line, str(sample), size=10, sample=sample))
    bench.env.play()
    assert [token for token, *_ in bench.heard] == [str(sample) for sample in range(300)]
    own = np.array([sample * 0.1 + 1.01 + keyed(1, "jitter/a→b").uniform(sample, 0) for sample in range(300)])
    ended = np.array([span[5] for span in bench.spans])
    assert ended == pytest.approx(np.maximum.accumulate(own), abs=EXACT)
    assert (ended > own + 0.1).any()  # some did wait


# A shared medium


def air(bench: Bench, *ends: str, **values: Any) -> list[Carrier]:
    """Links on one medium: `ends` are pairs of letters, source and target."""
    return [bench.link(source, target, medium="air", **values) for source, target in ends]


def test_two_cameras_frames_alternate_on_a_medium():
    """Two frames each of 8 ms, in order of arrival; every one propagates for 5 ms more while the next is sent."""
    bench = Bench()
    one, two = air(bench, "ae", "be", **TEN_MEGABIT)
    for frame in "12":
        bench.send(one, f"a{frame}", size=10_000)
        bench.send(two, f"b{frame}", size=10_000)
    bench.hears(("a1", "ok", 0.013), ("b1", "ok", 0.021), ("a2", "ok", 0.029), ("b2", "ok", 0.037))
    assert [(span[1], round(span[4] / MS, 6)) for span in bench.spans] == [
        ("a→e", 0.0), ("b→e", 8.0), ("a→e", 16.0), ("b→e", 24.0)
    ]  # fmt: skip


def test_both_directions_share_a_medium_and_each_link_keeps_its_own_values():
    """1 s there at 1000 B/s with 1 s latency, then 2 s back at 500 B/s with 3 s, then there again."""
    bench = Bench()
    (there,) = air(bench, "ab")
    (back,) = air(bench, "ba", bandwidth=500.0, latency=3.0)
    bench.send(there, "1")
    bench.send(back, "2")
    bench.send(there, "3")
    bench.hears(("1", "ok", 2.0), ("3", "ok", 5.0), ("2", "ok", 6.0))


def test_media_with_different_names_do_not_disturb_each_other():
    bench = Bench()
    one, other = bench.link("a", "e", medium="left"), bench.link("b", "e", medium="right")
    bench.send(one, "1")
    bench.send(other, "2")
    bench.hears(("1", "ok", 2.0), ("2", "ok", 2.0))


def test_the_air_is_as_busy_as_the_messages_take():
    """300 messages of three links: airtimes do not overlap, sum up, and leave no gap while somebody waits."""
    bench = Bench()
    lines = air(bench, "ae", "be", "ea")
    draws = stream(1, "test")
    for sample in range(300):
        line, size, at = lines[draws.integers(3)], int(draws.integers(1, 1000)), float(draws.uniform(0, 120))
        bench.at(at, lambda line=line, size=size, sample=sample: bench.send(line, "x", size=size, sample=sample))
    bench.env.play()
    spans = sorted(bench.spans, key=lambda span: span[4])
    assert [span[3] for span in spans] == sorted(span[3] for span in spans)
    free = 0.0
    for span in spans:
        assert span[4] == pytest.approx(max(free, span[3]), abs=EXACT)
        free = span[5] - 1.0
        assert free - span[4] == pytest.approx(span[6] / 1000, abs=EXACT)
    assert len(spans) == 300


def test_a_link_that_goes_down_frees_its_airtime_for_the_others():
    """At 0.4 s a→e goes down: 400 B of its first have left, its second waits; b's messages begin then and at 1.4 s."""
    bench = Bench()
    one, two = air(bench, "ae", "be")
    for number in "12":
        bench.send(one, f"a{number}")
        bench.send(two, f"b{number}")
    bench.at(0.4, lambda: one.set_state(False))
    bench.at(0.5, lambda: bench.send(one, "a3"))
    bench.at(2.0, lambda: one.set_state(True))
    bench.at(2.1, lambda: bench.send(one, "a4"))
    bench.hears(
        ("a1", "lost", 0.4), ("a2", "lost", 0.4), ("a3", "lost", 0.5),
        ("b1", "ok", 2.4), ("b2", "ok", 3.4), ("a4", "ok", 4.4),
    )  # fmt: skip
    assert bench.bytes("lost") == [400, 0]
    assert [span[3:6] for span in bench.spans if span[7] == "lost"] == [(0, 0, 0.4), (0, 0.4, 0.4)]


def test_a_link_that_goes_down_while_another_is_on_the_air_does_not_interrupt_it():
    """b→e waits behind a1; without it, a2 follows at once. What already travels on b→e is lost too."""
    bench = Bench()
    one, two = air(bench, "ae", "be")
    bench.send(two, "travels", size=100)
    bench.send(one, "a1")
    bench.send(two, "waits")
    bench.send(one, "a2")
    bench.at(0.5, lambda: two.set_state(False))
    bench.hears(("travels", "lost", 0.5), ("waits", "lost", 0.5), ("a1", "ok", 2.1), ("a2", "ok", 3.1))
    assert bench.bytes("lost") == [100, 0]


def test_a_change_of_bandwidth_stretches_the_links_own_messages_and_shifts_the_others():
    """At 0.5 s a→e falls to half: a1 ends at 1.5 s, b1 at 2.5 s, a2 takes 2 s."""
    bench = Bench()
    one, two = air(bench, "ae", "be")
    for number in "12":
        bench.send(one, f"a{number}")
        bench.send(two, f"b{number}")
    bench.at(0.5, lambda: one.set_state(True, 500.0))
    bench.hears(("a1", "ok", 2.5), ("b1", "ok", 3.5), ("a2", "ok", 5.5), ("b2", "ok", 6.5))


def test_a_change_of_bandwidth_does_not_touch_anothers_transmission():
    bench = Bench()
    one, two = air(bench, "ae", "be")
    bench.send(one, "a1")
    bench.send(two, "b1")
    bench.at(0.5, lambda: two.set_state(True, 250.0))
    bench.hears(("a1", "ok", 2.0), ("b1", "ok", 6.0))


def test_a_node_that_goes_down_takes_its_unsent_messages_off_the_medium():
    """The access point goes down at 0.5 s, for good: its own messages are off the air, so a's begins then; what a and
    b send reaches nobody; what it had sent whole arrives.
    """
    nodes = {"a": node("device"), "b": node("device"), "e": node("edge")}
    links = [one.model_copy(update={"medium": "air"}) for end in "ab" for one in both(end, "e", **SLOW)]
    wire = Wire(nodes, links, [Fault(at=0.5, node="e", action="down")])
    for source, target, size, token in [
        ("e", "a", 200, "sent"), ("e", "b", 1000, "on the air"), ("a", "e", 1000, "up"), ("e", "a", 1000, "waits")
    ]:  # fmt: skip
        wire.send(0.0, source, target, size, token)
    wire.env.play()
    heard = dict(wire.heard)
    assert heard["sent"] == pytest.approx(1.2)
    assert heard["on the air"] is None and heard["waits"] is None and heard["up"] is None
    (up,) = spans_of(wire.network, "a→e")
    assert up[4:] == pytest.approx((0.5, 2.5, 1000, "lost"))
    (cut,) = spans_of(wire.network, "e→b")
    assert cut[4:] == pytest.approx((0.2, 0.5, 300, "lost"))


def test_losses_of_one_link_cost_the_others_airtime():
    bench = Bench()
    (one,) = air(bench, "ae", loss=Loss(good=0.5))
    (two,) = air(bench, "be")
    losing(one, 0.5, [2])
    bench.send(one, "a")
    bench.send(two, "b")
    bench.hears(("b", "ok", 5.0), ("a", "ok", 3.0 + 5))


def test_a_queue_limit_on_a_medium_counts_the_links_own_bytes_only():
    bench = Bench()
    one, two = air(bench, "ae", "be", queue=1500)
    bench.send(one, "a1", "a2")
    bench.send(two, "b1", "b2")
    bench.hears(("a2", "lost", 0), ("b2", "lost", 0), ("a1", "ok", 2.0), ("b1", "ok", 3.0))


# Bandwidth over time

KINDS: dict[str, dict[str, Any]] = {"plain": {}, "lossy": {"lossy": True}, "medium": {"medium": "air"}}
kinds = pytest.mark.parametrize("kind", [pytest.param(values, id=name) for name, values in KINDS.items()])


@kinds
def test_a_trace_changes_the_bandwidth_in_the_middle_of_a_transmission(kind: dict[str, Any]):
    """1000 B/s until 1 s, then 500 B/s until 4 s, then 2000 B/s: 1 s + 1 s; 2 s at 500 B/s; 0.5 s at 2000 B/s."""
    bench = Bench()
    line = bench.link(**kind, bandwidth=123.0, trace=Steps(times=(0, 1, 4), values=(1000, 500, 2000)))
    bench.send(line, "1", size=1500)
    bench.send(line, "2", "3")
    bench.at(9.0, lambda: bench.send(line, "4"))
    bench.hears(("1", "ok", 3.0), ("2", "ok", 5.0), ("3", "ok", 5.5), ("4", "ok", 10.5))


@kinds
def test_a_change_of_bandwidth_moves_only_what_is_on_the_air_however_many_wait(kind: dict[str, Any]):
    """What is moved leaves its old end on the clock: with 300 that wait and 50 changes it would be 15,000 events."""
    bench = Bench()
    line = bench.link(**kind, trace=Steps(times=(0, 0.1), values=(1000, 500), repeat=0.2))
    bench.send(line, *map(str, range(300)))
    bench.env.play(until=5.0)
    assert len(bench.env._queue) < 100


@kinds
def test_a_trace_begins_anew(kind: dict[str, Any]):
    """1 s at 1000 B/s, 1 s at 500 B/s, and so on: 750 B a second. 3000 B from 100.5 s on: 500 B until 101 s,
    500 until 102 s, 1000, 500, and the last 500 B by 104.5 s.
    """
    bench = Bench()
    line = bench.link(**kind, trace=Steps(times=(0, 1), values=(1000, 500), repeat=2.0))
    bench.send(line, "first", size=7500)
    bench.at(100.5, lambda: bench.send(line, "later", size=3000))
    bench.hears(("first", "ok", 11.0), ("later", "ok", 105.5))


@kinds
def test_a_fault_holds_the_bandwidth_and_then_the_trace_is_where_it_would_be(kind: dict[str, Any]):
    """The fault's 100 B/s hold from 1 s to 5 s, although the trace rises at 3 s to 2000 B/s, which hold afterwards."""
    bench = Bench()
    line = bench.link(**kind, trace=Steps(times=(0, 3), values=(1000, 2000)))
    bench.at(1.0, lambda: line.set_state(True, 100.0))
    bench.at(5.0, lambda: line.set_state(True))
    bench.send(line, "x", size=1000 + 400 + 2000)
    bench.hears(("x", "ok", 7.0))
    assert line.base_bandwidth == 2000


def test_faults_of_a_scenario_end_with_what_the_trace_says():
    trace = Steps(times=(0.0, 3.0), values=(1000.0, 2000.0))
    links = [one.model_copy(update={"trace": trace}) for one in both("a", "b", **SLOW)]
    script = [Fault(at=1.0, lasts=4.0, link=("a", "b"), action="bandwidth", value=100.0)]
    wire = Wire({"a": node("device"), "b": node("edge")}, links, script)
    wire.send(0.0, "a", "b", 3400, "x")
    wire.send(0.0, "b", "a", 3400, "back")  # the other direction has the trace, but not the fault
    wire.env.play()
    assert dict(wire.heard) == {"x": pytest.approx(7.0), "back": pytest.approx(4.2)}


def test_values_change_when_the_steps_say_so():
    env, seen = Seconds(), []
    schedule_steps(env, Steps(times=(0, 1, 2.5), values=(1, 2, 3), repeat=4.0), lambda v: seen.append((env.s, v)))
    env.play(until=9.5)
    assert seen == [(0, 1), (1, 2), (2.5, 3), (4, 1), (5, 2), (6.5, 3), (8, 1), (9, 2)]


def test_repeated_steps_do_not_drift():
    """0.1 s is no float: added up 10,000 times it would be off by more than 1e-10 s."""
    env, seen = Seconds(), []
    schedule_steps(env, Steps(times=(0.0, 0.05), values=(1, 2), repeat=0.1), lambda v: seen.append(env.s))
    env.play(until=1000.01)
    assert len(seen) == 20_001
    assert seen[-1] == pytest.approx(1000.0, abs=1e-12)


def test_steps_that_are_put_on_the_clock_later_begin_where_they_are_then():
    env, seen = Seconds(), []
    env.play(until=5.5)
    schedule_steps(env, Steps(times=(0, 1), values=(1, 2), repeat=2.0), lambda v: seen.append((env.s, v)))
    env.play(until=7.5)
    assert seen == [(5.5, 2), (6, 1), (7, 2)]


def test_a_change_comes_before_whatever_else_happens_at_its_time():
    """Also before what was on the clock when the change was not yet: each change puts the next one there."""
    env, seen = Seconds(), list[Any]()
    schedule_steps(env, Steps(times=(0, 1, 2), values=(1, 2, 3)), seen.append)
    env.on(2.0, lambda: seen.append("else"), Order.WORK_ENDS)
    env.play()
    assert seen == [1, 2, 3, "else"]


def test_steps_do_not_keep_a_run_alive_not_even_several():
    env = Seconds()
    for period in (0.3, 0.7):
        schedule_steps(env, Steps(times=(0, period / 2), values=(1, 2), repeat=period), lambda value: None)
    env.on(10.0, lambda: None)
    env.play()
    assert 10.0 <= env.s < 10.5
    assert env.peek() == inf


# Ends


@kinds
def test_the_bytes_of_a_message_cut_short_after_a_change_of_bandwidth_are_those_that_left(kind: dict[str, Any]):
    """500 B in the first half second, then 1 B/s: at 1.5 s a byte more has left."""
    bench = Bench()
    line = bench.link(**kind)
    bench.send(line, "1", "2")
    bench.at(0.5, lambda: line.set_state(True, 1.0))
    bench.at(1.5, lambda: line.set_state(False))
    bench.hears(("1", "lost", 1.5), ("2", "lost", 1.5))
    assert bench.bytes("lost") == [pytest.approx(501, abs=1), 0]


@kinds
def test_a_message_whose_last_bit_leaves_as_its_node_goes_down_is_lost(kind: dict[str, Any]):
    """A failure comes before the end of work at the same instant; a picosecond later the message is sent."""
    for later in (False, True):
        bench = Bench()
        line = bench.link(**kind)
        bench.env.on(1.0 + later * 1e-12, lambda line=line: line.lose(unserved_only=True), Order.FAULT_BEGINS)
        bench.send(line, "1", "2")
        if later:
            bench.hears(("2", "lost", 1.0 + 1e-12), ("1", "ok", 2.0))
            assert bench.bytes() == [1000] and bench.bytes("lost") == [0]
        else:
            bench.hears(("1", "lost", 1.0), ("2", "lost", 1.0))
            assert bench.bytes("lost") == [1000, 0]


@kinds
def test_a_link_that_goes_down_as_a_last_bit_leaves_loses_the_message_with_all_its_bytes(kind: dict[str, Any]):
    bench = Bench()
    line = bench.link(**kind)
    bench.env.on(1.0, lambda: line.set_state(False), Order.FAULT_BEGINS)
    bench.send(line, "1", "2")
    bench.at(1.0, lambda: line.set_state(True))
    bench.at(1.0, lambda: bench.send(line, "3"))
    bench.hears(("1", "lost", 1.0), ("2", "lost", 1.0), ("3", "ok", 3.0))
    assert bench.bytes("lost") == [1000, 0]


@kinds
def test_at_the_end_of_a_run_what_travels_is_sent_or_waits_is_unfinished(kind: dict[str, Any]):
    bench = Bench()
    line = bench.link(**kind)
    bench.send(line, "travels", "on the air", "waits")
    bench.env.play(until=1.25)
    line.close()
    line.close()  # a second time changes nothing
    assert bench.heard == []
    assert [span[3:] for span in bench.spans] == [
        (0, 0, 1.25, 1000, "unfinished"), (0, 1, 1.25, 250, "unfinished"), (0, 1.25, 1.25, 0, "unfinished"),
    ]  # fmt: skip


@kinds
def test_what_reaches_a_node_that_is_down_is_lost_with_all_its_bytes(kind: dict[str, Any]):
    bench = Bench()
    line = bench.link(**kind)
    bench.send(line, "1", "2")
    bench.at(1.5, lambda: setattr(bench.target, "up", False))
    bench.at(2.5, lambda: setattr(bench.target, "up", True))
    bench.hears(("1", "lost", 2.0), ("2", "ok", 3.0))
    assert bench.bytes("lost") == [1000]


@kinds
def test_whoever_hears_of_a_message_may_send_the_next(kind: dict[str, Any]):
    """Three messages one after the other, each sent when the one before has arrived or was lost."""
    bench = Bench()
    line = bench.link(**kind)
    left = ["c", "b"]

    def next_one(token: str) -> None:
        bench.heard.append((token, "end", bench.env.s))
        if left:
            line.send(0, 1000, next_one, next_one, left.pop())

    line.send(0, 1000, next_one, next_one, "a")
    bench.at(2.5, lambda: line.lose())
    bench.hears(("a", "end", 2.0), ("b", "end", 2.5), ("c", "end", 4.5))


def test_every_message_that_is_put_on_a_link_leaves_one_span():
    """Drops, losses, jitter, outages, a shared medium at once; what is sent over a link that is down leaves none."""
    bench = Bench()
    lines = air(bench, "ae", "ea", mtu=100, header=5, loss=Loss(good=0.2, bad=0.9, good_for=2.0, bad_for=0.5),
                attempts=3, jitter=0.3, queue=3000)  # fmt: skip
    draws = stream(1, "test")
    sent: Counter[str] = Counter()

    def send(line: Carrier, sample: int, size: int) -> None:
        sent[line.place] += line.up
        bench.send(line, "x", size=size, sample=sample)

    for sample in range(600):
        line, size = lines[draws.integers(2)], int(draws.integers(1, 900))
        at = float(draws.uniform(0, 300))
        bench.at(at, lambda line=line, sample=sample, size=size: send(line, sample, size))
    for start in range(20, 300, 40):
        bench.at(start, lambda: lines[0].set_state(False))
        bench.at(start + 5.0, lambda: lines[0].set_state(True, 400.0))
        bench.at(start + 15.0, lambda: lines[0].set_state(True))
    bench.env.play(until=299.0)
    for line in lines:
        line.close()
    assert Counter(span[1] for span in bench.spans) == sent
    assert {span[7] for span in bench.spans} == {"ok", "lost", "dropped", "unfinished"}
    assert all(span[3] <= span[4] <= span[5] for span in bench.spans)
