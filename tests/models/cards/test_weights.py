"""Weights and cards: what is damaged or does not fit is one message; what is shipped keeps its promises."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from paths import ROOT
from safetensors.torch import load_file, save_file
from weights import random_network, write_random_weights

from simnet.models.cards import card as cards
from simnet.models.cards.card import WEIGHTS, Card, WeightsError, file_sha256, read_card, shipped
from simnet.models.cards.catalogue import markdown, overview
from simnet.models.cards.costs import segment_costs
from simnet.models.cards.traffic import traffic
from simnet.models.cards.weights import load_network, save_weights
from simnet.models.evaluation.calibration import RULES
from simnet.models.networks.early_exit import EXITS, architecture, read_architecture
from simnet.models.training.recipes import changed, recipe
from simnet.models.training.training import Recipe

DOC = ROOT / "docs" / "models.md"
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
    assert segment_costs(network) == card.segments
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


def test_a_card_without_an_edge_needs_no_edge_segment(weights: Path) -> None:
    change(weights, lambda values: values["segments"].pop("edge"))
    refused(weights, "the card lacks segments.edge.flop")
    change(weights, lambda values: values.update(classifiers=["cloud", "device", "local"]))
    assert set(read_card(str(weights)).segments) == {"device", "cloud"}


def test_card_that_is_a_list(weights: Path) -> None:
    weights.with_suffix(".json").write_text("[]")
    refused(weights, "the card lacks system, data")


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
        {"system": "dddnn"},
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
    refused(weights, "does not fit its card")


def test_architecture_that_is_no_object(weights: Path) -> None:
    change(weights, lambda values: values.update(architecture=[1]))
    refused(weights, "the card lacks architecture.view")


def test_card_of_another_system(weights: Path) -> None:
    change(weights, lambda values: values.update(system="ddnn"))
    refused(weights, "the card's system is 'ddnn', its architecture's 'ada-ddnn'")


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
    """The card of `weights` with all that tables are made of, but for what newer cards have."""
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
    text = markdown([card])
    assert "8 ↓, 16 ↓, 16, 8" in text and "8×8×8 | 2,092" in text  # 4 bytes a value and 11 numbers of 4 bytes
    assert "| 3 | 2 min | edge-1 50.00, edge-2 60.00, cloud 70.00 | edge-1 0.5, edge-2 0.25 |" in text
    assert (
        "* data: plaza; free\n" in text and f"`{card.sha256}`" in text and "* command: `python -m models train`" in text
    )
    for part in text.split("\n\n"):
        assert len({line.count("|") for line in part.splitlines()}) == 1 or part.startswith("*")


def test_overview_has_bytes_by_codec_and_accuracies(weights: Path) -> None:
    found = overview(complete(weights))
    assert (found["parameters"], found["system_accuracy"]) == (1234, 0.625)
    assert [found["segments"][s]["bytes_sent"] for s in ("device", "edge", "cloud")] == [44 + 4 * 512, 4 * 384, 0]
    change(weights, lambda values: values["architecture"].update(codec="1bit"))
    sent = overview(read_card(str(weights)))["segments"]
    assert [sent[s]["bytes_sent"] for s in ("device", "edge")] == [44 + 64 + 4 * 8, 48 + 4 * 24]


@pytest.mark.parametrize("key", ["parameters", "forced_accuracy"])
def test_an_overview_of_a_card_that_lacks_something_is_one_message(key: str, weights: Path) -> None:
    complete(weights)
    change(weights, lambda values: values.pop(key))
    with pytest.raises(WeightsError, match=f"{weights.stem}.json: the card is not complete: '{key}'"):
        overview(read_card(str(weights)))


def test_documentation_agrees_with_the_cards() -> None:
    text = DOC.read_text(encoding="utf-8")
    shown = text.split("<!-- cards -->\n")[1].split("<!-- end of cards -->")[0]
    assert shown.strip() == markdown(shipped()).strip(), "run: python -m models cards --write docs/models.md"


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_card_keeps_its_promises(name: str) -> None:
    card = read_card(name)
    values, system = card.values, card.values["system"]
    assert name.startswith(f"{system}-{values['data']}")
    exits = tuple(values["forced_accuracy"]["test"])
    assert exits == EXITS.get(system, exits)
    assert Recipe(**values["recipe"]).seed == values["seed"]
    assert values["epochs"] == values["recipe"]["epochs"] == len(values["log"])
    assert values["command"].startswith(f"python -m models train {system} {values['data']} ")
    assert "/" not in values["command"], "a path of the machine that trained"
    assert values["duration_seconds"] > 0 and values["hardware"] and values["torch"] and values["data_licence"]
    assert set(values["checksums"]) == {"validation", "test"}
    assert len(values["class_names"]) == values["architecture"]["classes"]
    for split in ("validation", "test"):
        assert tuple(values["forced_accuracy"][split]) == exits
        assert all(0.1 < accuracy <= 1 for accuracy in values["forced_accuracy"][split].values())
    assert tuple(card.thresholds) == exits[:-1]
    assert all(0 <= t <= 1 for t in card.thresholds.values())
    calibration, sent = values["calibration"], traffic(values)
    assert tuple(calibration["rules"]) == RULES
    in_force = calibration["rules"][calibration["rule"]]
    assert calibration["thresholds"] == in_force["thresholds"] and calibration["test"] == in_force["test"]
    cloud = values["forced_accuracy"]["validation"]["cloud"]
    for rule, found in calibration["rules"].items():
        for split in ("validation", "test"):
            chosen = found[split]
            assert math.fsum(chosen["shares"].values()) == pytest.approx(1)
            weighted = (chosen["shares"][e] * (chosen["exit_accuracies"][e] or 0.0) for e in exits)
            assert math.fsum(weighted) == pytest.approx(chosen["system_accuracy"])
            assert chosen["bytes"] == pytest.approx(math.fsum(chosen["shares"][e] * sent.until(e) for e in exits))
        floor = cloud if rule == "accuracy" else cloud - 0.005
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
    values = read_card(name).values
    *_, system, data = shlex.split(values["command"])[:6]
    words = shlex.split(values["command"])[6:]
    options = list(zip(words[::2], words[1::2], strict=True))
    settings = [value for option, value in options if option == "--set"]
    begins_with = dict(options).get("--recipe", "ours")
    arch, how = changed(architecture(system, data), recipe(begins_with, data), settings)
    assert arch == read_architecture(values["architecture"])
    assert replace(how, seed=values["seed"]) == Recipe(**values["recipe"])
    others = [pair for pair in options if pair[0] not in ("--set", "--recipe")]
    assert others == [("--seed", str(values["seed"]))]


def test_all_weights_together_are_small() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) < 40e6


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_weights_are_those_of_the_card(name: str) -> None:
    card: Card = read_card(name)
    network = load_network(card)
    assert segment_costs(network) == card.segments
    assert card.values["parameters"] == sum(p.numel() for p in network.parameters())
    heads = {name for name, _ in network.named_modules() if name.endswith(("classifier", "head"))}
    assert card.values["classifiers"] == sorted(
        {"device" if h.startswith("devices") else h.split(".")[0] for h in heads}
        | ({"local"} if card.values["system"] == "ddnn-2017" else set())
    )
