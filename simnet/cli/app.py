"""The command line, put together from its commands. Heavy imports wait until a command needs them."""

from __future__ import annotations

from typing import Annotated

import typer

from simnet.cli.cache import cache
from simnet.cli.check import check
from simnet.cli.entry import run_app, stoppable
from simnet.cli.experiments.size import size
from simnet.cli.experiments.sweep import sweep
from simnet.cli.experiments.tune import tune
from simnet.cli.finished.compare import compare
from simnet.cli.finished.explain import explain
from simnet.cli.finished.plot import plot
from simnet.cli.finished.report import report
from simnet.cli.finished.trace import trace
from simnet.cli.finished.whatif import whatif
from simnet.cli.partition import partition
from simnet.cli.plugins import plugins
from simnet.cli.profile import profile
from simnet.cli.run import run
from simnet.cli.schema import schema
from simnet.cli.testbed.calibrate_nodes import calibrate_nodes
from simnet.cli.testbed.live import live
from simnet.cli.validate import validate
from simnet.installation import __version__
from simnet.terminal.output import say

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Simulate distributed early-exit inference with the real network in the loop.",
)
for command in (
    run,
    live,
    calibrate_nodes,
    sweep,
    size,
    tune,
    check,
    compare,
    plot,
    report,
    explain,
    trace,
    whatif,
    profile,
    partition,
    validate,
    plugins,
    schema,
):
    app.command()(stoppable(command))
app.add_typer(cache, name="cache")


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        say(f"simnet {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; what a user can mend is one message and exit status 2."""
    run_app(app)
