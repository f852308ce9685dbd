"""Packets: what a message is cut into, how many of them are lost on the way and sent again."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, log
from typing import NamedTuple

import numpy as np

from simnet.network.links.spec import Link as LinkSpec
from simnet.network.links.spec import Loss
from simnet.streams import keyed, stream


class Channel:
    """The probability that a packet is lost, as a function of time: constant, or a Gilbert–Elliott channel's.

    Gilbert (Bell System Technical Journal 39, 1960) and Elliott (ibid. 42, 1963), in continuous time: good and bad
    periods alternate, both exponential. It begins in the stationary state, so that at any time it is bad with
    probability bad_for / (good_for + bad_for). The periods come from a stream of their own: who sends does not matter.
    """

    def __init__(self, loss: Loss | None, seed: int, place: str) -> None:
        self.loss = 0.0 if loss is None else loss.good
        """The probability at the time last asked for."""
        self._until = inf
        self._periods: Iterator[tuple[float, float]] = iter(())
        if loss is not None and loss.bad is not None:
            self._periods = _periods(loss, np.random.Generator(stream(seed, f"channel/{place}").bit_generator))
            self._until, self.loss = next(self._periods)

    def at(self, time: float) -> float:
        """The probability of loss at `time` s; a later question must not be about an earlier time."""
        while time >= self._until:
            self._until, self.loss = next(self._periods)
        return self.loss


def _periods(loss: Loss, draws: np.random.Generator) -> Iterator[tuple[float, float]]:
    """(end in s, probability of loss) of the periods of a Gilbert–Elliott channel."""
    assert loss.bad is not None and loss.good_for is not None and loss.bad_for is not None  # the schema demands all
    bad = draws.random() * (loss.good_for + loss.bad_for) < loss.bad_for
    end = 0.0
    while True:
        for length in draws.standard_exponential(64).tolist():
            end += length * (loss.bad_for if bad else loss.good_for)
            yield end, loss.bad if bad else loss.good
            bad = not bad


class Passage(NamedTuple):
    """How a message crosses a link: `size` bytes on the wire in all, in `rounds`; `whole` unless a packet was given up.

    A packet goes out in as many rounds as it is sent; the first round has all packets.
    """

    size: int
    rounds: int = 1
    whole: bool = True


class Packets:
    """Cuts the messages of one link into packets and draws how often each must be sent.

    Each packet has a header and is lost independently; it is sent again until it arrives, `attempts` times at most
    (selective repeat on the link itself). The draws are keyed by sample and message: systems that send other messages
    between see the same packets lost.
    """

    def __init__(self, spec: LinkSpec, seed: int, place: str) -> None:
        self._mtu, self._header, self._attempts = spec.mtu, spec.header, spec.attempts
        self._draws = keyed(seed, f"loss/{place}")

    def count(self, size: int) -> int:
        """Packets of a message of `size` bytes: one at least, even for an empty one."""
        return 1 if self._mtu is None else max(1, -(-size // self._mtu))

    def wire(self, size: int) -> int:
        """Bytes on the wire, headers included, if nothing is lost."""
        return size + self.count(size) * self._header

    def cross(self, size: int, loss: float, sample: int, nth: int) -> Passage:
        """How the `nth` message of `sample` on this link crosses it, each packet lost with probability `loss`."""
        wire = self.wire(size)
        if loss <= 0:
            return Passage(wire)
        count, most = self.count(size), self._attempts
        if loss >= 1:
            return Passage(wire * most, most, False)
        draws = self._draws.uniforms(sample, nth, count)
        if draws.max() < 1 - loss:
            return Passage(wire)
        lost = np.floor(np.log1p(-draws) / log(loss))  # geometric: P(lost ≥ k) = loss^k
        again = np.minimum(lost, most - 1)
        full = size if self._mtu is None else self._mtu
        last = size - (count - 1) * full
        resent = again[:-1].sum() * (full + self._header) + again[-1] * (last + self._header)
        return Passage(wire + int(resent), 1 + int(again.max()), bool(lost.max() < most))
