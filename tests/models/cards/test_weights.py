"""Weights and cards: what is damaged or does not fit is one message; what is shipped keeps its promises."""

from __future__ import annotations

import json
import math
import shlex
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paths import ROOT
from safetensors.torch import load_file, save_file
from weights import random_network, write_random_weights

from simnet.cli.models.options import sent
from simnet.models.cards import card as cards
from simnet.models.cards.card import WEIGHTS, Card, WeightsError, file_sha256, read_card, shipped
from simnet.models.cards.catalogue import markdown, overview
from simnet.models.cards.costs import measured
from simnet.models.cards.weights import build, load_network, save_weights
from simnet.models.data import set_of
from simnet.models.evaluation.calibration import GRID_RULES
from simnet.models.networks import NETWORKS
from simnet.models.studies.nearest import told_of
from simnet.models.training.recipes import changed, recipe
from simnet.models.training.training import Recipe
from simnet.systems import bytes_until

DOC = ROOT / "docs" / "models.md"
SMALL = {"device_widths": (4,) * 4, "edge_widths": (8, 8), "cloud_widths": (8, 8)}
SHIPPED = sorted(path.stem for path in WEIGHTS.glob("*.json"))


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return write_random_weights(tmp_path, "ada-ddnn", "plaza")


def change(weights: Path, edit: Callable[[dict[str, Any]], object]) -> str:
    """Change the card of `weights`; returns its name."""
    path = weights.with_suffix(".json")
    values = json.loads(path.read_text())
    edit(values)
    path.write_text(json.dumps(values))
    return str(path)


def refused(weights: Path, match: str) -> None:
    with pytest.raises(WeightsError, match=match) as caught:
        load_network(read_card(str(weights)))
    assert weights.stem in str(caught.value)


def test_saved_and_loaded_is_the_same(weights: Path) -> None:
    card = read_card(str(weights))
    assert card == read_card(str(weights.with_suffix(".json")))
    assert (card.name, card.weights, card.sha256) == ("ada-ddnn-plaza", weights, file_sha256(weights))
    assert card.thresholds == {"edge-1": 0.95, "edge-2": 0.95}
    network, original = load_network(card), random_network("ada-ddnn", "plaza")
    assert not network.training and network.arch == original.arch
    for name, tensor in original.state_dict().items():
        assert torch.equal(tensor, network.state_dict()[name])
    assert measured(network).as_dict() == card.graph.as_dict()
    assert sorted(path.suffix for path in weights.parent.iterdir()) == [".json", ".safetensors"]


def test_unknown_name() -> None:
    with pytest.raises(WeightsError, match=r"no weights 'ada-dnn-plaza': .* did you mean 'ada-ddnn-plaza'"):
        read_card("ada-dnn-plaza")


@pytest.mark.parametrize("content", ["", "{", "\ufeff{}", "weights: 1"])
def test_card_that_is_no_json(content: str, weights: Path) -> None:
    weights.with_suffix(".json").write_text(content)
    refused(weights, "not a readable card")


def test_card_that_is_not_text_or_a_folder(weights: Path) -> None:
    weights.with_suffix(".json").write_bytes(b"\xff\xfe\x00")
    refused(weights, "not a readable card")
    weights.with_suffix(".json").unlink()
    weights.with_suffix(".json").mkdir()
    refused(weights, "not a readable card")


@pytest.mark.parametrize("key", cards.REQUIRED)
def test_card_without_a_key(key: str, weights: Path) -> None:
    def drop(values: dict[str, Any]) -> None:
        *outer, last = key.split(".")
        for part in outer:
            values = values[part]
        del values[last]

    change(weights, drop)
    refused(weights, f"the card lacks {key}$")


@pytest.mark.parametrize("threshold", ["half", 1.5, None])
def test_thresholds_that_are_no_shares(threshold: object, weights: Path) -> None:
    change(weights, lambda values: values["calibration"]["thresholds"].update({"edge-1": threshold}))
    refused(weights, r"must be numbers in \[0, 1\]")


@pytest.mark.parametrize("temperatures", [{"device": 0}, {"cloud": "hot"}, {"edge": float("inf")}, [1.0], None])
def test_temperatures_that_are_none(temperatures: object, weights: Path) -> None:
    assert read_card(str(weights)).temperatures == {}
    change(weights, lambda values: values["calibration"].update(temperatures=temperatures))
    refused(weights, "calibration.temperatures must be positive numbers")


