"""Tables of a comparison before they are drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_run import write_fake

from simnet.analysis.compare import listings
from simnet.results.cells import NONE, Listing, long


def test_a_column_of_dashes_is_left_out() -> None:
    table = Listing("t", ("", "a", "b"), [(NONE, NONE, "1"), (), ["y"], ("x", "", NONE)])
    assert table.without_empty() == Listing("t", ["", "b"], [[NONE, "1"], [], ["y"], ["x", NONE]])
    assert Listing("t", ("", "a")).without_empty().columns == ["", "a"], "without rows nothing is known"


def test_accuracies_of_all_are_a_column_only_where_they_are_known(tmp_path: Path) -> None:
    """The made-up system `ada-ddnn` has them, `ddnn` not."""
    columns = {}
    for name in ("ddnn", "ada-ddnn"):
        (table,) = listings(write_fake(tmp_path / name, samples=40, systems=(name,)))["exits"]
        columns[name] = table.columns
    assert columns["ada-ddnn"] == [*columns["ddnn"], "accuracy of all, %"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "–"), (7199.0, "7200 s"), (7200.0, "2 h"), (172800.0, "2 days"), (3.16e8, "3,660 days")],
)
def test_a_battery_life_is_told_in_hours_and_days(seconds: float | None, said: str) -> None:
    assert long(seconds) == said
