"""Where derived data that can always be made again (rendered views, memoized answers) is kept on disk."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path

from simnet.models.data.base import DataError

ANSWERS = "answers"
"""Folder of the networks' answers."""
RENDERED = "plaza"
"""Folder of generated pixels, whichever data set they are of; its name is that of the first, so that old ones count."""


def cache_dir() -> Path:
    """Folder for derived files: `$SIMNET_CACHE` if set, else `~/.cache/simnet`; it need not exist yet.

    Who has no home, as in many containers, gets a folder of their own among the temporary ones.
    Raises DataError where SIMNET_CACHE names the home of a user that there is not.
    """
    named = os.environ.get("SIMNET_CACHE")
    try:
        return Path(named or "~/.cache/simnet").expanduser()
    except RuntimeError:  # Python's word for a home that nobody knows
        if named:
            raise DataError(f"SIMNET_CACHE is {named!r}, and there is no such user; name another folder") from None
        return _temporary()


@cache
def _temporary() -> Path:
    """The same folder in every process of a user, unless somebody else's stands there."""
    owner = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"simnet-cache-{owner}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if not folder.is_symlink() and (not hasattr(os, "getuid") or folder.stat().st_uid == owner):
            return folder
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="simnet-cache-"))
