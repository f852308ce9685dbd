"""Cards that were changed by hand: any value at any place is read, or refused with the card's name; no traceback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from test_weights import FORMER, SMALL
from weights import write_random_weights

import simnet
from simnet.cli.models.options import sent
from simnet.models.cards.card import Card, WeightsError, read_card
from simnet.models.cards.catalogue import markdown, overview, overview_table
from simnet.world.plan import plans_of, remarks

GONE = object()
OTHERS = [GONE, None, True, -1, 2.5, 1e308, 10**30, 10**400, "x", "", [], [None], {"a": 1}, [1, 2]]
"""What stands in the place of each value."""


def places(value: object, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every key and every entry inside a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*place, key)
        yield from places(item, (*place, key))


def mutations(values: dict[str, Any], parts: tuple[str, ...], step: int = 1) -> Iterator[dict[str, Any]]:
    """The card with one value replaced: each in turn, by each of the others.

    Of these every `step`-th, which has no divisor in common with the 14 others: each place meets other ones.
    """
    number = 0
    for part in parts:
        for place in [(part,), *((part, *inside) for inside in places(values[part]))]:
            for other in OTHERS:
                number += 1
                if number % step:
                    continue
                made = deepcopy(values)
                holder = made
                for key in place[:-1]:
                    holder = holder[key]
                if other is not GONE:
                    holder[place[-1]] = deepcopy(other)
                elif isinstance(holder, list):
                    holder.pop(place[-1])
                else:
                    del holder[place[-1]]
                yield made


def use(card: Card) -> None:
    """Whatever is asked of a card without its weights."""
    assert isinstance(card.sha256, str) and isinstance(card.network, str)
    assert all(isinstance(one, dict) for one in (card.layers, card.thresholds, card.temperatures))
    assert isinstance(card.codec, str)
    for segment in card.graph.segments.values():
        assert 0 <= segment.flop <= 10**18 and 0 <= segment.parameters <= 10**18 and 0 <= segment.memory <= 10**18
        assert isinstance(segment.activations, int)


def check(weights: Path) -> None:
    """What `simnet check` does with the weights."""
    scenario = simnet.load(
        f"""\
data: plaza
samples: 5
workload: {{every: 1 s}}
nodes:
  camera[1..6]: {{tier: device, speed: 1 GFLOP/s, memory: 1 GB}}
  edge: {{tier: edge, speed: 1 GFLOP/s}}
  cloud: {{tier: cloud, speed: 1 GFLOP/s}}
links:
  - {{between: [camera*, edge], preset: wifi}}
  - {{between: [edge, cloud], preset: wan}}
systems:
  ada-ddnn: {{weights: {json.dumps(str(weights))}}}
"""
    )
    remarks(scenario, plans_of(scenario))


def test_cards_with_a_graph(tmp_path: Path) -> None:
    weights = write_random_weights(tmp_path, "ada-ddnn", "plaza", **SMALL)
    card = weights.with_suffix(".json")
    good, read = json.loads(card.read_text()), 0
    use(read_card(str(card)))
    check(weights)
    parts = ("architecture", "graph", "network", "data", "class_names", "layers", "sha256", "calibration")
    for number, values in enumerate(mutations(good, parts, step=3)):
        card.write_text(json.dumps(values))
        try:
            use(read_card(str(card)))
            read += 1
        except WeightsError as problem:
            assert card.stem in str(problem) and len(str(problem)) <= 2010
        if number % 9:  # it takes longer
            continue
        try:
            check(weights)
        except simnet.ScenarioError as problem:
            assert card.stem in str(problem)
    assert read


@pytest.mark.parametrize("name", FORMER)
def test_cards_of_the_first_edition(name: str, tmp_path: Path) -> None:
    """Their segments are checked when they are read, their architecture when the network is made of it."""
    shipped = read_card(name)
    shutil.copy(shipped.weights, tmp_path)
    card = tmp_path / f"{name}.json"
    good = {key: value for key, value in shipped.values.items() if key not in ("network", "graph", "layers", "log")}
    good |= {"system": shipped.network, **FORMER[name]}
    card.write_text(json.dumps(good))
    use(read_card(str(card)))
    for values in mutations(good, ("segments", "system")):
        card.write_text(json.dumps(values))
        try:
            found = read_card(str(card))
        except WeightsError as problem:
            assert card.stem in str(problem)
            continue
        for costs in found.values["segments"].values():
            assert all(type(costs.get(key, 0)) is int for key in ("flop", "parameters", "memory"))
    for values in mutations(good, ("architecture",), step=11):  # to make a network takes a while
        card.write_text(json.dumps(values))
        try:
            use(read_card(str(card)))
        except WeightsError as problem:
            assert card.stem in str(problem) and len(str(problem)) <= 2010


def test_tables_of_cards(tmp_path: Path) -> None:
    """`python -m models list` and the page of the guide: one message for what a card lacks, or has otherwise."""
    shipped = read_card("ddnn-plaza")
    card = tmp_path / "ddnn-plaza.json"
    shutil.copy(shipped.weights, tmp_path)
    good = json.loads(shipped.path.read_text())
    parts = ("parameters", "forced_accuracy", "calibration", "reliability", "epochs", "duration_seconds")
    for values in mutations({**good, "log": []}, parts, step=29):
        card.write_text(json.dumps(values))
        try:
            found = read_card(str(card))
            overview(found, sent)
            overview_table([found], sent)
            markdown([found], sent, {})
        except WeightsError as problem:
            assert card.stem in str(problem)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[" * 100_000, "not a readable card"),
        ('{"a": ' + "1" * 5000 + "}", "not a readable card"),
        ('{"a": "\\ud800"}', "the card lacks"),
        ("{}", "the card lacks"),
    ],
)
def test_a_card_that_is_hard_to_read(content: str, says: str, tmp_path: Path) -> None:
    card = tmp_path / "x.json"
    card.write_text(content)
    with pytest.raises(WeightsError, match=says):
        read_card(str(card))


def test_a_card_that_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "x.json").symlink_to("/dev/zero")
    with pytest.raises(WeightsError, match="not a readable card: it is no regular file"):
        read_card(str(tmp_path / "x.json"))
