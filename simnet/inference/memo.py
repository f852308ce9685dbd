"""The memo: class scores that a part of a network gave, by data index; in memory during a run, on disk between runs.

One table for each part and key of what arrived. What a part answers depends on weights, data, sample and what arrived
(principle 1), and on where it was computed; these make up the folder's and the file's name. A file says again what it
holds and has a checksum: one that is damaged, or was put in another's place, is not believed.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simnet.inference.bound import PARTIAL, trim
from simnet.locks import alone, machine
from simnet.models.graph import Part

Key = tuple[Part, int]
"""A part, and the bits of what arrived that matter to it (`Graph.key`)."""
Rows = tuple[NDArray[np.float32], NDArray[np.bool_]]
"""Scores `[size, classes]`, and which rows of them are known."""
ABOUT = "about.json"
"""In a folder: whose answers it holds, in words."""
_FRESH = 600.0
"""Seconds for which a file's time of last use is near enough."""


def read_table(path: Path) -> Rows | None:
    """What a file holds; None if there is none, or it is damaged, or was not kept under this name."""
    try:
        with np.load(path, allow_pickle=False) as file:
            scores, known, about = file["scores"], file["known"], json.loads(str(file["about"]))
    except (OSError, ValueError, EOFError, KeyError):  # not there, or damaged: it is a cache, so begin anew
        return None
    except Exception:  # a damaged archive makes zlib and zipfile raise errors of their own
        return None
    if scores.ndim != 2 or scores.dtype != np.float32 or known.shape != scores.shape[:1] or known.dtype != bool:
        return None
    return (scores, known) if about == _about(path, scores, known) else None


def _about(path: Path, scores: NDArray[np.float32], known: NDArray[np.bool_]) -> dict[str, Any]:
    """What a file says of itself: whose answers it holds, and their checksum."""
    digest = sha256(scores.tobytes() + known.tobytes()).hexdigest()
    return {"of": [path.parent.name, path.stem], "sha256": digest}


def used(path: Path) -> None:
    """Note that a file is of use now: what nobody has used for longest goes first (`simnet.inference.kept`)."""
    with suppress(OSError):
        if time.time() - path.stat().st_mtime > _FRESH:
            os.utime(path)


class Table:
    """Scores `[size, classes]` of one part for one key, and which rows of them are known."""

    def __init__(self, key: Key, size: int, classes: int, folder: Path | None) -> None:
        self._name = f"{key[0].segment}-{key[0].copy}-{key[1]:x}"
        self._folder = folder
        stored = self._stored((size, classes))
        empty = np.zeros((size, classes), np.float32), np.zeros(size, np.bool_)
        self.scores: NDArray[np.float32] = (stored or empty)[0]
        self.known: NDArray[np.bool_] = (stored or empty)[1]
        self._earlier = self.known.copy()
        self._asked = np.zeros(size, bool)
        self._changed = False

    def _stored(self, shape: tuple[int, int]) -> Rows | None:
        if self._folder is None:
            return None
        found = read_table(path := self._folder / f"{self._name}.npz")
        if found is None or found[0].shape != shape:
            return None
        used(path)
        return found

    def ask(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of `rows` whose scores are not known."""
        self._asked[rows] = True
        return rows[~self.known[rows]]

    @property
    def recalled(self) -> int:
        """Rows asked for that an earlier run had left."""
        return int((self._earlier & self._asked).sum())

    def put(self, rows: NDArray[np.int64], scores: NDArray[np.float32]) -> None:
        """Store the scores of `rows`."""
        self.scores[rows] = scores
        self.known[rows] = True
        self._changed = True

    def save(self) -> bool:
        """Merge with what another run may have stored meanwhile, and write; a kill leaves the former file whole.

        Returns whether there was anything to write.
        """
        if self._folder is None or not self._changed:
            return False
        self._folder.mkdir(parents=True, exist_ok=True)
        with alone(self._folder):  # between reading and writing another's answers must not come in
            stored = self._stored((self.scores.shape[0], self.scores.shape[1]))
            if stored is not None:
                new = stored[1] & ~self.known
                self.scores[new] = stored[0][new]
                self.known |= new
            self._write()
        self._changed = False
        return True

    def _write(self) -> None:
        assert self._folder is not None
        path = self._folder / f"{self._name}.npz"
        partial = self._folder / f"{self._name}.{machine()}-{os.getpid()}-{threading.get_ident()}{PARTIAL}"
        try:
            with partial.open("wb") as file:
                about = np.array(json.dumps(_about(path, self.scores, self.known)))
                np.savez(file, scores=self.scores, known=self.known, about=about)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


class Memo:
    """The tables of one network on one data set of `size` samples.

    `folder` None keeps them in memory only; `about` says in words whose they are.
    """

    def __init__(self, size: int, classes: int, folder: Path | None, about: Mapping[str, Any] | None = None) -> None:
        self._size, self._classes, self._folder, self._about = size, classes, folder, about
        self._tables: dict[Key, Table] = {}

    def table(self, key: Key, width: int | None = None) -> Table:
        """The table of a part and what arrived, of `width` numbers a row: by default a score for each class."""
        if key not in self._tables:
            self._tables[key] = Table(key, self._size, self._classes if width is None else width, self._folder)
        return self._tables[key]

    @property
    def keys(self) -> list[Key]:
        """Those of the tables used so far."""
        return list(self._tables)

    @property
    def tables(self) -> Iterable[Table]:
        """All tables used so far."""
        return self._tables.values()

    def save(self) -> None:
        """Write what is new to disk; a folder that cannot be written only costs the next run its head start."""
        try:
            new = [table.save() for table in self.tables]
            if any(new) and self._folder is not None:
                if self._about is not None and not (place := self._folder / ABOUT).exists():
                    place.write_text(json.dumps(self._about), encoding="utf-8")
                trim(self._folder.parent)
        except OSError:
            return
