"""What makes a run endless, or larger than any memory, is told before it begins, with what it would come to."""

from __future__ import annotations

import pytest
from test_written_numbers import GOOD

import simnet
from simnet.language.errors import ScenarioError


def refused(*overrides: object) -> str:
    with pytest.raises(ScenarioError) as caught:
        simnet.load(GOOD, overrides)  # type: ignore[arg-type]
    return str(caught.value)


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (["samples=100000001"], "samples: must be 100000000 or less, found 100000001"),
        (["samples=1e30"], "samples: must be a whole number, found 1e+30"),
        (["duration=1e308 s"], "duration: '1e308 s' is too large for a time; at most 1e+12 s"),
        (["workload.every=1e308 s"], "workload.every: '1e308 s' is too large for a time"),
        # 1e12 s · 5 /s
        (["duration=1e12 s"], "duration: the run would capture about 5e+12 samples; at most 100,000,000"),
        (["duration=10 s", "workload={every: 1e-320 s}"], "is nothing to the clock"),
        (["duration=10 s", "workload={every: 1 ns}"], "would capture about 1e+10 samples"),
        (["duration=10 s", "workload={poisson: 1e9 /s}"], "would capture about 1e+10 samples"),
        (["duration=10 s", "workload={diurnal: {mean: 1e9 /s}}"], "would capture about 1e+10 samples"),
        # half of the time 2e9 /s, half of it none
        (["duration=10 s", "workload={mmpp: [{rate: 2e9 /s, stay: 1 s}, {rate: 0, stay: 1 s}]}"], "about 1e+10 samples"),  # noqa: E501
        (["duration=10 s", "workload={trace: [0 s], repeat: 1 ns}"], "would capture about 1e+10 samples"),
        (["workload.every=1e12 s"], "samples: the run would last about 1e+13 s; at most 1e+12 s"),
        (["workload={poisson: 1e-12 /s}"], "samples: the run would last about 1e+13 s"),
        # 10 samples, one in 1e9 s; 6 cameras, one heartbeat a second
        (["workload.every=1e9 s", "systems.ddnn.heartbeat.every=1 s"],
         "systems.ddnn.heartbeat.every: heartbeats would come about 6e+10 times in a run of 1e+10 s; at most 1,000,000,000"),  # noqa: E501
        (["systems.ddnn.heartbeat.every=1e-12 s"], "heartbeats would come about 1.2e+13 times in a run of 2 s"),
        (["workload={trace: [0 s, 1e12 s]}", "samples=2", "systems.ddnn.heartbeat.every=1 s"], "heartbeats would come about 6e+12"),  # noqa: E501
        (["nodes.edge.load={steps: [[0 s, 0], [1e-12 s, 1 %]], repeat: 1 ns}"], "nodes.edge.load.repeat: steps of the load"),  # noqa: E501
        (["faults.0={mtbf: 1e-12 s, mttr: 1e-12 s, node: edge, is: down}"], "faults: 'edge down' would come about 1e+12 times"),  # noqa: E501
        (["workload={mmpp: [{rate: 5 /s, stay: 1e-12 s}, {rate: 0, stay: 1e-12 s}]}"], "workload: states would come"),
        (["links.0.loss={good: 0, bad: 1, good_for: 1e-12 s, bad_for: 1e-12 s}"], "links: bursts of losses on camera1 - edge"),  # noqa: E501
    ],
)  # fmt: skip
def test_an_endless_run_is_told(overrides: list[str], says: str) -> None:
    assert says in refused(*overrides)


@pytest.mark.parametrize(
    "overrides",
    [
        ["samples=100000000"],
        ["duration=20000000 s"],
        ["duration=31557600 s", "workload.every=60 s", "systems.ddnn.heartbeat.every=10 s"],  # a year
        ["duration=1e12 s", "workload={trace: [0 s, 1 s]}"],  # two samples, however long
        ["faults.0={mtbf: 1000 h, mttr: 1 h, node: '*', is: down}", "duration=31557600 s", "workload.every=60 s"],
    ],
)
def test_a_long_run_is_none(overrides: list[str]) -> None:
    simnet.load(GOOD, overrides)


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("nodes.edge.queue", "queue.limit: must be 1000000000 or less"),
        ("nodes.camera1.view", "view: must be 1000000000 or less"),
        ("links.0.attempts", "attempts: must be 1000 or less"),
        ("faults.0={at: 1 s, node: edge, slow: %s}", "faults[0].slow: must be 1000000000 or less"),
        ("nodes.edge.batch={size: %s}", "batch.size: must be 1000000000 or less"),
        ("systems.ddnn.retry={times: %s, after: 1 ms}", "retry.times: must be 1000 or less"),
        ("systems.ddnn.retry={times: 2, after: 1 ms, factor: %s}", "retry.factor: must be 1000000000 or less"),
        ("systems.ddnn.breaker={failures: %s, rest: 1 s}", "breaker.failures: must be 1000000000 or less"),
        ("systems.ddnn.heartbeat={every: 1 s, misses: %s}", "heartbeat.misses: must be 1000000000 or less"),
        ("workload.classes={a: {share: 1, priority: %s}}", "priority: must be 1000000000 or less"),
    ],
)
def test_a_whole_number_beyond_all_use_is_refused_everywhere(override: str, says: str) -> None:
    for digits in (30, 400, 5000):
        number = "9" * digits
        written = override % number if "%s" in override else f"{override}={number}"
        assert (says if digits == 30 else f"a number of {digits:,} digits is too long") in refused(written)


@pytest.mark.parametrize(
    "key", ["samples", "seed", "nodes.edge.queue", "nodes.edge.load", "workload.every", "name", "links.0.mtu"]
)
def test_a_number_of_400_digits_from_python_is_one_message(key: str) -> None:
    for number in (10**400, -(10**400), 10**5000):
        assert "a number of more than 40 digits is too long" in refused({key: number})


def test_a_long_name_is_refused() -> None:
    for key in ("name", "faults.0.name", "nodes.edge.site"):
        message = refused({key: "x" * 100_000})
        assert "(100,000 letters)" in message and len(message) < 4500
    assert simnet.load(GOOD, {"name": "x" * 200}).name == "x" * 200
