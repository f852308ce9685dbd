"""The command line of the networks, put together. torch is imported when a network runs, not for `--help`."""

from __future__ import annotations

import typer

from simnet.cli.entry import run_app, stoppable
from simnet.cli.models.calibrate import calibrate
from simnet.cli.models.cards import cards
from simnet.cli.models.evaluate import evaluate
from simnet.cli.models.list import list_weights
from simnet.cli.models.reliability import reliability
from simnet.cli.models.reproduce import reproduce
from simnet.cli.models.study import study
from simnet.cli.models.train import train

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)
app.command("list")(stoppable(list_weights))
for command in (cards, train, evaluate, calibrate, reliability, study, reproduce):
    app.command()(stoppable(command))


def main() -> None:
    """Run the command line; what a user can mend is one message and exit status 2."""
    run_app(app)
