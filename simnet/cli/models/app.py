"""The command line of the networks, put together. torch is imported when a network runs, not for `--help`."""

from __future__ import annotations

import sys

import typer

from simnet.cli.models.calibrate import calibrate
from simnet.cli.models.cards import cards
from simnet.cli.models.evaluate import evaluate
from simnet.cli.models.list import list_weights
from simnet.cli.models.reliability import reliability
from simnet.cli.models.reproduce import reproduce
from simnet.cli.models.study import study
from simnet.cli.models.train import train
from simnet.models.cards.card import WeightsError
from simnet.models.data.base import DataError
from simnet.models.device import DeviceError
from simnet.registry import PluginError, blamed

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)
app.command("list")(list_weights)
for command in (cards, train, evaluate, calibrate, reliability, study, reproduce):
    app.command()(command)


def main() -> None:
    """Run the command line; a data, weights or plug-in problem is one message and exit status 2."""
    try:
        app()
    except (DataError, WeightsError, DeviceError, PluginError) as problem:
        print(f"error: {' '.join(str(problem).split())}", file=sys.stderr)  # torch's reasons have many lines
        raise SystemExit(2) from None
    except Exception as problem:
        if (message := blamed(problem)) is None:
            raise
        print(f"error: {message}", file=sys.stderr)
        raise SystemExit(2) from None