def test_temperatures_and_codec_of_a_card(weights: Path) -> None:
    assert read_card(str(weights)).codec == "fp32"
    change(weights, lambda values: values["calibration"].update(temperatures={"device": 1.5}))
    change(weights, lambda values: values["architecture"].update(codec="int8"))
    card = read_card(str(weights))
    assert card.temperatures == {"device": 1.5} and card.codec == "int8"
    change(weights, lambda values: values["architecture"].update(codec="int9"))
    refused(weights, "architecture.codec 'int9' is none of fp32, fp16, int8, 1bit")


@pytest.mark.parametrize("key", ["network", "graph"])
def test_a_card_without_its_network_or_graph(key: str, weights: Path) -> None:
    change(weights, lambda values: values.pop(key))
    refused(weights, f"the card lacks {key} or {cards.FORMER[key]}$")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda graph: graph.clear(), "graph: is no graph of segments: 'views'"),
        (lambda graph: graph["segments"].pop(0), "there is no segment 'device' to scale"),
        (lambda graph: graph["segments"][0].update(copies=10**12), "1000000000000 is no whole number from 1 to 10,000"),
        (lambda graph: graph["segments"][0].update(flop="many"), "'many' is no whole number from 0 to 1,000,0"),
        (lambda graph: graph["segments"][-1].update(name="edge"), "there are two segments 'edge'"),
        (lambda graph: graph["segments"].reverse(), "in a circle, or in the wrong order"),
        (lambda graph: graph["segments"][-1].update(exit="end"), "its graph is not that of the network 'ada-ddnn'"),
        (lambda graph: graph["segments"][2]["takes"][0].update(filled=False), "its graph is not that of the network"),
        (lambda graph: graph.update(view=[3, 8, 8]), "its graph is not that of the network"),
    ],
)
def test_graph_that_is_none_or_another(edit: Callable[[dict[str, Any]], object], message: str, weights: Path) -> None:
    change(weights, lambda values: edit(values["graph"]))
    refused(weights, message)


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 40),
    st.floats(-2, 40),
    st.text(max_size=4),
    st.sampled_from(["device", "input", "scores", "concat", "1bit", "ddnn-2017"]),
)
ANYTHING = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner))


