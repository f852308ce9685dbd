"""What the commands of `python -m models` share: options and the console."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

console = Console(markup=False, highlight=False)

DataDir = Annotated[
    Path | None, typer.Option(help="Folder with the data sets (cifar10/train.parquet …); else SIMNET_DATA.")
]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
