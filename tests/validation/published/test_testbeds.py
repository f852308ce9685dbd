"""Other people's testbeds: simulated values by hand, and that wrong links, exits and answers are noticed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from paths import ROOT
from typer.testing import CliRunner

from simnet.cli.app import app
from simnet.network import topology
from simnet.validation import checks
from simnet.validation.base import Check, Finding, Published, Result, Settings
from simnet.validation.checks import OWN, PUBLISHED, carry_out
from simnet.validation.published import dads, edgent, portend, scission, testbed

NAMES = ["portend", "scission", "edgent", "dads"]


def verdicts(name: str) -> list[bool]:
    (check,) = [one for one in PUBLISHED if one.name == name]
    return [result.passed for result in carry_out(check, Settings()).results]


@pytest.mark.parametrize("name", NAMES)
def test_what_was_published_is_met(name: str):
    assert verdicts(name) and all(verdicts(name))


# by hand, in ms: 10 Mbit/s carry 1250 B a ms


@pytest.mark.parametrize(
    ("number", "split", "speed_up"),
    [
        # 64·8·8·4 = 16,384 B take 13.1072 ms; 1 of 100 samples: there, computed, and back: 20 ms each way.
        (0, 13.379332 + 0.01 * (13.1072 + 20 + 0.573985 + 20), 1.0630),
        # 32·16·16·4 = 32,768 B take 26.2144 ms.
        (1, 40.924407 + 0.18 * (26.2144 + 20 + 7.047408 + 20), 1.5159),
        # 40·28·28·4 = 125,440 B take 100.352 ms.
        (2, 268.211416 + 0.92 * (100.352 + 20 + 23.066088 + 20), 1.3860),
    ],
)
def test_portend_by_hand(number: int, split: float, speed_up: float):
    one = portend.PLACEMENTS[number]
    assert 1e3 * portend.split(one) == pytest.approx(split, abs=1e-8)
    assert portend.all_on_tier_0(one) / portend.split(one) == pytest.approx(speed_up, abs=5e-5)


def test_portend_in_the_cloud_only():
    """3·32·32·4 = 12,288 B: 9.8304 + 20 ms, then 0.24576 + 40 ms; 2.863776 ms on the T4; 60 ms back."""
    assert 1e3 * portend.all_on_t4() == pytest.approx(9.8304 + 20 + 0.24576 + 40 + 2.863776 + 60, abs=1e-8)


def test_scission_by_hand():
    """Layer 6 gives 128·56·56 values, layer 11 256·28·28; 1.6 Mbit/s are 200 kB/s, 50 Mbit/s 6.25 MB/s.

    The Pi at 14.4 GFLOP/s: 2 · 9 · (3·64 + 64·64) · 224² + 2 · 9 · (64·128 + 128·128) · 112² = 9,421,848,576 FLOP, and
    100 us for each of four convolutions, four ReLU and two poolings.
    """
    up, on = 128 * 56 * 56 * 4 + 128, 256 * 28 * 28 * 4 + 128
    assert (up, on) == (1_605_760, 802_944)
    played = scission.pipeline(*scission.BEST)
    assert played.sent == up + on == 2_408_704
    transfers = up / 200e3 + 0.0667 + on / 6.25e6 + 0.02
    assert played.latency == pytest.approx(transfers + 9_421_848_576 / 14.4e9 + 10 * 100e-6, abs=1e-11)


def test_layers_of_vgg():
    """VGG19 has 143,667,240 weights and 26 layers; of VGG16 torch counts 30,941 MFLOP and, but for one pooling that
    Keras has not, 37 operations that move 242 MB (docs/presets.md)."""
    layers = scission.vgg()
    assert sum(layer.parameters for layer in layers) == 143_667_240 and len(layers) == 26
    sixteen = scission.vgg(((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)))
    assert sum(layer.flop for layer in sixteen) / 1e6 == pytest.approx(30_941, abs=0.5)
    assert sum(layer.operations for layer in sixteen) == 37  # with the softmax of Keras, which torchvision has not
    assert sum(layer.traffic for layer in sixteen) / 1e6 == pytest.approx(242, abs=0.5)


def test_the_query_of_scission_allows_54_cuts():
    """1 to 9 on the Pi, up to 10 to 15 at the edge."""
    assert len(list(scission.allowed_cuts())) == 9 * 6


def test_edgent_by_hand():
    """50 kbit/s carry 14,481 B in 2.317 s: 3,620 values. At 1 Mbit/s they take 115.84 ms."""
    assert edgent.VALUES == 3_620
    assert edgent.at_edge(edgent.FAST) == pytest.approx(0.11584, abs=1e-12)


def test_dads_by_hand():
    """10 s alone: 1/7.23 − 1/8.32 = 0.018120 of it are what 4G is slower than Wi-Fi by, 1/5.85 − 1/18.88 = 0.117974
    s/Mbit: 1.5360 Mbit, 48 thousand values. The server: 1.20192 − 1.5360/18.88 = 1.12057 s. So 3G takes
    1.12057 + 1.5360/1.1 = 2.51690 s: 3.973 times sooner than alone."""
    values, computing = dads.unknowns()
    assert values == pytest.approx(48_000, abs=5) and computing == pytest.approx(1.12057, abs=1e-5)
    assert dads.ratio("dads-3g") == pytest.approx(3.973, abs=5e-4)


def test_throughputs_of_dads_by_hand():
    """Under heavy load the slower of link and server counts: on 3G 1.5360/1.1 = 1.39636 s, else 1.12057 s; of 10 s."""
    for preset, slowest in (("dads-3g", 1.39636), ("dads-4g", 1.12057), ("dads-wifi", 1.12057)):
        assert dads.throughput(preset) == pytest.approx(10 / slowest, abs=2e-3)


# what is wrong is noticed


def slower_links(monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    make = topology.make_link

    def slower(env: Any, record: Any, spec: Any, *args: Any, **values: Any) -> Any:
        return make(env, record, spec.model_copy(update={"bandwidth": spec.bandwidth * factor}), *args, **values)

    monkeypatch.setattr(topology, "make_link", slower)


def test_slower_links_are_noticed(monkeypatch: pytest.MonkeyPatch):
    """By a tenth where all hangs on them, by half for PORTEND's speed-ups."""
    slower_links(monkeypatch, 0.9)
    assert [all(verdicts(name)) for name in ("scission", "edgent", "dads")] == [False] * 3
    slower_links(monkeypatch, 0.5 / 0.9)
    assert not all(verdicts("portend"))


