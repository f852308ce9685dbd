"""Ranges and globs: bounded together, matched without going back, the same as one name after another."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simnet.language.names import LONGEST, Known, expand, match


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cam[1..1000]x[1..1000]", "must hold at most 10,000 names together"),
        ("a[1..100]b[1..100]c[1..2]", "must hold at most 10,000 names together"),
        ("cam[1..1001]", "range [1..1001] must run upwards and hold at most 1000 names"),
        ("cam[6..1]", "range [6..1] must run upwards"),
        (f"cam[1..{'9' * 150}]", "must run upwards and hold at most 1000 names"),
        (f"cam[1..{'9' * 5000}]", "at most 200 letters"),
        ("cam" + "[1..1]" * 20_000, "at most 200 letters"),
        ("x" * 100_000, "at most 200 letters"),
    ],
)
def test_ranges_are_bounded_by_their_product_and_names_by_their_length(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)) as caught:
        expand(text)
    assert len(str(caught.value)) < 400


def test_ranges_hold_as_many_names_as_are_allowed() -> None:
    assert len(expand("a[1..100]b[1..100]")) == 10_000
    assert expand("a[01..02]b[9..10]") == ["a01b9", "a01b10", "a02b9", "a02b10"]
    assert expand("x" * LONGEST) == ["x" * LONGEST]


@pytest.mark.parametrize("pattern", ["*" * 60, "*a" * 60 + "b", "*?" * 60 + "x", "a*" * 50 + "[1..9]b"])
def test_a_glob_of_many_stars_ends(pattern: str) -> None:
    """A pattern that goes back would take 2^60 steps here."""
    names = ["a" * 190, "a" * 100 + "c" + "a" * 80]
    assert match(pattern, names) == [name for name in names if re.fullmatch(r"\**", pattern)]


NAMES = st.text(alphabet="ab1", min_size=1, max_size=8)


@given(pattern=st.text(alphabet="ab1*?", min_size=1, max_size=8), names=st.lists(NAMES, unique=True))
def test_globs_match_as_those_of_the_shell_in_the_order_of_names(pattern: str, names: list[str]) -> None:
    wanted = [name for name in names if fnmatchcase(name, pattern)]
    assert match(pattern, names) == wanted
    assert match(pattern, Known(names)) == wanted


@given(
    before=st.text(alphabet="ab1*?", max_size=3),
    after=st.text(alphabet="ab1*?", max_size=3),
    first=st.integers(0, 12),
    more=st.integers(0, 5),
    names=st.lists(st.text(alphabet="ab012", min_size=1, max_size=5), unique=True),
)
def test_a_range_in_a_glob_is_each_of_its_numbers(
    before: str, after: str, first: int, more: int, names: list[str]
) -> None:
    each = [f"{before}{number}{after}" for number in range(first, first + more + 1)]
    wanted = [name for name in names if any(fnmatchcase(name, one) for one in each)]
    assert match(f"{before}[{first}..{first + more}]{after}", names) == wanted
