"""A run's results on disk: one folder, written whole or not at all, and read back the same way.

The folder's layout, every column and every key are described in ``docs/results.md``.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from simnet.language.names import FIGURES
from simnet.results.summary import node_tiers, paired, summarize
from simnet.results.tables import ANY, SUMMARY_FORM, incidents_schema, misfits, samples_schema, spans_schema

if TYPE_CHECKING:  # pyarrow costs a tenth of a second: only those who touch a table pay it
    import pyarrow as pa

from simnet.results.result import SystemResult

SUMMARY, MANIFEST, SCENARIO, SAMPLES, SPANS, INCIDENTS = (
    "summary.json", "manifest.json", "scenario.yaml", "samples.parquet", "spans.parquet", "incidents.parquet"
)  # fmt: skip
LEFTOVER_AGE = 3600.0  # seconds after which a partial folder cannot belong to a writer that is still alive


class RunError(Exception):
    """A run folder that cannot be read, or that must not be overwritten; the message is for the user."""


@dataclass(frozen=True)
class Run:
    """A finished run read from its folder; the tables are loaded when asked for."""

    path: Path
    summary: dict[str, Any]
    manifest: dict[str, Any]
    scenario: dict[str, Any]

    @property
    def systems(self) -> tuple[str, ...]:
        """Names of the systems, in the scenario's order."""
        return tuple(self.summary["systems"])

    def samples(self, name: str) -> pa.Table:
        """The samples of system `name`, columns as in `samples_schema`.

        Raises:
            RunError: no such system, or its file is missing or damaged.
        """
        return self._table(name, SAMPLES, samples_schema())

    def spans(self, name: str) -> pa.Table:
        """The spans of system `name`, columns as in `spans_schema`.

        Raises:
            RunError: no such system, or its file is missing or damaged.
        """
        return self._table(name, SPANS, spans_schema())

    def incidents(self, name: str) -> pa.Table | None:
        """What faults did while system `name` ran, columns as in `incidents_schema`; None if the run has no such file.

        Raises:
            RunError: no such system, or its file is damaged.
        """
        there = (self.path / name / INCIDENTS).exists()
        return self._table(name, INCIDENTS, incidents_schema()) if there else None

    def _table(self, name: str, file: str, schema: pa.Schema) -> pa.Table:
        import pyarrow as pa
        from pyarrow import parquet

        if name not in self.systems:
            raise RunError(f"{self.path}: no system {name!r}; this run has {', '.join(self.systems)}")
        path = self.path / name / file
        try:
            return parquet.read_table(path, schema=schema, partitioning=None)
        except (OSError, pa.ArrowException) as error:
            raise RunError(f"{path}: missing or damaged ({_first_line(error)})") from error


def check_target(out: Path) -> None:
    """Refuse a folder that a run must not replace; called before a long run starts and before it is written.

    Raises:
        RunError: `out` exists and is neither empty nor a former run, or nothing can be written there.
    """
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


def write_run(
    out: Path,
    scenario_name: str,
    scenario_yaml: str,
    results: Sequence[SystemResult],
    manifest: dict[str, Any],
    figures: Callable[[Path], None] | None,
) -> dict[str, Any]:
    """Write a run folder, replacing a former run at `out` only once the new one is complete.

    Args:
        out: The run folder; parents are made.
        scenario_name: Name for the summary.
        scenario_yaml: The scenario as resolved; holds everything that determines the result.
        results: One per system, in the scenario's order.
        manifest: As made by `simnet.manifest.manifest`; gets ``systems.<name>`` (kind, inference, weights).
        figures: Called with the folder, complete but for the figures and not yet at `out`; None for none.

    Returns:
        The summary as written to ``summary.json``.

    Raises:
        RunError: `out` must not be replaced, or two systems share a name.
        ValueError: a table does not have the documented columns.
    """
    out = Path(os.path.realpath(out))
    check_target(out)
    scenario: dict[str, Any] = yaml.safe_load(scenario_yaml) or {}
    tiers = node_tiers(scenario)
    names = [result.name for result in results]
    if len(set(names)) != len(names) or any(not _plain_name(name) for name in names):
        raise RunError(f"systems need different names that can name a folder, found {', '.join(names)}")
    tables = {
        result.name: {
            SAMPLES: _conform(result.samples, samples_schema(), f"{result.name}: samples"),
            SPANS: _conform(result.spans, spans_schema(), f"{result.name}: spans"),
        }
        for result in results
    }
    for result in results:
        if result.incidents is not None:
            found = _conform(result.incidents, incidents_schema(), f"{result.name}: incidents")
            tables[result.name][INCIDENTS] = found
    content = {
        "scenario": scenario_name,
        "seed": scenario.get("seed"),
        "data": scenario.get("data"),
        "samples": max((result.samples.num_rows for result in results), default=0),
        "systems": {result.name: summarize(result, tiers) for result in results},
        "paired": paired({name: files[SAMPLES] for name, files in tables.items()}),
    }
    summary: dict[str, Any] = _plain(content)
    systems = {
        result.name: {"system": result.system, "inference": result.inference, "weights": result.weights}
        for result in results
    }
    with _replacing(out) as folder:
        from pyarrow import parquet

        for name, files in tables.items():
            (folder / name).mkdir()
            for file, table in files.items():
                parquet.write_table(table, folder / name / file, compression="zstd")
        (folder / SCENARIO).write_text(scenario_yaml, encoding="utf-8")
        _write_json(folder / SUMMARY, summary)
        _write_json(folder / MANIFEST, _plain({**manifest, "systems": systems}))
        if figures is not None:
            figures(folder)
    return summary


