"""Computing times that vary: their distribution by hand, and draws that depend on sample and node alone."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from clocked import Seconds, Spans
from worlds import node

from simnet.network.nodes.jitter import Draws, log_normal
from simnet.network.nodes.kinds import make_node
from simnet.network.nodes.service import ServiceTime
from simnet.network.nodes.spec import Batching, Jitter, Node, Queue
from simnet.network.work import Work
from simnet.scenario import ScenarioError, load_scenario
from simnet.world.plan import constant_times, plans_of

SECOND = Work(1e9, ("edge",))
"""One second on a node of 1 GFLOP/s."""


def test_a_log_normal_has_the_mean_1_and_the_deviation_asked_for() -> None:
    """Over 200,000 equal steps of probability; with cv 1 the variance of the logarithm is ln 2, the median 2^-½."""
    steps = 200_000
    for cv in (0.1, 0.5, 1.0):
        values = [log_normal((step + 0.5) / steps, cv) for step in range(steps)]
        mean = math.fsum(values) / steps
        deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / steps)
        assert mean == pytest.approx(1, rel=1e-3) and deviation == pytest.approx(cv, rel=0.01)
    assert log_normal(0.5, 1.0) == pytest.approx(2**-0.5)
    upper = (1 + math.erf(1 / math.sqrt(2))) / 2  # one standard deviation above, 0.8413
    assert log_normal(upper, 1.0) == pytest.approx(math.exp(math.sqrt(math.log(2)) - math.log(2) / 2))


def services(samples: Sequence[int], seed: int = 1, name: str = "edge", **values: Any) -> dict[int, float]:
    """Seconds that the calls of these samples take on one node, one a minute."""
    env, spans = Seconds(), Spans()
    made = make_node(env, spans.record, name, node("edge", **values), "w", seed=seed)
    for place, sample in enumerate(samples):
        env.on(60.0 * place, lambda sample=sample: made.compute(sample, SECOND, lambda _: None, lambda _: None, None))
    env.play()
    return {span[0]: span[5] - span[4] for span in spans}


CV = Jitter(cv=0.3)


def test_a_draw_depends_on_sample_and_node_and_on_nobody_else() -> None:
    alone = {sample: services([sample], jitter=CV)[sample] for sample in range(8)}
    assert len(set(alone.values())) == 8
    assert services(range(8), jitter=CV) == pytest.approx(alone, abs=1e-11)
    assert services([7, 3, 5], jitter=CV) == pytest.approx({n: alone[n] for n in (7, 3, 5)}, abs=1e-11)
    assert services(range(8), jitter=CV, queue=Queue(limit=9)) == pytest.approx(alone, abs=1e-11)  # of whatever kind
    assert services([0], jitter=CV, name="other")[0] != alone[0]
    assert services([0], jitter=CV, seed=2)[0] != alone[0]


def test_a_call_takes_what_its_draw_says() -> None:
    draws = Draws(1, "edge")
    wanted = {sample: log_normal(draws.next((sample,)), 0.3) for sample in range(4)}
    assert services(range(4), jitter=CV) == pytest.approx(wanted, abs=1e-11)


def test_every_call_of_a_sample_has_a_draw_of_its_own() -> None:
    draws, again = Draws(1, "edge"), Draws(1, "edge")
    first, second = draws.next((4,)), draws.next((4,))
    assert first != second and 0 < first < 1
    assert (again.next((2,)), again.next((4,)), again.next((4,)))[1:] == (first, second)


def test_a_batch_takes_the_draw_of_its_first_call_and_all_of_them_count() -> None:
    draws, alone = Draws(1, "edge"), Draws(1, "edge")
    assert draws.next((4, 5)) == alone.next((4,))
    alone.next((5,))
    assert draws.next((5,)) == alone.next((5,))
    env, spans = Seconds(), Spans()
    spec = node("edge", jitter=CV, batch=Batching(size=2, wait=1.0))
    made = make_node(env, spans.record, "edge", spec, seed=1)
    for sample in (4, 5):
        made.compute(sample, SECOND, lambda _: None, lambda _: None, None)
    env.play()
    wanted = 2 * log_normal(Draws(1, "edge").next((4,)), 0.3)
    assert [span[5] - span[4] for span in spans] == pytest.approx([wanted] * 2, abs=1e-11)


def test_a_deviation_in_time_is_a_variation_of_each_call() -> None:
    """1 s ± 0.3 s vary as 30 % do; so do 2 s ± 0.6 s, by a draw for a call of 2 s."""
    assert services(range(5), jitter=Jitter(sd=0.3)) == pytest.approx(services(range(5), jitter=CV), abs=1e-11)
    twice = services(range(5), jitter=Jitter(sd=0.6), speed=0.5e9)
    assert twice == pytest.approx({n: 2 * v for n, v in services(range(5), jitter=CV).items()}, abs=1e-11)


def test_a_slow_node_stretches_what_was_drawn() -> None:
    env, spans = Seconds(), Spans()
    made = make_node(env, spans.record, "edge", node("edge", jitter=CV))
    made.set_state(True, 4.0)
    made.compute(3, SECOND, lambda _: None, lambda _: None, None)
    env.play()
    assert spans[0][5] == pytest.approx(4 * services([3], jitter=CV)[3], abs=1e-11)


PROFILE = {"w": {"edge": {1: [1.0, 2.0, 3.0, 4.0, 9.0]}}}


def test_measured_times_are_drawn_from_their_quantiles() -> None:
    """A draw of a half is the median, 3 s; of seven eighths, half way from 4 to 9 s."""
    times = ServiceTime(node("edge", profile=PROFILE), "w")
    assert [times.seconds(SECOND, 1, share) for share in (0.0, 0.5, 0.875, 1.0)] == pytest.approx([1, 3, 6.5, 9])
    draws = Draws(1, "edge")
    wanted = {sample: times.seconds(SECOND, 1, draws.next((sample,))) for sample in range(5)}
    assert services(range(5), jitter=Jitter(measured=True), profile=PROFILE) == pytest.approx(wanted, abs=1e-11)
    assert services([0], profile=PROFILE)[0] == pytest.approx(3.0)  # without jitter the median


def test_without_jitter_nothing_is_drawn() -> None:
    assert set(services(range(5)).values()) == {1.0}
    assert Node(tier="edge").jitter is None


# In a scenario

SCENARIO = """\
data: plaza
samples: 5
workload: {every: 1 s}
nodes:
  camera[1..6]: {tier: device, speed: 1 GFLOP/s}
  edge: {tier: edge, speed: 1 GFLOP/s}
  cloud: {tier: cloud, speed: 1 GFLOP/s}
