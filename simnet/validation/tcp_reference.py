"""A link against real TCP: two network namespaces, a veth pair, a token bucket on the sender's side, Python sockets.

The token bucket (tc-tbf) is the bottleneck that a link models: it lets through so many bytes per second, counting each
frame with its headers of Ethernet, IP and TCP. The simulated link has its rate, its packets (1448 B of payload, which
is 1500 − 20 − 32 with TCP's time stamps) and their header (14 + 20 + 32 B). Compared is the time from the first write
until the last message is complete: of three trials the shortest, because a busy machine can only make them longer.

The bucket begins full: its burst, 16 kB, passes at once, which makes the real link up to 1 % quicker than the rate.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simnet.network.links.spec import Link
from simnet.validation.base import Check, Result, Settings, Unavailable
from simnet.validation.lab import Lab, a_scenario, routers

PAYLOAD, HEADER = 1448, 14 + 20 + 32
BURST = 16_000
TRIALS = 3
PATIENCE = 60.0
SHARE = 0.05
"""Of the measured time that the simulated one may differ."""
PEER = str(Path(__file__).with_name("tcp_peer.py"))
ADDRESS = "10.213.77.1"
"""Of the receiver, in namespaces that no other network reaches."""


def _shell(*words: str) -> None:
    """Run a command; raises Unavailable with its message when it is refused."""
    told = subprocess.run(words, capture_output=True, text=True, timeout=10, check=False)
    if told.returncode:
        raise Unavailable(f"'{' '.join(words)}' was refused: {told.stderr.strip() or told.returncode}")


@contextmanager
def _namespaces(rate: float) -> Iterator[tuple[str, str]]:
    """Two namespaces, sender and receiver, joined by a veth pair of `rate` bytes/s; gone afterwards, come what may.

    Raises Unavailable where this is not allowed or the programs `ip` and `tc` are missing.
    """
    if not sys.platform.startswith("linux"):
        raise Unavailable("needs Linux")
    if os.geteuid() != 0:
        raise Unavailable("needs root, for network namespaces")
    if missing := [program for program in ("ip", "tc") if shutil.which(program) is None]:
        raise Unavailable(f"needs the program{'s' * (len(missing) > 1)} {' and '.join(missing)} (package iproute2)")
    sender, receiver = (f"simnet-{os.getpid()}-{end}" for end in "sr")
    inside = [("ip", "-n", sender), ("ip", "-n", receiver)]
    try:
        _shell("ip", "netns", "add", sender)
        _shell("ip", "netns", "add", receiver)
        _shell("ip", "-n", sender, "link", "add", "veth0", "type", "veth", "peer", "name", "veth0", "netns", receiver)
        for ip, address in zip(inside, ("10.213.77.2", ADDRESS), strict=True):
            _shell(*ip, "address", "add", f"{address}/24", "dev", "veth0")
            _shell(*ip, "link", "set", "veth0", "up")
        bucket = ("tbf", "rate", f"{rate * 8:.0f}bit", "burst", str(BURST), "limit", "8000000")
        _shell("tc", "-n", sender, "qdisc", "add", "dev", "veth0", "root", *bucket)
        yield sender, receiver
    finally:
        for name in (sender, receiver):
            if (Path("/run/netns") / name).exists():
                subprocess.run(["ip", "netns", "delete", name], capture_output=True, timeout=10, check=False)


def _peer(namespace: str, *words: str) -> subprocess.Popen[str]:
    command = ["ip", "netns", "exec", namespace, sys.executable, "-I", "-S", PEER, *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _trials(sender: str, receiver: str, sizes: list[int]) -> list[float]:
    """Seconds from the first write until the last message was complete, of each trial."""
    words = ADDRESS, str(TRIALS), json.dumps(sizes)
    taking = _peer(receiver, "receive", *words)
    assert taking.stdout is not None
    giving = _peer(sender, "send", *words, taking.stdout.readline().strip())
    try:
        began, problem = giving.communicate(timeout=PATIENCE)
        ended, trouble = taking.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"the connection took longer than {PATIENCE:g} s") from None
    finally:
        for peer in (giving, taking):
            peer.kill()
            peer.wait()
    if giving.returncode or taking.returncode:
        raise Unavailable(f"no connection: {(problem + trouble).strip().splitlines()[-1]}")
    return [end - begin for begin, end in zip(json.loads(began), json.loads(ended), strict=True)]


def measured(rate: float, sizes: list[int]) -> float:
    """The shortest of a few trials through the shaped veth pair, in s."""
    with _namespaces(rate) as (sender, receiver):
        return min(_trials(sender, receiver, sizes))


def simulated(rate: float, sizes: list[int]) -> float:
    """The arrival of the last message on a link of that rate, in s."""
    link = Link(source="a", target="b", bandwidth=rate, latency=0.0, header=HEADER, mtu=PAYLOAD)
    lab = Lab(a_scenario(routers("a", "b"), [link]))
    for number, size in enumerate(sizes):
        lab.send(0.0, "a", "b", size, str(number))
    lab.run()
    return lab.ended[str(len(sizes) - 1)]


def drain(settings: Settings) -> list[Result]:
    """Messages of different size, drained at 16 and 40 Mbit/s; in a full run at 8 and 100, too, and longer."""
    scale = 3 if settings.full else 1
    found = []
    for rate in (1e6, 2e6, 5e6, 12.5e6) if settings.full else (2e6, 5e6):
        sizes = [round(rate * share) * scale for share in (0.01, 0.3, 0.09, 0.2)]
        real = measured(rate, sizes)
        what = f"{len(sizes)} messages, {sum(sizes) / 1e6:g} MB at {rate * 8e-6:g} Mbit/s"
        found.append(Result(what, "s", simulated(rate, sizes), real, SHARE * real))
    return found


CHECKS = [
    Check("tcp", "real TCP on this machine", "drain time through a token bucket", "Linux: veth(4), tc-tbf(8)", drain),
]
