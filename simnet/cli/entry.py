"""What both command lines share: how they begin, and what a user is told when they end badly."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

import typer

from simnet.terminal import stopping
from simnet.terminal.output import prepare, say

_USAGE: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")
"""What a wrong command line raises; typer has its own copy of click, or click's."""


def stoppable(command: Callable[..., None]) -> Callable[..., None]:
    """A command that says so when it is stopped: typer would end it without a word."""

    @wraps(command)
    def whole(*arguments: Any, **options: Any) -> None:
        try:
            command(*arguments, **options)
        except KeyboardInterrupt as stop:
            say(stopping.message(stop, ""), error=True)
            raise typer.Exit(stopping.status(stop)) from None

    return whole


def run_app(app: typer.Typer) -> NoReturn:
    """Run a command line and end the process; what a user can mend is one message and exit status 2."""
    prepare()
    try:
        with stopping.gently():
            status = app(standalone_mode=False)
    except KeyboardInterrupt as stop:
        say(stopping.message(stop, ""), error=True)
        status = stopping.status(stop)
    except _USAGE as problem:
        shelf = io.StringIO()
        problem.show(file=shelf)
        say(shelf.getvalue(), error=True, end="")
        status = problem.exit_code
    except typer.Abort:
        status = 1
    except Exception as problem:
        if (message := message_of(problem)) is None:
            raise
        say(f"error: {message}", error=True)
        status = 2
    raise SystemExit(status if isinstance(status, int) else 0)


def message_of(problem: Exception) -> str | None:
    """What to tell a user of something that they can mend; None for a fault of ours."""
    from simnet.language.errors import ScenarioError, clipped
    from simnet.models.cards.card import WeightsError
    from simnet.models.data.base import DataError
    from simnet.models.device import DeviceError
    from simnet.registry import PluginError, blamed
    from simnet.results.run import RunError

    if isinstance(problem, ScenarioError):
        return str(problem)
    if isinstance(problem, RunError | PluginError):
        return clipped(str(problem))
    if isinstance(problem, DataError | WeightsError | DeviceError):
        return clipped(" ".join(str(problem).splitlines()))  # torch's reasons have many lines
    if isinstance(problem, MemoryError) or _is_memory(problem):
        return f"not enough memory; ask for fewer samples, a shorter time or smaller batches ({_first(problem)})"
    if isinstance(problem, OSError):  # a folder that cannot be made, a full disk
        named = "" if problem.filename is None else f"{_name(problem.filename)}: "
        return f"{named}{problem.strerror or _first(problem)}"
    return blamed(problem)


def _is_memory(problem: Exception) -> bool:
    """Whether torch says so, which has no class of its own for it on a processor."""
    words = str(problem).lower()
    return isinstance(problem, RuntimeError) and ("out of memory" in words or "can't allocate memory" in words)


def _first(problem: Exception) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0]


def _name(file: object) -> str:
    return file.decode(sys.getfilesystemencoding(), "surrogateescape") if isinstance(file, bytes) else str(file)