def test_answers_that_do_not_return_are_noticed(monkeypatch: pytest.MonkeyPatch):
    """ResNet-110 would be 82.03 / (54.11 − 0.18 · 20) = 1.624 times sooner: not within 5 % of 1.49."""
    play = portend.play
    monkeypatch.setattr(portend, "play", lambda *args: play(*args, returns=False))
    assert verdicts("portend") == [True, False, True, True]


def test_nobody_leaves_early_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(testbed.Chain, "leaves", lambda chain, decision: False)
    assert verdicts("portend")[:2] == [False, False]


def test_another_shape_is_noticed(monkeypatch: pytest.MonkeyPatch):
    """Without numpy's header 256 B are missing."""
    monkeypatch.setattr(scission, "NPY_HEADER", 0)
    assert verdicts("scission")[2:4] == [False, False]


def test_a_sample_without_an_answer():
    """A link that loses all it is given: a run that answers nothing tells no latency."""
    nodes = {"device": testbed.server("device"), "edge": testbed.server("edge")}
    links = [
        link.model_copy(update={"queue": 1}) for link in testbed.both_ways("device", "edge", bandwidth=1.0, latency=0.0)
    ]
    pieces = [testbed.Piece("device", (100,)), testbed.Piece("edge")]
    with pytest.raises(RuntimeError, match="3 of 4 samples got no answer"):
        testbed.play(pieces, nodes, links, every=1.0, samples=4)


@pytest.mark.parametrize(("simulated", "passed"), [(0.1, True), (1.0, True), (1.2, False), (float("nan"), False)])
def test_a_bound_from_above(simulated: float, passed: bool):
    result = Result("x", "", simulated, 1.0, 0.1, bound=True)
    assert result.passed is passed and result.to_dict()["bound"] is True


# the command


def invoke(*words: str) -> Any:
    return CliRunner().invoke(app, ["validate", *words])


@pytest.mark.parametrize(
    ("words", "there"),
    [
        ((), [one.name for one in OWN]),
        (("--published",), NAMES),
        (("--full",), [*(one.name for one in OWN), *NAMES]),
        (("--published", "--full"), NAMES),
        (("--only", "edgent", "--only", "lot"), ["lot", "edgent"]),
        (("--published", "--only", "*d*"), ["portend", "edgent", "dads"]),
    ],
)
def test_what_is_carried_out(words: tuple[str, ...], there: list[str], monkeypatch: pytest.MonkeyPatch):
    carried: list[str] = []

    def note(check: Check, settings: Settings) -> Finding:
        carried.append(check.name)
        return Finding(check, "passed")

    monkeypatch.setattr(checks, "carry_out", note)
    assert invoke(*words).exit_code == 0
    assert carried == there


def test_the_command_prints_published_ratio_and_what_was_not_run():
    told = " ".join(invoke("--published", "--only", "edgent", "--only", "portend").output.split())
    for text in ("simulated published ratio tolerance", "0.11584 0.123 0.9418 10 % passed", "at most", "2 passed"):
        assert text in told
    assert "not run: device only, cuts and exits: the times of its layers were not at hand" in told
    assert "tolerance: at 50 kbit/s half of the last digit" in told


def test_the_command_fails_where_a_testbed_is_missed(monkeypatch: pytest.MonkeyPatch):
    slower_links(monkeypatch, 0.9)
    assert invoke("--published", "--only", "edgent").exit_code == 1


def test_a_name_that_no_testbed_has():
    told = invoke("--published", "--only", "scision")
    assert told.exit_code == 2
    assert "no check is called 'scision'; did you mean 'scission'? (there are portend," in " ".join(told.output.split())


def test_json_says_why_and_what_not(tmp_path: Path):
    file = tmp_path / "published.json"
    assert invoke("--published", "--only", "dads", "--json", str(file)).exit_code == 0
    (check,) = json.loads(file.read_text(encoding="utf-8"))["checks"]
    assert check["allowed"].startswith("half of the last digit") and check["missing"].startswith("CAT1")


def test_every_testbed_says_why_and_what_not():
    assert [one.name for one in PUBLISHED] == NAMES
    assert all(isinstance(one, Published) and one.allowed and one.missing for one in PUBLISHED)


@pytest.mark.parametrize("check", PUBLISHED, ids=NAMES)
def test_the_page_has_what_is_simulated(check: Check):
    page = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
    for result in check.run(Settings()):
        unit = f" {result.unit}" if result.unit else ""
        values = (
            f"{result.reference:.6g}{unit}",
            f"{result.simulated:.6g}{unit}",
            f"{result.simulated / result.reference:.4f}",
        )
        assert f"| `{check.name}` | {result.what} | {' | '.join(values)} | " in page
