"""Whatever is wrong with a plug-in is one message that names it and its contract, and exit status 2.

A scenario made of a user's own kinds alone is broken in one place at a time, and asked for with `check`, or with `run`
where nobody can know it before.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from simnet.models.cards.costs import measured
from simnet.models.cards.weights import save_weights
from simnet.plugins import registries
from simnet.registry import USERS, PluginError
from simnet.systems import SYSTEMS

Simnet = Callable[..., tuple[int, str, str]]

MINE = """
import hashlib

import numpy as np
import torch
from torch import nn

from simnet import (
    Architecture, Codec, Dataset, Decision, ExitRule, Graph, Network, OneEdge, Output, Part, Role, Roles, Segment, Take,
    probabilities,
)
from simnet.clock import Signal
from simnet.language.quantities import Model
from simnet.systems.options import EdgeOptions


class Vote(OneEdge):
    Options = EdgeOptions
    exits = ("early", "late")

    def classify(self, sample):
        reported = yield self.gather(sample)
        yield self.compute_at_edge(sample)
        early = self.decide("early", sample, reported)
        if self.leaves(early) or not (yield self.ask_cloud(sample)):
            return early
        return self.decide("late", sample, reported)


class Tiny(Network):
    Architecture = Architecture

    def __init__(self, arch):
        super().__init__(arch)
        self.eyes = nn.ModuleList([nn.Linear(3, 4) for _ in range(arch.views)])
        self.middle, self.top = nn.Linear(4, arch.classes), nn.Linear(4, arch.classes)
        device = Segment("device", (Take("input", groups=tuple((v,) for v in range(arch.views))),), arch.views,
                         scores=False)
        edge = Segment("edge", (Take("device"),), exit="early")
        cloud = Segment("cloud", (Take("edge"),), exit="late")
        self.graph = Graph(arch.views, (3, *arch.view), [device, edge, cloud], arch.classes)

    def run(self, part, given):
        if part.segment == "device":
            seen = given[0].values[:, 0].mean((-1, -2))
            return Output(self.eyes[part.copy](seen)[..., None, None])
        fused = given[0].values.sum(1)[..., 0, 0]
        if part.segment == "edge":
            return Output(fused[..., None, None], self.middle(fused))
        return Output(None, self.top(fused))

    def module(self, part):
        return {"edge": self.middle, "cloud": self.top}.get(part.segment, self.eyes[part.copy])


class Least(ExitRule):
    def measure(self, here, before):
        return 1 - probabilities(here).max(-1)


class Half(Codec):
    name = "half"

    def bytes(self, shape):
        return 2 * int(np.prod(shape))

    def arrived(self, sent):
        return sent.half().float()


class Greys(Dataset):
    name, licence = "greys", "made up"
    class_names = ("dark", "mean", "light")
    views = 2
    view_shape = (3, 8, 8)

    def __init__(self, split):
        self.split = split
        self.labels = np.arange(12) % 3

    @classmethod
    def open(cls, options, split, data_dir):
        return cls(split)

    @property
    def checksum(self):
        return hashlib.sha256(self.split.encode()).hexdigest()

    def pixels(self, rows):
        levels = np.uint8(80 * self.labels[np.asarray(rows)])
        return np.broadcast_to(levels[:, None, None, None, None], (len(rows), 2, 3, 8, 8)).copy()
"""
SCENARIO = """
data: mine.py:Greys
samples: 10
workload: {every: 100 ms}
nodes:
  camera[1..2]: {tier: device, speed: 1 GFLOP/s}
  edge: {tier: edge, speed: 1 GFLOP/s}
  cloud: {tier: cloud, speed: 1 GFLOP/s}
links:
  - {between: [camera*, edge], bandwidth: 1 Mbit/s, latency: 1 ms}
  - {between: [edge, cloud], bandwidth: 1 Mbit/s, latency: 1 ms}
systems:
  vote: {system: mine.py:Vote, weights: tiny.json, thresholds: 0.5, rule: mine.py:Least, codec: mine.py:Half}
