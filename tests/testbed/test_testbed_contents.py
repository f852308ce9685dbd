"""What messages of an execution carry, and that nodes run on that: bytes, masks and scores, without any privileges."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from small import SCENARIO

import simnet
from simnet.models.codecs import Codec, Fp16
from simnet.models.data import open_dataset
from simnet.models.graph import INPUT, Part
from simnet.registry import PluginError
from simnet.testbed.contents import Contents, Item, Roles, Told
from simnet.testbed.segments import Segments
from simnet.world.captures import alike, captures, images_of
from simnet.world.plan import Plan, plans_of
from simnet.world.run import Options, answers_of

PLAIN = SCENARIO.replace("DDNN", "ddnn-plaza").replace("ADA", "ada-ddnn-plaza")
CAMERAS = [f"camera{number}" for number in range(1, 7)]
DEVICE = [Part("device", number) for number in range(6)]
FEATURES, SCORES = 2048, 40
"""8 × 8 × 8 features of four bytes, ten scores."""
NOTHING = Told(np.empty(0, np.float32), {})


def plan(**options: object) -> Plan:
    changes = {f"systems.ada-ddnn.{key}": value for key, value in options.items()}
    return plans_of(simnet.load(PLAIN).with_(changes))["ada-ddnn"]


def seen(contents: Contents, cameras: list[str], sample: int = 0) -> None:
    """These cameras have run their segments."""
    for name in cameras:
        calls = contents.calls(name, sample, ("device",))
        contents.made(name, sample, calls, dict.fromkeys((part for part, _ in calls), NOTHING))


@pytest.mark.parametrize(
    ("codec", "size", "carried"),
    [
        (
            "fp32",
            FEATURES + SCORES + 4,
            ["features coded", "scores"],
        ),  # the entropy beside them follows from the scores
        ("fp32", SCORES + 4, ["scores"]),
        ("fp32", FEATURES, ["features coded"]),
        ("fp32", 4, []),  # a request
        ("int8", 512 + 32 + SCORES + 4, ["features coded", "scores"]),
        ("1bit", 64 + 32, ["features coded"]),
        ("int8", FEATURES + SCORES + 4, ["features", "scores"]),  # one that was not coded, by `codec_above`
    ],
)
def test_a_message_carries_what_fits_into_its_bytes(codec: str, size: int, carried: list[str]) -> None:
    contents = Contents(Roles(plan(codec=codec)))
    seen(contents, ["camera2"])
    cargo = contents.message(0, "camera2", "edge", size)
    assert [f"{item.what}{' coded' * item.coded}" for item, _ in cargo] == carried
    assert {item.part for item, _ in cargo} <= {Part("device", 1)}


def test_what_was_sent_is_not_sent_again_before_the_rest_is() -> None:
    contents = Contents(Roles(plan()))
    seen(contents, ["camera1"])
    features, scores = Item("features", DEVICE[0], True), Item("scores", DEVICE[0])
    both = FEATURES + SCORES
    assert [item for item, _ in contents.message(0, "camera1", "edge", SCORES)] == [scores]
    assert [item for item, _ in contents.message(0, "camera1", "edge", both)] == [features]
    assert sorted(item.what for item, _ in contents.message(0, "camera1", "edge", both)) == ["features", "scores"]


@pytest.mark.parametrize("codec", ["fp32", "int8"])
def test_what_has_arrived_upstream_is_what_a_simulation_asks_for(codec: str) -> None:
    """camera3 is silent: the edge's segment has the five others' features, coded where a codec loses something."""
    made = plan(codec=codec)
    graph, contents = made.graph, Contents(Roles(made))
    others = [name for name in CAMERAS if name != "camera3"]
    seen(contents, others)
    size = (512 + 32 if codec == "int8" else FEATURES) + SCORES + 4
    for name in others:
        contents.arrived("edge", (0, name, "edge", size), contents.message(0, name, "edge", size))
    ((part, upstream),) = contents.calls("edge", 0, ("edge",))
    arrived = graph.of_views(0b111011)
    coded = graph.coded(graph.arcs_from(*DEVICE)) if codec == "int8" else 0
    assert part == Part("edge")
    assert graph.key(part, upstream) == graph.key(part, arrived | coded)
    assert contents.decider(Part("surest"), 0, arrived | coded) == "edge"
    assert contents.decider(Part("surest"), 0, graph.of_views(0b111111) | coded) is None  # nobody has all six
    contents.died("edge")
    assert contents.calls("edge", 0, ("edge",)) == [(Part("edge"), 0)]  # what it had is gone with it


def test_what_is_passed_on_is_what_came() -> None:
    contents = Contents(Roles(plan()))
    seen(contents, ["camera1"])
    message = (0, "camera1", "edge", FEATURES + SCORES + 4)
    cargo = contents.message(*message)
    contents.arrived("router", message, cargo)
    assert contents.passed("router", message) == cargo
    assert contents.passed("router", message) == ()


def test_a_codec_must_say_how_it_is_read_as_well() -> None:
    """Features are sent by nobody who writes what the other end cannot read; the scores beside them are."""

    class Written(Fp16):
        decode = Codec.decode

    roles = Roles(plan(codec="fp16"))
    assert roles.writes
    roles.codec = Written()
    contents = Contents(roles)
    seen(contents, ["camera2"])
    cargo = contents.message(0, "camera2", "edge", FEATURES // 2 + SCORES)
    assert not roles.writes and [item.what for item, _ in cargo] == ["scores"]
    with pytest.raises(PluginError, match="codec 'fp16' does not say how it reads what it writes"):
        roles.codec.decode(b"", (1, 1, 1))


@pytest.mark.parametrize("codec", ["fp32", "1bit"])
def test_a_node_runs_on_the_bytes_that_it_was_sent(codec: str) -> None:
    """Two cameras of six report: the edge's scores are the network's on these two, and others on other bytes."""
    made, scenario = plan(codec=codec), simnet.load(PLAIN)
    roles = Roles(made)
    first = Segments(scenario, made, open_dataset(scenario.data, scenario.split, None, scenario.folder), roles)
    sizes = {"fp32": FEATURES, "1bit": 64 + 32}
    contents, graph, sample = Contents(roles), made.graph, 3

    def process() -> Segments:
        """What a node has is its own."""
        one = copy.copy(first)
        one._kept = type(first._kept)()
        return one

    edge, spoilt = process(), process()
    for name in CAMERAS[:2]:
        camera = process()
        calls = contents.calls(name, sample, ("device",))
        camera.run(name, sample, calls)
        contents.made(name, sample, calls, camera.told(name, sample, calls))
        message = (sample, name, "edge", sizes[codec] + SCORES + 4)
        cargo = contents.message(*message)
        items = [item for item, _ in cargo]
        data = camera.content(name, sample, items)
        assert len(data) == message[-1] - 4
        contents.arrived("edge", message, cargo)
        edge.take(sample, items, data + bytes(4))
        spoilt.take(sample, items, data[::-1] + bytes(4))
    calls = contents.calls("edge", sample, ("edge",))
    for node in (edge, spoilt):
        node.run("edge", sample, calls)
    told = edge.told("edge", sample, calls)[Part("edge")]

    data = open_dataset(scenario.data, scenario.split, None, scenario.folder)
    captured = captures(scenario)
    rows = images_of(scenario, len(captured), len(data))
    answers = answers_of(made, data, alike(scenario, captured, made.seeing), rows, Options())
    coded = graph.coded(graph.arcs_from(*DEVICE)) if codec == "1bit" else 0
    upstream = graph.of_views(0b000011) | coded
    known, measures = answers.told("edge-2", np.array([sample]), upstream)
    prediction, measure, scores = told.judged["edge-2"]
    assert np.abs(scores - known[0]).max() < 1e-4
    assert (prediction, measure) == (known[0].argmax(), pytest.approx(measures[0], abs=1e-4))
    other = spoilt.told("edge", sample, calls)[Part("edge")].judged["edge-2"][2]
    assert not np.abs(other - scores).max() < 0.1
    surest = edge.answer("edge", "edge-1", sample, upstream)
    assert surest is not None
    assert np.abs(surest[2] - answers.told("edge-1", np.array([sample]), upstream)[0]).max() < 1e-4
    nobody = process()
    nobody.run("edge", sample, calls)
    assert nobody.told("edge", sample, calls) == {}  # of images that it has not seen it knows nothing
    assert Part(INPUT, 0) not in roles.views["edge"]
