"""Random streams, each derived from the seed and a name (principle 4), and draws that are looked up instead.

A draw from one stream never shifts another's, so two systems in a scenario meet identical arrivals. Where systems send
different messages in a different order, a stream would still shift within itself: there, draws are keyed by what they
are for.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray


def stream(seed: int, name: str) -> np.random.Generator:
    """The random stream called `name` of a run with `seed`."""
    return np.random.Generator(np.random.Philox(key=_key(seed, name)))


def derived(seed: int, name: str) -> int:
    """A seed made of another and a name, below 2⁵³ so that every reader of JSON has it exactly."""
    return _key(seed, name) >> 75


def keyed(seed: int, name: str) -> Keyed:
    """The keyed draws called `name` of a run with `seed`."""
    return Keyed(_key(seed, name))


class Keyed:
    """Uniform draws from [0, 1) that are a function of (seed, name, sample, nth) alone, in whatever order one asks.

    A counter-based generator (Philox; Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011), its counter
    made of sample and nth. `sample` is −1 or more, `nth` 0 or more.
    """

    def __init__(self, key: int) -> None:
        bits = np.random.Philox(key=key, counter=1 << 192)  # far from where the stream of this name would begin
        self._bits, self._random = bits, np.random.Generator(bits).random
        self._state = bits.state
        self._counter = self._state["state"]["counter"]

    def uniform(self, sample: int, nth: int) -> float:
        """The first of the draws for the `nth` use of `sample`."""
        self._go_to(sample, nth)
        return self._random()

    def uniforms(self, sample: int, nth: int, count: int) -> NDArray[np.float64]:
        """The first `count` draws for the `nth` use of `sample`."""
        self._go_to(sample, nth)
        return self._random(count)

    def _go_to(self, sample: int, nth: int) -> None:
        self._counter[1], self._counter[2] = nth, sample + 1
        self._bits.state = self._state


def _key(seed: int, name: str) -> int:
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:16], "little")