"""


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """Modules of users' files go with the test."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if "mine" in name:
            del sys.modules[name]
    USERS.clear()


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The good network's weights and card."""
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "good.py").write_text(MINE)
    from simnet.models.networks import NETWORKS

    torch.manual_seed(0)
    kind = NETWORKS.get("good.py:Tiny", folder)
    network = kind(kind.Architecture(view=(8, 8), classes=3, views=2)).eval()
    card = {
        "network": "mine.py:Tiny",
        "data": "mine.py:Greys",
        "class_names": ["dark", "mean", "light"],
        "architecture": network.arch.as_dict(),
        "graph": measured(network).as_dict(),
        "layers": {},
        "calibration": {"thresholds": {"early": 0.5}},
    }
    save_weights(network, card, folder / "tiny.safetensors")
    return folder


@pytest.fixture
def folder(tmp_path: Path, weights: Path, fresh_cache: Callable[[str], Path]) -> Path:
    """A scenario of a user's own kinds, all good."""
    fresh_cache("plugins")
    (tmp_path / "here").mkdir()
    for name in ("tiny.json", "tiny.safetensors"):
        (tmp_path / "here" / name).write_bytes((weights / name).read_bytes())
    (tmp_path / "here" / "mine.py").write_text(MINE)
    (tmp_path / "here" / "s.yaml").write_text(SCENARIO)
    return tmp_path / "here"


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text, f"{file.name} has no {old!r}"
    file.write_text(text.replace(old, new))


def refused(simnet: Simnet, command: str, folder: Path, *says: str) -> str:
    """Ask for the scenario; it is one message with all that it should say, and no run is left behind."""
    out = folder / "out"
    if command == "run":
        checked = simnet("check", folder / "s.yaml")
        assert checked[0] == 0, f"known before it runs: {checked[2]}"
    more = ["--out", out, "--device", "cpu", "--no-figures", "--quiet"] if command == "run" else []
    status, printed, err = simnet(command, folder / "s.yaml", *more)
    assert (status, printed) == (2, ""), err
    assert err.startswith("error: ") and err.count("error: ") == 1 and len(err.splitlines()) == 1
    for words in says:
        assert words in err
    assert not out.exists()
    return err


def test_the_scenario_that_is_broken_here_is_good(simnet: Simnet, folder: Path) -> None:
    assert simnet("check", folder / "s.yaml")[::2] == (0, "")
    out = folder / "out"
    assert simnet("run", folder / "s.yaml", "--out", out, "--no-figures", "--quiet") == (0, "", "")
    assert (out / "summary.json").is_file()


@dataclass(frozen=True)
class Case:
    """What is changed in which file, when it is found, and what the message must say."""

    old: str
    new: str
    says: tuple[str, ...]
    at: str = "check"
    file: str = "mine.py"


def bad(old: str, new: str, *says: str) -> Case:
    """Known before anything runs."""
    return Case(old, new, says)


def late(old: str, new: str, *says: str) -> Case:
    """Known when it runs."""
    return Case(old, new, says, at="run")


def scenario(old: str, new: str, *says: str) -> Case:
    """A mistake in the scenario."""
    return Case(old, new, says, file="s.yaml")


