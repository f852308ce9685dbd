"""How a command ends that is stopped from outside: one line, the signal's status, nothing left half done.

A signal that whoever started the command had told it to ignore (`nohup`) stays ignored.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
"""Ctrl-C, a batch system or `kill`, a terminal that is closed."""


class Stopped(KeyboardInterrupt):
    """A signal asked the command to stop; `number` is the signal's."""

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__()
        self.number = number


def message(stop: BaseException, rest: str) -> str:
    """One line: stopped, by what if it was not Ctrl-C, and `rest`."""
    number = status(stop) - 128
    how = "" if number == signal.SIGINT else f" by {signal.Signals(number).name}"
    return f"stopped{how}; {rest}" if rest else f"stopped{how}"


def status(stop: BaseException) -> int:
    """The exit status of whoever is stopped so: 128 + the signal's number."""
    return 128 + int(getattr(stop, "number", signal.SIGINT))


@contextmanager
def at_once() -> Iterator[None]:
    """In this block a signal ends the process where it stands: for what leaves nothing behind, such as imports.

    An exception there may come out of a package's C code as another one, with a traceback of its own.
    """

    def leave(number: int, frame: FrameType | None) -> None:
        stop = Stopped(number)
        os.write(2, f"{message(stop, 'nothing was written')}\n".encode())
        os._exit(status(stop))

    with _handled(leave):
        yield


@contextmanager
def gently() -> Iterator[None]:
    """In this block a signal raises `Stopped`, so that what is under way is tidied up; a second one ends it at once."""

    def stop(number: int, frame: FrameType | None) -> None:
        for name in NAMES:
            if (other := getattr(signal, name, None)) is not None and signal.getsignal(other) is stop:
                signal.signal(other, signal.SIG_DFL)
        raise Stopped(number)

    with _handled(stop):
        yield


@contextmanager
def _handled(how: Callable[[int, FrameType | None], Any]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # only the main thread may say
        yield
        return
    former: dict[int, Any] = {}
    for name in NAMES:
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):
            former[number] = signal.signal(number, how)
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
