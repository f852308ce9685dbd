"""`simnet calibrate-nodes`: a scenario with the times that an execution really took."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from simnet.terminal.output import console, say
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

    It prints latencies as they were measured, as simulated before, and as simulated with what was derived.
    """
    from simnet import api
    from simnet.testbed.calibrate import calibrated, check_live, extras_of

    live = api.load_run(run_dir)
    check_live(live)
    target = out or run_dir.with_name(f"{run_dir.name}-calibrated.yaml")
    if target.is_dir() or not target.parent.is_dir():
        why = "is a folder" if target.is_dir() else f"there is no folder {target.parent}"
        raise typer.BadParameter(f"{target}: {why}", param_hint="--out")
    before = api.run(live.scenario, data_dir=data_dir)
    extras = extras_of(live, before)
    scenario = calibrated(live, extras)
    after = api.run(scenario, data_dir=data_dir)
    target.write_text(yaml.safe_dump(scenario, sort_keys=False, allow_unicode=True, width=120), encoding="utf-8")
    terminal = console()
    print_table(_extras(extras), terminal)
    print_table(_latencies(live, before, after), terminal)
    say(f"scenario: {target}")


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


def _latencies(live: Any, before: Any, after: Any) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(title="latency, ms", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("system")
    table.add_column("")
    for heading in ("measured", "simulated before", "÷", "calibrated", "÷"):
        table.add_column(heading, justify="right")
    for system in live.systems:
        for name in ("mean", "p50", "p95"):
            really, first, second = (run.summary["systems"][system]["latency"][name] for run in (live, before, after))
            ratios = [f"{1e3 * first:.2f}", f"{first / really:.3f}", f"{1e3 * second:.2f}", f"{second / really:.3f}"]
            table.add_row(system if name == "mean" else "", name, f"{1e3 * really:.2f}", *ratios)
    return table
