"""Codecs, missing views and temperatures in a run, against the whole network in plain PyTorch."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from worlds import node, world_scenario

from simnet.inference.answers import memo_folder
from simnet.models.cards.card import read_card
from simnet.models.cards.weights import load_network
from simnet.models.codecs import REAL_VALUED
from simnet.models.codecs import codec as codec_of
from simnet.models.data import open_dataset
from simnet.models.data.base import Dataset
from simnet.models.rules import normalized_entropy, taken_exit
from simnet.network.faults.spec import Fault
from simnet.results.result import SystemResult
from simnet.scenario import Scenario
from simnet.systems import bytes_until
from simnet.world.plan import plans_of, remarks
from simnet.world.run import Options, run_system

ALL = 0b111111
COUNT = 48
SCORES = 1e-4
"""How far entropies may be apart when the batch size changes."""
Weights = Callable[..., Path]


@pytest.fixture(scope="module")
def plaza() -> Dataset:
    return open_dataset("plaza", "test")


def free(system: str, weights: Path, thresholds: Any, script: tuple[Fault, ...] = (), **choices: Any) -> Scenario:
    """Free links and fast nodes; `choices` are keys of the system's entry."""
    way = {"bandwidth": 1e18, "latency": 0.0}
    fast = {name: node(name, speed=1e18) for name in ("edge", "cloud")}
    made = world_scenario(system=system, samples=COUNT, uplink=way, backbone=way, nodes=fast, script=script)
    change = {"weights": str(weights), "thresholds": thresholds, **choices}
    return made.model_copy(update={"systems": {system: made.systems[system].model_copy(update=change)}})


def play(scenario: Scenario, data: Dataset, memo: bool = False, batch: int = 256) -> SystemResult:
    (plan,) = plans_of(scenario).values()
    return run_system(scenario, plan, data, Options(device="cpu", memo=memo, batch=batch))


def plain(weights: Path, data: Dataset, codec: str, views: int = ALL, black: bool = False) -> dict[str, np.ndarray]:
    """The whole network's scores at each exit; views not in the mask are left out, or `black`."""
    card = read_card(str(weights))
    pixels = data.pixels(np.arange(COUNT))
    here = np.array([bool(views >> view & 1) for view in range(6)])
    if black:
        pixels[:, ~here] = 0
    network = load_network(card)
    present = torch.from_numpy(here | black).expand(COUNT, -1)
    with torch.no_grad():
        found = network(network.prepare(torch.from_numpy(pixels)), present, codec)
    scores = {name: s.numpy() for name, s in found.items()}
    if "device" in scores:  # a camera that is missing is never the surest
        own = scores["device"] / card.temperatures.get("device", 1.0)
        unsure = np.where(here, normalized_entropy(own), np.inf)
        scores["surest"] = own[np.arange(COUNT), unsure.argmin(axis=1)]
    scale = {name: card.temperatures.get(name, 1.0) for name in scores}
    return {name: scores[segment.name] / scale[segment.name] for name, segment in network.graph.exits.items()}


def limits(at: dict[str, np.ndarray]) -> dict[str, float]:
    """T that about half of the samples pass at each exit, in the middle of a gap that no rounding crosses."""
    found = {}
    for name in list(at)[:-1]:
        ordered = np.sort(normalized_entropy(at[name]))
        place = COUNT // 2 - 6 + int(np.diff(ordered[COUNT // 2 - 6 : COUNT // 2 + 6]).argmax())
        found[name] = float(ordered[place : place + 2].mean())
    return found


def agree(result: SystemResult, at: dict[str, np.ndarray], thresholds: dict[str, float]) -> None:
    """Every sample left where, and with what, the scores `at` the exits say."""
    entropies = {name: normalized_entropy(scores) for name, scores in at.items()}
    taken = taken_exit([entropies[name] for name in thresholds], list(thresholds.values()), COUNT)
    for row in result.samples.to_pylist():
        name = list(at)[taken[row["sample"]]]
        assert (row["exit"], row["prediction"]) == (name, at[name][row["sample"]].argmax()), row["sample"]
        assert row["entropy"] == pytest.approx(entropies[name][row["sample"]], abs=SCORES)


