"""Whether all of the package is there: `simnet/models` and `simnet/analysis` are links that a copy may have broken."""

from __future__ import annotations

from pathlib import Path

PARTS = ("models", "analysis")

__version__ = "0.1.0"


def fault() -> str | None:
    """What is wrong with this installation, with what to do; None: nothing."""
    for part in PARTS:
        place = Path(__file__).parent / part
        if not (place / "__init__.py").is_file():
            what = "holds no package" if place.is_dir() else "is no folder" if place.exists() else "is missing"
            return (
                f"this installation of simnet is broken: {place} {what}; in a clone it is a link to ../{part}, which "
                "needs `git config core.symlinks true` and a new checkout; else install the package with pip"
            )
    return None
