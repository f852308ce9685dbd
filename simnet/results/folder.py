"""Writing a run's results to disk: one folder, whole or not at all.

The folder's layout, every column and every key are described in ``docs/results.md``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simnet.locks import alone, lock, machine
from simnet.results.kept.stored import COMPRESSION, StoredTable
from simnet.results.manifest import sealed
from simnet.results.run import (
    INCIDENTS,
    MANIFEST,
    REPEATS,
    SAMPLES,
    SCENARIO,
    SCHEMAS,
    SCORES,
    SPANS,
    SUMMARY,
    USAGE,
    WITHOUT,
    Results,
    RunError,
    conform,
    former,
)
from simnet.results.target import check_target

if TYPE_CHECKING:
    import pyarrow as pa

LEFTOVER_AGE = 3600.0
"""Seconds after which a partial folder of which nothing else is known cannot have a writer that is still alive."""


def write_run(out: Path, run: Results, figures: Callable[[Path], Sequence[str]] | None = None) -> dict[str, Any]:
    """Write a run folder, replacing a former run at `out` only once the new one is complete.

    Args:
        out: The run folder; parents are made.
        run: What the run has given; it may lie in another folder, or in this one.
        figures: Called with the folder, complete but for what can be made of it again (figures, the report) and not yet
            at `out`; returns what is to be noted. None for none.

    Returns:
        The manifest as written: with checksums of the files, and what was noted of the figures.

    Raises:
        RunError: `out` must not be replaced, a table of another folder cannot be read, or a file cannot be written.
    """
    out = Path(os.path.realpath(out))
    check_target(out, run.systems)
    tables = {name: run.tables.get(name) or _read(run, name) for name in run.systems}
    with _replacing(out) as folder:
        from pyarrow import parquet

        places = [SCENARIO, SUMMARY]
        for name, files in tables.items():
            (folder / name).mkdir()
            for file, table in files.items():
                places.append(f"{name}/{file}")
                # Opened here, since pyarrow takes no path with bytes that are no text.
                with _named(out / name / file), (folder / name / file).open("wb") as sink:
                    if isinstance(table, StoredTable):
                        table.copy_to(sink)
                    else:
                        parquet.write_table(table, sink, compression=COMPRESSION)
        with _named(out / SCENARIO):
            (folder / SCENARIO).write_text(run.scenario_yaml, encoding="utf-8")
        with _named(out / SUMMARY):
            _write_json(folder / SUMMARY, run.summary)
        if run.repeats:
            places.append(REPEATS)
            with _named(out / REPEATS):
                _write_json(folder / REPEATS, {"repeats": list(run.repeats)})
        with _named(out / MANIFEST):
            manifest = sealed(run.manifest, folder, places)
            _write_json(folder / MANIFEST, manifest)
        if figures is not None and (notes := figures(folder)):
            with _named(out / MANIFEST):
                manifest = sealed({**manifest, "notes": [*manifest.get("notes", ()), *notes]}, folder, places)
                _write_json(folder / MANIFEST, manifest)
    return manifest


def _read(run: Results, system: str) -> dict[str, pa.Table | StoredTable]:
    """The tables of a system from the run's own folder."""
    found = {SAMPLES: run.samples(system), SPANS: run.spans(system)}
    for file, table in (
        (INCIDENTS, run.incidents(system)),
        (USAGE, run.usage(system)),
        (SCORES, run.scores(system)),
        (WITHOUT, run.without(system)),
    ):
        if table is not None:
            found[file] = table
    return {file: conform(table, SCHEMAS[file](), f"{system}: {file}") for file, table in found.items()}


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say which file could not be written: a full disk has no name."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise RunError(f"{path}: cannot be written ({reason}); nothing was changed there") from error


@contextmanager
def _replacing(out: Path) -> Iterator[Path]:
    """A temporary folder beside `out` that takes its place when the block ends without an exception."""
    with _named(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        with alone(out.parent):
            _put_back(out)
            _clear(out)
            folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.partial-{machine()}-", dir=out.parent))
            held = lock(folder)
    try:
        with _named(out):
            folder.chmod(0o777 & ~_umask())  # mkdtemp's 0700 would hide the results from the owner's group
        yield folder
        with _named(out), alone(out.parent):
            before = former(out)
            if out.exists():
                shutil.rmtree(before, ignore_errors=True)
                out.rename(before)
            folder.rename(out)
            shutil.rmtree(before, ignore_errors=True)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError), alone(out.parent):
            _put_back(out)
        raise
    finally:
        if held is not None:
            os.close(held)


def _put_back(out: Path) -> None:
    """A former run that was moved aside for one that never came."""
    before = former(out)
    if before.is_dir() and not out.exists():
        before.rename(out)


def _clear(out: Path) -> None:
    """Remove what writers that are surely dead have left of this folder."""
    ours, here = re.compile(rf"\.{re.escape(out.name)}\.partial-(?:([0-9a-f]{{8}})-)?[a-z0-9_]{{8}}"), machine()
    for leftover in list(out.parent.iterdir()):
        found = ours.fullmatch(leftover.name)
        if found is None or leftover.is_symlink() or not leftover.is_dir():
            continue
        with suppress(OSError):
            dead = _is_dead(leftover) if found[1] == here else None
            if dead or (dead is None and time.time() - leftover.stat().st_mtime > LEFTOVER_AGE):
                shutil.rmtree(leftover, ignore_errors=True)


def _is_dead(folder: Path) -> bool | None:
    """Whether its writer, on this machine, has ended: the system drops a lock with its process. None: who knows."""
    try:
        held = lock(folder)
    except BlockingIOError:
        return False
    if held is None:
        return None
    os.close(held)
    return True


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _write_json(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    # A byte of a file's name that is no UTF-8 is a lone surrogate in Python, and an escape of JSON's here.
    path.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
