"""What several commands take: arguments and options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO", help="Scenario file (YAML).")]
RunDir = Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Folder that a run has written.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="K=V", help="Override a value: nodes.camera3.speed='1 GFLOP/s'. May be repeated."),
]
Samples = Annotated[int | None, typer.Option(min=1, help="Number of samples, instead of the scenario's.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Seed, instead of the scenario's.")]
