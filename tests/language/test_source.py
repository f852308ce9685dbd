"""Reading YAML: merges, doubled keys, pairs that make a character, depth and size, with lines and few words."""

from __future__ import annotations

import random
import string

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from simnet.language import tree
from simnet.language.errors import LONGEST, Problem, ScenarioError, listed, nearest, shown, unknown
from simnet.language.source import Source, parse


def refused(text: str, source: Source | None = None) -> ScenarioError:
    with pytest.raises(ScenarioError) as caught:
        parse(text, source or Source("x.yaml"))
    return caught.value


MERGED = """\
x-base: &base {tier: device, speed: 1}
x-pi: &pi {<<: *base, speed: 2}
nodes:
  a: *pi
  b: *pi
  c: {<<: *pi, speed: 3}
  d: {<<: [*pi, *base], view: 4}
  e: {view: 5, <<: [*base, *pi]}
"""


def test_a_mapping_that_merges_may_have_any_number_of_aliases() -> None:
    """Own keys beat merged ones, the first of several beats the others; a tree is the same after it was read."""
    source = Source()
    pi = {"tier": "device", "speed": 2}
    assert parse(MERGED, source)["nodes"] == {
        "a": pi,
        "b": pi,
        "c": {**pi, "speed": 3},
        "d": {**pi, "view": 4},
        "e": {"tier": "device", "speed": 1, "view": 5},
    }
    assert source.problem(("nodes", "b", "speed"), "wrong").line == 2, "where it is written"
    assert source.problem(("nodes", "c", "speed"), "wrong").line == 6


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: &a {<<: *a}", "nested without end"),
        ("a: &a {b: {<<: *a}}", "nested without end"),
        ("a: {<<: 1}", "'<<' merges a mapping, or a list of mappings"),
        ("a: {<<: [1]}", "'<<' merges a mapping, or a list of mappings"),
        ("b: &b {c: 1}\na: {<<: *b, <<: *b}", "'<<' is given twice (first on line 2)"),
        ("b: &b {c: 1, c: 2}\na: *b", "'c' is given twice (first on line 1)"),
    ],
)
def test_a_merge_that_is_none_is_refused(text: str, says: str) -> None:
    assert says in str(refused(text))


def test_a_quoted_merge_key_is_a_key() -> None:
    assert parse("{'<<': 1}", Source()) == {"<<": 1}


def test_merges_of_merges_do_not_unfold_without_end() -> None:
    levels = [f"x{n}: &x{n} {{<<: [{', '.join([f'*x{n - 1}'] * 9)}], k{n}: 1}}" for n in range(1, 25)]
    found = parse("\n".join(["x0: &x0 {k0: 1}", *levels]), Source())
    assert found["x24"] == {f"k{n}": 1 for n in range(25)}


def test_the_two_halves_of_a_character_are_one() -> None:
    assert parse(r'{"a": "\ud83d\ude00", "\ud83d\ude00": 1}', Source()) == {"a": "😀", "😀": 1}


@pytest.mark.parametrize("text", [r'a: "\ud800"', r'a: "\ude00\ud83d"', r'"\ud800": 1', 'a: "\ud800"', "a: \udcff"])
def test_half_a_character_is_no_text(text: str) -> None:
    error = refused(text)
    assert str(error).startswith("x.yaml") and "not YAML" in str(error)
    str(error).encode()