@pytest.mark.parametrize("system", ["ddnn", "ada-ddnn"])
@pytest.mark.parametrize("codec", REAL_VALUED)
def test_a_run_answers_as_the_whole_network_does_with_that_codec(
    codec: str, system: str, random_weights: Weights, plaza: Dataset
):
    weights = random_weights(system)
    at = plain(weights, plaza, codec)
    thresholds = limits(at)
    scenario = free(system, weights, thresholds, codec=codec)
    result = play(scenario, plaza)
    assert len(set(result.samples["exit"].to_pylist())) == len(at), "the case must use every exit"
    agree(result, at, thresholds)
    for batch in (5, 1) if codec != "fp32" else ():  # batched = unbatched
        assert play(scenario, plaza, batch=batch).samples.equals(result.samples)
    assert result.codec == codec
    rows = result.samples.to_pylist()
    sent = bytes_until(system, read_card(str(weights)).graph, codec)
    assert [row["bytes"] for row in rows] == [sent[row["exit"]] for row in rows]


def test_codecs_change_answers_but_never_those_of_the_devices(random_weights: Weights, plaza: Dataset):
    at = {codec: plain(random_weights("ada-ddnn"), plaza, codec) for codec in REAL_VALUED}
    for codec in REAL_VALUED[1:]:
        assert np.array_equal(at[codec]["edge-1"], at["fp32"]["edge-1"])
        assert np.abs(at[codec]["cloud"] - at["fp32"]["cloud"]).max() > 0
    far = [np.abs(at[codec]["cloud"] - at["fp32"]["cloud"]).mean() for codec in ("fp16", "int8", "1bit")]
    assert far == sorted(far)


@pytest.mark.parametrize("codec", REAL_VALUED)
def test_bytes_are_those_of_the_encoded_tensors(codec: str, random_weights: Weights):
    for system in ("ddnn", "ada-ddnn"):
        graph = read_card(str(random_weights(system))).graph
        features, upload = (codec_of(codec).bytes(graph.segments[name].sends or ()) for name in ("device", "edge"))
        report = features + (4 + 4 * 10 if system == "ada-ddnn" else 0)
        until = list(bytes_until(system, graph, codec).values())
        assert until == [*[6 * report] * (len(until) - 1), 6 * report + upload]


def test_without_a_word_features_travel_as_the_weights_were_trained_for(
    tmp_path: Path, random_weights: Weights, plaza: Dataset
):
    weights = retouched(random_weights("ada-ddnn"), tmp_path, ("architecture", "codec"), "int8")
    at = plain(weights, plaza, "int8")
    result = play(free("ada-ddnn", weights, thresholds := limits(at)), plaza)
    assert result.codec == "int8"
    agree(result, at, thresholds)
    other = free("ada-ddnn", weights, "calibrated", codec="1bit")
    remark, _ = remarks(other, plans_of(other))
    assert "1bit" in remark and "trained and its thresholds calibrated for int8" in remark
    usual = free("ada-ddnn", weights, 0.5)
    assert [one for one in remarks(usual, plans_of(usual)) if "way back" not in one] == []


def retouched(weights: Path, folder: Path, place: tuple[str, str], value: Any) -> Path:
    """A copy of the weights with one value of the card changed."""
    copy = folder / weights.name
    copy.write_bytes(weights.read_bytes())
    card = json.loads(weights.with_suffix(".json").read_text())
    card[place[0]][place[1]] = value
    copy.with_suffix(".json").write_text(json.dumps(card))
    return copy


