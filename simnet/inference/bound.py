"""The bound of what is kept of the network's answers: what nobody has used for longest goes first."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from simnet.language.units import SIZE

LIMIT = 2_000_000_000
"""Bytes of answers that are kept (our choice): some five thousand tables of 10,000 samples and 10 classes."""
VARIABLE = "SIMNET_CACHE_LIMIT"
PARTIAL = ".partial"
_ROOM = 0.9
"""Of the limit what is left when it was passed, so that not every run must look for what may go."""


def limit() -> int:
    """How many bytes may be kept: as `SIMNET_CACHE_LIMIT` says ("500 MB"), where that is a size."""
    return _said()[0]


def misread() -> str:
    """What is wrong with `SIMNET_CACHE_LIMIT`; "" if nothing is."""
    return _said()[1]


def _said() -> tuple[int, str]:
    if (text := os.environ.get(VARIABLE)) is None:
        return LIMIT, ""
    try:
        return int(SIZE.parse(text)), ""
    except ValueError as problem:  # a run must not fail for it
        return LIMIT, f"{VARIABLE}: {problem}"


def trim(root: Path, most: int | None = None) -> int:
    """Remove the files below `root` that were used longest ago, until the rest is below `most`.

    Another process may read them (it keeps what it has opened), write or remove them meanwhile.

    Returns:
        The bytes that were removed.
    """
    most = limit() if most is None else most
    found: list[tuple[float, int, Path]] = []
    for path in root.glob("*/*.npz"):
        with suppress(OSError):
            about = path.stat()
            found.append((about.st_mtime, about.st_size, path))
    held, removed = sum(size for _, size, _ in found), 0
    if held <= most:
        return 0
    for _, size, path in sorted(found):
        if held - removed <= _ROOM * most:
            break
        with suppress(OSError):
            path.unlink()
            removed += size
    return removed
