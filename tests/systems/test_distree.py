"""DistrEE: who sends what and when, what failures and deadlines do, and that exits are those of the plain network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from students import DATA, policies, small, write_students

import simnet
from simnet.models.cards.card import read_card
from simnet.models.cards.weights import load_network
from simnet.models.criteria import CRITERIA, Stage, left_at, measures
from simnet.models.data import open_dataset
from simnet.models.networks import NETWORKS
from simnet.models.networks.students.stages import stages_of
from simnet.systems import bytes_until
from simnet.systems.distree import Distree

SAMPLES = 60
NEVER = {"policy": "last-exit"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("students")
    write_students(made)
    return made


def run(
    folder: Path,
    samples: int = SAMPLES,
    nodes: str = "'node[2..4]': {tier: device, speed: 1 TFLOP/s}",
    link: str = "bandwidth: 1000 Gbit/s, latency: 0 s",
    faults: Sequence[str] = (),
    more: str = "",
    source: str = "speed: 1 TFLOP/s",
    every: str = "1 s",
    **system: Any,
) -> simnet.Run:
    keys = ", ".join(f"{key}: {value}" for key, value in system.items())
    file = folder / "world.yaml"
    file.write_text(
        f"""
name: world
data: {{set: "{DATA}", order: file}}
samples: {samples}
workload: {{every: {every}}}
nodes: {{{nodes}, eye: {{tier: source, {source}}}{more}}}
links: [{{between: [eye, 'node*'], {link}}}]
systems:
  it: {{system: distree, weights: students.safetensors, {keys}}}
