"""Network namespaces, veth pairs and token buckets, by Linux, `ip` and `tc`.

A namespace has no name: it is held by the processes in it and by an open file of who made it, so that nothing is left
of it, its links and its buckets when these end, however they end.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from simnet.results.run import RunError

NEW_NETWORK = 0x40000000
"""CLONE_NEWNET of <sched.h>."""
MTU = 1500
FRAME = MTU + 14
"""Bytes of the longest frame, as a bucket counts them: an Ethernet header before the packet."""
HEADERS = 14 + 20 + 32
"""Bytes before the data of a TCP segment: Ethernet, IPv4, TCP with time stamps."""
SEGMENT = FRAME - HEADERS
"""Most bytes of data in a frame."""
LEAST_BURST = 250e-6
"""Seconds that a bucket holds at least, where that is more than a frame: kernel timers are no finer (our choice)."""
LONGEST_QUEUE = 64 * 2**20
"""Bytes that wait in front of a bucket: TCP itself waits long before."""


class LiveError(RunError):
    """Why a scenario cannot be executed here, or what went wrong when it was."""


def missing() -> str | None:
    """What this machine lacks, in one sentence; None: nothing."""
    if not sys.platform.startswith("linux"):
        return f"network namespaces are Linux's; this is {sys.platform}"
    lacking = [f"'{program}'" for program in ("ip", "tc") if shutil.which(program) is None]
    if lacking:
        return f"{' and '.join(lacking)} cannot be found: install iproute2"
    if os.geteuid() != 0:
        return "only root may make network namespaces"
    with os.fdopen(os.open("/proc/self/ns/net", os.O_RDONLY)) as before:
        try:
            unshare()
        except OSError as problem:
            return f"this system lets no network namespaces be made ({problem.strerror}): a container needs SYS_ADMIN"
        enter(before.fileno())
    return None


def unshare() -> None:
    """Go into a new namespace, which has no way out. Raises OSError."""
    _checked(_libc().unshare(NEW_NETWORK))


def enter(namespace: int) -> None:
    """Go into the namespace of an open file. Raises OSError."""
    _checked(_libc().setns(namespace, NEW_NETWORK))


def die_with_parent() -> None:
    """Have this process killed when the one that made it ends, however it ends."""
    signal_on_parents_death, kill = 1, 9
    _libc().prctl(signal_on_parents_death, kill)


def exact_timers() -> None:
    """Have waits of this process end when they should, not up to 50 microseconds later."""
    set_timer_slack = 29
    _libc().prctl(set_timer_slack, 1)


def before_others(priority: int) -> bool:
    """Have this process run as soon as it has something to do, before all usual ones; False where it may not."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(priority))
    except OSError:
        return False
    return True


def as_others() -> None:
    """Take that back, for this process or thread."""
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(status: int) -> None:
    if status:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


@contextmanager
def inside(namespace: int) -> Iterator[None]:
    """In this block this thread is in a namespace, as are processes that it begins.

    These begin quicker than with a function to call before: a copy of this process, with its networks, takes long.
    """
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        enter(namespace)
        yield
    finally:
        enter(own)
        os.close(own)


def ip(namespace: int, commands: Iterable[str], *options: str) -> str:
    """Commands of `ip` in a namespace, and what it says. Raises LiveError."""
    return _batch(namespace, "ip", options, list(commands))


def tc(namespace: int, commands: Iterable[str]) -> None:
    """Commands of `tc` in a namespace. Raises LiveError."""
    _batch(namespace, "tc", (), list(commands))


def _batch(namespace: int, program: str, options: Sequence[str], commands: Sequence[str]) -> str:
    with inside(namespace):
        done = subprocess.run(
            [program, *options, "-batch", "-"], input="\n".join(commands) + "\n", capture_output=True, text=True
        )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise LiveError(f"{program} refuses: {'; '.join(said[:2]) or done.returncode}")
    return done.stdout


def bucket(device: str, bandwidth: float, verb: str = "add") -> str:
    """The command of `tc` that gives a device a token bucket of `bandwidth` bytes/s, a frame deep."""
    rate = max(1, round(bandwidth * 8))
    return f"qdisc {verb} dev {device} root handle 1: tbf rate {rate}bit burst {burst(bandwidth)} limit {LONGEST_QUEUE}"


def burst(bandwidth: float) -> int:
    """Bytes that a bucket holds: what is sent at once after a pause."""
    return max(FRAME, round(bandwidth * LEAST_BURST))


def on_wire(size: int) -> int:
    """Bytes of a message with its headers, as a bucket counts them."""
    return size + -(-size // SEGMENT) * HEADERS
