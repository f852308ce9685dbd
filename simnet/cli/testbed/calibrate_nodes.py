"""`simnet calibrate-nodes`: a scenario with the times that an execution really took."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from simnet.terminal.output import console, say, shown
from simnet.terminal.stacked import print_table


def calibrate_nodes(
    run_dir: Annotated[Path, typer.Argument(metavar="LIVE", help="Folder that simnet live has written.")],
    out: Annotated[
        Path | None, typer.Option(help="The scenario to write [default: <LIVE>-calibrated.yaml beside it].")
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder with data sets (cifar10/test.parquet) [default: SIMNET_DATA].")
    ] = None,
) -> None:
    """Derive from an execution what nodes and links really take, and write the scenario with it.

    It prints latencies as they were measured, as simulated before, and as simulated with what was derived; LIVE keeps
    them for its report, which is written anew if there is one.
    """
    from simnet import api
    from simnet.language.names import REPORT
    from simnet.results.run import RunError
    from simnet.testbed.calibrate import calibrated, check_live, extras_of, keep, latencies_of

    live = api.load_run(run_dir)
    check_live(live)
    target = out or run_dir.with_name(f"{run_dir.name}-calibrated.yaml")
    _check_out(target)
    before = api.run(live.scenario, data_dir=data_dir)
    extras = extras_of(live, before)
    scenario = calibrated(live, extras)
    after = api.run(scenario, data_dir=data_dir)
    try:
        target.write_text(yaml.safe_dump(scenario, sort_keys=False, allow_unicode=True, width=120), encoding="utf-8")
        found = keep(live, before, after)
        if (run_dir / REPORT).exists():
            live.report()
    except OSError as problem:
        raise RunError(f"{problem.filename or target}: cannot be written ({problem.strerror})") from None
    terminal = console()
    print_table(_extras(extras), terminal)
    print_table(_latencies(latencies_of(live, found)), terminal)
    say(f"scenario: {target}")


def _check_out(target: Path) -> None:
    """Refuse what cannot be written before anything is simulated."""
    try:
        there = target.exists()
        with target.open("a", encoding="utf-8"):
            pass
        if not there:
            target.unlink()
    except (OSError, ValueError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else problem
        raise typer.BadParameter(f"{shown(target)}: cannot be written ({why})", param_hint="--out") from None


def _extras(extras: list[Any]) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(title="longer than modelled", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("place")
    for heading in ("steps", "ms each", "ns a byte"):
        table.add_column(heading, justify="right")
    for extra in extras:
        table.add_row(extra.place, str(extra.count), f"{1e3 * extra.seconds:+.3f}", f"{1e9 * extra.per_byte:.3g}")
    return table


def _latencies(found: dict[str, list[tuple[str, list[float | None]]]]) -> Any:
    from rich import box
    from rich.table import Table

    from simnet.analysis.comparison.executed import ratio

    table = Table(title="latency, ms", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("system")
    table.add_column("")
    for heading in ("measured", "simulated before", "÷", "calibrated", "÷"):
        table.add_column(heading, justify="right")
    for system, rows in found.items():
        for number, (name, (really, *simulated)) in enumerate(rows):
            cells = [_ms(really)]
            for one in simulated:
                cells += [_ms(one), ratio(really, one)]
            table.add_row("" if number else system, name, *cells)
    return table


def _ms(seconds: float | None) -> str:
    from simnet.results.cells import NONE

    return NONE if seconds is None else f"{1e3 * seconds:.2f}"
