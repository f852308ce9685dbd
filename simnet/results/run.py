"""What a finished run has given: its tables, summary and certificate, in memory or read from its folder."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import yaml

from simnet.language.errors import nearest
from simnet.language.names import FIGURES, REPORT
from simnet.results.kept.stored import StoredTable
from simnet.results.kept.words import indices_of
from simnet.results.manifest import FILES, SEAL, checksum, intact
from simnet.results.tables import (
    ANY,
    incidents_schema,
    misfits,
    samples_schema,
    scores_schema,
    spans_schema,
    summary_form,
    usage_schema,
    without_schema,
)

if TYPE_CHECKING:  # pyarrow costs a tenth of a second: only those who touch a table pay it
    import pyarrow as pa

    from simnet.results.result import SystemResult

SUMMARY, MANIFEST, SCENARIO, SAMPLES, SPANS, INCIDENTS, USAGE, SCORES, WITHOUT = (
    "summary.json", "manifest.json", "scenario.yaml", "samples.parquet", "spans.parquet", "incidents.parquet",
    "usage.parquet", "scores.parquet", "without.parquet",
)  # fmt: skip
REPEATS = "repeats.json"
SCHEMAS = {
    SAMPLES: samples_schema,
    SPANS: spans_schema,
    INCIDENTS: incidents_schema,
    USAGE: usage_schema,
    SCORES: scores_schema,
    WITHOUT: without_schema,
}
"""The tables of a system and what they look like."""


class RunError(Exception):
    """A run folder that cannot be read, or that must not be overwritten; the message is for the user."""


@dataclass(frozen=True, repr=False, eq=False)
class Results:
    """What a finished run has given.

    Attributes:
        path: Its folder; None: there is none, it is in memory only.
        summary: As in ``summary.json``.
        manifest: As in ``manifest.json``: what made the numbers.
        scenario: The scenario as resolved, in the form of a file; `simnet.load` makes a scenario of it.
        scenario_yaml: The same as text, as in ``scenario.yaml``.
        tables: Tables of each system by file name, where they are in memory (large ones in temporary files); else they
            are read when asked for.
        repeats: The summaries of all repeats, this one's first, as in ``repeats.json``; none of a single run.
    """

    path: Path | None
    summary: dict[str, Any]
    manifest: dict[str, Any]
    scenario: dict[str, Any]
    scenario_yaml: str
    tables: Mapping[str, Mapping[str, pa.Table | StoredTable]] = field(default_factory=dict)
    repeats: Sequence[Mapping[str, Any]] = ()

    @property
    def place(self) -> str:
        """The folder, as messages name it."""
        return str(self.path or self.summary["scenario"])

    @property
    def systems(self) -> tuple[str, ...]:
        """Names of the systems, in the scenario's order."""
        return tuple(self.summary["systems"])

    def samples(self, system: str) -> pa.Table:
        """The samples of a system: one row each, columns as in `samples_schema`; ``.to_pandas()`` where pandas is.

        Raises:
            RunError: no such system, or its file is missing or damaged.
        """
        return self._table(system, SAMPLES)

    def spans(self, system: str) -> pa.Table:
        """The spans of a system: one row per step of a sample's life, columns as in `spans_schema`.

        Raises:
            RunError: no such system, or its file is missing or damaged.
        """
        return self._table(system, SPANS)

    def incidents(self, system: str) -> pa.Table | None:
        """What faults did while a system ran, columns as in `incidents_schema`; None for a scenario without faults.

        Raises:
            RunError: no such system, or its file is damaged.
        """
        return self._table(system, INCIDENTS) if self.has(system, INCIDENTS) else None

    def usage(self, system: str) -> pa.Table | None:
        """How much of every place was used over time, columns as in `usage_schema`; None in a run of a former version.

        Raises:
            RunError: no such system, or its file is damaged.
        """
        return self._table(system, USAGE) if self.has(system, USAGE) else None

    def scores(self, system: str) -> pa.Table | None:
        """What every exit and head said of every sample, columns as in `scores_schema`; None in a run of a former
        version.

        Raises:
            RunError: no such system, or its file is damaged.
        """
        return self._table(system, SCORES) if self.has(system, SCORES) else None

    def without(self, system: str) -> pa.Table | None:
        """The samples that without a fault would have been other, for each fault, columns as in `without_schema`.

        None for a scenario without faults, and in a run of a former version.

        Raises:
            RunError: no such system, or its file is damaged.
        """
        return self._table(system, WITHOUT) if self.has(system, WITHOUT) else None

    def has(self, system: str, file: str) -> bool:
        """Whether there is this table of a system.

        Raises:
            RunError: no such system.
        """
        if system not in self.systems:
            hint = nearest(system, self.systems)
            raise RunError(f"{self.place}: no system {system!r}; this run has {', '.join(self.systems)}{hint}")
        if system in self.tables:
            return file in self.tables[system]
        return f"{system}/{file}" in self.manifest.get(FILES, ())

    def parts(self, system: str, file: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """One of a system's tables a part at a time, where it waits in a temporary file; else all of it at once.

        `columns`: some of them; None: all. Words have numbers of their own in each part.

        Raises:
            RunError: no such system or table, or its file is damaged.
        """
        self.has(system, file)
        table = self.tables[system][file] if system in self.tables else self._table(system, file)
        if isinstance(table, StoredTable):
            yield from table.parts(columns)
        else:
            yield table if columns is None else table.select(columns)

    def _table(self, system: str, file: str) -> pa.Table:
        self.has(system, file)
        if system in self.tables:
            table = self.tables[system][file]
            return table.read() if isinstance(table, StoredTable) else table
        import pyarrow as pa
        from pyarrow import parquet

        path, schema = Path(self.place) / system / file, SCHEMAS[file]()
        content = _intact(path, self.manifest, f"{system}/{file}", "missing or damaged")
        try:
            found = parquet.read_schema(pa.BufferReader(content)).names
            if lacking := set(schema.names) - set(found):  # they would be read as nulls
                raise RunError(f"{path}: missing or damaged (lacks {', '.join(sorted(lacking))})")
            return parquet.read_table(pa.BufferReader(content), schema=schema)
        except (OSError, pa.ArrowException) as error:
            raise RunError(f"{path}: missing or damaged ({_first_line(error)})") from error


R = TypeVar("R", bound=Results)


def collect(
    scenario_name: str,
    scenario_yaml: str,
    results: Sequence[SystemResult],
    manifest: Mapping[str, Any],
    kind: type[R] = Results,  # type: ignore[assignment]
) -> R:
    """What the systems of a run did, as one whole in memory.

    Args:
        scenario_name: Name for the summary.
        scenario_yaml: The scenario as resolved; holds everything that determines the result.
        results: One per system, in the scenario's order.
        manifest: As made by `simnet.results.manifest.manifest`; gets ``systems.<name>`` (kind, inference, weights)
            and the notes of the systems.
        kind: What is made of it.

    Raises:
        RunError: two systems share a name, or one's cannot name a folder.
        ValueError: a table does not have the documented columns.
    """
    from simnet.results.notes import order_notes

    scenario: dict[str, Any] = _yaml(scenario_yaml) or {}
    names = [result.name for result in results]
    if len(set(names)) != len(names) or any(not _plain_name(name) for name in names):
        raise RunError(f"systems need different names that can name a folder, found {', '.join(names)}")
    tables: dict[str, dict[str, pa.Table | StoredTable]] = {}
    for result in results:
        given = {
            SAMPLES: result.samples,
            SPANS: result.spans,
            INCIDENTS: result.incidents,
            USAGE: result.usage,
            SCORES: result.scores,
            WITHOUT: result.without,
        }
        tables[result.name] = {
            file: conform(table, SCHEMAS[file](), f"{result.name}: {file.removesuffix('.parquet')}")
            for file, table in given.items()
            if table is not None
        }
    notes = [note for result in results for note in result.notes]
    if notes := [*notes, *order_notes({result.name: result.lives for result in results})]:
        manifest = {**manifest, "notes": [*manifest.get("notes", ()), *notes]}
    systems = {
        result.name: {
            "system": result.system,
            "inference": result.inference,
            "weights": result.weights,
            **({} if result.seen is None else {"data": result.seen}),
        }
        for result in results
    }
    summary = summary_of(scenario_name, scenario, results)
    return kind(None, summary, _plain({**manifest, "systems": systems}), scenario, scenario_yaml, tables)


def summary_of(
    name: str, scenario: Mapping[str, Any], results: Sequence[SystemResult], seed: int | None = None
) -> dict[str, Any]:
    """What `results` give for ``summary.json``, of a scenario in the form of a file; `seed` instead of its own."""
    from simnet.results.summary import node_tiers, paired, summarize

    tiers = node_tiers(scenario)
    summary = {
        "scenario": name,
        "seed": scenario.get("seed") if seed is None else seed,
        "data": scenario.get("data"),
        "samples": max((result.samples.num_rows for result in results), default=0),
        "warm_up": max((result.warm_up for result in results), default=0),
        "systems": {result.name: summarize(result, tiers) for result in results},
        "paired": paired(results),
    }
    found: dict[str, Any] = _plain(summary)
    return found


def read_run(path: Path, kind: type[R] = Results) -> R:  # type: ignore[assignment]
    """Read a run folder; the tables wait until they are asked for.

    Raises:
        RunError: the folder is missing, is no run folder, or one of its files is damaged.
    """
    folder = path
    if not path.exists() and former(path).is_dir():
        folder = former(path)  # a writer was killed between its two renames
    if not folder.is_dir():
        raise RunError(f"{path}: no such run folder; make one with `simnet run SCENARIO --out {path}`")
    missing = [file for file in (SUMMARY, MANIFEST, SCENARIO) if not (folder / file).is_file()]
    if missing:
        raise RunError(f"{path}: not a run folder ({', '.join(missing)} missing)")
    manifest, _ = _load(folder / MANIFEST, json.loads, {})
    summary, _ = _load(folder / SUMMARY, json.loads, summary_form())
    if not summary["systems"]:
        raise RunError(f"{folder / SUMMARY}: damaged (no systems)")
    scenario, text = _load(folder / SCENARIO, _yaml, {"nodes": {ANY: {}}})
    if SEAL not in manifest:
        raise RunError(f"{path}: of a version that kept no checksums; make it anew: simnet run {folder / SCENARIO}")
    if not intact(manifest):
        raise RunError(f"{folder / MANIFEST}: damaged or changed (its checksum is another)")
    for file in (SUMMARY, SCENARIO):
        _intact(folder / file, manifest, file, "damaged or changed")
    repeats: Sequence[Any] = ()
    if "repeats" in summary:
        _intact(folder / REPEATS, manifest, REPEATS, "damaged or changed")
        repeats = _load(folder / REPEATS, json.loads, {"repeats": list})[0]["repeats"]
    return kind(folder, summary, manifest, scenario, text, repeats=repeats)


def former(out: Path) -> Path:
    """Where a run at `out` waits while its successor is moved in."""
    out = Path(os.path.realpath(out))
    return out.with_name(f".{out.name}.former")


def _plain_name(name: str) -> bool:
    return Path(name).name == name and name not in ("", "..", FIGURES, REPORT, SUMMARY, MANIFEST, SCENARIO, REPEATS)


def conform(table: pa.Table | StoredTable, schema: pa.Schema, what: str) -> pa.Table | StoredTable:
    """`table` with the columns of `schema`, in one chunk: equal content must give equal bytes."""
    import pyarrow as pa

    if isinstance(table, StoredTable):
        if table.schema == schema:
            return table  # its parts were made alike
        table = table.read()
    if sorted(table.column_names) != sorted(schema.names):
        raise ValueError(f"{what}: columns {table.column_names}, expected {schema.names}")
    columns = []
    for wanted in schema:
        column = table.column(wanted.name)
        if pa.types.is_dictionary(wanted.type) and not _in_order(column):
            # decode first: the order in a dictionary would otherwise depend on how the table was put together
            column = column.cast(pa.string()).combine_chunks().dictionary_encode()
        columns.append(column if column.type == wanted.type else column.cast(wanted.type))
    return pa.table(columns, schema=schema).combine_chunks()


def _in_order(column: Any) -> bool:
    """Whether a dictionary has the words that occur, the first one first, as encoding the column anew would give."""
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        if column.num_chunks != 1:
            return False
        column = column.chunk(0)
    if not isinstance(column, pa.DictionaryArray) or column.dictionary.null_count:
        return False
    words, numbers = column.dictionary.to_pylist(), indices_of(column)
    occurring, first = np.unique(numbers[numbers >= 0], return_index=True)
    return len(set(words)) == len(words) == len(occurring) and bool((np.diff(first) > 0).all())


def _intact(path: Path, manifest: Mapping[str, Any], place: str, what: str) -> bytes:
    """A file's content, which is what the run wrote; `place` is its place in the folder."""
    try:
        content = path.read_bytes()
        if checksum(content) == manifest.get(FILES, {}).get(place):
            return content
        why = f"its checksum is not the one in {MANIFEST}"
    except OSError as error:
        why = error.strerror or str(error)
    raise RunError(f"{path}: {what} ({why})")


def _load(path: Path, parse: Callable[[str], Any], form: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """A file's content, checked, and its text."""
    try:
        text = path.read_text(encoding="utf-8")
        content = parse(text)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise RunError(f"{path}: damaged ({_first_line(error)})") from error
    if not isinstance(content, dict):
        raise RunError(f"{path}: damaged (holds no mapping)")
    for place in misfits(content, form, ""):
        raise RunError(f"{path}: damaged ({place} is missing or wrong)")
    return content, text


def _yaml(text: str) -> Any:
    """What a text holds; by libyaml where it is there, since a large scenario takes Python's reader seconds."""
    if (fast := getattr(yaml, "CSafeLoader", None)) is not None:
        with suppress(yaml.YAMLError):  # then Python's says what is wrong
            return yaml.load(text, Loader=fast)
    return yaml.safe_load(text)


def _plain(value: Any) -> Any:
    """`value` in JSON's own types: numpy scalars as numbers, what is not finite as null."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
