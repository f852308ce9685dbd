"""Where a run's results go: what must not be replaced, and what cannot be, is refused before a long run starts."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection
from pathlib import Path

from simnet.language.names import reserved
from simnet.locks import alone
from simnet.results.run import INCIDENTS, MANIFEST, SCENARIO, RunError, former
from simnet.terminal.output import shown

WINDOWS = os.name == "nt"
MARKS = len("..partial-01234567-01234567")
"""Bytes that the name of a folder has more while it is written."""
AGAIN = "-again"


def default_target(scenario: Path) -> Path:
    """Where a run goes when nobody says: ``runs/<file's name>``; of a run folder's scenario ``runs/<folder>-again``.

    Every run folder holds a scenario.yaml, so its name says nothing; and to repeat a run must not replace it.
    """
    if scenario.name == SCENARIO and (scenario.parent / MANIFEST).is_file():
        return Path("runs") / f"{scenario.resolve().parent.name.removesuffix(AGAIN)}{AGAIN}"
    return Path("runs") / scenario.stem


def check_target(out: Path, systems: Collection[str] = ()) -> None:
    """Refuse a folder that a run of `systems` must not replace, or cannot write; before it starts and before it writes.

    Raises:
        RunError: `out` exists and is neither empty nor a former run of this user's, is or holds the current directory,
            is a root or a mount point, has a name that cannot be, or nothing can be written there.
    """
    if "\0" in str(out):
        raise RunError(f"{shown(out)}: a name cannot hold a zero byte; choose another --out")
    try:
        with alone(Path(os.path.realpath(out)).parent):  # another writer may be between its two renames
            problem = _problem(out, systems)
    except (OSError, ValueError) as error:
        problem = (error.strerror if isinstance(error, OSError) else None) or str(error)
    if problem is not None:
        raise RunError(f"{out}: {problem}; choose another --out")


def _problem(out: Path, systems: Collection[str]) -> str | None:
    real = Path(os.path.realpath(out))
    if real.parent == real:
        return "is a root, not a folder for a run"
    if (there := _current()) is not None and (real == there or real in there.parents):
        return f"{'is' if real == there else 'holds'} the current directory, which cannot be replaced"
    if WINDOWS and any(reserved(part) for part in real.parts):
        return "Windows keeps this name for a device"
    home = next(folder for folder in real.parents if _is_there(folder))
    if not home.is_dir():
        return f"{home} is a file"
    if (problem := _too_long(real, home, systems)) is not None:
        return problem
    if not os.access(home, os.W_OK | os.X_OK):
        return f"cannot write in {home}"
    if out.is_symlink() and not out.exists():
        return "a link that leads nowhere"
    return _occupied(real) or _foreign(real) or _unwritable(real, home)


def _current() -> Path | None:
    try:
        return Path.cwd()
    except OSError:  # it has been removed
        return None


def _is_there(folder: Path) -> bool:
    try:
        return folder.exists()
    except OSError:  # a name that is too long, or in a folder that we may not enter
        return False


def _too_long(real: Path, home: Path, systems: Collection[str]) -> str | None:
    """The limits of the file system that holds `home`, where it tells."""
    try:
        name, path = os.pathconf(home, "PC_NAME_MAX"), os.pathconf(home, "PC_PATH_MAX")
    except (AttributeError, OSError, ValueError):  # Windows, or a file system without a limit
        return None
    for part, room in ((real.name, name - MARKS), *((part, name) for part in real.relative_to(home).parts[:-1])):
        if (length := len(os.fsencode(part))) > room:
            return f"a name of {length} bytes is too long; at most {room} are possible there"
    for system in systems:
        if (length := len(os.fsencode(system))) > name:
            return f"system {system[:20]}… has a name of {length} bytes; a folder's has at most {name} there"
    longest = max((len(os.fsencode(system)) for system in systems), default=0)
    if len(os.fsencode(real)) + MARKS + longest + len(f"//{INCIDENTS}") >= path:
        return f"the path is too long; at most {path} bytes are possible there"
    return None


def _occupied(real: Path) -> str | None:
    if not real.exists():
        return None
    if not real.is_dir():
        return "is a file, not a run folder"
    if os.path.ismount(real):
        return "is a mount point, which cannot be replaced; name a folder in it"
    if not (real / MANIFEST).is_file() and any(real.iterdir()):
        return f"holds files but no {MANIFEST}: no former run, so it is left alone"
    return None


def _foreign(real: Path) -> str | None:
    """What another user has left there cannot be removed when the run is done."""
    for place in (real, former(real)):
        if os.path.lexists(place) and (not place.is_dir() or place.is_symlink() or not _is_ours(place)):
            return f"{place} is in the way and cannot be replaced; remove it"
    return None


def _is_ours(place: Path) -> bool:
    return WINDOWS or os.geteuid() in (0, place.stat().st_uid)


def _unwritable(real: Path, home: Path) -> str | None:
    """A name that the file system will not have, a full disk: tried out, since nothing else tells."""
    first = real.relative_to(home).parts[0]
    try:
        Path(tempfile.mkdtemp(prefix=f".{first}.", dir=home)).rmdir()
    except OSError as error:
        return f"cannot write in {home} ({error.strerror})"
    return None
