"""The study of risk control: draws of made-up exits, what is stored of a network, its table in the documentation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fake_views import FakeViews
from paths import ROOT
from weights import write_random_weights

from simnet.models.cards.card import read_card, shipped
from simnet.models.evaluation.outcome import Exits
from simnet.models.evaluation.risk import UnkeepableError
from simnet.models.studies import risk
from simnet.models.studies.base import EVALUATIONS, stored


def made_up(n: int, wrong: float) -> Exits:
    """Two exits of two classes. The first is less sure from sample to sample, and wrong of the last `wrong` of them."""
    sure = np.linspace(3, 0.1, n)
    early = np.stack([sure, np.zeros(n)], axis=1)
    early[int(n * (1 - wrong)) :] = early[int(n * (1 - wrong)) :, ::-1]
    return Exits({"early": early, "last": np.tile([1.0, 0.0], (n, 1))}, np.zeros(n, dtype=np.int64))


def test_risk_of_a_draw_is_that_over_all_samples() -> None:
    """Draws of 400 of 4,000, of which the least sure tenth is wrong: some keep 5 % and some do not, in four of five."""
    found = risk.drawn(made_up(4_000, 0.1), 400, 300, 0.05, 0.2)
    for share, lost in zip(found.early, found.risks, strict=True):
        assert lost == pytest.approx(max(0.0, share - 0.9), abs=1e-12)  # who leaves beyond nine tenths is wrong
    told = found.told(0.05)
    assert told["kept"] == sum(lost <= 0.05 for lost in found.risks) < 300 == told["draws"]
    assert told["kept"] / 300 >= 0.8 - 2 * np.sqrt(0.2 * 0.8 / 300)
    assert told["interval"][0] < told["kept"] / 300 < told["interval"][1]
    assert told["greatest_risk"] > 0.05 > told["risk"]


def test_draws_are_those_of_the_seed() -> None:
    exits = made_up(500, 0.1)
    first, again, other = (risk.drawn(exits, 300, 5, 0.05, 0.2, seed) for seed in (1, 1, 2))
    assert first == again != other


def test_draws_that_are_too_small() -> None:
    with pytest.raises(UnkeepableError, match="takes 230 validation samples"):
        risk.drawn(made_up(500, 0.1), 229, 1, 0.01, 0.1)


def test_study_of_a_network(tmp_path: Path) -> None:
    """An entry for the surest device, the vote and the mean; what 20 samples cannot promise is told."""
    card = read_card(str(write_random_weights(tmp_path, "ada-ddnn", "plaza", views=6)))
    validation, test = FakeViews("validation"), FakeViews("test")
    found = risk.run(card, validation, test, 3, epsilon=0.2, delta=0.2)
    assert (found["samples"], found["drawn"], found["sha256"]) == (40, 20, card.values["sha256"])
    assert [entry["instead"] for entry in found["entries"]] == [{}, {"edge-1": "vote"}, {"edge-1": "mean"}]
    assert all(entry["draws"] == 3 for entry in found["entries"])
    few = risk.run(card, validation, test, 3)
    assert few["entries"] == [] and "there are 20" in few["unkeepable"]
    assert list(risk.rows(few)) == [f"| `{card.name}` | 20 of 40 | too few samples | – | – |"]


def test_documentation_has_the_stored_results() -> None:
    """A row for each entry of the present weights, and none of others."""
    page = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
    done = [card for card in shipped() if (EVALUATIONS / f"risk-{card.name}.json").exists()]
    found = [row for card in done for row in risk.rows(stored(f"risk-{card.name}", card))]
    assert [row for row in found if row not in page] == [] and any("too few" in row for row in found)
    assert page.count(" of 500: ") == sum(" of 500: " in row for row in found) > 12
