"""A burst of messages on links against times worked out by hand."""

from __future__ import annotations

from simnet.network.links.spec import Link
from simnet.validation.base import Check, Result, Settings, arrived
from simnet.validation.lab import MS, Lab, a_scenario, chain, routers

TEN_MEGABIT = 1.25e6
"""10 Mbit/s in bytes/s: 10 kB take 8 ms."""
LATENCY = 5 * MS
SIZE = 10_000


def burst(nodes: str, count: int, sharing: str = "fifo", header: int = 0) -> Lab:
    """So many messages of 10 kB, all at time 0, from the first node to the last; named "1", "2", …"""
    links = [
        Link.model_validate({**link.model_dump(), "header": header})
        for link in chain(nodes, [TEN_MEGABIT] * (len(nodes) - 1), LATENCY, sharing)
    ]
    lab = Lab(a_scenario(routers(*nodes), links))
    for number in range(1, count + 1):
        lab.send(0.0, nodes[0], nodes[-1], SIZE, str(number))
    lab.run()
    return lab


def fifo(settings: Settings) -> list[Result]:
    """One after another, and a message that propagates does not occupy the link: k · 8 ms + 5 ms."""
    lab = burst("ab", 3)
    by_hand = {1: 13 * MS, 2: 21 * MS, 3: 29 * MS}
    found = [arrived(f"message {k} of 3", lab.ended.get(str(k)), time) for k, time in by_hand.items()]
    many = 1000 if settings.full else 100
    lab = burst("ab", many, header=2_500)  # 10 ms each
    found.append(arrived(f"the last of {many}, with headers", lab.ended.get(str(many)), many * 10 * MS + LATENCY))
    # Stored and forwarded: the second link begins when the first message has arrived, and is never idle from then on.
    lab = burst("abc", many)
    end = (many + 1) * 8 * MS + 2 * LATENCY
    found.append(arrived(f"the last of {many} over two links", lab.ended.get(str(many)), end))
    return found


def fair(settings: Settings) -> list[Result]:
    """All at once, each at a third of the rate: 3 · 8 ms + 5 ms for each of them."""
    lab = burst("ab", 3, "fair")
    return [arrived(f"message {k} of 3", lab.ended.get(str(k)), 29 * MS) for k in (1, 2, 3)]


REFERENCE = "exact times of a burst"
HAND = "by hand: k · size / bandwidth + latency"
CHECKS = [
    Check("burst", REFERENCE, "10 kB messages at once on a FIFO link of 10 Mbit/s and 5 ms", HAND, fifo),
    Check("fair-burst", REFERENCE, "the same on a fair link", "by hand: all last as long as all together", fair),
]
