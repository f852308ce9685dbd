"""A sweep's folder: one file for each finished run, named by all that it depends on, and written whole.

So a sweep can be stopped at any moment, and goes on with what is there; another sweep in the same folder uses what it
has in common with a former one. A file that is damaged, or was put in another's place, is not believed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any

from simnet.locks import machine
from simnet.results.run import RunError

POINTS, ABOUT, TABLE, BASE = "points", "sweep.json", "sweep.parquet", "scenario.yaml"
_PACKAGE = Path(__file__).resolve().parents[2]
_SHOWING = ("cli", "report", "analysis", "validation", "terminal")
"""Parts of the package that change no result."""
_OWN_KIND = re.compile(r'"([^":]+):[A-Za-z_]\w*"')
"""In a scenario a kind of the user's own, by its file or module."""


class Store:
    """The files of finished runs in a folder; None: they are in memory only."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = None if folder is None else folder / POINTS
        self._made: dict[str, dict[str, Any]] = {}

    def get(self, name: str) -> dict[str, Any] | None:
        """What is known of a run, if it is finished."""
        if name in self._made or self._folder is None:
            return self._made.get(name)
        try:
            content = json.loads((self._folder / f"{name}.json").read_text(encoding="utf-8"))
            if content["name"] != name or content["sha256"] != _sum(content):
                return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):  # not there, or damaged: it is run again
            return None
        self._made[name] = content
        return self._made[name]

    def put(self, name: str, content: Mapping[str, Any]) -> None:
        """Keep a run. Raises RunError where it cannot be written; what was kept before stays."""
        whole = {"name": name, **content}
        whole["sha256"] = _sum(whole)
        self._made[name] = whole
        if self._folder is not None:
            write_whole(self._folder / f"{name}.json", json.dumps(whole, ensure_ascii=False).encode())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole, or as it was before. Raises RunError."""
    partial = path.with_name(f".{path.name}.{machine()}-{os.getpid()}.partial")
    try:
        try:
            partial.write_bytes(content)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise RunError(f"{path}: cannot be written ({reason}); finished points are kept") from error


def prepare(folder: Path) -> None:
    """Make a sweep's folder, or see that it is one.

    Raises:
        RunError: something else is there, or nothing can be written there.
    """
    try:
        if folder.is_dir() and any(folder.iterdir()) and not (folder / POINTS).is_dir():
            raise RunError(f"{folder}: holds files but no sweep, so it is left alone; choose another --out")
        (folder / POINTS).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise RunError(f"{folder}: cannot be a sweep's folder ({reason}); choose another --out") from error


def name_of(scenario: str, folder: Path, seed: int, inputs: Mapping[str, str]) -> str:
    """The name of a run: the checksum of all that it depends on.

    Args:
        scenario: The resolved scenario, as text.
        folder: Where files of the user's own kinds are looked for.
        seed: The run's.
        inputs: Checksums of weights and data, by what they are.
    """
    own = {name: _code_of(name, folder) for name in sorted(set(_OWN_KIND.findall(scenario)))}
    about = [scenario, seed, dict(sorted(inputs.items())), own, revision()]
    return sha256(json.dumps(about, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()[:32]


@cache
def revision() -> str:
    """Checksum of the code that makes results, and of the packages whose numbers they are."""
    digest = sha256()
    for place in (_PACKAGE, _PACKAGE / "models"):  # a link, which a search does not follow
        for file in sorted(place.rglob("*.py")):
            inside = file.relative_to(_PACKAGE)
            if inside.parts[0] not in _SHOWING:
                digest.update(f"{inside.as_posix()}\0".encode() + file.read_bytes())
    for package in ("numpy", "simpy"):
        digest.update(metadata.version(package).encode())
    return digest.hexdigest()[:16]


@cache
def _code_of(name: str, folder: Path) -> str:
    """Checksum of a file with kinds of the user's, or the version of the module that has them."""
    import sys

    module = sys.modules.get(name)
    file = folder / name if name.endswith(".py") else Path(getattr(module, "__file__", None) or folder / f"{name}.py")
    try:
        return sha256(file.read_bytes()).hexdigest()
    except (OSError, ValueError):
        return ""


def _sum(content: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in content.items() if key != "sha256"}
    return sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
