"""`simnet partition`: exits by deadline and cuts by bandwidth, in numbers that are worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from pathlib import Path

import pytest
from typer.testing import CliRunner
from weights import untrained

from simnet.analysis.networks.partitions import Setup, by_bandwidth, by_deadline, draw_partitions
from simnet.cli.app import app
from simnet.models.cards.costs import measured
from simnet.models.cards.weights import save_weights
from simnet.models.graph import INPUT, Graph, Segment, Take
from simnet.models.networks.dapdee import ResNetArchitecture
from simnet.systems.partition.slices import slices_of

GRAPH = Graph(
    1,
    (1, 10, 100),
    [
        Segment("a", (Take(INPUT),), sends=(25, 1, 1), scores=False, flop=4_000_000),
        Segment("exit-1", (Take("a"),), exit="exit-1", flop=1_000_000),
        Segment("b", (Take("a"),), sends=(50, 1, 1), scores=False, flop=6_000_000),
        Segment("exit-2", (Take("b"),), exit="exit-2", flop=0),
    ],
    10,
)
SETUP = Setup(
    slices_of(GRAPH, "fp32"),
    {name: segment.flop for name, segment in GRAPH.segments.items()},
    {"exit-1": 0.89, "exit-2": 0.90},
    1e9,
    1e10,
)
"""Up to exit-2, in ms and at w B/ms: 10 on the device, 4 + 100/w + 0.6 with `a` there, 1,000/w + 1 on the edge."""


def test_exits_by_deadline() -> None:
    """A device half as quick takes 10 ms up to exit-1, 20 up to exit-2; below 10 nothing does. Deeper: Fig. 6 [S]."""
    late, first, second = by_deadline(replace(SETUP, device=0.5e9), 1e3)
    found = [(one.choice.exit, one.choice.met) for one in (late, first, second)]
    assert found == [("exit-1", False), ("exit-1", True), ("exit-2", True)]
    assert late.most < 0.010 <= first.least and first.most < 0.020 <= second.least
    assert (late.least, second.most) == pytest.approx((0.005, 0.2))
    assert second.first == second.last == pytest.approx(0.020)


def test_cuts_by_bandwidth() -> None:
    """All on the device up to 100/5.4 = 18.5 B/ms, `a` up to 900/3.6 = 250, then all on the edge. Fig. 7 [S]."""
    device, inside, edge = by_bandwidth(SETUP, inf)
    assert [set(one.choice.kept) for one in (device, inside, edge)] == [{0, 1, 2, 3}, {0, 1}, {0}]
    assert device.most < 18.519e3 <= inside.least and inside.most < 250e3 <= edge.least
    assert inside.first > inside.last > edge.first > edge.last


def test_the_figure() -> None:
    figure = draw_partitions("mine_$", SETUP, 1e4, 0.006)
    left, right = figure.axes
    assert [one.get_text() for one in left.get_yticklabels()] == ["exit-1", "exit-2"]
    assert {round(line.get_ydata()[0], 1) for line in right.lines} == {100.0, 33.3, 0.0}
    assert right.get_xlabel() == "bandwidth, Mbit/s"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    network = untrained("resnet14", ResNetArchitecture(view=(16, 16), stem=8, widths=(8, 8, 16), classes=3))
    card = {
        "network": "resnet14", "data": "plaza", "class_names": ["a", "b", "c"], "graph": measured(network).as_dict(),
        "architecture": network.arch.as_dict(), "calibration": {"thresholds": {}},
    }  # fmt: skip
    save_weights(network, card, tmp_path / "small.safetensors")
    return tmp_path / "small.safetensors"


def test_the_command(weights: Path, tmp_path: Path) -> None:
    file = tmp_path / "both.png"
    words = ["partition", str(weights), "--codec", "1bit", "--deadline", "20 ms", "--out", str(file)]
    found = CliRunner().invoke(app, words)
    assert found.exit_code == 0, found.output
    assert "exit by deadline at 1.1 Mbit/s" in found.output
    assert "cut by bandwidth with a deadline of 20 ms" in found.output
    assert file.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--device", "4"], "has no unit"),
        (["--edge", "0 GFLOP/s"], "must be more than 0"),
        (["--bandwidth", "1 ms"], "Mbit/s"),
        (["--codec", "binary"], "carries no features of any value"),
        (["--codec", "in8"], "unknown codec"),
        (["--loss", "2"], "no share from 0 to 1"),
        (["--loss", "x"], "--loss"),
    ],
)
def test_what_is_wrong(weights: Path, words: list[str], message: str) -> None:
    found = CliRunner().invoke(app, ["partition", str(weights), *words])
    assert found.exit_code == 2 and message in " ".join(found.output.split())


def test_networks_of_several_views() -> None:
    found = CliRunner().invoke(app, ["partition", "ada-ddnn-plaza"])
    assert found.exit_code == 2 and "it cuts networks of one view; this one has 6" in " ".join(found.output.split())
