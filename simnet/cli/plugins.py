"""`simnet plugins`: what kinds there are, from where, and what is broken."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Annotated

import typer

from simnet.terminal.output import say


def plugins(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False,
) -> None:
    """List every kind of system, network, rule … with its origin; status 1 when one is broken, with why."""
    from simnet.plugins import kinds

    found = list(kinds())
    broken = [kind for kind in found if kind.problem is not None]
    if as_json:
        say(json.dumps([kind._asdict() for kind in found], indent=1))
    else:
        width = max((len(kind.name) for kind in found), default=0)
        for (sort, group), members in groupby(found, lambda kind: (kind.sort, kind.group)):
            say(f"{sort} ({group})")
            for kind in members:
                say(f"  {kind.name:<{width}}  {kind.origin}{'' if kind.problem is None else '  broken'}")
        for kind in broken:
            say(f"broken: {kind.problem} ({kind.origin})", error=True)
    if broken:
        raise typer.Exit(1)
