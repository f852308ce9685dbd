"""`simnet live`: `simnet.api.live` on the terminal."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from simnet.cli.options import Samples, ScenarioFile, Seed, Set
from simnet.terminal import stopping
from simnet.terminal.output import console, say


class Compute(StrEnum):
    """What a node does when it computes."""

    MODEL = "model"
    NETWORK = "network"


def live(
    scenario: ScenarioFile,
    out: Annotated[Path | None, typer.Option(help="Where the results go [default: runs/<scenario>-live].")] = None,
    samples: Samples = None,
    seed: Seed = None,
    overrides: Set = None,
    compute: Annotated[
        Compute, typer.Option(help="Nodes are busy for the modelled time, or run their segments on one thread.")
    ] = Compute.MODEL,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder with data sets (cifar10/test.parquet) [default: SIMNET_DATA].")
    ] = None,
    no_report: Annotated[bool, typer.Option("--no-report", help="Write no report.html.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Execute a scenario on real processes and sockets, in real time (Linux, root, 'ip' and 'tc').

    Nodes are processes in network namespaces of their own, links veth pairs with token buckets. The tables are those of
    simnet run: simnet compare sets both against each other.
    """
    with stopping.at_once():
        from simnet import api
        from simnet.analysis.compare import print_comparison
        from simnet.results.target import check_target, default_target
        from simnet.scenario import load_scenario
        from simnet.terminal.progress import watcher

        loaded = load_scenario(scenario, overrides or (), samples=samples, seed=seed)
        usual = default_target(scenario)
        target = out or usual.with_name(f"{usual.name}-live")
        check_target(target, loaded.systems)
    terminal, told = console(quiet), console(quiet, error=True)
    told.print(f"results go to {target}", soft_wrap=True)
    try:
        with watcher(told) as progress:
            made = api.live(
                loaded,
                out=target,
                compute=compute.value,
                data_dir=data_dir,
                report=not no_report,
                progress=progress,
                command=["simnet", *sys.argv[1:]],
            )
    except KeyboardInterrupt as stop:  # a former run stays as it was
        say(stopping.message(stop, "nothing was written"), error=True)
        raise typer.Exit(stopping.status(stop)) from None
    print_comparison(made.summary, terminal)
    for name, about in made.manifest["live"]["systems"].items():
        late = about["lateness"]
        terminal.print(
            f"{name}: events were late by {1e3 * late['p50']:.2f} ms (median), {1e3 * late['p99']:.2f} ms (p99)"
        )
        if (answers := about.get("answers")) is not None:
            asked = answers["by_nodes"] + answers["known_before"]
            terminal.print(
                f"{name}: nodes answered {answers['by_nodes']:,} of {asked:,} questions from what had arrived there; "
                f"{answers['differ']:,} decisions differ from the simulation's, scores by {answers['scores_off']:.2g} "
                "at most",
                soft_wrap=True,
            )
    for note in made.notes:
        terminal.print(f"note: {note}", soft_wrap=True)
    terminal.print(f"results: {target}", soft_wrap=True)