@given(
    data=st.data(),
    part=st.sampled_from(["graph", "architecture", "network", "calibration", "class_names", "layers", "sha256"]),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_written_in_a_card_it_loads_or_is_one_message(
    data: st.DataObject, part: str, tmp_path: Path
) -> None:
    """One value, or key, anywhere in graph, architecture and calibration is another."""
    path = tmp_path / "ada-ddnn-plaza.safetensors"
    if not path.is_file():
        write_random_weights(tmp_path, "ada-ddnn", "plaza", **SMALL)
        path.with_suffix(".json").rename(tmp_path / "good.json")
    values = json.loads((tmp_path / "good.json").read_text())
    inside, key = values, part
    while isinstance(inside[key], dict | list) and inside[key] and data.draw(st.integers(0, 4)):
        inside = inside[key]
        key = data.draw(st.sampled_from(list(inside) if isinstance(inside, dict) else list(range(len(inside)))))
    if data.draw(st.booleans()) and isinstance(inside, dict):
        del inside[key]
    else:
        inside[key] = data.draw(ANYTHING)
    path.with_suffix(".json").write_text(json.dumps(values))
    try:
        card = read_card(str(path))
        load_network(card)
        assert all(isinstance(one, dict) for one in (card.layers, card.thresholds, card.temperatures))
    except WeightsError as problem:
        assert "ada-ddnn-plaza" in str(problem)


def test_card_that_is_a_list(weights: Path) -> None:
    weights.with_suffix(".json").write_text("[]")
    refused(weights, "the card lacks data, .*network or system, graph or segments")


def test_missing_weights(weights: Path) -> None:
    weights.unlink()
    refused(weights, "the weights of card ada-ddnn-plaza.json are missing")


@pytest.mark.parametrize("byte", [8, -1])
def test_one_changed_byte(byte: int, weights: Path) -> None:
    content = bytearray(weights.read_bytes())
    content[byte] ^= 1
    weights.write_bytes(content)
    refused(weights, "checksum [0-9a-f]{12}… is not the card's")


@pytest.mark.parametrize("content", [b"", b"not safetensors at all", None])
def test_damaged_file_with_a_card_that_agrees(content: bytes | None, weights: Path) -> None:
    weights.write_bytes(weights.read_bytes()[:5000] if content is None else content)
    change(weights, lambda values: values.update(sha256=file_sha256(weights)))
    refused(weights, "does not fit its card")


def rewrite(weights: Path, edit: Callable[[dict[str, torch.Tensor]], object]) -> None:
    """Change the tensors of `weights`, with a card that agrees with the new file."""
    tensors = load_file(weights)
    edit(tensors)
    save_file(tensors, weights)
    change(weights, lambda values: values.update(sha256=file_sha256(weights)))


@pytest.mark.parametrize(
    "edit",
    [
        lambda tensors: tensors.pop("cloud.classifier.linear.bias"),
        lambda tensors: tensors.update({"more": torch.zeros(1)}),
        lambda tensors: tensors.update({"cloud.classifier.linear.bias": torch.zeros(11)}),
    ],
)
def test_tensors_that_do_not_fit(edit: Callable[[dict[str, torch.Tensor]], object], weights: Path) -> None:
    rewrite(weights, edit)
    refused(weights, "does not fit its card")


@pytest.mark.parametrize(
    "edit",
    [
        {"fusion": "sum"},
        {"fusion": "max"},
        {"device_widths": [16, 16, 16, 16]},
        {"device_widths": []},
        {"device_widths": "wide"},
        {"device_widths": [-1, 2, 3, 4]},
        {"cloud_widths": None},
        {"classes": "ten"},
        {"depth": 3},
    ],
)
def test_architecture_that_is_not_the_weights(edit: dict[str, Any], weights: Path) -> None:
    change(weights, lambda values: values["architecture"].update(edit))
    refused(
        weights, "does not fit its card|its architecture makes no network|architecture.classes must be a whole number"
    )


def test_architecture_that_is_no_object(weights: Path) -> None:
    change(weights, lambda values: values.update(architecture=[1]))
    refused(weights, "the card lacks architecture.view")


def test_card_of_another_system(weights: Path) -> None:
    change(weights, lambda values: values.update(network="ddnn"))
    refused(weights, "its graph is not that of the network")
    change(weights, lambda values: values.update(network="dddnn"))
    refused(weights, f"there is no network 'dddnn' .there are {', '.join(NETWORKS)}.$")
    change(weights, lambda values: values.update(network="nobody.py:Net"))
    refused(weights, "network 'nobody.py:Net': there is no file .*nobody.py")


def test_interrupted_saving_never_leaves_a_pair_that_loads_wrongly(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = read_card(str(weights))

    def stop(_: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        save_weights(random_network("ada-ddnn", "plaza", seed=7), dict(card.values), weights)
    load_network(card)  # the former pair is whole


def complete(weights: Path) -> Card:
    """The card of `weights` with all that tables are made of, but for rules and reliability."""
    change(
        weights,
        lambda values: values.update(
            epochs=3,
            duration_seconds=120.0,
            parameters=1234,
            command="python -m models train",
            hardware="abacus",
            torch="2",
            data_licence="free",
            forced_accuracy={"test": {"edge-1": 0.5, "edge-2": 0.6, "cloud": 0.7}},
            calibration={
                "rule": "whatever was best",
                "thresholds": {"edge-1": 0.5, "edge-2": 0.25},
                "test": {"shares": {"edge-1": 0.1, "edge-2": 0.2, "cloud": 0.7}, "system_accuracy": 0.625},
            },
        ),
    )
    return read_card(str(weights))


def test_tables_of_cards_without_rules_and_reliability(weights: Path) -> None:
    """Cards of earlier versions load and are shown."""
    card = complete(weights)
    text = markdown([card], sent, {"squares": "all are red"})
    assert "8 ↓, 16 ↓, 16, 8" in text and "8×8×8 | 2,092" in text  # 4 bytes a value and 11 numbers of 4 bytes
    assert "| 3 | 2 min | edge-1 50.00, edge-2 60.00, cloud 70.00 | edge-1 0.5, edge-2 0.25 |" in text
    assert (
        "* data: plaza; free\n" in text and f"`{card.sha256}`" in text and "* command: `python -m models train`" in text
    )
    for part in text.split("\n\n"):
        assert len({line.count("|") for line in part.splitlines()}) == 1 or part.startswith("*")


def test_overview_has_bytes_by_codec_and_accuracies(weights: Path) -> None:
    found = overview(complete(weights), sent)
    assert (found["parameters"], found["system_accuracy"]) == (1234, 0.625)
    assert list(found["segments"]) == ["device", "edge", "cloud"]  # the choice of the surest costs nothing
    assert [s["bytes_sent"] for s in found["segments"].values()] == [44 + 4 * 512, 4 * 384, 0]
    change(weights, lambda values: values["architecture"].update(codec="1bit"))
    found = overview(read_card(str(weights)), sent)
    assert [found["segments"][s]["bytes_sent"] for s in ("device", "edge")] == [44 + 64 + 4 * 8, 48 + 4 * 24]


@pytest.mark.parametrize("key", ["parameters", "forced_accuracy"])
def test_an_overview_of_a_card_that_lacks_something_is_one_message(key: str, weights: Path) -> None:
    complete(weights)
    change(weights, lambda values: values.pop(key))
    with pytest.raises(WeightsError, match=f"{weights.stem}.json: the card is not complete: '{key}'"):
        overview(read_card(str(weights)), sent)


def test_documentation_agrees_with_the_cards() -> None:
    text = DOC.read_text(encoding="utf-8")
    shown = text.split("<!-- cards -->\n")[1].split("<!-- end of cards -->")[0]
    assert shown.strip() == markdown(shipped(), sent, told_of(shipped())).strip(), (
        "run: python -m models cards --write docs/models.md"
    )


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_card_keeps_its_promises(name: str) -> None:
    card = read_card(name)
    values, system = card.values, card.network
    assert name.startswith(f"{system}-{set_of(values['data'])}")
    exits = tuple(values["forced_accuracy"]["test"])
    assert exits == tuple(card.graph.exits)
    assert not {"system", "segments", "classifiers"} & set(values)
    assert Recipe(**values["recipe"]).seed == values["seed"]
    assert values["epochs"] == values["recipe"]["epochs"] == len(values["log"])
    assert values["command"].startswith(f"python -m models train {system} {shlex.quote(values['data'])} ")
    assert "/" not in values["command"], "a path of the machine that trained"
    assert values["duration_seconds"] > 0 and values["hardware"] and values["torch"] and values["data_licence"]
    assert set(values["checksums"]) == {"validation", "test"}
    assert len(values["class_names"]) == values["architecture"]["classes"]
    for split in ("validation", "test"):
        assert tuple(values["forced_accuracy"][split]) == exits
        assert all(0.1 < accuracy <= 1 for accuracy in values["forced_accuracy"][split].values())
    assert tuple(card.thresholds) == exits[:-1]
    assert all(0 <= t <= 1 for t in card.thresholds.values())
    calibration, until = values["calibration"], bytes_until(system, card.graph, card.codec)
    assert tuple(calibration["rules"]) in (GRID_RULES, (*GRID_RULES, "risk"))  # few samples can promise nothing
    in_force = calibration["rules"][calibration["rule"]]
    assert calibration["thresholds"] == in_force["thresholds"] and calibration["test"] == in_force["test"]
    last = values["forced_accuracy"]["validation"][exits[-1]]
    for rule, found in calibration["rules"].items():
        for split in ("validation", "test"):
            chosen = found[split]
            assert math.fsum(chosen["shares"].values()) == pytest.approx(1)
            weighted = (chosen["shares"][e] * (chosen["exit_accuracies"][e] or 0.0) for e in exits)
            assert math.fsum(weighted) == pytest.approx(chosen["system_accuracy"])
            assert chosen["bytes"] == pytest.approx(math.fsum(chosen["shares"][e] * until[e] for e in exits))
        floor = last - {"accuracy": 0.0, "risk": 0.01}.get(rule, 0.005)
        assert found["validation"]["system_accuracy"] >= floor - 1e-9
    assert tuple(values["reliability"]) == exits
    for entry in values["reliability"].values():
        for split, n in values["samples"].items():
            if split != "train":
                assert sum(entry["bins"][split]["count"]) == sum(entry["scaled"]["bins"][split]["count"]) == n
                assert 0 <= entry["scaled"]["ece"][split] < 0.5 and 0 <= entry["ece"][split] < 0.5


@pytest.mark.parametrize("name", SHIPPED)
def test_the_command_of_a_card_trains_its_network(name: str) -> None:
    """With today's architectures and recipes; after a change to them run `python -m models calibrate NAME`."""
    card = read_card(name)
    values = card.values
    *_, system, data = shlex.split(values["command"])[:6]
    words = shlex.split(values["command"])[6:]
    options = list(zip(words[::2], words[1::2], strict=True))
    settings = [value for option, value in options if option == "--set"]
    begins_with = dict(options).get("--recipe", "ours")
    made, kind = build(card).arch, NETWORKS[system]
    usual = kind.for_data(set_of(data), made.views, made.view, made.classes)
    usual = replace(usual, **kind.variants.get(begins_with, {}))
    arch, how = changed(usual, recipe(begins_with, set_of(data), kind.usual), settings)
    assert arch == made
    assert replace(how, seed=values["seed"]) == Recipe(**values["recipe"])
    others = [pair for pair in options if pair[0] not in ("--set", "--recipe")]
    assert others == [("--seed", str(values["seed"]))]


def test_all_weights_together_are_small() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) < 80e6


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_weights_are_those_of_the_card(name: str) -> None:
    card: Card = read_card(name)
    network = load_network(card)
    assert measured(network).as_dict() == card.graph.as_dict()
    assert card.values["parameters"] == sum(p.numel() for p in network.parameters())
    assert card.values["layers"] == network.layers()


FORMER: dict[str, dict[str, Any]] = {
    "ddnn-2017-mvmc-edges": {
        "architecture": {
            "system": "ddnn-2017",
            "view": [32, 32],
            "classes": 3,
            "devices": [0, 1, 2, 3, 4, 5],
            "edges": [[0, 1, 2], [3, 4, 5]],
            "local_fusion": "max",
            "cloud_fusion": "concat",
            "filters": 4,
            "edge_filters": 8,
            "cloud_filters": [16, 32],
        },
        "segments": {
            "device": {"flop": 227328, "parameters": 3195, "memory": 41492, "features": [4, 16, 16]},
            "local": {"flop": 0, "parameters": 0, "memory": 90, "features": None},
            "edge": {"flop": 445440, "parameters": 2427, "memory": 30260, "features": [8, 8, 8]},
            "cloud": {"flop": 443136, "parameters": 7443, "memory": 38364, "features": None},
        },
    },
    "ada-ddnn-plaza": {
        "architecture": {
            "system": "ada-ddnn",
            "view": [32, 32],
            "classes": 10,
            "fusion": "concat",
            "device_widths": [8, 16, 16, 8],
            "device_pools": [1, 2],
            "edge_widths": [24, 24],
            "edge_pools": [1],
            "cloud_widths": [64, 96, 96],
            "cloud_pools": [],
            "fused_grid": 1,
        },
        "segments": {
            "device": {"flop": 1608192, "parameters": 6490, "memory": 91912, "features": [8, 8, 8]},
            "edge": {"flop": 1640928, "parameters": 17050, "memory": 87032, "features": [24, 4, 4]},
            "cloud": {"flop": 5113728, "parameters": 161226, "memory": 659264, "features": None},
        },
    },
}
"""As cards of the first edition, at revision 9892f55, have it."""


@pytest.mark.parametrize("name", list(FORMER))
def test_cards_of_the_first_edition(name: str, tmp_path: Path) -> None:
    """Cards that hold costs alone have the same graph and codec, and load; the network tells its structure."""
    card = read_card(name)
    former = FORMER[name]
    shutil.copy(card.weights, tmp_path)
    values = {key: v for key, v in card.values.items() if key not in ("network", "graph", "layers")}
    values |= {"system": card.network, "architecture": former["architecture"], "segments": former["segments"]}
    (tmp_path / f"{name}.json").write_text(json.dumps(values))
    again = read_card(str(tmp_path / f"{name}.json"))
    load_network(again)
    uncounted = {name: {"operations": None, "traffic": None} for name in card.graph.segments}
    untold = {**uncounted, "edges": {"memory": 0, **uncounted.get("edges", {})}}  # costs of which they say nothing
    assert again.graph.as_dict() == card.graph.with_costs(untold).as_dict()
    assert again.counted.as_dict() == card.graph.with_costs({"edges": {"memory": 0}}).as_dict()  # the network tells
    assert (again.network, again.codec, again.layers) == (card.network, card.codec, card.layers)