links:
  - {between: [camera*, edge], preset: wifi}
  - {between: [edge, cloud], preset: wan}
systems:
  ddnn: {thresholds: 0.0}
  ada-ddnn: {thresholds: 0.0}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "jitter.yaml"
    made.write_text(SCENARIO, encoding="utf-8")
    return made


def notes(file: Path, *changes: str) -> list[str]:
    loaded = load_scenario(file, list(changes))
    return constant_times(loaded, plans_of(loaded))


def test_the_notes_say_whose_computing_times_do_not_vary(file: Path) -> None:
    why = "do not vary (no 'jitter'): p99 and the spread of latencies say nothing of them, only of exits, queues, links"
    (all_of_them,) = notes(file)
    assert all_of_them.startswith(f"computing times {why}")
    (some,) = notes(file, "nodes.camera*.jitter={cv: 10 %}")
    assert some.startswith(f"computing times of edge, cloud {why}")
    assert notes(file, "nodes.*.jitter={cv: 10 %}") == []


def test_a_run_says_so_and_its_systems_meet_the_same_draws(simnet: Any, file: Path, tmp_path: Path) -> None:
    """On a camera DDNN and ADA-DDNN compute nearly the same, so that equal factors can be told by their ratio."""
    from simnet.results.run import read_run

    run = ("run", file, "--no-figures", "--quiet", "--set", "nodes.camera*.jitter={cv: 30 %}", "--out")
    for folder in ("one", "two"):
        status, _, error = simnet(*run, tmp_path / folder)
        assert status == 0, error
    manifest = json.loads((tmp_path / "one" / "manifest.json").read_text(encoding="utf-8"))
    assert [note for note in manifest["notes"] if "computing times of edge, cloud do not vary" in note]
    factors = {}
    for system in ("ddnn", "ada-ddnn"):
        spans = read_run(tmp_path / "one").spans(system).to_pylist()
        again = read_run(tmp_path / "two").spans(system).to_pylist()
        assert spans == again
        flop = 1605632 if system == "ddnn" else 1608192
        factors[system] = {
            (span["sample"], span["place"]): (span["ended_at"] - span["started_at"]) * 1e9 / flop
            for span in spans
            if span["kind"] == "compute" and span["place"].startswith("camera")
        }
    assert len(factors["ddnn"]) == 30 and len(set(factors["ddnn"].values())) == 30
    assert factors["ddnn"] == pytest.approx(factors["ada-ddnn"], rel=1e-6)


def measured_file(folder: Path, quantiles: object) -> None:
    profile = {"weights": {"ddnn-plaza": {"edge": {"1": 0.3}}}, "provenance": {}}
    if quantiles is not None:
        profile["quantiles"] = quantiles
    (folder / "measured.json").write_text(json.dumps(profile), encoding="utf-8")


WISH = ("nodes.edge.profile=measured.json", "nodes.edge.jitter={measured: true}")


def test_quantiles_of_a_profile_file_are_read_where_jitter_asks_for_them(file: Path, tmp_path: Path) -> None:
    measured_file(tmp_path, {"ddnn-plaza": {"edge": {"1": [0.1, 0.3, 0.9]}}})
    edge = load_scenario(file, list(WISH)).nodes["edge"]
    assert edge.profile == {"ddnn-plaza": {"edge": {1: [0.1, 0.3, 0.9]}}}
    assert load_scenario(file, [WISH[0]]).nodes["edge"].profile == {"ddnn-plaza": {"edge": {1: 0.3}}}


@pytest.mark.parametrize(
    ("quantiles", "message"),
    [
        (None, "nodes.edge.profile: has no quantiles, which measured jitter needs; measure it again"),
        (
            {"ddnn-plaza": {"edge": {"1": [0.3, 0.1]}}},
            "quantiles.ddnn-plaza.edge.1: must be a list of at least two",
        ),
        ({"ddnn-plaza": {"edge": {"1": [0.3]}}}, "quantiles.ddnn-plaza.edge.1: must be a list of at least two"),
        (
            {"ddnn-plaza": {"edge": {"1": ["x", 1]}}},
            "quantiles.ddnn-plaza.edge.1: must be a list of at least two",
        ),
        ({"ddnn-plaza": {}}, "quantiles.ddnn-plaza.edge.1: must be a list of at least two"),
    ],
)
def test_a_profile_without_good_quantiles_is_one_message(
    file: Path, tmp_path: Path, quantiles: object, message: str
) -> None:
    measured_file(tmp_path, quantiles)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file, list(WISH))
    (problem,) = caught.value.problems
    assert message in str(problem) and "measured.json:1" in str(problem)
