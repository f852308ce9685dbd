"""`simnet plot`: the figures of a run again, or those of a sweep or a tuning."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from simnet.cli.options import RunDir
from simnet.language.names import FIGURES
from simnet.terminal.output import say


def plot(
    run_dir: RunDir,
    out: Annotated[Path | None, typer.Option(help="Where the figures go [default: RUN_DIR/figures].")] = None,
    first: Annotated[int | None, typer.Option("--from", min=0, help="First sample of the timeline.")] = None,
    last: Annotated[int | None, typer.Option("--to", min=0, help="Last sample of the timeline.")] = None,
    samples: Annotated[
        int | None, typer.Option(min=1, help="Samples in the timeline; more than 40 are drawn as bands.")
    ] = None,
    systems: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Systems in the timeline or of faults [default: all].")
    ] = None,
    nodes: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Nodes in the timeline: 'camera*,edge' [default: all].")
    ] = None,
    faults: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Of --what faults: 'rain,camera*' [default: those that changed most]."),
    ] = None,
    what: Annotated[
        Literal["overview", "exits", "faults"],
        typer.Option(
            help="The figures of every run; what its exits said: probability over T, entropy, fronts …; "
            "or what faults did, beside the same without them."
        ),
    ] = "overview",
    ending: Annotated[Literal["png", "svg", "pdf"], typer.Option("--format", help="Of the files.")] = "png",
    metrics: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Of a sweep what is drawn: 'accuracy,latency.mean,bytes.total'.")
    ] = None,
) -> None:
    """Draw a run's figures again, or those of its exits or faults; of a sweep lines, heat maps, fronts; a tuning."""
    from simnet.analysis.figures import (
        draw_all,
        draw_exit_figures,
        draw_fault_figures,
        draw_sweep_figures,
        draw_tuning_figures,
    )
    from simnet.analysis.timeline.selection import Selection
    from simnet.experiments.sweeps.store import ABOUT
    from simnet.experiments.sweeps.sweep import read
    from simnet.experiments.tuning import folder as tuning
    from simnet.results.run import RunError, read_run

    if None not in (first, last, samples):
        raise typer.BadParameter("give two of --from, --to and --samples", param_hint="--to")
    selection = Selection(first, samples, last, _names(systems), _names(nodes))
    folder = out or run_dir / FIGURES
    sweep = (run_dir / ABOUT).is_file()
    if metrics is not None and not sweep:
        raise RunError(f"{run_dir}: --metrics is of sweeps, and this is none")
    if (run_dir / tuning.ABOUT).is_file():
        if selection != Selection() or what != "overview" or faults is not None:
            raise RunError(f"{run_dir} is a tuning: of all options only --out and --format are for it")
        drawn = draw_tuning_figures(tuning.read(run_dir), folder, ending)
    elif faults is not None and what != "faults" and not sweep:
        raise RunError("--faults is of --what faults; the other figures shade all of them")
    elif sweep:
        if selection != Selection() or what != "overview" or faults is not None:
            raise RunError(f"{run_dir} is a sweep: of all options only --out, --format and --metrics are for it")
        drawn = draw_sweep_figures(read(run_dir), folder, _names(metrics), ending)
    elif what == "faults":
        if selection != Selection(systems=_names(systems)):
            raise RunError("--from, --to, --samples and --nodes are of the timeline; --what faults takes --faults")
        drawn = draw_fault_figures(read_run(run_dir), folder, _names(faults), _names(systems), ending)
    elif what == "exits":
        if selection != Selection():
            raise RunError("--from, --to, --samples, --systems and --nodes are of the timeline; --what exits shows all")
        drawn = draw_exit_figures(read_run(run_dir), folder, ending)
    else:
        drawn = draw_all(read_run(run_dir), folder, selection, ending)
    for path in drawn.files:
        say(path)
    for note in drawn.notes:
        say(f"note: {note}")
    for problem in drawn.problems:
        say(f"error: {problem}", error=True)
    if drawn.problems:
        raise typer.Exit(2)


def _names(text: str | None) -> tuple[str, ...]:
    """The names in a list with commas."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())
