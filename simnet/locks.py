"""Locks on folders: the system drops them with the process that holds them, so none is left behind."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows: leftovers go by their age, and writers must not meet
    fcntl = None


def lock(folder: Path) -> int | None:
    """A lock on a folder, as a file descriptor; None where there are none. Raises BlockingIOError: another has it."""
    if fcntl is None:
        return None
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        raise
    except OSError:  # a network's file system that knows none
        os.close(held)
        return None
    return held


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One writer at a time in this block: between two renames another's must not fall. Not to be nested."""
    if fcntl is None:
        yield
        return
    try:
        held = os.open(folder, os.O_RDONLY)
    except (OSError, ValueError):  # it is not there yet, or has a name that cannot be
        yield
        return
    try:
        with suppress(OSError):  # as in `lock`
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def machine() -> str:
    """This machine since it was started: only its own locks are sure to be seen here."""
    try:
        name = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
    except OSError:
        name = socket.gethostname()
    return sha256(name.encode()).hexdigest()[:8]
