"""Reproduction: intervals and verdicts are right, pages are filled in between marks only, studies fit their weights."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import typer
from fake_views import FakeViews
from paths import ROOT
from weights import write_random_weights

from simnet.cli.models import reproduce as cli_reproduce
from simnet.cli.models.reproduce import tables
from simnet.models.cards.card import Card, WeightsError, read_card, shipped
from simnet.models.cards.markdown import filled, table
from simnet.models.cards.weights import load_network
from simnet.models.codecs import REAL_VALUED, codec
from simnet.models.data.base import Dataset
from simnet.models.data.plaza.plaza import Plaza
from simnet.models.evaluation.calibration import calibrated
from simnet.models.evaluation.outcome import Exits
from simnet.models.evaluation.scores import exit_scores, segment_scores
from simnet.models.studies import base, codecs, faults
from simnet.models.studies.reproduction import Measured, exit_accuracy, flattening, missing_samples, tier_of


def test_verdict() -> None:
    """Only what lies within our interval is reproduced; that more is better does not make it the same."""
    assert Measured(0.866, 8_000).verdict(86.62) == "reproduced"
    assert Measured(0.95, 8_000).verdict(86.62) == "higher"
    assert Measured(0.85, 8_000).verdict(86.62) == "lower"


def test_page_is_filled_between_marks_only() -> None:
    page = "a\n<!-- x -->\nold\n<!-- end of x -->\nb\n"
    new = filled(page, {"x": table(("h",), [("1",)])})
    assert new == "a\n<!-- x -->\n\n| h |\n| --- |\n| 1 |\n\n<!-- end of x -->\nb\n"
    assert filled(new, {"x": table(("h",), [("1",)])}) == new
    for broken in ("a", page + page, "<!-- end of x --><!-- x -->"):
        with pytest.raises(ValueError, match="once, in this order"):
            filled(broken, {"x": ""})


@pytest.mark.parametrize(
    "card",
    [c for c in shipped() if {"edge", "edge-2"} & {*c.graph.exits} and "local" not in c.graph.exits],
    ids=lambda c: c.name,
)
def test_edge_accuracy_joins_both_edge_exits(card: object) -> None:
    """Eq. 6 of ADA-DDNN: right samples over samples that left, over all edge exits; with the cloud's they make all."""
    edge, share = exit_accuracy(card, "edge")  # type: ignore[arg-type]
    cloud, rest = exit_accuracy(card, "cloud")  # type: ignore[arg-type]
    test = card.values["calibration"]["test"]  # type: ignore[attr-defined]
    assert share + rest == pytest.approx(1)
    assert share * edge.accuracy + rest * cloud.accuracy == pytest.approx(test["system_accuracy"])
    assert tier_of("edge-1") == tier_of("edge-2") == tier_of("edge") == "edge" and tier_of("local") == "local"


def test_flattening_is_told_for_every_mode() -> None:
    """Falls from the study's own figure with all cameras; what it costs with all of them from the whole test split."""

    def entries(*accuracies: float) -> list[dict[str, object]]:
        return [{"missing": [1] * n, "forced": {"cloud": a}} for n, a in enumerate(accuracies)]

    cards = tuple(
        Card(Path("x"), {"forced_accuracy": {"test": {"cloud": a}}, "samples": {"test": 8_000}}) for a in (0.875, 0.865)
    )
    plain, dropout = entries(0.9, 0.8, 0.6, 0.4), entries(0.85, 0.84, 0.8, 0.75)
    plain.append({"missing": [2], "forced": {"cloud": 0.7}})  # the mean over subsets counts
    text = flattening({"zero features": (plain, dropout), "zero input": (dropout, plain)}, cards)  # type: ignore[arg-type]
    assert "with zero features: 1 missing 15.0 → 1.0, 2 missing 30.0 → 5.0, 3 missing 50.0 → 10.0;" in text
    assert "with zero input: 1 missing 1.0 → 15.0, 2 missing 5.0 → 30.0, 3 missing 10.0 → 50.0." in text
    assert "87.50 → 86.50 % of 8,000 test samples" in text


