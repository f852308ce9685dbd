"""What the baselines answer: as plain PyTorch, with raw views untouched by codecs; the oracle is never worse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import simnet
from simnet.models.cards.card import read_card
from simnet.models.cards.weights import load_network
from simnet.models.codecs import codec as codec_named
from simnet.models.data import open_dataset
from simnet.models.graph import Part
from simnet.models.networks.passes import Pass
from simnet.systems.base import System
from simnet.systems.baselines import neurosurgeon
from simnet.systems.baselines.neurosurgeon import Cut
from simnet.systems.baselines.oracle import Knowing
from simnet.systems.ddnn import Ddnn

COUNT = 24
FILE = """
data: {{set: plaza, order: file}}
samples: {count}
workload: {{every: 10 s}}
nodes:
  camera[1..6]: {{tier: device, speed: 1 PFLOP/s}}
  edge: {{tier: edge, speed: 1 PFLOP/s}}
  cloud: {{tier: cloud, speed: 1 PFLOP/s}}
links:
  - {{between: [camera*, edge], bandwidth: 1 Tbit/s, latency: 0}}
  - {{between: [edge, cloud], bandwidth: 1 Tbit/s, latency: 0}}
systems:
{systems}
"""
EXITS = {"device-only": "edge-1", "edge-only": "edge-2", "cloud-only": "cloud", "neurosurgeon": "cloud"}


@pytest.fixture(scope="module")
def weights(random_weights: Callable[[str, str], Path]) -> Path:
    return random_weights("ada-ddnn", "plaza")


def run_of(folder: Path, systems: dict[str, str], faults: str = "") -> simnet.Run:
    file = folder / "it.yaml"
    listed = "\n".join(f"  {name}: {{{keys}}}" for name, keys in systems.items())
    file.write_text(FILE.format(count=COUNT, systems=listed) + faults, encoding="utf-8")
    return simnet.run(simnet.load(file))


def walk(weights: Path, codec: str = "fp32") -> Pass:
    """A pass of plain PyTorch over the samples."""
    network = load_network(read_card(str(weights)))
    pixels = open_dataset(simnet.DatasetOptions(set="plaza"), "test").pixels(np.arange(COUNT))
    with torch.inference_mode():
        return Pass(network, network.prepare(torch.from_numpy(pixels)), codec=codec)


def plain(weights: Path, views: int = 63, codec: str = "fp32", coded: tuple[str, ...] = ()) -> dict[str, list[int]]:
    """Predictions at each exit; features of the segments in `coded` travel with the codec."""
    made = walk(weights, codec)
    graph = made.graph
    arcs = sum(1 << n for n, arc in enumerate(graph.arcs) if arc.source.segment in coded and arc.what == "features")
    upstream = graph.of_views(views) | graph.coded(arcs)
    with torch.inference_mode():
        return {
            name: made.scores(Part(segment.name), upstream).argmax(-1).tolist() for name, segment in graph.exits.items()
        }


def answers(run: simnet.Run, system: str) -> list[int]:
    return run.samples(system)["prediction"].to_pylist()


def test_with_free_links_they_answer_as_plain_pytorch(tmp_path: Path, weights: Path) -> None:
    """Whatever the codec, where only raw views or scores travel; and with their bytes: 44 and 3,072 for each view."""
    keys = f'weights: "{weights}", reply: none'
    both = [(name, codec) for name in EXITS for codec in ("fp32", "1bit") if (name, codec) != ("neurosurgeon", "1bit")]
    systems = {f"{name}-{codec}": f"system: {name}, {keys}, codec: {codec}" for name, codec in both}
    run = run_of(tmp_path, systems)
    wanted = plain(weights)
    assert len({*map(tuple, wanted.values())}) == 3, "the exits must differ"
    sizes = {"device-only": 6 * 44, "edge-only": 6 * 3072, "cloud-only": 2 * 6 * 3072}
    for name, codec in both:
        samples = run.samples(f"{name}-{codec}").to_pylist()
        assert [row["prediction"] for row in samples] == wanted[EXITS[name]]
        assert {(row["exit"], row["outcome"], row["views"]) for row in samples} == {(EXITS[name], "finished", 63)}
        if name in sizes:
            assert {row["bytes"] for row in samples} == {sizes[name]}


CODED = {
    Cut(1, 3): ("device",), Cut(1, 2): ("device", "edge"), Cut(1, 1): ("device",), Cut(0, 3): (), Cut(0, 2): ("edge",),
    Cut(0, 1): ("device",), Cut(0, 0): (),
}  # fmt: skip
"""Whose features travel from one machine to another."""


@pytest.mark.parametrize("cut", CODED, ids=str)
def test_a_codec_touches_what_crosses_the_cut_and_nothing_else(
    cut: Cut, tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neurosurgeon, "cuts", lambda *_: [cut])
    run = run_of(tmp_path, {"neurosurgeon": f'weights: "{weights}", codec: 1bit, reply: none'})
    assert answers(run, "neurosurgeon") == plain(weights, codec="1bit", coded=CODED[cut])["cloud"]
    segments = read_card(str(weights)).graph.segments
    size = {name: codec_named("1bit").bytes(segments[name].sends or ()) for name in ("device", "edge")}
    sent = 6 * size["device"] if cut.devices else 6 * 3072
    if cut.devices == cut.edge:
        sent *= 2  # over both links
    elif cut.edge < 3:
        sent += size["edge"] if cut.edge == 2 else 6 * size["device"]
    assert set(run.samples("neurosurgeon")["bytes"].to_pylist()) == {sent}


def test_a_view_that_is_lost_is_missing_in_the_answer(tmp_path: Path, weights: Path) -> None:
    run = run_of(
        tmp_path,
        dict.fromkeys(EXITS, f'weights: "{weights}", wait: 1 s'),
        "faults: [{at: 0 s, node: camera2, is: down}]",
    )
    for name, exit_name in EXITS.items():
        assert answers(run, name) == plain(weights, views=0b111101)[exit_name]
        assert set(run.samples(name)["views"].to_pylist()) == {0b111101}


def test_the_oracle_leaves_where_the_answer_is_right_and_nobody_is_better(tmp_path: Path, weights: Path) -> None:
    keys = f'weights: "{weights}"'
    systems = {"oracle": keys, "ada-ddnn": f"{keys}, thresholds: 0.9", **dict.fromkeys(EXITS, keys)}
    run = run_of(tmp_path, systems)
    right = {name: np.array(found) for name, found in plain(weights).items()}
    labels = np.array(run.samples("oracle")["label"].to_pylist())
    first = [next((name for name in right if right[name][n] == labels[n]), "cloud") for n in range(COUNT)]
    assert run.samples("oracle")["exit"].to_pylist() == first and len({*first}) == 3
    assert run.samples("oracle")["prediction"].to_pylist() == [right[name][n] for n, name in enumerate(first)]
    wrong = [float(right[name][n] != labels[n]) for n, name in enumerate(first)]
    assert run.samples("oracle")["entropy"].to_pylist() == wrong
    accuracy = {name: run.summary["systems"][name]["accuracy"] for name in systems}
    assert accuracy["oracle"] == pytest.approx(1 - np.mean(wrong)) and accuracy["oracle"] > max(
        value for name, value in accuracy.items() if name != "oracle"
    )


def test_a_run_says_that_an_oracle_cannot_be_built(tmp_path: Path, weights: Path) -> None:
    run = run_of(tmp_path, {"bound": f'system: oracle, weights: "{weights}"', "device-only": f'weights: "{weights}"'})
    told = "bound: not implementable, an upper bound: told the right answer of every sample"
    assert told in run.notes
    assert not any("device-only: not implementable" in note for note in run.notes)


def test_an_oracle_of_another_system_and_who_is_told(
    tmp_path: Path, random_weights: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class of two bases; others' `Setting.truth` is empty."""
    told: dict[str, Any] = {}
    usual = System.__init__

    def noting(self: System, setting: Any) -> None:
        told[type(self).__name__] = list(setting.truth)
        usual(self, setting)

    monkeypatch.setattr(System, "__init__", noting)
    (tmp_path / "mine.py").write_text(
        "from simnet.systems.baselines.oracle import Knowing\nfrom simnet.systems.ddnn import Ddnn\n\n\n"
        "class Knows(Knowing, Ddnn):\n    pass\n",
        encoding="utf-8",
    )
    weights = random_weights("ddnn", "plaza")
    run = run_of(tmp_path, {"it": f'system: "mine.py:Knows", weights: "{weights}"', "ddnn": f'weights: "{weights}"'})
    labels = run.samples("it")["label"].to_pylist()
    assert told == {"Knows": labels, "Ddnn": []}
    right = plain(weights)
    assert run.samples("it")["exit"].to_pylist() == [
        "edge" if right["edge"][n] == label else "cloud" for n, label in enumerate(labels)
    ]
    assert issubclass(Knowing, System) and not Ddnn.omniscient
