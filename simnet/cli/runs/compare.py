"""`simnet compare`: the tables of a run again."""

from __future__ import annotations

from simnet.cli.options import RunDir
from simnet.terminal.output import console


def compare(run_dir: RunDir) -> None:
    """Print a run's systems side by side."""
    from simnet.analysis.compare import print_comparison
    from simnet.results.run import read_run

    print_comparison(read_run(run_dir).summary, console())
