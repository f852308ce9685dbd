"""Fair links against SimGrid's fluid network model CM02: when flows end, and what a failure takes.

CM02 (Casanova and Marchal 2002) shares links max–min fair, each flow weighted by 1 / the latency of its path, as ours
with `weights: latency`. It is made plain with `network/TCP-gamma:0` (no limit by a TCP window) and
`network/crosstraffic:0` (no traffic of acknowledgements); latency, bandwidth and weight factors of 1, 1 and 0 are its
own, set for good measure.

Like with like: there a flow first waits for the latency of its path, and ends with its last byte; here it is sent at
once, and its last byte then travels. So each message is sent here by the latency of its path later than there, and
its arrival counted by as much earlier.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree import ElementTree

from simnet.network.faults.spec import Fault
from simnet.network.links.spec import Link
from simnet.network.networking import Networking
from simnet.streams import stream
from simnet.validation.base import Check, Result, Settings, Unavailable, arrived, exactly
from simnet.validation.lab import MS, Lab, a_scenario, chain, routers

MB = 1e6
OPTIONS = (
    "network/model:CM02",
    "network/TCP-gamma:0",
    "network/crosstraffic:0",
    "network/latency-factor:1",
    "network/bandwidth-factor:1",
    "network/weight-S:0",
)
TOLERANCE = 1e-6
"""Seconds; SimGrid's own precision of time is 1e-9 s, its solver's 1e-5 of a rate that is nearly used up."""
PATIENCE = 30.0


@dataclass(frozen=True)
class Transfer:
    """`size` bytes at `at` s from the first to the last of `nodes` (one letter each), along all of them."""

    nodes: str
    size: int
    at: float = 0.0


@dataclass(frozen=True)
class Play:
    """Links, transfers over them, and the links that fail: (source, target, time)."""

    links: Sequence[Link]
    transfers: Sequence[Transfer]
    failures: Sequence[tuple[str, str, float]] = ()


def _platform(play: Play) -> str:
    """The same network for SimGrid: every transfer between two hosts of its own, joined by the links of its path."""
    platform = ElementTree.Element("platform", version="4.1")
    zone = ElementTree.SubElement(platform, "zone", id="validation", routing="Full")
    for number in range(len(play.transfers)):
        for end in ("from", "to"):
            ElementTree.SubElement(zone, "host", id=f"{end}{number}", speed="1f")
    for link in play.links:
        values = {
            "id": link.source + link.target,
            "bandwidth": f"{link.bandwidth!r}Bps",
            "latency": f"{link.latency!r}s",
        }
        ElementTree.SubElement(zone, "link", values)
    for number, transfer in enumerate(play.transfers):
        ends = {"src": f"from{number}", "dst": f"to{number}", "symmetrical": "NO"}
        route = ElementTree.SubElement(zone, "route", ends)
        for here, there in zip(transfer.nodes, transfer.nodes[1:], strict=False):
            ElementTree.SubElement(route, "link_ctn", id=here + there)
    head = '<?xml version="1.0"?>\n<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">\n'
    return head + ElementTree.tostring(platform, encoding="unicode")


def in_simgrid(play: Play) -> dict[str, Any]:
    """What SimGrid says: see `simgrid_peer`. Raises Unavailable where it is not installed, or is not as expected."""
    flows = [
        {"host": f"from{number}", "peer": f"to{number}", "size": transfer.size, "at": transfer.at}
        for number, transfer in enumerate(play.transfers)
    ]
    off = [(here + there, time) for here, there, time in play.failures]
    with TemporaryDirectory() as folder:
        platform = Path(folder) / "platform.xml"
        platform.write_text(_platform(play), encoding="utf-8")
        asked = {"platform": str(platform), "options": OPTIONS, "flows": flows, "off": off}
        command = [sys.executable, str(Path(__file__).with_name("simgrid_peer.py"))]
        try:
            told = subprocess.run(
                command, input=json.dumps(asked), capture_output=True, text=True, timeout=PATIENCE, check=False
            )
        except subprocess.TimeoutExpired:
            raise Unavailable(f"SimGrid did not answer within {PATIENCE:g} s") from None
    if "No module named 'simgrid'" in told.stderr:
        raise Unavailable("SimGrid's Python bindings are not installed (see docs/validation.md)")
    if told.returncode:
        last = (told.stderr.strip().splitlines() or ["no message"])[-1]
        raise Unavailable(f"SimGrid's Python bindings do not work here: {last}")
    answer: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return answer


def here(play: Play) -> tuple[list[float | None], list[float | None]]:
    """When each transfer ended, or was lost, in this simulator; times as SimGrid counts them."""
    nodes = sorted({node for link in play.links for node in (link.source, link.target)})
    script = [Fault(at=time, link=(source, target), action="down") for source, target, time in play.failures]
    scenario = a_scenario(routers(*nodes), play.links, script=script, networking=Networking(weights="latency"))
    lab = Lab(scenario)
    latency = {(link.source, link.target): link.latency for link in play.links}
    delays = [sum(latency[pair] for pair in zip(t.nodes, t.nodes[1:], strict=False)) for t in play.transfers]
    for number, (transfer, delay) in enumerate(zip(play.transfers, delays, strict=True)):
        lab.send(transfer.at + delay, transfer.nodes[0], transfer.nodes[-1], transfer.size, str(number))
    lab.run()
    ended = [lab.ended[name] - delay if (name := str(n)) in lab.ended else None for n, delay in enumerate(delays)]
    return ended, [lab.lost.get(str(number)) for number in range(len(delays))]


def compared(play: Play) -> list[Result]:
    """Every transfer's end, or loss, in both."""
    told, (ended, lost) = in_simgrid(play), here(play)
    found = []
    for number, transfer in enumerate(play.transfers):
        where = f"{transfer.nodes[0]} to {transfer.nodes[-1]}, {transfer.size / MB:g} MB"
        if told["ended"][number] is not None:
            found.append(arrived(f"{where}: ends", ended[number], told["ended"][number], TOLERANCE))
        else:
            found.append(arrived(f"{where}: lost", lost[number], told["lost"][number], TOLERANCE))
    return found


