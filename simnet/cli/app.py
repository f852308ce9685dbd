"""Command line: run, check, compare, plot. Heavy imports wait until a command needs them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simnet import __version__
from simnet.cli.profile import profile
from simnet.cli.validate import validate
from simnet.language.names import FIGURES
from simnet.models.cards.card import WeightsError
from simnet.models.data.base import DataError
from simnet.models.device import DeviceError
from simnet.results.folder import RunError
from simnet.scenario import Scenario, ScenarioError, load_scenario

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Simulate distributed early-exit inference with the real network in the loop.",
)

ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO", help="Scenario file (YAML).")]
RunDir = Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Folder that a run has written.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="K=V", help="Override a value: nodes.camera3.speed='1 GFLOP/s'. May be repeated."),
]
Samples = Annotated[int | None, typer.Option(min=1, help="Number of samples, instead of the scenario's.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Seed, instead of the scenario's.")]


@app.command()
def run(
    scenario: ScenarioFile,
    out: Annotated[Path | None, typer.Option(help="Where the results go [default: runs/<scenario>].")] = None,
    samples: Samples = None,
    seed: Seed = None,
    overrides: Set = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder with data sets (cifar10/test.parquet) [default: SIMNET_DATA].")
    ] = None,
    device: Annotated[str, typer.Option(help="Where the network runs: auto, cpu or cuda.")] = "auto",
    batch: Annotated[int, typer.Option(min=1, help="Samples per batch of the network.")] = 256,
    forced: Annotated[bool, typer.Option("--forced", help="Evaluate every sample at every exit, too.")] = False,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw no figures.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Simulate a scenario and write tables, summary and figures."""
    with _stoppable():
        loaded = load_scenario(scenario, overrides or (), samples=samples, seed=seed)
        target = out or Path("runs") / scenario.stem

        from rich.console import Console

        from simnet.analysis.compare import print_comparison
        from simnet.analysis.figures import draw_all
        from simnet.cli.progress import Bars
        from simnet.results.folder import check_target, read_run, write_run
        from simnet.results.manifest import manifest
        from simnet.world import run as engine
        from simnet.world.plan import plans_of, remarks

        check_target(target)
        console = Console(quiet=quiet)
        plans = plans_of(loaded)
        options = engine.Options(device=device, batch=batch, data_dir=data_dir, forced=forced)
        with Bars(console) as bars:
            results, data = engine.run(loaded, options, bars, plans)
        text = loaded.to_yaml()
        described = {"name": data.name, "split": data.split, "samples": len(data), "sha256": data.checksum}
        weights = {result.weights["name"]: result.weights["sha256"] for result in results}
        certificate = manifest(text, loaded.seed, described, weights, ["simnet", *sys.argv[1:]])

        def figures(folder: Path) -> None:
            draw_all(read_run(folder), folder / FIGURES)

        replaced = " (in place of a former run)" if target.exists() else ""
        summary = write_run(target, loaded.name, text, results, certificate, None if no_figures else figures)
    print_comparison(summary, console)
    for result in results:
        console.print(_inference(result.name, result.inference), highlight=False, soft_wrap=True)
    for remark in remarks(loaded, plans, len(data)):
        console.print(f"note: {remark}", highlight=False, soft_wrap=True)
    console.print(f"results: {target}{replaced}", highlight=False, soft_wrap=True)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Ctrl-C before the results are in place ends with one line and status 130; a former run stays as it was."""
    try:
        yield
    except KeyboardInterrupt:  # caught here, since typer turns it into a silent exit
        print("stopped; nothing was written", file=sys.stderr)
        raise typer.Exit(130) from None


def _inference(name: str, report: dict[str, object]) -> str:
    recalled = f"{report['recalled']} answers known from earlier runs"
    if not report["batches"]:
        return f"{name}: no batch of the network was run; {recalled}"
    mean = f"{report['mean_batch']:.0f}"
    return f"{name}: {report['batches']} batches of {mean} samples on average, on {report['device']}; {recalled}"


@app.command()
def check(scenario: ScenarioFile, overrides: Set = None, samples: Samples = None, seed: Seed = None) -> None:
    """Check a scenario, and that its weights fit it, without running anything."""
    loaded = load_scenario(scenario, overrides or (), samples=samples, seed=seed)

    from simnet.world.plan import plans_of, remarks

    plans = plans_of(loaded)
    used = [f"{plan.card.name} ({plan.codec})" for plan in plans.values()]
    print(f"{scenario}: {_outline(loaded)}; weights {', '.join(used)}: ok")
    for remark in remarks(loaded, plans):
        print(f"note: {remark}")


def _outline(scenario: Scenario) -> str:
    length = _count(scenario.samples, "sample") if scenario.samples is not None else f"{scenario.duration:g} s"
    faults = {fault.name for fault in scenario.faults}  # one of a glob, or of both directions, is several
    sizes = {"node": scenario.nodes, "link": scenario.links, "system": scenario.systems, "fault": faults}
    return f"{length} of {scenario.data.set}, {', '.join(_count(len(all_), word) for word, all_ in sizes.items())}"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


@app.command()
def compare(run_dir: RunDir) -> None:
    """Print a run's systems side by side."""
    from simnet.analysis.compare import print_comparison
    from simnet.results.folder import read_run

    print_comparison(read_run(run_dir).summary, _console())


@app.command()
def plot(
    run_dir: RunDir,
    out: Annotated[Path | None, typer.Option(help="Where the figures go [default: RUN_DIR/figures].")] = None,
    first: Annotated[int | None, typer.Option("--from", min=0, help="First sample of the timeline.")] = None,
    samples: Annotated[int | None, typer.Option(min=1, help="Samples in the timeline.")] = None,
) -> None:
    """Draw a run's figures again."""
    from simnet.analysis.figures import draw_all
    from simnet.results.folder import read_run

    for path in draw_all(read_run(run_dir), out or run_dir / FIGURES, first, samples):
        print(path)


def _console() -> Console:
    from rich.console import Console

    return Console()


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(f"simnet {__version__}")
        raise typer.Exit


app.command()(profile)
app.command()(validate)


def main() -> None:
    """Run the command line; what a user can mend is one message and exit status 2."""
    try:
        app()
    except (ScenarioError, RunError, DataError, WeightsError, DeviceError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        raise SystemExit(2) from None
    except MemoryError as problem:  # more samples than fit, e.g. of every nanosecond
        print(f"error: not enough memory; ask for fewer samples, or a shorter time ({problem})", file=sys.stderr)
        raise SystemExit(2) from None
    except OSError as problem:  # a folder that cannot be made, a full disk
        print(f"error: {problem.filename or ''}: {problem.strerror or problem}", file=sys.stderr)
        raise SystemExit(2) from None
