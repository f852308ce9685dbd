"""`simnet trace`: a run as a file for trace viewers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simnet.cli.options import RunDir
from simnet.terminal.output import say


def trace(
    run_dir: RunDir,
    system: Annotated[str | None, typer.Option(help="Only this system of the run.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write; gzipped if it ends in .gz [default: RUN_DIR/trace.json.gz].")
    ] = None,
) -> None:
    """Write a run as trace events, for ui.perfetto.dev or chrome://tracing."""
    from simnet.analysis.traces.file import write_trace
    from simnet.language.units import format_size
    from simnet.results.run import read_run

    written = write_trace(read_run(run_dir), out or run_dir / "trace.json.gz", [] if system is None else [system])
    say(f"{written.path}  ({written.events:,} events, {format_size(written.size, 3)})")
    say("open it at https://ui.perfetto.dev, or in Chrome at chrome://tracing")