def test_widest_interval_of_the_fault_studies() -> None:
    """Of the smallest study, at one half: 0.98 / √1000 = 3.1 points."""
    assert missing_samples({"a": 1_000, "b": 8_000}).startswith("a: 1,000; b: 8,000. ")
    assert "±3.1 points" in missing_samples({"a": 1_000, "b": 8_000})


def test_subsets_are_all_but_the_empty_world() -> None:
    found = faults.subsets(range(6))
    assert len(set(found)) == len(found) == 63 and () in found and all(len(missing) < 6 for missing in found)
    assert faults.subsets([1, 4]) == [(), (1,), (4,)]


class FirstSamples:
    """The first samples of a data set."""

    def __init__(self, data: Dataset, count: int) -> None:
        self.name, self.split, self.views, self.view_shape = data.name, data.split, data.views, data.view_shape
        self.labels, self.pixels = data.labels[:count], data.pixels

    def __len__(self) -> int:
        return len(self.labels)


def test_codec_study_runs_the_network_on_what_arrives() -> None:
    """Figures are those of the network with each codec, at T from validation; bytes are those that are charged."""
    card = read_card("ddnn-plaza")
    few, held_out = FirstSamples(Plaza("test"), 120), FirstSamples(Plaza("validation"), 200)
    found = codecs.run(card, few, held_out)["codecs"]  # type: ignore[arg-type]
    network = load_network(card)
    for name in REAL_VALUED:
        at, validated = (
            Exits(exit_scores(network, segment_scores(network, data, codec=name)), data.labels)  # type: ignore[arg-type]
            for data in (few, held_out)
        )
        assert found[name]["forced"] == at.forced_accuracies
        outcome = at.outcome(calibrated(validated).thresholds)
        assert tuple(found[name]["thresholds"].values()) == outcome.thresholds != calibrated(at).thresholds
        assert found[name]["system"] == outcome.system_accuracy
        sizes, upload = found[name]["bytes"], codec(name).bytes(card.graph.segments["edge"].sends)
        assert sizes["device_to_edge"] == 6 * codec(name).bytes(card.graph.segments["device"].sends)
        assert sizes["edge_to_cloud"] == upload
        assert sizes["expected"] == pytest.approx(sizes["device_to_edge"] + outcome.shares[-1] * upload)
    assert 0 < found["fp32"]["shares"]["cloud"] < 1  # so that the upload counts in part
    assert found["1bit"]["forced"] != found["fp32"]["forced"]


@pytest.mark.parametrize("name", ["ada-ddnn-plaza", "ddnn-plaza"])
def test_fault_study_is_the_whole_networks_answer(name: str) -> None:
    """Running the devices once for all subsets gives what the network gives with those views, subset by subset."""
    card, data = read_card(name), Plaza("test")
    found = faults.run(card, data, 60)
    few = FirstSamples(data, 60)
    zeros = {tuple(e["missing"]): e for e in found["modes"]["zero features"]}
    network = load_network(card)

    for missing in ((), (2,), (1, 4, 6), (1, 2, 3, 4, 5)):
        scores = segment_scores(network, few, missing=[number - 1 for number in missing])  # type: ignore[arg-type]
        exits = Exits(exit_scores(network, scores), few.labels)
        assert zeros[missing]["forced"] == pytest.approx(exits.forced_accuracies, abs=1 / 59)
        outcome = exits.outcome([card.thresholds[e] for e in exits.names[:-1]])
        assert zeros[missing]["system"] == pytest.approx(outcome.system_accuracy, abs=1 / 59)
    for entries in found["modes"].values() if "device" in scores else ():  # camera 6 is left: nobody else may be surest
        last = next(e for e in entries if e["missing"] == [1, 2, 3, 4, 5])
        alone = (scores["device"][:, 5].argmax(1) == few.labels).mean()
        assert last["forced"]["edge-1"] == pytest.approx(alone, abs=1 / 59)
    # The black view's features are the devices' own, so with nothing missing both modes are the same network.
    assert zeros[()]["forced"] == found["modes"]["zero input"][0]["forced"]
    assert zeros[(1, 2, 3, 4, 5)] != next(e for e in found["modes"]["zero input"] if len(e["missing"]) == 5)