def test_answers_kept_on_disk_are_those_of_their_codec(
    random_weights: Weights, plaza: Dataset, fresh_cache: Callable[[str], Path]
):
    fresh_cache("codecs")
    weights, made = random_weights("ada-ddnn"), {}
    for codec in ("fp32", "1bit", "fp32", "1bit"):
        result = play(free("ada-ddnn", weights, 0.0, codec=codec), plaza, memo=True)
        assert (result.inference["batches"] == 0) == (codec in made)
        assert made.setdefault(codec, result.samples).equals(result.samples)
    assert not made["fp32"].equals(made["1bit"])
    card = read_card(str(weights))
    kept = {memo_folder(card, plaza, codec, zero) for codec in REAL_VALUED for zero in (False, True)}
    assert len(kept) == 2 * len(REAL_VALUED)


LEFT = 0b101001
SCRIPT = tuple(Fault(at=0.0, node=f"camera{n}", action="down") for n in (2, 3, 5))


@pytest.mark.parametrize("fusion", ["concat", "max", "mean"])
@pytest.mark.parametrize("missing", ["zero features", "zero input"])
def test_missing_views_count_as_zeros_or_as_black(
    missing: str, fusion: str, tmp_path: Path, plaza: Dataset, monkeypatch: pytest.MonkeyPatch
):
    """With zero input max and mean run over six views, three of them black; the surest device is one of the three."""
    import weights as made_weights

    changed = made_weights.random_network
    monkeypatch.setattr(made_weights, "random_network", lambda *what: changed(*what, fusion=fusion))
    weights = made_weights.write_random_weights(tmp_path, "ada-ddnn", "plaza")
    at = plain(weights, plaza, "int8", LEFT, black=missing == "zero input")
    thresholds = limits(at)
    scenario = free("ada-ddnn", weights, thresholds, SCRIPT, codec="int8", missing=missing)
    result = play(scenario, plaza)
    assert set(result.samples["views"].to_pylist()) == {LEFT} and len(set(result.samples["exit"].to_pylist())) == 3
    agree(result, at, thresholds)
    other = plain(weights, plaza, "int8", LEFT, black=missing == "zero features")
    assert np.array_equal(other["edge-1"], at["edge-1"])
    assert np.abs(other["edge-2"] - at["edge-2"]).max() > 10 * SCORES


def test_entropies_are_those_of_scores_divided_by_the_cards_temperatures(
    tmp_path: Path, random_weights: Weights, plaza: Dataset
):
    temperatures = {"device": 3.0, "edge": 0.5, "cloud": 2.0}
    weights = retouched(random_weights("ada-ddnn"), tmp_path, ("calibration", "temperatures"), temperatures)
    at = plain(weights, plaza, "fp32")
    thresholds = limits(at)
    agree(play(free("ada-ddnn", weights, thresholds), plaza), at, thresholds)
    plainly = plain(random_weights("ada-ddnn"), plaza, "fp32")
    for name in at:
        assert np.abs(normalized_entropy(at[name]) - normalized_entropy(plainly[name])).max() > 10 * SCORES


@pytest.mark.parametrize("codec", REAL_VALUED)
def test_on_request_sends_features_only_for_samples_that_go_on(codec: str, random_weights: Weights, plaza: Dataset):
    """And answers exactly the same, at the same exits."""
    weights = random_weights("ada-ddnn")
    thresholds = limits(plain(weights, plaza, codec))
    together = play(free("ada-ddnn", weights, thresholds, codec=codec), plaza).samples
    asked = play(free("ada-ddnn", weights, thresholds, codec=codec, upload="on_request"), plaza).samples
    answer = ["exit", "outcome", "prediction", "entropy", "views"]
    assert together.select(answer).equals(asked.select(answer))
    graph = read_card(str(weights)).graph
    features, upload = (codec_of(codec).bytes(graph.segments[name].sends or ()) for name in ("device", "edge"))
    for row in asked.to_pylist():
        expected = 6 * 44 + (0 if row["exit"] == "edge-1" else 6 * (4 + features))
        assert row["bytes"] == expected + (upload if row["exit"] == "cloud" else 0)
