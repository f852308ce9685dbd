"""`simnet schema`: the JSON Schema of scenario files and of sweep files, for editors."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Annotated

import typer

from simnet.terminal.output import say


def schema(sweep: Annotated[bool, typer.Option("--sweep", help="Of sweep files.")] = False) -> None:
    """Print the JSON Schema of a scenario file."""
    forms = import_module("simnet.json_schema")
    form = forms.sweep_schema() if sweep else forms.schema()
    say(json.dumps(form, indent=2))
