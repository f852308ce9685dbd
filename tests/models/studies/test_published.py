"""Published numbers have a row each: none is without, and one that went missing would be told."""

from __future__ import annotations

import pytest
from paths import ROOT

from simnet.models.studies.published import Published, numbers, section, unplaced

PAGES = {name: (ROOT / "docs" / name).read_text(encoding="utf-8") for name in {one.page for one in numbers()}}


def test_no_published_number_is_without_a_row() -> None:
    assert unplaced(PAGES) == []


def test_every_paper_is_there() -> None:
    assert {one.paper for one in numbers()} == {"ADA-DDNN", "DDNN 2017", "DistrEE", "DAPDEE"}
    listed = {n for one in numbers() for n in one.numbers}
    assert {"84.70", "86.62", "67.41", "86.57", "0.45", "1.01", "20×", "27.6", "9.9", "7.7", "7.5", "1.2"} <= listed


@pytest.mark.parametrize("one", [*numbers()], ids=lambda one: f"{one.paper}, {one.what}")
def test_a_row_that_goes_missing_is_told(one: Published) -> None:
    """Without its place, each number of a result is named."""
    text = PAGES[one.page]
    gone = text.replace(section(text, one.place), "\n\n")
    told = unplaced({**PAGES, one.page: gone})
    assert f"{one.paper}, {one.what}: {', '.join(one.numbers)}" in told


@pytest.mark.parametrize(
    ("text", "lacking"),
    [("| 7.5 |", []), ("up to 7.5 %", []), ("17.5", ["7.5"]), ("7.53", ["7.5"]), ("7.5/8", ["7.5"]), ("7.5.", [])],
)
def test_a_number_is_a_whole_one(text: str, lacking: list[str]) -> None:
    assert Published("a", "b", ("7.5",), "c", "d").lacking(text) == lacking


def test_a_section_ends_at_the_next_heading_of_its_kind() -> None:
    page = "# A\n1\n## B\n2\n### C\n3\n## D\n4\n<!-- e -->\n5\n<!-- end of e -->\n"
    assert section(page, "B").split() == ["2", "###", "C", "3"]
    assert section(page, "e").strip() == "5" and section(page, "none") == ""