faults: [{", ".join(faults)}]
""",
        encoding="utf-8",
    )
    return simnet.run(simnet.load(file))


def rows(made: simnet.Run) -> list[dict[str, Any]]:
    return made.samples("it").to_pylist()


def transfers(made: simnet.Run) -> list[tuple[int, str, int]]:
    """(sample, place, bytes) of every message."""
    table = made.spans("it").to_pylist()
    return [(one["sample"], one["place"], one["bytes"]) for one in table if one["kind"] == "transfer"]


def calls_of_first(made: simnet.Run) -> Counter[str]:
    """How often each node computed for the first sample."""
    table = made.spans("it").to_pylist()
    return Counter(one["place"] for one in table if one["kind"] == "compute" and not one["sample"])


def in_torch(folder: Path) -> tuple[list[Stage], np.ndarray]:
    data = open_dataset(DATA, "test", None, folder)
    return stages_of(load_network(read_card(str(folder / "students.safetensors"))), data), data.labels


# What leaves where: as plain PyTorch says -----------------------------------------------------------------------------


@pytest.mark.parametrize("policy", CRITERIA)
def test_all_free_and_no_faults_the_exits_are_those_of_plain_torch(folder: Path, policy: str) -> None:
    stages, labels = in_torch(folder)
    found = measures(CRITERIA[policy], stages)
    limits = [0.0, *(float(np.quantile(one, 0.4)) for one in found[1:])]
    given = "{" + ", ".join(f"exit-{n}: {t!r}" for n, t in enumerate(limits, start=1)) + "}"
    table = rows(run(folder, policy=policy, thresholds=given))
    expected = left_at(found, limits)
    assert len(set(expected.tolist())) == 3, "the test shows something"
    assert [row["exit"] for row in table] == [f"exit-{number + 1}" for number in expected]
    predictions = [stages[number].scores[i].argmax() for i, number in enumerate(expected)]
    assert [row["prediction"] for row in table] == predictions
    assert [row["label"] for row in table] == labels.tolist()
    early = [i for i, number in enumerate(expected) if number < 3]
    assert [table[i]["entropy"] for i in early] == pytest.approx([found[expected[i], i] for i in early], abs=1e-5)


def test_the_card_has_the_thresholds_of_the_policy(folder: Path, tmp_path: Path) -> None:
    write_students(tmp_path, policies=policies({"similarity": {"exit-1": 1.0, "exit-2": 1.0, "exit-3": 0.0}}))
    assert Counter(row["exit"] for row in rows(run(tmp_path, policy="similarity"))) == {"exit-2": SAMPLES}
    assert Counter(row["exit"] for row in rows(run(tmp_path, **NEVER))) == {"exit-4": SAMPLES}


def test_at_random_each_sample_draws_for_itself(folder: Path) -> None:
    """Rates 0, 1/2, 1/2 of those that come so far; the first stage is never left, whatever its T."""
    given = "{exit-1: 1, exit-2: 0.5, exit-3: 0.5}"
    table = rows(run(folder, policy="random", thresholds=given))
    exits = Counter(row["exit"] for row in table)
    assert exits["exit-1"] == 0 and 18 <= exits["exit-2"] <= 42 and exits["exit-3"] and exits["exit-4"]
    slow = rows(run(folder, policy="random", thresholds=given, source="speed: 10 MFLOP/s", every="20 s"))
    assert [row["exit"] for row in slow] == [row["exit"] for row in table], "draws do not depend on times"


# The ledger ----------------------------------------------------------------------------------------------------------


def test_the_ledger_of_one_sample_to_the_byte() -> None:
    """Four nodes, exit 2, fp32: 3 images of 3,072 B, 2 · 3 features of 128 B, 3 words of 4 B to go on: 9,996 B."""
    graph = NETWORKS["distree"](NETWORKS["distree"].Architecture()).graph.with_costs(
        {f"adapter-{n}": {"sends": (1, 1, 32)} for n in range(1, 5)}
    )
    sent = bytes_until("distree", graph, "fp32")
    assert sent["exit-1"] == 3 * 3_072 + 3 * 128
    assert sent["exit-2"] == 3 * 3_072 + 2 * 3 * 128 + 3 * 4 == 9_996
    assert sent["exit-4"] == 3 * 3_072 + 4 * 3 * 128 + 3 * 3 * 4
    per_node = {codec: bytes_until("distree", graph, codec)["exit-1"] / 3 - 3_072 for codec in ("fp16", "int8", "1bit")}
    assert per_node == {"fp16": 64, "int8": 36, "1bit": 8}


def test_what_is_sent_is_what_the_ledger_says(folder: Path) -> None:
    """Images of 3 · 16 · 16 = 768 B, features of 4 values."""
    only_two = "{exit-1: 0, exit-2: 1, exit-3: 0}"
    made = run(folder, samples=1, policy="similarity", thresholds=only_two)
    (row,) = rows(made)
    assert row["exit"] == "exit-2"
    card = read_card(str(folder / "students.safetensors"))
    assert row["bytes"] == bytes_until("distree", card.graph, "fp32")["exit-2"] == 3 * 768 + 2 * 3 * 16 + 3 * 4
    assert Counter((place, size) for _, place, size in transfers(made)) == {
        **{(f"eye→node{n}", size): 1 for n in (2, 3, 4) for size in (768, 4)},
        **{(f"node{n}→eye", 16): 2 for n in (2, 3, 4)},
    }
    last = run(folder, samples=1, **NEVER)
    assert rows(last)[0]["bytes"] == 3 * 768 + 4 * 3 * 16 + 3 * 3 * 4
    coded = run(folder, samples=1, codec="int8", **NEVER)
    assert rows(coded)[0]["bytes"] == 3 * 768 + 4 * 3 * (4 + 4) + 3 * 3 * 4


def test_with_a_deadline_every_message_of_features_tells_the_speed(folder: Path) -> None:
    made = run(folder, samples=1, deadline="1 h", **NEVER)
    assert rows(made)[0]["bytes"] == 3 * 768 + 4 * 3 * (16 + 4) + 3 * 3 * 4


def test_every_node_computes_its_stages_and_the_source_the_heads(folder: Path) -> None:
    """FLOP that really ran: N students up to the exit, the heads, and the maps where the criterion reads them."""
    graph = read_card(str(folder / "students.safetensors")).graph
    flop = {name: segment.flop for name, segment in graph.segments.items()}
    for policy, maps in (("similarity", 0), ("feature-difference", 1)):
        for stop in (2, 3):
            given = f"{{exit-1: 0, exit-2: {(1 + maps) * (stop == 2)}, exit-3: {(1 + maps) * (stop == 3)}}}"
            made = run(folder, samples=1, policy=policy, thresholds=given, source="speed: 1 MFLOP/s",
                       nodes="'node[2..4]': {tier: device, speed: 1 MFLOP/s}")  # fmt: skip
            assert rows(made)[0]["exit"] == f"exit-{stop}"
            spans = [one for one in made.spans("it").to_pylist() if one["kind"] == "compute"]
            busy = sum(one["ended_at"] - one["started_at"] for one in spans) * 1e6
            students = sum(4 * (flop[f"stage-{n}"] + flop[f"adapter-{n}"]) for n in range(1, stop + 1))
            heads = sum(flop[f"head-{n}"] + maps * flop[f"aligned-{n}"] for n in range(1, stop + 1))
            assert busy == pytest.approx(students + heads, abs=1)


# Times ---------------------------------------------------------------------------------------------------------------

SLOW = {
    "source": "speed: 100 MFLOP/s",
    "nodes": "'node[2..4]': {tier: device, speed: 100 MFLOP/s}",
    "link": "bandwidth: 8 Mbit/s, latency: 10 ms",
}
"""A byte takes 1 us."""


def times(folder: Path) -> tuple[list[float], list[float]]:
    """Seconds of a stage on a node, and of a head, at 100 MFLOP/s."""
    flop = {n: s.flop for n, s in read_card(str(folder / "students.safetensors")).graph.segments.items()}
    return (
        [(flop[f"stage-{n}"] + flop[f"adapter-{n}"]) / 1e8 for n in range(1, 5)],
        [flop[f"head-{n}"] / 1e8 for n in range(1, 5)],
    )


def test_the_time_of_a_sample_stage_by_stage(folder: Path) -> None:
    stage, head = times(folder)
    (row,) = rows(run(folder, samples=1, **SLOW, **NEVER))
    image, word, features = 0.010 + 768e-6, 0.010 + 4e-6, 0.010 + 16e-6
    expected = image + sum(stage) + 4 * features + sum(head) + 3 * word
    assert row["latency"] == pytest.approx(expected, abs=1e-11)


def test_speculative_nodes_wait_for_nobody(folder: Path) -> None:
    """The others run their stages one after another; the source begins each when it knows that it goes on."""
    stage, head = times(folder)
    made = run(folder, samples=1, control="speculative", **SLOW, **NEVER)
    (row,) = rows(made)
    image, features = 0.010 + 768e-6, 0.010 + 16e-6
    assert row["latency"] == pytest.approx(image + sum(stage) + features + sum(head), abs=1e-11)
    assert row["bytes"] == 3 * 768 + 4 * 3 * 16, "nobody is told to go on, and at the end there is nothing to stop"


def test_a_stop_ends_them_and_what_they_did_meanwhile_is_charged(folder: Path) -> None:
    two = {"policy": "similarity", "thresholds": "{exit-1: 0, exit-2: 1, exit-3: 0}"}
    waiting = run(folder, samples=1, **SLOW, **two)
    made = run(folder, samples=2, control="speculative", **SLOW, **two)  # the second lets the first come to an end
    row = rows(made)[0]
    assert row["exit"] == "exit-2"
    stops = [size for sample, place, size in transfers(made) if place.startswith("eye") and size == 4 and not sample]
    assert stops == [4, 4, 4]
    calls = calls_of_first(made)
    stage, _ = times(folder)
    assert stage[2] + stage[3] < 0.02, "the stop, some 20 ms later, comes after the last stage"
    assert calls == {"node2": 4, "node3": 4, "node4": 4, "eye": 2 + 2}
    assert rows(waiting)[0]["latency"] > row["latency"]
    slow = {**SLOW, "nodes": "'node[2..4]': {tier: device, speed: 300 kFLOP/s}"}
    assert 333 * stage[2] > 0.021
    made = run(folder, samples=2, control="speculative", **slow, **two)
    calls = calls_of_first(made)
    assert {calls[f"node{n}"] for n in (2, 3, 4)} == {3}, "the third stage has begun when the stop comes, the last not"
    sent = Counter(place for sample, place, size in transfers(made) if size == 16 and not sample)
    assert sent == {f"node{n}→eye": 2 for n in (2, 3, 4)}, "who has been told to stop sends what it has made no more"


# Failures ------------------------------------------------------------------------------------------------------------


def lost(name: str, at: str = "0 s", lasts: str | None = None) -> str:
    return f"{{at: {at}, node: {name}, is: down" + (f", for: {lasts}}}" if lasts else "}")


def masked(folder: Path, present: Sequence[int], last: int = 3) -> np.ndarray:
    """Class scores of a stage with some of the students only, by one pass of the whole network."""
    network: Any = load_network(read_card(str(folder / "students.safetensors")))
    views = network.prepare(torch.from_numpy(open_dataset(DATA, "test", None, folder).pixels(range(SAMPLES))))
    with torch.inference_mode():
        mask = torch.tensor([[n in present for n in range(4)]] * SAMPLES)
        found: np.ndarray = network.heads[last](network.joined(views, mask)[last]).numpy()
    return found


def test_a_node_that_is_down_is_zeros_in_the_mask(folder: Path) -> None:
    table = rows(run(folder, faults=[lost("node3")], wait="50 ms", **NEVER))
    assert [row["prediction"] for row in table] == masked(folder, (0, 1, 3)).argmax(1).tolist()
    assert {row["exit"] for row in table} == {"exit-4"}
    assert masked(folder, (0, 1, 3)).argmax(1).tolist() != masked(folder, range(4)).argmax(1).tolist()
    assert all(row["latency"] == pytest.approx(0.05, abs=1e-3) for row in table), (
        "it is waited for once, not four times"
    )


def test_the_source_alone_answers_without_any_other(folder: Path) -> None:
    table = rows(run(folder, faults=[lost(f"node{n}") for n in (2, 3, 4)], wait="50 ms", **NEVER))
    assert [row["prediction"] for row in table] == masked(folder, (0,)).argmax(1).tolist()


@pytest.mark.parametrize("control", ["continue", "speculative"])
def test_a_source_that_is_slower_than_the_wait_is_never_left_out(folder: Path, control: str) -> None:
    """Its own features it waits for: a stage takes it 1,000 times as long as the others, and the wait is 1 ms.

    Each stage is computed once. Without any other node samples end, too, although there is a worker free for the head.
    """
    slow = {**SLOW, "source": "speed: 100 kFLOP/s, workers: 2", "wait": "1 ms", "control": control, **NEVER}
    stage, head = times(folder)
    made = run(folder, samples=SAMPLES, every="1 h", **slow)
    assert [row["prediction"] for row in rows(made)] == masked(folder, range(4)).argmax(1).tolist()
    for row in rows(made):
        assert row["latency"] == pytest.approx(1000 * (sum(stage) + sum(head)), abs=1e-9)
    assert calls_of_first(made) == {"eye": 8, **{f"node{n}": 4 for n in (2, 3, 4)}}
    assert 1000 * min(stage) > 0.03, "the others go down when they have sent their first features"
    gone = [lost(f"node{n}", f"{(10.768 + 1e3 * stage[0]) + 11:.3f} ms") for n in (2, 3, 4)]
    (row,) = rows(run(folder, samples=1, faults=gone, **slow))
    assert (row["exit"], row["outcome"]) == ("exit-4", "finished")
    if control == "continue":
        assert row["prediction"] == masked(folder, (0,))[0].argmax()
        once = 0.001  # they are waited for in the second stage, and then left out
        assert row["latency"] == pytest.approx(1000 * (sum(stage) + sum(head)) + once, abs=1e-9)


def test_who_fails_between_two_stages_has_lost_the_sample_and_is_zeros_from_then_on(folder: Path) -> None:
    """Node 2 is down for a moment while the source waits for the first stage of the others, and then back."""
    stage, _ = times(folder)
    slow = {
        **SLOW,
        "nodes": "node2: {tier: device, speed: 100 MFLOP/s}, 'node[3..4]': {tier: device, speed: 1 MFLOP/s}",
    }
    while_others_compute = f"{(0.010768 + stage[0] + 0.02) * 1e3:.3f} ms"
    made = run(folder, samples=1, faults=[lost("node2", while_others_compute, "1 ms")], wait="2 s", **slow, **NEVER)
    (row,) = rows(made)
    calls = calls_of_first(made)
    assert (row["exit"], calls["node2"], calls["node3"]) == ("exit-4", 1, 4)
    network: Any = load_network(read_card(str(folder / "students.safetensors")))
    views = network.prepare(torch.from_numpy(open_dataset(DATA, "test", None, folder).pixels([0])))
    with torch.inference_mode():
        mask = torch.tensor([[True, False, True, True]])
        expected = int(network.heads[3](network.joined(views, mask)[3]).argmax())
    assert row["prediction"] == expected


def test_a_source_that_is_down_drops_its_samples(folder: Path) -> None:
    table = rows(run(folder, samples=4, faults=[lost("eye", "500 ms", "1 s")], **NEVER))
    assert [row["outcome"] for row in table] == ["finished", "dropped", "finished", "finished"]
    assert table[1]["reason"] == "source down" and table[1]["bytes"] == 0
    meanwhile = rows(run(folder, samples=1, faults=[lost("eye", "5 ms", "1 s")], **SLOW, **NEVER))
    assert (meanwhile[0]["outcome"], meanwhile[0]["reason"]) == ("dropped", "source down")


# Deadlines -----------------------------------------------------------------------------------------------------------


def test_before_a_stage_that_would_be_too_late_the_exit_is_forced(folder: Path) -> None:
    """A stage more costs a word, the stage, features: known to the byte, so the rule can be told by hand."""
    stage, head = times(folder)
    image, word, features = 0.010 + 768e-6, 0.010 + 4e-6, 0.010 + 20e-6
    after = [image + stage[0] + features + head[0]]
    for n in (1, 2, 3):
        after.append(after[-1] + word + stage[n] + features + head[n])
    for reached in range(4):
        limit = after[reached] + (0.001 if reached < 3 else 0.1)
        (row,) = rows(run(folder, samples=1, deadline=f"{limit * 1e3:.6f} ms", **SLOW, **NEVER))
        assert row["exit"] == f"exit-{reached + 1}"
        assert row["outcome"] == ("forced" if reached < 3 else "finished")
        assert row["latency"] == pytest.approx(after[reached], abs=1e-11)


@pytest.mark.parametrize(
    ("link", "word", "features"),
    [("header: 1 kB", 0.010 + 1_004e-6, 0.010 + 1_020e-6), ("medium: cell", 0.010 + 3 * 4e-6, 0.010 + 3 * 20e-6)],
)
def test_what_a_stage_more_takes_on_the_links(folder: Path, link: str, word: float, features: float) -> None:
    """Headers count, and on a medium all three words and features, one after the other; a byte takes 1 us."""
    stage, _ = times(folder)
    free = {**SLOW, "link": f"{SLOW['link']}, {link}", **NEVER}
    (row,) = rows(run(folder, samples=1, deadline="1 us", **free))
    assert (row["exit"], row["outcome"]) == ("exit-1", "forced")
    ends = row["latency"] + word + stage[1] + features
    for more, exit_name in ((-1e-6, "exit-1"), (1e-6, "exit-2")):
        (row,) = rows(run(folder, samples=1, deadline=f"{(ends + more) * 1e3:.6f} ms", **free))
        assert (row["exit"], row["outcome"]) == (exit_name, "forced")


def test_a_node_that_has_become_slow_is_known_one_message_later(folder: Path) -> None:
    """From the second sample on a stage takes longer than the deadline is: not to be seen before the first message."""
    nodes = "'node[2..4]': {tier: device, speed: 20 MFLOP/s}"
    free = {"nodes": nodes, "deadline": "80 ms", **NEVER}
    fast = rows(run(folder, samples=3, **free))
    assert {row["exit"] for row in fast} == {"exit-4"}
    slow = rows(run(folder, samples=3, faults=["{at: 500 ms, node: node2, slow: 200}"], **free))
    assert slow[0]["exit"] == "exit-4"
    assert [row["outcome"] for row in slow[1:]] == ["forced", "forced"]
    assert {row["exit"] for row in slow[1:]} == {"exit-1"}, "its first message tells, and no stage more is tried"


# What does not fit, in one message -----------------------------------------------------------------------------------


@pytest.mark.parametrize("others", [2, 4])
def test_more_nodes_than_students_or_fewer_is_one_message(folder: Path, others: int) -> None:
    with pytest.raises(simnet.ScenarioError) as caught:
        run(folder, nodes=f"'node[2..{others + 1}]': {{tier: device, speed: 1 GFLOP/s}}")
    assert len(caught.value.problems) == 1
    said = str(caught.value)
    assert "the network has 4 students, one for each node (the source is one of them)" in said
    assert f"found {others + 1} nodes: eye, node2" in said


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"policy": "feature-diference"}, "feature-difference"),
        ({"rule": "max"}, "'policy' says what is compared with the thresholds"),
        ({"reply": "device"}, "the source has the camera, and the answer"),
        ({"thresholds": "0.3", **NEVER}, "no sample leaves early by itself"),
        ({"deadline": "0 s"}, "deadline"),
        ({"control": "speculativ"}, "speculative"),
        ({"thresholds": "{exit-1: 0, exit-2: 0}"}, "gives no threshold for exit 'exit-3'"),
    ],
)
def test_bad_keys_are_one_message_with_file_line_and_key(folder: Path, keys: dict[str, str], expected: str) -> None:
    with pytest.raises(simnet.ScenarioError) as caught:
        run(folder, **keys)
    (problem,) = caught.value.problems
    assert problem.line and expected in str(caught.value)


def test_weights_without_thresholds_of_a_policy_say_so(tmp_path: Path) -> None:
    write_students(tmp_path, policies={"similarity": "high"})
    with pytest.raises(simnet.ScenarioError, match="no calibrated threshold for exit-1, exit-2, exit-3; give 'thresh"):
        run(tmp_path, policy="similarity")


def test_a_network_of_another_kind_says_what_is_missing(folder: Path) -> None:
    from simnet.models.graph import INPUT, Graph, Segment, Take
    from simnet.systems.roles import Place, Unfit

    graph = Graph(1, (3, 4, 4), [Segment("whole", (Take(INPUT),), exit="last")], 2)
    place = Place(None, {"source": ("eye",), "device": ("node",)}, {"eye": 0})
    with pytest.raises(Unfit, match="no 'stage-1' and no 'adapter-1'"):
        Distree.fit(graph, place, None)


@pytest.mark.parametrize("nodes", [2, 8])
def test_two_and_eight_nodes_play_too(tmp_path: Path, nodes: int) -> None:
    write_students(tmp_path, small(nodes, base_widths=(8, 8, 8, 8)))
    made = run(tmp_path, samples=8, nodes=f"'node[2..{nodes}]': {{tier: device, speed: 1 GFLOP/s}}", **NEVER)
    assert {row["exit"] for row in rows(made)} == {"exit-4"}
    assert {row["bytes"] for row in rows(made)} == {(nodes - 1) * (768 + 4 * (4 * 16 // nodes) + 3 * 4)}