@pytest.mark.parametrize(
    "text",
    [
        "[" * 1000,
        "a: " + "[" * 1000 + "]" * 1000,
        "{a: " * 400,
        "- " * 1000,
        "\n".join(" " * n + "a:" for n in range(99)),
    ],
)
def test_nesting_is_bounded_before_anything_is_composed(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more events are asked for than a few for each level that is allowed."""
    asked = 0

    def counted(*args: object, **kwargs: object) -> object:
        nonlocal asked
        for event in events(*args, **kwargs):
            asked += 1
            yield event

    events = yaml.parse
    monkeypatch.setattr(yaml, "parse", counted)
    assert "not YAML: " in str(refused(text))
    assert asked < 10 * tree.MOST_DEPTH


SAMPLES = [
    MERGED,
    "a: [1, {b: 'c'}]\n",
    "- x\n- y: |\n    text\n",
    "a: &b\n  c: 1\nd: *b\n",
    "",
    "# nothing\n",
    "hello",
]


@pytest.mark.parametrize("text", SAMPLES)
def test_without_libyaml_the_same_is_read(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, slow = Source(), Source()
    found = parse(text, fast)
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert parse(text, slow) == found
    assert slow.lines == fast.lines


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [camera[1..6], edge]", "write it in quotes: 'camera[1..6]'"),
        ("a: [camera?, edge]", "write it in quotes: 'camera?'"),
        ("a: *mera3", "write it in quotes: '*mera3'"),
        ("a: 1\n---\nb: 2", "more than one document"),
        ("a: &x 1\nb: &x 2", "is there twice"),
    ],
)
def test_without_libyaml_mistakes_are_named_alike(text: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert says in str(refused(text))


@given(st.text(alphabet=string.printable + "äß😀", max_size=60))
def test_whatever_stands_in_a_text_it_is_read_or_one_message(text: str) -> None:
    try:
        parse(text, Source("x.yaml"))
    except ScenarioError as error:
        assert error.problems and all(problem.file == "x.yaml" for problem in error.problems)


def test_a_mistake_in_a_long_line_is_looked_at_nearby_only(monkeypatch: pytest.MonkeyPatch) -> None:
    from simnet.language import source

    looked: list[str] = []

    class Glob:
        @staticmethod
        def finditer(text: str) -> list[object]:
            looked.append(text)
            return []

    monkeypatch.setattr(source, "_GLOB", Glob)
    refused("a: [" + "x" * 40_000 + "[")
    assert looked and all(len(text) <= 120 for text in looked)


def test_long_values_keys_and_lists_are_not_printed_whole() -> None:
    assert shown("x" * 100_000) == repr("x" * LONGEST) + "… (100,000 letters)"
    assert len(shown(["x" * 100_000])) < 300 and len(shown({"x" * 100_000: 1})) < 300
    assert shown([1, 2]) == "[1, 2]" and shown("x") == "'x'" and shown("x", bare=True) == "x"
    assert shown(10**5000) == "a number of more than 100 digits"
    names = [f"node{n}" for n in range(5000)]
    assert listed(names).endswith("node39 and 4,960 more")
    assert len(unknown("node", "x" * 100_000, names)) < 1000
    assert nearest("x" * 100_000, names) == ""
    problem = Problem("f" * 100_000, 1, "k" * 100_000, "m" * 100_000)
    assert len(str(problem)) < 6100


def test_what_comes_last_is_where_a_value_comes_from() -> None:
    source = Source(
        "x.yaml", lines={(): 1, ("a",): 2, ("a", "b"): 3, ("nodes", "c[1..2]"): 4, ("nodes", "c[1..2]", "d"): 5}
    )
    source.alias("c1", "c[1..2]")
    assert source.problem(("a", "b", "c"), "").line == 3
    assert source.problem(("nodes", "c1", "d"), "").line == 5
    assert source.problem(("nodes", "c1", "e"), "").line == 4
    source.override(("a", "b", "c"), "first")
    assert source.problem(("a", "b", "c"), "").file == "first"
    source.override(("a", "b"), "second")
    assert source.problem(("a", "b", "c"), "").file == "second"
    source.override(("a", "b", "c", "d"), "third")
    assert source.problem(("a", "b", "c"), "").file == "second"
    assert source.problem(("a", "b", "c", "d", 0), "").file == "third"
    assert source.problem(("a", "x"), "").line == 2
    assert source.copy().problem(("a", "b", "c"), "").file == "second"


def test_a_note_goes_with_its_value() -> None:
    source = Source()
    parse("{a: off, b: on}", source)
    assert "write 'off', in quotes" in source.problem(("a",), "is wrong").message
    assert source.problem((), "is wrong").message == "is wrong"
    source.override(("a",), "--set a=1")
    assert source.problem(("a",), "is wrong").message == "is wrong"
    source.override(("b",), "--set b=no", {(): "YAML reads no as false"})
    assert source.problem(("b",), "is wrong").message == "is wrong; YAML reads no as false"


def test_of_a_file_that_may_be_secret_no_word_is_said() -> None:
    words = ["hunter2", "tr0ub4dor"]
    drawn = random.Random(1)
    for _ in range(200):
        text = "".join(
            drawn.choice([*words, ": ", "\n", "*", "&", "[", "]", "{", "}", "!", "'", " ", "- "]) for _ in range(9)
        )
        try:
            parse(text, Source("x.yaml", secret=True))
        except ScenarioError as error:
            assert not any(word in str(error) for word in words), text
