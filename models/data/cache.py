"""Where derived data that can always be made again (rendered views, memoized answers) is kept on disk."""

from __future__ import annotations

import os
from pathlib import Path


def cache_dir() -> Path:
    """Folder for derived files: `$SIMNET_CACHE` if set, else `~/.cache/simnet`; it need not exist yet."""
    named = os.environ.get("SIMNET_CACHE")
    return Path(named).expanduser() if named else Path("~/.cache/simnet").expanduser()
