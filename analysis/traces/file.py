"""A run's trace as a file for Perfetto (ui.perfetto.dev) or Chrome (chrome://tracing)."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from simnet.analysis.traces.events import Event, Ids, events_of
from simnet.installation import __version__
from simnet.results.run import Results

CHUNK = 20_000
"""Events that are put together before they are written."""


class Written(NamedTuple):
    """What was written where."""

    path: Path
    events: int
    size: int


def write_trace(run: Results, path: Path, systems: Sequence[str] = ()) -> Written:
    """Write the trace of some systems (none: all), gzipped if the name ends so; a former file is whole or replaced.

    Events are in order of time. The same run gives the same bytes.

    Raises:
        RunError: no such system, or its tables are damaged.
        OSError: the file cannot be written; with its name.
    """
    ids, events = Ids(), list[Event]()
    for system in systems or run.systems:
        events += events_of(run, system, ids)
    events.sort(key=lambda event: event.time)  # stable: what a track has at one instant stays in its order
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as raw:
            if path.suffix == ".gz":
                with gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
                    _write(cast(BinaryIO, packed), run, events)
            else:
                _write(raw, run, events)
        size = partial.stat().st_size
        partial.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        partial.unlink(missing_ok=True)
    return Written(path, len(events), size)


def _write(sink: BinaryIO, run: Results, events: Sequence[Event]) -> None:
    about = {"scenario": run.summary["scenario"], "seed": run.summary["seed"], "simnet": __version__}
    # Half a surrogate pair has no UTF-8, and is escaped as JSON does.
    text = TextIOWrapper(sink, "utf-8", errors="backslashreplace", newline="\n", write_through=True)
    text.write(f'{{"displayTimeUnit":"ms","otherData":{json.dumps(about, ensure_ascii=False)},"traceEvents":[\n')
    for first in range(0, len(events), CHUNK):
        lines = ",\n".join(event.text for event in events[first : first + CHUNK])
        text.write(f",\n{lines}" if first else lines)
    text.write("\n]}\n")
    text.detach()