def read_run(path: Path) -> Run:
    """Read a run folder.

    Raises:
        RunError: the folder is missing, is no run folder, or one of its files is damaged.
    """
    folder = path
    if not path.exists() and _former(path).is_dir():
        folder = _former(path)  # a writer was killed between its two renames
    if not folder.is_dir():
        raise RunError(f"{path}: no such run folder; make one with `simnet run SCENARIO --out {path}`")
    missing = [file for file in (SUMMARY, MANIFEST, SCENARIO) if not (folder / file).is_file()]
    if missing:
        raise RunError(f"{path}: not a run folder ({', '.join(missing)} missing)")
    summary = _load(folder / SUMMARY, json.loads, SUMMARY_FORM)
    if not summary["systems"]:
        raise RunError(f"{folder / SUMMARY}: damaged (no systems)")
    return Run(
        path=folder,
        summary=summary,
        manifest=_load(folder / MANIFEST, json.loads, {}),
        scenario=_load(folder / SCENARIO, yaml.safe_load, {"nodes": {ANY: {}}}),
    )


def _plain_name(name: str) -> bool:
    return Path(name).name == name and name not in ("", "..", FIGURES, SUMMARY, MANIFEST, SCENARIO)


def _conform(table: pa.Table, schema: pa.Schema, what: str) -> pa.Table:
    """`table` with the columns of `schema`, in one chunk: equal content must give equal bytes."""
    import pyarrow as pa

    if sorted(table.column_names) != sorted(schema.names):
        raise ValueError(f"{what}: columns {table.column_names}, expected {schema.names}")
    columns = []
    for wanted in schema:
        column = table.column(wanted.name)
        if pa.types.is_dictionary(wanted.type):
            # decode first: the order in a dictionary would otherwise depend on how the table was put together
            column = column.cast(pa.string()).combine_chunks().dictionary_encode()
        columns.append(column.cast(wanted.type))
    return pa.table(columns, schema=schema).combine_chunks()


@contextmanager
def _replacing(out: Path) -> Iterator[Path]:
    """A temporary folder beside `out` that takes its place when the block ends without an exception."""
    out.parent.mkdir(parents=True, exist_ok=True)
    former = _former(out)
    if former.is_dir() and not out.exists():
        former.rename(out)
    prefix = f".{out.name}.partial-"
    for leftover in out.parent.glob(f"{prefix}*"):
        if time.time() - leftover.stat().st_mtime > LEFTOVER_AGE:
            shutil.rmtree(leftover, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=out.parent))
    try:
        folder.chmod(0o777 & ~_umask())  # mkdtemp's 0700 would hide the results from the owner's group
        yield folder
        if out.exists():
            shutil.rmtree(former, ignore_errors=True)
            out.rename(former)
        folder.rename(out)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        if former.is_dir() and not out.exists():
            former.rename(out)
        raise
    shutil.rmtree(former, ignore_errors=True)


def _former(out: Path) -> Path:
    """Where a run at `out` waits while its successor is moved in."""
    out = Path(os.path.realpath(out))
    return out.with_name(f".{out.name}.former")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _write_json(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    """`value` in JSON's own types: numpy scalars as numbers, what is not finite as null."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _load(path: Path, parse: Callable[[str], Any], form: Mapping[str, Any]) -> dict[str, Any]:
    try:
        content = parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise RunError(f"{path}: damaged ({_first_line(error)})") from error
    if not isinstance(content, dict):
        raise RunError(f"{path}: damaged (holds no mapping)")
    for place in misfits(content, form, ""):
        raise RunError(f"{path}: damaged ({place} is missing or wrong)")
    return content


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
