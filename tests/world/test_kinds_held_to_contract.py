"""Links, nodes, faults, workloads and codecs of a user's kind that break their contract while a run goes on.

Each is one `PluginError` that names the kind; none ends in a number that is wrong in silence. The same kinds run when
they are kept: then they change nothing.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import numpy as np
import pytest

import simnet
from simnet import ExitRule, probabilities
from simnet.models.codecs import Codec
from simnet.models.rules.checked import judged

HEAD = """
from simnet import System
from simnet.clock import Order
from simnet.language.quantities import Model, Time
from simnet.network.faults.actions import Action
from simnet.network.links.base import Link
from simnet.network.nodes.plain import Node
from simnet.systems.ddnn import Ddnn
from simnet.workloads.spec import Demand
"""
BODY = {
    "link": "class X(Link):",
    "node": "class X(Node):",
    "fault": "class X(Action):",
    "load": "class X(Demand):",
    "system": "class X(Ddnn):",
}
SCENARIO = """
samples: 2
data: {set: plaza, order: file}
workload: {every: 1 s}
nodes:
  camera[1..6]: {tier: device, speed: 1 GFLOP/s}
  edge: {tier: edge, speed: 1 GFLOP/s}
  cloud: {tier: cloud, speed: 1 GFLOP/s}
links:
  - {between: ["camera*", edge], bandwidth: 8 Mbit/s, latency: 10 ms}
  - {between: [edge, cloud], bandwidth: 8 Mbit/s, latency: 10 ms}
