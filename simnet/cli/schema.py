"""`simnet schema`: the JSON Schema of scenario files, for editors."""

from __future__ import annotations

import json
from importlib import import_module

from simnet.terminal.output import say


def schema() -> None:
    """Print the JSON Schema of a scenario file."""
    form = import_module("simnet.json_schema").schema()
    say(json.dumps(form, indent=2))
