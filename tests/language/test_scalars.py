"""A number in YAML is what everybody reads in it: what readers differ about is refused, and all else is read."""

from __future__ import annotations

import math
from datetime import date

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from simnet.language.errors import ScenarioError
from simnet.language.scalars import AmbiguousError, Writer, number, value
from simnet.language.source import Source, parse


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0", 0), ("-0", 0), ("+5", 5), ("100", 100), ("1_000", 1000), ("12_345_678", 12345678), ("0x1F", 31),
        ("1e3", 1000), ("1E3", 1000), ("1e+3", 1000), ("1.5e3", 1500), ("010e2", 1000), ("0100.0", 100), ("7.", 7),
        ("1e-3", 0.001), ("5e-1", 0.5), (".5", 0.5), ("-.5", -0.5), ("0.1", 0.1), ("1e22", 1e22), ("1e-400", 0.0),
        ("9007199254740993", 9007199254740993), ("340282366920938463463374607431768211455", 2**128 - 1),
    ],
)  # fmt: skip
def test_what_everybody_reads_alike_is_that_number(text: str, found: float) -> None:
    assert number(text) == found
    assert type(number(text)) is type(found)
    assert parse(f"a: {text}", Source()) == {"a": found}
    assert parse(f"[{text}]", Source()) == [found]


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("0100", "write 100 "), ("010", "write 10 "), ("-07", "write -7 "), ("00", "write 0 "), ("09", "write 9 "),
        ("1_0", "write 10 "), ("10_", "write 10 "), ("1__000", "write 1000 "), ("1_000.5", "write 1000.5 "),
        ("1:30", "write it in decimal digits"), ("190:20:30", "decimal"), ("1:30.5", "decimal"),
        ("0b101", "decimal"), ("0o17", "decimal"), ("0X1F", "decimal"), ("0_7", "write 7 "),
    ],
)  # fmt: skip
def test_what_readers_differ_about_is_refused(text: str, instead: str) -> None:
    with pytest.raises(AmbiguousError, match=r"is another number to other readers of YAML") as caught:
        number(text)
    assert instead in str(caught.value) and f"'{text}', in quotes" in str(caught.value)
    with pytest.raises(ScenarioError) as refused:
        parse(f"a:\n  b: {text}\n", Source("x.yaml"))
    (problem,) = refused.value.problems
    assert (problem.file, problem.line, problem.key) == ("x.yaml", 2, "a.b")
    assert parse(f"a: '{text}'", Source()) == {"a": text}
    assert parse(f"a: !!str {text}", Source()) == {"a": text}
    assert parse(f"{text}: a", Source()) == {text: "a"}, "keys are text"


@pytest.mark.parametrize("text", ["1.2.3", "e3", "1e", "-", "+", ".", "1,000", "10 ms", "2024-13-45", "=", "<<", "x1"])
def test_what_is_no_number_to_anybody_is_text(text: str) -> None:
    assert value(text) == (text, "")


def test_numbers_that_are_not_finite_stay_what_they_are() -> None:
    assert number("1e999") == math.inf
    assert parse("[.inf, -.inf]", Source()) == [math.inf, -math.inf]
    assert math.isnan(parse(".nan", Source()))


@pytest.mark.parametrize("digits", [41, 400, 5000, 100_000])
def test_a_whole_number_that_is_too_long_is_refused_in_few_words(digits: int) -> None:
    with pytest.raises(AmbiguousError, match=f"a number of {digits:,} digits is too long") as caught:
        number("1" * digits)
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize(
    ("text", "found", "says"),
    [
        ("off", False, "YAML reads off as false: write 'off', in quotes"),
        ("Yes", True, "YAML reads Yes as true: write 'Yes', in quotes"),
        ("~", None, "YAML reads ~ as nothing: write '~', in quotes"),
        ("2024-01-01", date(2024, 1, 1), "YAML reads 2024-01-01 as a date: write '2024-01-01', in quotes"),
    ],
)
def test_a_word_that_yaml_makes_something_else_of_has_a_note(text: str, found: object, says: str) -> None:
    assert value(text)[0] == found
    assert says in value(text)[1]


@pytest.mark.parametrize(
    ("text", "found"),
    [("!!int 7", 7), ("!!float 7", 7), ("!!float 1e-3", 0.001), ("!!str 7", "7"), ("!!bool no", False), ("! 7", "7")],
)
def test_a_tag_says_what_a_word_is(text: str, found: object) -> None:
    assert parse(f"a: {text}", Source()) == {"a": found}


@pytest.mark.parametrize("text", ["!!int x", "!!int 1.5", "!!bool maybe", "!!binary abc", "!mine 1", "!!int 010"])
def test_a_tag_that_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(ScenarioError):
        parse(f"a: {text}", Source())


@given(st.one_of(st.text(), st.from_regex(r"[-+]?[0-9._:eExob]{1,8}", fullmatch=True)))
def test_text_that_is_written_is_read_as_the_same_text(text: str) -> None:
    written = yaml.dump({"a": text}, Dumper=Writer, allow_unicode=True)
    assert parse(written, Source()) == {"a": text}
    assert yaml.safe_load(written) == {"a": text}, "by other readers, too"


@given(st.floats(allow_nan=False) | st.integers(-(10**39), 10**39))
def test_numbers_that_are_written_are_read_as_the_same_numbers(given: float) -> None:
    assert parse(yaml.dump([given], Dumper=Writer), Source()) == [given]
