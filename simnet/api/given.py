"""What all public functions are given: a scenario in any of its forms, and who is told how it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simnet.scenario import Scenario
from simnet.scenario.load import load

if TYPE_CHECKING:
    from simnet.terminal.listener import Progress

Described = Scenario | str | Path | Mapping[str, Any]
"""A scenario, or what `load` makes one of."""


def scenario_of(scenario: Described) -> Scenario:
    """The scenario itself."""
    return scenario if isinstance(scenario, Scenario) else load(scenario)


def watched(progress: Progress | bool | None, stack: ExitStack) -> Progress | None:
    """Who is told of progress; what True makes is there until the stack ends."""
    if progress is not True:
        return None if isinstance(progress, bool) else progress
    from simnet.terminal.output import console
    from simnet.terminal.progress import watcher

    return stack.enter_context(watcher(console(error=True)))
