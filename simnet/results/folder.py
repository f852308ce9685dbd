"""Writing a run's results to disk: one folder, whole or not at all.

The folder's layout, every column and every key are described in ``docs/results.md``.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simnet.results.run import (
    INCIDENTS,
    MANIFEST,
    SAMPLES,
    SCENARIO,
    SCHEMAS,
    SPANS,
    SUMMARY,
    USAGE,
    Results,
    RunError,
    conform,
    former,
)

if TYPE_CHECKING:
    import pyarrow as pa

LEFTOVER_AGE = 3600.0  # seconds after which a partial folder cannot belong to a writer that is still alive


def check_target(out: Path) -> None:
    """Refuse a folder that a run must not replace; called before a long run starts and before it is written.

    Raises:
        RunError: `out` exists and is neither empty nor a former run, or nothing can be written there.
    """
    try:
        os.path.realpath(out).encode()
    except UnicodeEncodeError:
        raise RunError(f"{out}: a name that is no UTF-8 text, which tables cannot have; choose another --out") from None
    home = next(folder for folder in Path(os.path.realpath(out)).parents if folder.exists())
    if not home.is_dir() or not os.access(home, os.W_OK | os.X_OK):
        raise RunError(f"{out}: cannot write in {home}; choose another --out")
    if out.is_symlink() and not out.exists():
        raise RunError(f"{out}: a link that leads nowhere")
    if not out.exists():
        return
    if not out.is_dir():
        raise RunError(f"{out}: is a file, not a run folder; choose another --out")
    if not (out / MANIFEST).is_file() and any(out.iterdir()):
        raise RunError(
            f"{out}: holds files but no {MANIFEST}: no former run, so it is left alone; choose another --out"
        )


def write_run(out: Path, run: Results, figures: Callable[[Path], None] | None = None) -> None:
    """Write a run folder, replacing a former run at `out` only once the new one is complete.

    Args:
        out: The run folder; parents are made.
        run: What the run has given; it may lie in another folder, or in this one.
        figures: Called with the folder, complete but for the figures and not yet at `out`; None for none.

    Raises:
        RunError: `out` must not be replaced, or a table of another folder cannot be read.
    """
    out = Path(os.path.realpath(out))
    check_target(out)
    tables = {name: run.tables.get(name) or _read(run, name) for name in run.systems}
    with _replacing(out) as folder:
        from pyarrow import parquet

        for name, files in tables.items():
            (folder / name).mkdir()
            for file, table in files.items():
                parquet.write_table(table, folder / name / file, compression="zstd")
        (folder / SCENARIO).write_text(run.scenario_yaml, encoding="utf-8")
        _write_json(folder / SUMMARY, run.summary)
        _write_json(folder / MANIFEST, run.manifest)
        if figures is not None:
            figures(folder)


def _read(run: Results, system: str) -> dict[str, pa.Table]:
    """The tables of a system from the run's own folder."""
    found = {SAMPLES: run.samples(system), SPANS: run.spans(system)}
    for file, table in ((INCIDENTS, run.incidents(system)), (USAGE, run.usage(system))):
        if table is not None:
            found[file] = table
    return {file: conform(table, SCHEMAS[file](), f"{system}: {file}") for file, table in found.items()}


@contextmanager
def _replacing(out: Path) -> Iterator[Path]:
    """A temporary folder beside `out` that takes its place when the block ends without an exception."""
    out.parent.mkdir(parents=True, exist_ok=True)
    before = former(out)
    if before.is_dir() and not out.exists():
        before.rename(out)
    prefix = f".{out.name}.partial-"
    for leftover in out.parent.glob(f"{prefix}*"):
        if time.time() - leftover.stat().st_mtime > LEFTOVER_AGE:
            shutil.rmtree(leftover, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=out.parent))
    try:
        folder.chmod(0o777 & ~_umask())  # mkdtemp's 0700 would hide the results from the owner's group
        yield folder
        if out.exists():
            shutil.rmtree(before, ignore_errors=True)
            out.rename(before)
        folder.rename(out)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        if before.is_dir() and not out.exists():
            before.rename(out)
        raise
    shutil.rmtree(before, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _write_json(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
