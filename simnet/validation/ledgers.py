"""Bytes and joules that the simulator books against sums by hand."""

from __future__ import annotations

from simnet.network.faults.spec import Fault
from simnet.network.links.spec import Link
from simnet.network.nodes.spec import Node, PowerModel
from simnet.results.ledger import Ledger
from simnet.results.sections.energy import energy_of
from simnet.results.steps import Step, Steps
from simnet.validation.base import Check, Result, Settings, exactly
from simnet.validation.lab import Lab, a_scenario

POWER = PowerModel(idle=2.0, busy=6.0, send=1e-6, receive=5e-7)
"""2 W at rest, 4 W more while computing; 1 J per MB sent, half a joule per MB received."""
DOWN_AT, DOWN_FOR = 0.75, 0.1


def story() -> tuple[Lab, list[Step]]:
    """A camera that computes and reports to an edge that fails meanwhile, and comes back.

    Both machines run at 1 GFLOP/s; the link carries 1 MB/s after 100 ms, in packets of 1000 B and 40 B of header.

    * 0 s: the camera computes for 0.2 s, then sends 100 kB: 100 packets, 104 kB on the wire, there at
      0.2 + 0.104 + 0.1 = 0.404 s. The edge computes for 0.1 s, until 0.504 s.
    * 0.5 s: the camera computes for 0.2 s, then sends 200 kB: 200 packets, 208 kB; they arrive at 0.7 + 0.208 + 0.1 =
      1.008 s, when the edge, which fails from 0.75 s to 0.85 s, is up again; it computes until 1.108 s.
    * 0.65 s: the camera sends 40 kB: 40 packets, 41.6 kB; they arrive at 0.7916 s, when the edge is down: lost.
    * 0.65 s: work of 0.5 s on the edge, of which 0.1 s are done when it fails.
    * 1.3 s: 300 kB: 300 packets, 312 kB, of which 100 kB have left when the run ends at 1.4 s.
    """
    nodes = {
        "camera": Node(tier="device", speed=1e9, power=POWER),
        "edge": Node(tier="edge", speed=1e9, power=POWER),
    }
    link = Link(source="camera", target="edge", bandwidth=1e6, latency=0.1, header=40, mtu=1000)
    script = [Fault(at=DOWN_AT, lasts=DOWN_FOR, node="edge", action="down")]
    lab = Lab(a_scenario(nodes, [link], script=script))
    lab.compute(0.0, "camera", 0.2e9, "camera 1")
    lab.send(0.2, "camera", "edge", 100_000, "report 1")
    lab.compute(0.404, "edge", 0.1e9, "edge 1")
    lab.compute(0.5, "camera", 0.2e9, "camera 2")
    lab.send(0.65, "camera", "edge", 40_000, "lost on arrival")
    lab.send(0.7, "camera", "edge", 200_000, "report 2")
    lab.compute(0.65, "edge", 0.5e9, "lost with the edge")
    lab.compute(1.008, "edge", 0.1e9, "edge 2")
    lab.send(1.3, "camera", "edge", 300_000, "report 3")
    return lab, lab.run(until=1.4)


def byte_ledger(settings: Settings) -> list[Result]:
    """104 + 208 kB arrive, 41.6 kB are lost; of 312 kB 100 kB have left at the end."""
    _, spans = story()
    on_link = [span for span in spans if span[2] == "transfer"]

    def booked(status: str) -> int:
        return sum(span[6] for span in on_link if span[7] == status)

    return [
        exactly("bytes that arrived", "B", booked("ok"), 312_000),
        exactly("bytes in flight at the end", "B", booked("unfinished"), 100_000, 1),  # a whole number of bytes
        exactly("bytes lost", "B", booked("lost"), 41_600),
        exactly("spans on the link", "", len(on_link), 4),
    ]


def energy(settings: Settings) -> list[Result]:
    """1.4 s, of which the edge is down for 0.1 s.

    Camera: idle 2 W · 1.4 s, busy 4 W · (0.2 + 0.2) s, sent 453.6 kB. Edge: idle 2 W · 1.3 s, busy 4 W · (0.1 + 0.1 +
    0.1) s, received 312 kB.
    """
    lab, _ = story()
    up_times = {name: node.up_time for name, node in lab.network.nodes.items()}
    ledger = Ledger(lab.scenario.nodes, Steps.of(lab.network.spans), up_times, samples=1)
    by_hand = {
        "camera": {"idle": 2.8, "busy": 1.6, "sent": 0.4536, "received": 0.0},
        "edge": {"idle": 2.6, "busy": 1.2, "sent": 0.0, "received": 0.156},
    }
    report = energy_of(lab.scenario, ledger, answered=1, empty_at={}, end=1.0)
    total = float("nan") if report is None else report["total"]
    # One byte more or less of the message that is cut short is a millionth of a joule.
    found = [
        exactly(f"{node}, {use}", "J", ledger.nodes[node][use], joules, 2e-6)
        for node, uses in by_hand.items()
        for use, joules in uses.items()
    ]
    return [*found, exactly("total", "J", total, 8.8096, 2e-6)]


REFERENCE = "sums by hand"
SOURCE = "bytes and joules that every step of a small world causes"
CHECKS = [
    Check("bytes", REFERENCE, "reports in packets with headers, one lost, one cut short", SOURCE, byte_ledger),
    Check("energy", REFERENCE, "a camera, and an edge that fails once", SOURCE, energy),
]
