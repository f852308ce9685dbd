"""An execution beside a simulation: ratios of what both have, and nothing of what only one has."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from simnet.analysis.comparison.executed import of_faults, of_places, one_executed, ratio, told_executed


def side(name: str, busy: float, p50: float, live: bool) -> Any:
    period = {"answered": 7, "latency": {"p50": p50, "p95": 2 * p50}}
    places = {place: {"utilisation": busy, "wait_p95": 0.001} for place in ("edge", name)}
    faults = {"camera1 down": {"during": period, "after": {**period, "answered": 0}}, name: {"during": period}}
    manifest = {"live": {"compute": "model"}} if live else {}
    return SimpleNamespace(
        name=name, run=SimpleNamespace(manifest=manifest), summary={"usage": {"places": places}, "faults": faults}
    )


def pair(*live: bool) -> Any:
    sides = [side("s", 0.5, 0.1, live[0]), side("l", 0.55, 0.102, live[1])]
    return SimpleNamespace(first=sides[0], second=sides[1], names=("s", "l"))


def test_only_an_execution_beside_a_simulation_counts() -> None:
    assert [one_executed(pair(*live)) for live in ((0, 1), (1, 0), (0, 0), (1, 1))] == [True, True, False, False]
    assert told_executed(pair(False, True).second) == (
        "l was executed in real time: nodes were busy for the modelled times"
    )
    assert told_executed(pair(False, True).first) is None


def test_places_and_faults_that_both_have_are_set_against_each_other() -> None:
    assert of_places(pair(False, True)).rows == [["edge", "50.0 %", "55.0 %", "1.100", "1 ms", "1 ms"]]
    assert of_faults(pair(False, True)).rows == [
        ["camera1 down", "during", "7", "100 ms → 102 ms", "1.020", "200 ms → 204 ms", "1.020"]
    ]


def test_there_is_no_ratio_to_nothing() -> None:
    assert (ratio(None, 1.0), ratio(0.0, 1.0), ratio(2.0, None), ratio(2.0, 1.0)) == ("–", "–", "–", "0.500")