def two_flows(settings: Settings) -> list[Result]:
    """One link of 10 Mbit/s and 5 ms; the second flow begins when half of the first has left."""
    return compared(Play(chain("ab", [1.25e6], 5 * MS), [Transfer("ab", 10_000), Transfer("ab", 10_000, 4 * MS)]))


def parking_lot(settings: Settings) -> list[Result]:
    """Three links of 1 MB/s, 10, 20 and 40 ms: the flow over all of them has the least weight."""
    links = [chain(ends, [MB], latency * MS)[0] for ends, latency in (("ab", 10), ("bc", 20), ("cd", 40))]
    return compared(Play(links, [Transfer(nodes, 1_000_000) for nodes in ("abcd", "ab", "bc", "cd")]))


def failure(settings: Settings) -> list[Result]:
    """Two flows share the link bc until the one from a is lost with ab, at 0.5 s; the other has it alone from then."""
    links = chain("abc", [2 * MB, MB], 10 * MS)
    return compared(Play(links, [Transfer("abc", 1_000_000), Transfer("bc", 1_000_000)], [("a", "b", 0.5)]))


def crowd(settings: Settings) -> list[Result]:
    """Flows of random size and time over random parts of a chain of five links; the greatest difference of all."""
    random = stream(settings.seed, "validation/crowd")
    nodes = "abcdef"
    links = [
        chain(nodes[n : n + 2], [float(random.uniform(0.5, 2)) * MB], float(random.uniform(1, 50)) * MS)[0]
        for n in range(5)
    ]
    transfers = []
    for _ in range(200 if settings.full else 40):
        first, last = sorted(random.choice(6, 2, replace=False).tolist())
        size = int(random.integers(10_000, 1_000_000))
        transfers.append(Transfer(nodes[first : last + 1], size, float(random.uniform(0, 10))))
    play = Play(links, transfers)
    told, (ended, _) = in_simgrid(play), here(play)
    if None in told["ended"] or None in ended:
        return [exactly("flows that end", "", sum(end is not None for end in ended), len(transfers))]
    pairs = list(zip(ended, told["ended"], strict=True))
    worst = max(pairs, key=lambda pair: abs(pair[0] - pair[1]))
    return [
        arrived(f"the one of {len(pairs)} flows that differs most: ends", *worst, TOLERANCE),
        arrived("the last flow: ends", *max(pairs, key=lambda pair: pair[1]), TOLERANCE),
    ]


REFERENCE = "SimGrid, fluid network model CM02"
SOURCE = "Casanova and Marchal (2002); Casanova et al., Versatile, scalable and accurate simulation (2014)"
CHECKS = [
    Check("simgrid-two", REFERENCE, "two flows over one link", SOURCE, two_flows),
    Check("simgrid-lot", REFERENCE, "parking lot with weights 1 / path latency", SOURCE, parking_lot),
    Check("simgrid-failure", REFERENCE, "two flows, one of which is lost with its link", SOURCE, failure),
    Check("simgrid-crowd", REFERENCE, "flows at random on a chain of five links", SOURCE, crowd),
]
