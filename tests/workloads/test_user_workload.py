"""A kind of workload from a user's file beside the scenario, from the file to the times of capture."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from mistakes import changed, complaint

from simnet.clock import ProtocolError, seconds, ticks
from simnet.scenario.load import load, load_scenario
from simnet.scenario.scenario import Scenario
from simnet.streams import stream
from simnet.world.captures import arrivals, captures

SHIFTS = '''
"""Captures while somebody works."""

from typing import Annotated

import numpy as np
from pydantic import Field

from simnet.language.quantities import Rate, Time
from simnet.workloads.spec import Demand


class Shifts(Demand):
    """Captures every so often within each shift, and none in the breaks."""

    shift: Annotated[Time, Field(gt=0)]
    pause: Time = 1.0
    each: Annotated[Time, Field(gt=0)]

    def arrivals(self, draws, count, duration):
        found, begins = [], 0.0
        while (len(found) < count) if duration is None else (begins < duration):
            found += [begins + number * self.each for number in range(round(self.shift / self.each))]
            begins += self.shift + self.pause
        return np.array(found)


class Pairs(Demand):
    """Two captures at each arrival of a Poisson process."""

    pairs: Rate

    def arrivals(self, draws, count, duration):
        number = count if duration is None else int(10 * duration * self.pairs) + 100
        return np.repeat(np.cumsum(draws("pairs").exponential(1 / self.pairs, number)), 2)


class Backwards(Demand):
    def arrivals(self, draws, count, duration):
        return [2.0, 1.0]


class Lazy(Demand):
    pass
'''

SCENARIO = """\
    samples: 7
    data: plaza
    workload: {kind: "shifts:Shifts", shift: 2 s, each: 500 ms, deadline: 1 s}
    nodes:
      camera[1..6]: {tier: device, speed: 1 GFLOP/s}
      edge: {tier: edge, speed: 1 GFLOP/s}
      cloud: {tier: cloud, speed: 1 GFLOP/s}
    links:
      - {between: ["camera*", edge], bandwidth: 8 Mbit/s, latency: 10 ms}
      - {between: [edge, cloud], bandwidth: 8 Mbit/s, latency: 10 ms}
    systems: {ddnn: {}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "shifts.py").write_text(SHIFTS, encoding="utf-8")
    file = tmp_path / "work.yaml"
    file.write_text(dedent(SCENARIO), encoding="utf-8")
    return file


def pairs_of(file: Path) -> Scenario:
    return load_scenario(changed(file, 'shifts:Shifts", shift: 2 s, each: 500 ms', 'shifts:Pairs", pairs: 5 /s'))


def test_captures_come_in_shifts(file: Path) -> None:
    scenario = load_scenario(file)
    assert captures(scenario).times.tolist() == [0, 0.5, 1, 1.5, 3, 3.5, 4]
    assert captures(scenario).deadline.tolist() == [1] * 7
    file = changed(file, "samples: 7", "duration: 3700 ms")
    assert captures(load_scenario(file)).times.tolist() == [0, 0.5, 1, 1.5, 3, 3.5]


def test_draws_are_those_of_the_stream_below_the_arrivals(file: Path) -> None:
    scenario = pairs_of(file)
    sums = stream(scenario.seed, "arrivals/pairs").exponential(0.2, 7).cumsum().tolist()
    drawn = [seconds(ticks(time)) for time in sums]
    assert drawn == pytest.approx(sums, abs=0.51e-12)
    assert arrivals(scenario).tolist() == [drawn[0], drawn[0], drawn[1], drawn[1], drawn[2], drawn[2], drawn[3]]
    assert arrivals(scenario.with_(samples=3)).tolist() == arrivals(scenario).tolist()[:3]


def test_written_and_read_again_from_elsewhere(file: Path) -> None:
    scenario = load_scenario(file)
    text = scenario.to_yaml()
    where = f"{file.parent}/shifts.py:Shifts"
    assert f"workload: {{kind: '{where}', shift: 2 s, pause: 1 s, each: 500 ms, deadline: 1 s}}\n" in text
    assert load(text) == scenario


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("each: 500 ms", "eech: 500 ms", "work.yaml:3: workload.eech: unknown key 'eech'; did you mean 'each'?"),
        (", each: 500 ms", "", "work.yaml:3: workload.each: is missing"),
        ("each: 500 ms", "each: 500", "work.yaml:3: workload.each: 500 has no unit"),
        (":Shifts", ":Shift", "work.yaml:3: workload.kind: workload kind 'shifts:Shift': shifts has no 'Shift'"),
        (":Shifts", ":Lazy", "workload kind 'shifts:Lazy': Lazy lacks arrivals, which Demand demands"),
        ('"shifts:Shifts"', "poison", "workload.kind: unknown workload kind 'poison'; did you mean 'poisson'?"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(file: Path, old: str, new: str, says: str) -> None:
    message = complaint(file, old, new)
    assert says in message
    assert len(message.splitlines()) == 1


def test_times_that_do_not_ascend_are_refused(file: Path) -> None:
    scenario = load_scenario(changed(file, 'shifts:Shifts", shift: 2 s, each: 500 ms', 'shifts:Backwards"'))
    with pytest.raises(ProtocolError, match=r"shifts\w*.Backwards.arrivals must return ascending times"):
        captures(scenario)
