"""Where a file lies that a scenario names."""

from __future__ import annotations

from pathlib import Path

from simnet.scenario.scenario import Scenario


def beside(scenario: Scenario, name: str | Path) -> Path:
    """The place of the file `name`, seen from the scenario's folder: the one rule for every path in a scenario.

    A scenario that is no file's (a text, a mapping, made in Python) sees from the directory that was the current one
    when it was made. The result is absolute, however the current directory changes; the file need not be there.
    """
    return folder_of(scenario) / name


def folder_of(scenario: Scenario) -> Path:
    """The folder from which a scenario's files are seen, absolute."""
    return scenario._source.folder.absolute()
