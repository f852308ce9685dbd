"""Max–min fair links against allocations found by hand with progressive filling.

Progressive filling (Bertsekas and Gallager, Data Networks, 2nd ed. 1992, 6.5.2): all rates grow together, in proportion
to their weights; when a link is full the flows through it are fixed, the others grow on.

How rates are seen from outside: each flow gets as many bytes as its hand-worked rate carries in 12 s. All of them then
end after 12 s exactly if, and only if, the links give them these rates: the first deviation would change what follows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simnet.network.links.spec import Link
from simnet.network.networking import Networking
from simnet.network.nodes.spec import Node
from simnet.validation.base import Check, Result, Settings, arrived, exactly
from simnet.validation.lab import MS, Lab, a_scenario, chain, routers

MB = 1e6
LASTS = 12.0
"""Seconds; makes whole bytes of thirds and quarters of a MB/s."""


def rates(
    nodes: Mapping[str, Node],
    links: Sequence[Link],
    by_hand: Mapping[str, float],
    delays: Mapping[str, float] | None = None,
    networking: Networking | None = None,
) -> list[Result]:
    """Rates of flows, named by their ends ("ac"), beside those worked out by hand, in MB/s; `delays` of their paths."""
    lab = Lab(a_scenario(nodes, links, networking=networking))
    sizes = {name: round(rate * LASTS * MB) for name, rate in by_hand.items()}
    for name, size in sizes.items():
        lab.send(0.0, name[0], name[1], size, name)
    lab.run()
    found = []
    for name, rate in by_hand.items():
        taken = lab.ended.get(name, float("nan")) - (delays or {}).get(name, 0.0)
        found.append(exactly(f"{name[0]} to {name[1]}", "MB/s", sizes[name] / taken / MB, rate))
    return found


def three_steps(settings: Settings) -> list[Result]:
    """Links ab 1.2, bc 0.9, cd 3 MB/s; flows a→b, a→c, b→c, b→d, c→d.

    At 0.3 MB/s each, bc is full (three flows): a→c, b→c and b→d stay there. At 0.9, ab is full (0.9 + 0.3): a→b stays.
    c→d has what is left of cd: 3 − 0.3 = 2.7.
    """
    links = chain("abcd", [1.2 * MB, 0.9 * MB, 3 * MB])
    return rates(routers(*"abcd"), links, {"ab": 0.9, "ac": 0.3, "bc": 0.3, "bd": 0.3, "cd": 2.7})


def tree(settings: Settings) -> list[Result]:
    """Uplinks of 0.2, 0.5, 1 and 1 MB/s meet on one of 1.5 MB/s.

    At 0.2 the first uplink is full. The others share 1.3: 13/30 MB/s each, less than their uplinks would carry.
    """
    uplinks = [chain(f"{name}y", [bandwidth * MB])[0] for name, bandwidth in zip("abcd", (0.2, 0.5, 1, 1), strict=True)]
    flows = {f"{name}z": 1.3 / 3 for name in "bcd"}
    return rates(routers(*"abcdyz"), [*uplinks, *chain("yz", [1.5 * MB])], {"az": 0.2, **flows})


def lot(settings: Settings) -> list[Result]:
    """Three links of 1 MB/s, one flow over all, one over each: every link is full at 0.5."""
    flows = dict.fromkeys(("ad", "ab", "bc", "cd"), 0.5)
    return rates(routers(*"abcd"), chain("abcd", [MB] * 3), flows)


def weighted(settings: Settings) -> list[Result]:
    """Weights 1 / path latency: links of 10 and 30 ms, 1 MB/s each; weights 25 (both), 100 and 33⅓ per s.

    ab is full first, at 1/125 of each weight: 0.2 for a→c and 0.8 for a→b. b→c takes the rest of its link, 0.8.
    """
    links = [*chain("ab", [MB], 10 * MS), *chain("bc", [MB], 30 * MS)]
    delays = {"ac": 40 * MS, "ab": 10 * MS, "bc": 30 * MS}
    return rates(routers(*"abc"), links, {"ac": 0.2, "ab": 0.8, "bc": 0.8}, delays, Networking(weights="latency"))


def departures(settings: Settings) -> list[Result]:
    """Three links of 1 MB/s and 5 ms; at 0 s 1 MB a→d, and 0.5 MB a→b, 1 MB b→c, 2 MB c→d; at 1.5 s 0.75 MB a→b.

    All at 0.5 MB/s; the first a→b has left at 1 s, and a→d gains nothing, since bc and cd are full. The second a→b
    shares with a→d until that and b→c have left, at 2 s; the 0.5 MB it has left need 0.5 s more. c→d has 1 MB left
    then, and needs 1 s. Each arrives 5 ms per link later.
    """
    lab = Lab(a_scenario(routers(*"abcd"), chain("abcd", [MB] * 3, 5 * MS)))
    flows = {"ad": 1.0, "ab": 0.5, "bc": 1.0, "cd": 2.0}
    for name, size in flows.items():
        lab.send(0.0, name[0], name[1], round(size * MB), name)
    lab.send(1.5, "a", "b", 750_000, "second ab")
    lab.run()
    by_hand = {"ab": 1.005, "second ab": 2.505, "bc": 2.005, "cd": 3.005, "ad": 2.015}
    return [arrived(f"{name} arrives", lab.ended.get(name), time) for name, time in by_hand.items()]


REFERENCE = "max–min allocations by hand"
SOURCE = "progressive filling, Bertsekas and Gallager 1992, 6.5.2"
CHECKS = [
    Check("filling", REFERENCE, "five flows on three links, filled in three steps", SOURCE, three_steps),
    Check("uplinks", REFERENCE, "four uplinks that meet on one link", SOURCE, tree),
    Check("lot", REFERENCE, "parking lot: one flow over three links, one over each", SOURCE, lot),
    Check("weights", REFERENCE, "parking lot with weights 1 / path latency", SOURCE, weighted),
    Check("departures", REFERENCE, "parking lot: arrival times as flows come and go", SOURCE, departures),
]
