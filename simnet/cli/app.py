"""The command line, put together from its commands. Heavy imports wait until a command needs them."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from simnet.cli.check import check
from simnet.cli.compare import compare
from simnet.cli.plot import plot
from simnet.cli.plugins import plugins
from simnet.cli.profile import profile
from simnet.cli.run import run
from simnet.cli.schema import schema
from simnet.cli.validate import validate
from simnet.installation import __version__

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Simulate distributed early-exit inference with the real network in the loop.",
)
for command in (run, check, compare, plot, profile, validate, plugins, schema):
    app.command()(command)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(f"simnet {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; what a user can mend is one message and exit status 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # names of files may be no text
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except Exception as problem:
        message = _message(problem)
        if message is None:
            raise
        print(f"error: {message}", file=sys.stderr)
        raise SystemExit(2) from None


def _message(problem: Exception) -> str | None:
    """What to tell a user of something that they can mend; None for a fault of ours."""
    from simnet.language.errors import ScenarioError, clipped
    from simnet.models.cards.card import WeightsError
    from simnet.models.data.base import DataError
    from simnet.models.device import DeviceError
    from simnet.registry import PluginError, blamed
    from simnet.results.run import RunError

    if isinstance(problem, ScenarioError):
        return str(problem)
    if isinstance(problem, RunError | PluginError | DataError | WeightsError | DeviceError):
        return clipped(str(problem))
    if isinstance(problem, MemoryError):  # more samples than fit, e.g. of every nanosecond
        return f"not enough memory; ask for fewer samples, or a shorter time ({problem})"
    if isinstance(problem, OSError):  # a folder that cannot be made, a full disk
        return f"{problem.filename or ''}: {problem.strerror or problem}"
    return blamed(problem)