VOTE, RUN = "    def classify(self, sample):\n", "    def run(self, part, given):\n"
GATHER = "reported = yield self.gather(sample)"
CASES = {
    # found and imported
    "no such file": scenario("mine.py:Vote", "yours.py:Vote", "system 'yours.py:Vote'", "there is no file"),
    "no such class": scenario("mine.py:Vote", "mine.py:Votes", "system 'mine.py:Votes'", "has no 'Votes'"),
    "no such module": scenario("mine.py:Vote", "yours:Vote", "no module 'yours'", "beside the scenario"),
    "no module named": scenario("mine.py:Vote", "':Vote'", "write module:Name or file.py:Name"),
    "no class named": scenario("mine.py:Vote", "'mine.py:'", "system 'mine.py:'", "has no ''"),
    "a file in no folder": scenario("mine.py:Vote", "sub/mine.py:Vote", "there is no file", "sub/mine.py"),
    "of another sort": scenario("mine.py:Vote", "mine.py:Tiny", "Tiny is no class derived from System"),
    "no class at all": bad("class Vote(OneEdge):", "def Vote(): pass\nclass Other(OneEdge):", "no class derived from"),
    # systems
    "lacks classify": bad(VOTE, "    def classified(self, sample):\n", "Vote lacks classify", "System demands"),
    "exits: unknown": bad('"early", "late"', '"first", "late"', "needs an exit 'first'", "has exits early, late"),
    "exits: none": bad('exits = ("early", "late")', "exits = ()", "Vote needs exits = (...)", "found ()"),
    "exits: a text": bad('exits = ("early", "late")', 'exits = "early"', "Vote needs exits = (...)"),
    "exits: twice": bad('"early", "late"', '"early", "early"', "Vote needs exits = (...)"),
    "exits_of: nonsense": bad(
        VOTE, f"    @classmethod\n    def exits_of(cls, options, graph):\n        return 7\n\n{VOTE}",
        "exits_of gives 7",
    ),
    "roles: none": bad('exits = ("', 'roles = {}\n    exits = ("', "Vote needs roles = Roles(...)", "found {}"),
    "roles_of: nonsense": bad(
        VOTE, f"    @classmethod\n    def roles_of(cls, options):\n        return {{}}\n\n{VOTE}", "roles_of gives {}",
    ),
    "roles_of: fails": bad(
        VOTE, f"    @classmethod\n    def roles_of(cls, options):\n        return 1 / 0\n\n{VOTE}",
        "mine.py:Vote'", "mine.py:", "roles_of fails (ZeroDivisionError",
    ),
    "Options: no model": bad("Options = EdgeOptions", "Options = dict", "Vote.Options is no class", "SystemOptions"),
    "Options: another model": bad("Options = EdgeOptions", "Options = Model", "Vote.Options is no class"),
    "a role unfilled": scenario(
        "  edge: {tier: edge, speed: 1 GFLOP/s}\n", "  edge: {tier: router, speed: 1 GFLOP/s}\n",
        "role 'edge' needs exactly one node of tier 'edge', found none",
    ),
    "a role filled twice": scenario(
        "  edge: {tier: edge,", "  other: {tier: edge, speed: 1 GFLOP/s}\n  edge: {tier: edge,",
        "role 'edge' needs exactly one node of tier 'edge', found 2: other, edge",
    ),
    "hosts: unknown segment": bad(
        VOTE, f"    @classmethod\n    def hosts(cls, graph, place, options):\n"
        f"        return {{'edge': [Part('side')]}}\n\n{VOTE}",
        "hosts names a part Part(segment='side', copy=0)", "segments device ×2, edge ×1, cloud ×1",
    ),
    "hosts: unknown node": bad(
        VOTE, f"    @classmethod\n    def hosts(cls, graph, place, options):\n        return {{'moon': []}}\n\n{VOTE}",
        "hosts names a node 'moon'",
    ),
    "fit: fails": bad(
        VOTE, f"    @classmethod\n    def fit(cls, graph, place, options):\n        graph.segments['side']\n\n{VOTE}",
        "mine.py:Vote'", "fit fails (KeyError: 'side')",
    ),
    "constructor fails": late(
        VOTE, f"    def __init__(self, setting):\n        raise RuntimeError('no luck')\n\n{VOTE}",
        "mine.py:Vote'", "mine.py:", "__init__ fails (RuntimeError: no luck)",
    ),
    "classify: no generator": late(
        VOTE,
        f"    def classify(self, sample):\n        return self.decide('early', sample, 3)\n\n{VOTE.replace('y', 'i')}",
        "Vote.classify is no generator", "yield signals and return a Decision",
    ),
    "classify: returns nothing": late(
        GATHER, f"{GATHER}\n        return", "classify returned None for sample 0, no Decision",
    ),
    "classify: returns a number": late(
        GATHER, f"{GATHER}\n        return 7", "Vote.classify returned 7 for sample 0, no Decision",
    ),
    "classify: a Timeout": late(
        GATHER, f"{GATHER}\n        yield self.env.timeout(1)", "mine.py:", "Vote.classify: yields <Timeout(1)",
        "no signal",
    ),
    "classify: yields nothing": late(GATHER, f"{GATHER}\n        yield", "Vote.classify: yields None", "no signal"),
    "classify: fails at once": late(
        GATHER, f"self.nothing\n        {GATHER}", "classify fails (AttributeError: 'Vote' object has no", "sample 0",
    ),
    "classify: fails later": late(GATHER, f"{GATHER}\n        1 / 0", "classify fails (ZeroDivisionError", "mine.py:"),
    "classify: fails in its own way": late(
        GATHER, f"{GATHER}\n        raise UnicodeDecodeError('x', b'', 0, 1, 'odd')", "classify fails (UnicodeDecode",
    ),
    "classify: waits for ever": late(
        GATHER, f"{GATHER}\n        yield Signal(self.env)", "classify never ends for 10 of 10 samples",
        "a signal that nobody fires",
    ),
    "decide: unknown exit": late(
        'self.decide("early"', 'self.decide("first"', "no exit 'first'", "early, late", "mine.py:", "classify fails",
    ),
    "size: unknown segment": late(GATHER, f'{GATHER}\n        self.size("side")', "no segment 'side'", "device, edge"),
    "opinions: unknown segment": late(
        GATHER, f'{GATHER}\n        self.opinions("side", sample, reported)', "no segment 'side'", "device, edge",
    ),
    "decision: unknown exit": late(
        GATHER, f"{GATHER}\n        return Decision('first', 0, 0.1, reported)", "exit 'first' is none of",
        "early, late",
    ),
    "decision: no class": late(
        GATHER, f"{GATHER}\n        return Decision('early', 3, 0.1, reported)", "prediction 3 is no class from 0 to 2",
    ),
    "decision: no mask": late(
        GATHER, f"{GATHER}\n        return Decision('early', 0, 0.1, -1)", "upstream -1 is no mask",
    ),
    "decision: no measure": late(
        GATHER, f"{GATHER}\n        return Decision('early', 0, None, reported)", "measure None is no number",
    ),
    # networks
    "network: not there": bad("class Tiny(Network)", "class Small(Network)", "network 'mine.py:Tiny'", "has no 'Tiny'"),
    "network: lacks run": bad(RUN, "    def runs(self, part, given):\n", "Tiny lacks run, which Network demands"),
    "network: unknown segment": bad('Take("device")', 'Take("eye")', "'edge' takes of an unknown segment 'eye'"),
    "network: a circle": bad(
        '(Take("device"),)', '(Take("device"), Take("cloud"))', "'cloud' and 'edge' stand in a circle",
        "network 'mine.py:Tiny'",
    ),
    "network: two exits of one name": bad('exit="late"', 'exit="early"', "there are two exits 'early'"),
    "network: no graph": bad(
        "        self.graph = Graph(", "        self.plan = Graph(", "self.graph is None, no Graph",
    ),
    "network: another graph": bad(
        'exit="early")', 'exit="early", trained=False)', "its graph is not that of the network 'mine.py:Tiny'",
    ),
    "network: constructor fails": bad(
        "        self.eyes = nn", "        1 / 0\n        self.eyes = nn", "network 'mine.py:Tiny'",
        "ZeroDivisionError",
    ),
    "network: Architecture": bad(
        "    Architecture = Architecture", "    Architecture = dict", "Architecture is no class derived from",
    ),
    "network: architecture of another": Case(
        '"classes": 3,', '"classes": 3, "depth": 2,', ("its architecture makes no network", "depth"), file="tiny.json",
    ),
    "network: other layers": bad("nn.Linear(3, 4)", "nn.Linear(3, 5)", "does not fit its card", "size mismatch"),
    "network: scores of another shape": late(
        "self.middle(fused))", "self.middle(fused)[:, :2])", "segment 'edge' gives scores of shape [32, 2]",
        "not [32, 3]",
    ),
    "network: NaN": late(
        "self.middle(fused))", "self.middle(fused) * float('nan'))", "segment 'edge' gives scores that are not finite",
    ),
    "network: another batch": late(
        "self.middle(fused))", "self.middle(fused)[:-1])", "segment 'edge' gives scores of shape [31, 3] for 32",
    ),
    "network: no scores": late(", self.middle(fused))", ")", "segment 'edge' gives no scores, as its graph says"),
    "network: no features": late(
        "Output(fused[..., None, None], ", "Output(None, ", "segment 'edge' gives no features, as its graph says",
    ),
    "network: features of another shape": late(
        "Output(fused[..., None, None], ", "Output(fused, ", "segment 'edge' gives features of shape [32, 4]",
    ),
    "network: no Output": late("Output(None, self.top(fused))", "self.top(fused)", "segment 'cloud' gives", "Output"),
    "network: run fails": late(RUN, f"{RUN}        1 / 0\n", "network 'mine.py:Tiny'", "run fails (ZeroDivision"),
    "network: module fails": late(
        "        return {", "        return 1 / 0 or {", "network 'mine.py:Tiny'", "module fails (ZeroDivision",
    ),
    "network: module is none": late(
        "        return {", "        return 7 or {", "mine.py:Tiny", "module", "gives 7", "nn.Module or None",
    ),
    "network: prepares nonsense": late(
        RUN, f"    def prepare(self, pixels):\n        return pixels[0]\n\n{RUN}", "mine.py:Tiny", "prepare gives",
    ),
    # rules
    "rule: lacks measure": bad("    def measure(", "    def measured(", "Least lacks measure, which ExitRule demands"),
    "rule: constructor fails": bad(
        "class Least(ExitRule):\n", "class Least(ExitRule):\n    def __init__(self):\n        1 / 0\n\n",
        "mine.py:Least'", "__init__ fails (ZeroDivision",
    ),
    "rule: wants more": bad(
        "class Least(ExitRule):\n", "class Least(ExitRule):\n    def __init__(self, more):\n        pass\n\n",
        "mine.py:Least'", "without arguments",
    ),
    "rule: NaN": late(
        "return 1 - probabilities(here).max(-1)", "return here[:, 0] * float('nan')", "system 'vote'",
        "exit rule Least at exit 'early'", "NaN", "for sample 0",
    ),
    "rule: one number": late(
        ".max(-1)\n", ".max()\n", "system 'vote'", "exit rule Least at exit 'early'", "shape () for",
    ),
    "rule: another shape": late("max(-1)\n", "max(-1)[:, None]\n", "exit rule Least at exit 'early'", "1) for"),
    "rule: words": late("return 1 - prob", "return ['sure'] * len(here)\n        prob", "exit rule Least", "measure"),
    "rule: fails": late(
        "return 1 - prob", "1 / 0\n        prob", "system 'vote'", "exit 'early'",
        "mine.py:Least'", "measure fails (ZeroDivisionError",
    ),
    # codecs
    "codec: no name": bad('    name = "half"\n', "", "codec 'mine.py:Half': Half has no name"),
    "codec: lacks bytes": bad("    def bytes(", "    def size(", "Half lacks bytes, which Codec demands"),
    "codec: half a byte": bad("return 2 * int(np.prod(shape))", "return 0.5", "gives 0.5, not a whole number of bytes"),
    "codec: half a byte of some shapes": late(
        "return 2 * int(np.prod(shape))", "return 1 if len(shape) < 3 or shape[1] == 3 else 0.5", "codec",
        "mine.py:Half", "bytes((4, 1, 1)) gives 0.5",
    ),
    "codec: bytes fail": bad("return 2 * int(np.prod(shape))", "1 / 0", "cannot tell its bytes (ZeroDivisionError"),
    "codec: another shape": late(
        "return sent.half().float()", "return sent[:, :2]", "codec 'half'", "shape (32, 2, 1, 1), not",
    ),
    "codec: no tensor": late("return sent.half().float()", "return [1]", "codec 'half'", "arrive as list"),
    "codec: NaN": late("return sent.half().float()", "return sent / 0 * 0", "codec 'half'", "not finite"),
    "codec: fails": late("return sent.half().float()", "1 / 0", "mine.py:Half'", "arrived fails (ZeroDivision"),
    # data sets
    "data: no name": bad('name, licence = "greys",', "licence =", "data set 'mine.py:Greys': Greys has no name"),
    "data: lacks pixels": bad("    def pixels(", "    def pixel(", "Greys lacks pixels, which Dataset demands"),
    "data: fails to open": late("return cls(split)", "1 / 0", "mine.py:Greys cannot be opened (ZeroDivisionError"),
    "data: opens nothing": late("return cls(split)", "return None", "data set greys: open gives NoneType, no Dataset"),
    "data: no view": late("(3, 8, 8)", "(8, 8)", "view_shape is (8, 8), not (3, height, width)"),
    "data: other views": late("views = 2", "views = 3", "tiny is for 2 views of 3×8×8; Greys has 3 views of 3×8×8"),
    "data: other sides": late("(3, 8, 8)", "(3, 8, 9)", "tiny is for 2 views of 3×8×8; Greys has 2 views of 3×8×9"),
    "data: other classes": late(', "light")', ', "light", "blue")', "tiny is for 3 classes; greys has 4"),
    "data: label out of range": late("np.arange(12) % 3", "np.arange(12) % 4", "label 3 of row 3 is outside 0..2"),
    "data: pixels of another shape": late(
        "2, 3, 8, 8)).copy()", "2, 3, 8, 8))[:, :1]", "pixels gives uint8", "not uint8",
    ),
    "data: pixels fail": late("levels = ", "levels = 1 / 0 or ", "data set greys: pixels cannot be read (ZeroDivision"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_bad_plug_in_is_one_message(name: str, simnet: Simnet, folder: Path) -> None:
    case = CASES[name]
    change(folder / case.file, case.old, case.new)
    refused(simnet, case.at, folder, *case.says)


BROKEN_FILES = {
    "syntax": ("class Vote(System)\n", ("SyntaxError", "own.py, line 1")),
    "imports what is not there": ("import nowhere\n", ("No module named 'nowhere'",)),
    "fails": ("1 / 0\n", ("ZeroDivisionError",)),
    "an attribute that is not there": ("import hashlib\nhashlib.md7\n", ("no attribute 'md7'",)),
    "ends Python": ("import sys\nsys.exit(3)\n", ("SystemExit: 3",)),
    "is no text": ("\0", ("null bytes",)),
}


@pytest.mark.parametrize("name", BROKEN_FILES)
@pytest.mark.parametrize("written", ["own.py:Vote", "own:Vote"])
def test_a_file_that_cannot_be_imported_is_one_message(name: str, written: str, simnet: Simnet, folder: Path) -> None:
    text, says = BROKEN_FILES[name]
    (folder / "own.py").write_text(text)
    change(folder / "s.yaml", "system: mine.py:Vote", f"system: '{written}'")
    place = written.partition(":")[0]
    refused(simnet, "check", folder, f"systems.vote.system: system '{written}': {place} cannot be imported", *says)


@pytest.mark.parametrize("written", ["../elsewhere/mine.py", "elsewhere/mine.py"])
def test_a_file_in_another_folder_is_seen_from_the_scenarios(written: str, simnet: Simnet, folder: Path) -> None:
    other = folder / written
    other.parent.mkdir()
    (folder / "mine.py").rename(other)
    (folder / "tiny.json").rename(other.parent / "tiny.json")
    (folder / "tiny.safetensors").rename(other.parent / "tiny.safetensors")
    change(folder / "s.yaml", "mine.py", written)
    change(folder / "s.yaml", "tiny.json", str(other.parent / "tiny.json"))
    change(other.parent / "tiny.json", '"data": "mine.py:Greys"', f'"data": "{written}:Greys"')
    assert simnet("run", folder / "s.yaml", "--out", folder / "out", "--no-figures", "--quiet") == (0, "", "")


def test_two_files_of_one_name_and_one_that_is_called_as_pythons_own(simnet: Simnet, folder: Path) -> None:
    (folder / "other").mkdir()
    (folder / "other" / "mine.py").write_text(MINE.replace("(-1)\n", "(-1) * 0 - 1\n"))
    (folder / "cmd.py").write_text(MINE)
    kind = "{system: mine.py:Vote, weights: tiny.json, thresholds: 0.5, rule: other/mine.py:Least}"
    (folder / "s.yaml").write_text(f"{SCENARIO}  two: {kind}\n  three: {{system: 'cmd:Vote', weights: tiny.json}}\n")
    assert simnet("run", folder / "s.yaml", "--out", folder / "out", "--no-figures", "--quiet") == (0, "", "")
    exits = json.loads((folder / "out" / "summary.json").read_text())["systems"]["two"]["exits"]
    assert exits["early"]["count"] == 10, "the other file's rule was asked"
    sys.modules.pop("cmd", None)
    import cmd

    assert hasattr(cmd, "Cmd"), "Python's own module is still itself"


# Installed packages ---------------------------------------------------------------------------------------------------


def install(folder: Path, package: str, *entry_points: str) -> None:
    """A package as pip would leave it."""
    information = folder / f"{package}-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[simnet.systems]\n" + "\n".join(entry_points))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Installs packages with these entry points for systems."""

    def call(**packages: str) -> None:
        for package, entry_point in packages.items():
            install(tmp_path / "site", package, entry_point)
            (tmp_path / "site" / f"{package}.py").write_text(MINE)
        monkeypatch.syspath_prepend(str(tmp_path / "site"))

    yield call
    SYSTEMS._known.clear()


def test_two_packages_with_one_name_are_one_message(simnet: Simnet, folder: Path, installed) -> None:
    installed(mine_a="vote = mine_a:Vote", mine_b="vote = mine_b:Vote")
    change(folder / "s.yaml", "{system: mine.py:Vote,", "{")
    says = ("system 'vote'", "mine_a:Vote and mine_b:Vote", "write module:Name")
    assert "systems.vote" in refused(simnet, "check", folder, *says)
    status, _, err = simnet("plugins")
    assert status == 1 and all(words in err for words in says)
    change(folder / "s.yaml", "vote: {", "vote: {system: 'mine_b:Vote', ")
    assert simnet("check", folder / "s.yaml")[::2] == (0, "")


def test_a_package_cannot_take_our_names(simnet: Simnet, installed) -> None:
    installed(mine_c="ddnn = mine_c:Vote")
    status, _, err = simnet("plugins")
    assert status == 1 and "system 'ddnn': mine_c:Vote is never used, since ours has this name" in err
    assert SYSTEMS["ddnn"].__module__ == "simnet.systems.ddnn"


def test_an_entry_point_to_nothing_is_one_message(simnet: Simnet, folder: Path, installed) -> None:
    installed(mine_d="vote = mine_d:Nothing")
    change(folder / "s.yaml", "{system: mine.py:Vote,", "{")
    refused(simnet, "check", folder, "systems.vote: system 'vote': mine_d has no 'Nothing'")


def test_from_python_it_is_an_error_of_ours_or_of_the_plug_in(folder: Path) -> None:
    import simnet

    change(folder / "mine.py", GATHER, f"{GATHER}\n        1 / 0")
    with pytest.raises(simnet.ProtocolError, match=r"system '.*mine.py:Vote': .*mine.py:\d+: classify fails") as told:
        simnet.run(folder / "s.yaml", device="cpu")
    assert issubclass(simnet.ProtocolError, simnet.PluginError)
    causes = []
    error: BaseException | None = told.value
    while error is not None:
        causes.append(type(error))
        error = error.__cause__
    assert ZeroDivisionError in causes, "the traceback leads to the line"


@pytest.mark.parametrize(
    ("group", "base", "method"),
    [
        ("simnet.systems", "simnet.systems.base:System", "classify"),
        ("simnet.exit_rules", "simnet.models.rules:ExitRule", "measure"),
        ("simnet.codecs", "simnet.models.codecs:Codec", "arrived"),
        ("simnet.datasets", "simnet.models.data.base:Dataset", "pixels"),
        ("simnet.networks", "simnet.models.networks.base:Network", "run"),
        ("simnet.links", "simnet.network.links.base:Carrier", "send"),
        ("simnet.nodes", "simnet.network.nodes.plain:Node", "compute"),
        ("simnet.faults", "simnet.network.faults.actions:Action", "apply"),
        ("simnet.workloads", "simnet.workloads.spec:Demand", "arrivals"),
        ("simnet.metrics", "simnet.results.section:Section", "of"),
        ("simnet.policies", "simnet.systems.policies.base:EdgePolicy", "guard"),
        ("simnet.policies", "simnet.systems.policies.base:EdgePolicy", "__init__"),
        ("simnet.systems", "simnet.systems.base:System", "__init__"),
        ("simnet.networks", "simnet.models.networks.base:Network", "__init__"),
    ],
)
def test_a_method_that_takes_other_parameters_is_told_before_it_is_called(
    group: str, base: str, method: str, tmp_path: Path
) -> None:
    module, _, name = base.partition(":")
    text = f"from {module} import {name}\n\n\nclass Odd({name}):\n    def {method}(self):\n        pass\n"
    (tmp_path / "odd.py").write_text(text + "\n\nOdd.__abstractmethods__ = frozenset()\n", encoding="utf-8")
    with pytest.raises(PluginError, match=rf"'odd\.py:Odd': Odd\.{method} takes \(self\); {name}'s is given \(self, "):
        registries()[group].get("odd.py:Odd", tmp_path)
