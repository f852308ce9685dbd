"""Random streams, each derived from the seed and a name (principle 4); so far the arrivals are the only one.

A draw from one stream never shifts another's, so two systems in a scenario meet identical arrivals.
"""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, name: str) -> np.random.Generator:
    """The random stream called `name` of a run with `seed`."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))