def test_fault_study_finds_what_is_stored() -> None:
    """On the first samples, subset by subset; the stored study has ten times as many."""
    card = read_card("ada-ddnn-plaza")
    found = faults.run(card, Plaza("test"), 100)["modes"]
    for mode, entries in base.stored("faults-ada-ddnn-plaza", card)["modes"].items():
        assert [one["missing"] for one in entries] == [one["missing"] for one in found[mode]]
        for one, other in zip(entries, found[mode], strict=True):
            assert one["forced"] == pytest.approx(other["forced"], abs=0.2)


@pytest.mark.parametrize(
    ("system", "changes"),
    [
        ("ddnn", {"views": 3}),
        ("ada-ddnn", {"views": 1}),
        ("ddnn-2017", {"devices": (1, 4), "edges": ((1,), (4,))}),
    ],
)
def test_fault_study_of_any_network_and_number_of_views(
    system: str, changes: dict[str, object], tmp_path: Path
) -> None:
    """Both modes; cameras are numbered by their views, and what is missing has no result of its own."""
    card = read_card(str(write_random_weights(tmp_path, system, "plaza", **changes)))
    network, data = load_network(card), FakeViews("test", views=card.graph.views)
    found = faults.run(card, data, 8)["modes"]
    for mode, entries in found.items():
        told = [tuple(camera - 1 for camera in e["missing"]) for e in entries]
        assert told == faults.subsets(card.graph.seen), mode
        assert all(list(e["forced"]) == list(card.graph.exits) for e in entries)
    for entry in found["zero features"]:
        few = FirstSamples(data, 8)
        scores = segment_scores(network, few, missing=[n - 1 for n in entry["missing"]])  # type: ignore[arg-type]
        assert entry["forced"] == Exits(exit_scores(network, scores), few.labels).forced_accuracies
    assert found["zero features"][0] == found["zero input"][0]


def test_the_page_is_what_the_stored_evaluations_say() -> None:
    """No table on the page was typed, and none is of other weights than those that are shipped."""
    page = (ROOT / "docs" / "reproduction.md").read_text(encoding="utf-8")
    assert filled(page, tables()) == page


def test_no_part_of_the_page_is_of_other_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every stored evaluation of shipped weights, with the checksum of others, is refused."""
    for path in sorted(base.EVALUATIONS.glob("*.json")):
        found = re.findall(r'"sha256": "(\w+)"', path.read_text(encoding="utf-8"))
        of_none = ("ablation-cifar10", "data-mvmc", "ddnn-2017-published")
        assert len(found) == (path.stem not in of_none), path
        if not found or path.name.startswith("risk-"):  # on another page: see test_promises
            continue
        shutil.copytree(base.EVALUATIONS, tmp_path / path.stem)
        (tmp_path / path.stem / path.name).write_text(path.read_text(encoding="utf-8").replace(found[0], "0"))
        with monkeypatch.context() as patch:
            patch.setattr(base, "EVALUATIONS", tmp_path / path.stem)
            with pytest.raises(WeightsError, match=rf"{path.name} is of other weights than .*; run the study again"):
                tables()


def test_reproduce_says_what_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And leaves the page alone."""
    page = tmp_path / "page.md"
    page.write_text("x")
    file = tmp_path / "file"
    file.write_text("")
    monkeypatch.setattr(cli_reproduce, "tables", dict)
    with pytest.raises(typer.BadParameter, match="cannot be written"):
        cli_reproduce.reproduce(page, file / "figures")
    with pytest.raises(typer.BadParameter, match="No such file"):
        cli_reproduce.reproduce(tmp_path / "none.md", tmp_path)
    assert page.read_text() == "x"


def test_stored_results_belong_to_their_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "EVALUATIONS", tmp_path)
    card = read_card("ddnn-plaza")
    base.store("x", {"sha256": card.values["sha256"]})
    assert base.stored("x", card) == {"sha256": card.values["sha256"]}
    base.store("x", {"sha256": "0"})
    with pytest.raises(WeightsError, match=r"is of other weights than .*ddnn-plaza\.json; run the study again"):
        base.stored("x", card)
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(WeightsError, match="no readable evaluation"):
        base.stored("x")