systems: {ddnn: {thresholds: 0}}
"""
NAMED = {
    "link": [("latency: 10 ms}\nsystems", 'latency: 10 ms, sharing: "mine.py:X"}\nsystems')],
    "node": [("cloud: {tier: cloud,", 'cloud: {tier: cloud, kind: "mine.py:X",')],
    "fault": [("systems:", 'faults: [{at: 500 ms, for: 1 s, node: cloud, do: "mine.py:X"}]\nsystems:')],
    "load": [("workload: {every: 1 s}", 'workload: {kind: "mine.py:X"}')],
    "system": [("ddnn: {", 'ddnn: {system: "mine.py:X", weights: ddnn-plaza, ')],
}
SEND, COMPUTE = (
    "def send(self, sample, size, done, lost, token):",
    "def compute(self, sample, work, done, lost, token):",
)
ARRIVALS = "def arrivals(self, draws, count, duration):"
SUPER = "Link.send(self, sample, size, done, lost, token)"


def file(folder: Path, sort: str, code: str) -> Path:
    text = SCENARIO
    for old, new in NAMED[sort]:
        assert old in text
        text = text.replace(old, new)
    (folder / "mine.py").write_text(f"{HEAD}\n\n{BODY[sort]}\n{indent(dedent(code).strip(), '    ')}\n", "utf-8")
    (folder / "s.yaml").write_text(text, "utf-8")
    return folder / "s.yaml"


BAD = {
    "a message ends twice": (
        "link",
        f"{SEND}\n    {SUPER}\n    {SUPER}",
        "link kind '.*mine.py:X', from edge to .* twice",
    ),
    "done and lost": ("link", f"{SEND}\n    {SUPER}\n    lost(token)", "send of sample 0 ends twice"),
    "arrives without a span": (
        "link",
        f"{SEND}\n    done(token)",
        "send of sample 0 is done, and has recorded no span",
    ),
    "half a byte": ("link", f"{SEND}\n    Link.send(self, sample, size + 0.5, done, lost, token)", "a whole size"),
    "in the past": (
        "link",
        f"{SEND}\n    self.env.at(self.env.now - 5, Order.CAPTURE, lambda: {SUPER})",
        r"mine.py:\d+: send .* past",
    ),
    "between two picoseconds": (
        "link",
        f"{SEND}\n    self.env.at(self.env.now + 0.5, Order.CAPTURE, lambda: {SUPER})",
        "whole picoseconds, not",
    ),
    "fails later": (
        "link",
        f"{SEND}\n    self.env.at(self.env.now + 5, Order.CAPTURE, lambda: 1 / 0)",
        r"mine.py:\d+: .*ZeroDivision",
    ),
    "a link that cannot be made": (
        "link",
        "def __init__(self, env, record, spec, target):\n    1 / 0",
        "__init__ fails",
    ),
    "a link without its base": ("link", "def __init__(self, env, record, spec, target):\n    pass", "cannot be made"),
    "work that takes back time": (
        "node",
        "def _ticks(self, work, samples):\n    return -5",
        "node kind .*X', cloud: records",
    ),
    "work of a float": (
        "node",
        "def _ticks(self, work, samples):\n    return 5e9",
        "node kind .*mine.py:X', cloud: records",
    ),
    "work of None": ("node", "def _ticks(self, work, samples):\n    pass", "node kind .*X', cloud: compute fails"),
    "computed without a span": (
        "node",
        f"{COMPUTE}\n    done(token)",
        "compute of sample 0 is done, and has recorded no",
    ),
    "a node that cannot be made": ("node", "def __init__(self):\n    pass", "node kind .*X', cloud: cannot be made"),
    "a node that cannot end": ("node", "def close(self):\n    1 / 0", r"mine.py:\d+: close fails \(ZeroDivision"),
    "slower than nothing": ("fault", "def apply(self, active, state):\n    state.slow = -1", "fault action .* slow -1"),
    "slow as a word": ("fault", "def apply(self, active, state):\n    state.slow = 'x'", "fault action .* slow 'x'"),
    "no such state": ("fault", "def apply(self, active, state):\n    state.slwo = 2", r"mine.py:\d+: apply .*slwo"),
    "a fault that fails": ("fault", "def apply(self, active, state):\n    1 / 0", r"mine.py:\d+: apply fails"),
    "a program that ends": ("fault", "def apply(self, active, state):\n    raise SystemExit(3)", "SystemExit: 3"),
    "unfit fails": (
        "fault",
        "def apply(self, active, state): ...\n@classmethod\ndef unfit(cls, spec):\n    1 / 0",
        "unfit fails",
    ),
    "arrivals fail": ("load", f"{ARRIVALS}\n    return 1 / 0", r"workload kind .*mine.py:\d+: arrivals fails"),
    "arrivals beyond all time": ("load", f"{ARRIVALS}\n    return [1e13, 1e13]", "must return ascending times"),
    "captures go back": (
        "load",
        f"{ARRIVALS}\n    ...\ndef captures(self, draws, count, duration):\n    return [5, 4]",
        "ascending whole pico",
    ),
    "a message of half a byte": (
        "system",
        "def classify(self, sample):\n    net = self.setting.network\n"
        "    yield self.send(net.route(net.nodes['camera1'], net.nodes['edge']), 4.5, sample)",
        "system .*whole number of bytes .* found 4.5",
    ),
    "a sample that there is not": (
        "system",
        "def classify(self, sample):\n    net = self.setting.network\n"
        "    yield self.send(net.route(net.nodes['camera1'], net.nodes['edge']), 4, 999)\n"
        "    return (yield from super().classify(sample))",
        "sample 999, of 2 from 0 on",
    ),
    "ways to nowhere": (
        "system",
        "@classmethod\ndef ways(cls, place):\n    yield 'edge', 'moon'",
        r"ways gives \('edge', 'moon'\)",
    ),
    "a report that is none": ("system", "def policy_report(self):\n    return [1]", r"policy_report gives \[1\]"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_kind_that_breaks_its_contract_is_one_message(name: str, tmp_path: Path) -> None:
    sort, code, says = BAD[name]
    with pytest.raises(simnet.PluginError, match=says):
        simnet.run(file(tmp_path, sort, code), device="cpu")


@pytest.mark.parametrize(
    ("sort", "code", "says"),
    [
        ("load", f"{ARRIVALS}\n    ...\n@property\ndef most(self):\n    return 'x'", "'most' gives 'x'"),
        ("link", "class Options(Model):\n    after: Time = '10 ms'", "key 'after' has the default '10 ms'"),
    ],
)
def test_what_is_known_from_the_file_is_told_with_its_line(sort: str, code: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(simnet.ScenarioError, match=rf"s.yaml:\d+: .*{says}"):
        simnet.load(file(tmp_path, sort, code))


@pytest.mark.parametrize(("sort", "code"), [("link", "pass"), ("node", "pass")])
def test_kinds_that_keep_it_change_no_number(sort: str, code: str, tmp_path: Path) -> None:
    plain = simnet.run(simnet.load(SCENARIO), device="cpu")
    own = simnet.run(file(tmp_path, sort, code), device="cpu")
    assert own.samples("ddnn").equals(plain.samples("ddnn"))
    assert own.spans("ddnn").equals(plain.spans("ddnn"))


def test_a_rule_of_the_batch_is_refused() -> None:
    class Place(ExitRule):
        """Tells by its place in the batch."""

        def measure(self, here, before):
            return np.linspace(0, 1, len(here))

    class Sure(ExitRule):
        """Tells by the sample."""

        def measure(self, here, before):
            return 1 - probabilities(here).max(-1)

    scores, numbers = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32), np.arange(5)
    with pytest.raises(simnet.PluginError, match="another number for a sample alone than among 5"):
        judged(Place(), scores, [], "exit rule Place", numbers)
    assert judged(Place(), scores[:1], [], "exit rule Place", numbers[:1])[1] == 0, "one sample is alone anyway"
    assert len(judged(Sure(), scores, [], "exit rule Sure", numbers)[1]) == 5


def test_a_codec_of_the_batch_is_refused() -> None:
    import torch

    class Centred(Codec):
        """What arrives depends on the other samples."""

        name = "centred"

        def bytes(self, shape):
            return 1

        def arrived(self, sent):
            return sent - sent.mean()

    features = torch.arange(24, dtype=torch.float32).reshape(3, 2, 2, 2)
    with pytest.raises(simnet.PluginError, match="codec 'centred': a sample arrives otherwise alone than among 3"):
        Centred().transmit(features)
    assert Centred().transmit(features[:1]).mean() == 0
