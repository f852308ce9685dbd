"""What a sweep goes over: keys of a scenario, each with the values that it takes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from simnet.language import units
from simnet.language.checks import Checks
from simnet.language.errors import Path, Problem, ScenarioError, shown
from simnet.language.quantities import Model
from simnet.language.source import Source, parse
from simnet.scenario.changes import Change, change

QUANTITIES = (
    units.TIME, units.BANDWIDTH, units.SPEED, units.SIZE, units.RATE, units.POWER, units.ENERGY,
    units.ENERGY_PER_BYTE, units.OPERATIONS,
)  # fmt: skip
DIGITS = 6
"""Significant digits of a value between two ends, or of their difference, whichever says more."""
_EXACT = 15
"""Digits of which a float has all."""
_EXAMPLE = "write KEY=VALUE,VALUE,… or KEY={from: …, to: …}, e.g. "


class Between(Model):
    """All values from one to another, as a sweep names them in place of a list."""

    first: Annotated[Any, Field(alias="from")]
    """Where it begins: a number, or a number with a unit."""
    last: Annotated[Any, Field(alias="to")]
    """Where it ends; its unit may be another one of the same quantity."""
    steps: Annotated[int, Field(ge=2, le=1_000_000, strict=True)] | None = None
    """Of a grid: how many values, both ends among them."""
    scale: Literal["linear", "log"] = "linear"
    """Whether equal differences or equal ratios weigh the same."""
    whole: bool = False
    """Round to whole numbers; of what is drawn each of them is as likely as any other."""


@dataclass(frozen=True)
class Axis:
    """A key with its values.

    Attributes:
        key: Dotted, as for ``--set``.
        values: All of them; none where it is `between`.
        between: Of which values are taken.
        origin: What messages begin with: the line of a file, or the option.
        notes: What to say of values that YAML made of words, by their places.
    """

    key: str
    values: tuple[Any, ...]
    between: Between | None
    origin: str
    notes: Mapping[Path, str] = field(default_factory=dict)

    def at(self, place: float) -> Any:
        """The value at a place in [0, 1): equal parts of that interval are equally many values."""
        if self.between is None:
            return self.values[min(int(place * len(self.values)), len(self.values) - 1)]
        return _between(self.between, place, drawn=True)

    def grid(self) -> tuple[Any, ...]:
        """All values of a grid.

        Raises:
            ScenarioError: values from one to another, and it is not said how many.
        """
        if self.between is None:
            return self.values
        if self.between.steps is None:
            raise refused(self.origin, f"{self.key}: a grid needs 'steps', the number of values, or a list")
        last = self.between.steps - 1
        return tuple(dict.fromkeys(_between(self.between, step / last) for step in range(last + 1)))

    def change(self, value: Any) -> Change:
        """The scenario's change to this value."""
        notes: Mapping[Path, str] = {}
        if self.notes and value in self.values:
            at = self.values.index(value)
            notes = {place[1:]: note for place, note in self.notes.items() if place[:1] == (at,)}
        return change(self.key, value, self.origin, notes)


def axis(key: str, content: Any, origin: str, notes: Mapping[Path, str] | None = None) -> Axis:
    """The axis that a list of values, or a mapping with `from` and `to`, describes.

    Raises:
        ScenarioError: it is neither, an empty list, or has ends that make no interval.
    """
    change(key, None, origin)  # is it a key?
    if isinstance(content, Mapping) and ("from" in content or "to" in content):
        checks = Checks(Source(origin))
        between = checks.check(Between, dict(content), ())
        if between is None:
            raise ScenarioError([Problem(origin, None, _joined(key, p.key), p.message) for p in checks.problems])
        try:
            _ends(between)
        except ValueError as problem:
            raise refused(origin, f"{key}: {problem}") from None
        return Axis(key, (), between, origin)
    if isinstance(content, Mapping | str | bytes) or not isinstance(content, Sequence):
        what = "write a list of values, or {from: …, to: …}"
        raise refused(origin, f"{key}: {what}; found {shown(content)}")
    if not content:
        raise refused(origin, f"{key}: an empty list gives no point")
    different: list[Any] = []
    for value in content:  # lists and mappings have no hash
        if not any(value == other and type(value) is type(other) for other in different):
            different.append(value)
    if len(different) < len(content):
        raise refused(origin, f"{key}: a value is given twice")
    return Axis(key, tuple(content), None, origin, dict(notes or {}))


def written(text: str, option: str = "--over ") -> Axis:
    """The axis that a text such as ``links.1.bandwidth=1 Mbit/s,10 Mbit/s`` describes; `option` names it in messages.

    Raises:
        ScenarioError: see `axis`; or the text is no KEY=VALUES.
    """
    origin = f"{option}{text}"
    key, equals, values = text.partition("=")
    if not equals or not key.strip():
        key = "systems.ddnn.thresholds=0.2,0.4,0.6" if option == "--over " else "let.cameras=1,2,4,8"
        raise refused(origin, f"{_EXAMPLE}{option}{key}")
    place = Source()
    try:
        content = parse(f"[{values}]", place)
    except ScenarioError as error:
        raise refused(origin, error.problems[0].message) from None
    if len(content) == 1 and isinstance(content[0], dict | list):
        return axis(key.strip(), content[0], origin)
    return axis(key.strip(), content, origin, place.notes)


def refused(origin: str, message: str) -> ScenarioError:
    """What is raised for a sweep that cannot be."""
    return ScenarioError([Problem(origin, None, "", message)])


def in_si(values: Sequence[Any]) -> list[float | None] | None:
    """Texts with units as SI numbers (None stays); None where they are no texts of one quantity."""
    texts = [value for value in values if value is not None]
    if not texts or not all(isinstance(value, str) and units.split(value) for value in texts):
        return None
    for quantity in QUANTITIES:
        try:
            return [None if value is None else quantity.parse(value) for value in values]
        except ValueError:
            continue
    return None


def unit_of(text: str) -> tuple[str, float]:
    """The unit of a text that `in_si` reads, and its worth in SI."""
    unit = (units.split(text) or ("", ""))[1]
    for quantity in QUANTITIES:
        if (worth := quantity.readable.get(unit)) is not None:
            return unit, float(worth)
    return unit, 1.0


def _joined(key: str, below: str) -> str:
    return f"{key}.{below}" if below else key


def _ends(between: Between) -> tuple[float, float, str]:
    """Both ends as numbers in the unit of the first; raises ValueError."""
    (first, unit), (last, other) = _number(between.first), _number(between.last)
    if first == 0 and not unit:
        unit = other  # nothing is nothing in all units
    elif unit != other:
        last = _converted(str(between.last), unit, last, other)
    if not first < last:
        raise ValueError(f"'from' must be less than 'to', found {shown(between.first)} and {shown(between.last)}")
    if between.scale == "log" and first <= 0:
        raise ValueError(f"with 'scale: log' both ends must be more than 0, found {shown(between.first)}")
    if not math.isfinite(last - first):
        raise ValueError(f"{shown(between.first)} and {shown(between.last)} are too far apart for a float")
    return first, last, unit


def _number(value: Any) -> tuple[float, str]:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value), ""
    found = units.split(value) if isinstance(value, str) else None
    if found is None or not math.isfinite(float(found[0])):
        raise ValueError(f"'from' and 'to' must be numbers, with or without a unit, found {shown(value)}")
    return float(found[0]), found[1]


def _converted(text: str, unit: str, number: float, other: str) -> float:
    """`text` as a number of `unit`."""
    if number == 0 and not other:
        return 0.0
    for quantity in QUANTITIES:
        if (worth := quantity.readable.get(unit)) is not None and (there := quantity.readable.get(other)) is not None:
            return float(number * there / worth)
    raise ValueError(f"'from' and 'to' have different units, {unit or 'none'} and {other or 'none'}")


def _between(between: Between, place: float, drawn: bool = False) -> Any:
    """The value at a place in [0, 1]; both ends are just what they are said to be."""
    first, last, unit = _ends(between)
    low, high = first, last
    if between.whole and drawn and (between.scale == "linear" or first > 0.5):
        low, high = first - 0.5, last + 0.5  # else the ends would come half as often as those between
    if between.scale == "log":
        value = math.exp(math.log(low) + place * (math.log(high) - math.log(low)))
    else:
        value = low + place * (high - low)
    value = min(max(first if place == 0 else last if place == 1 else value, first), last)
    if between.whole:
        number: float | int = round(value)
    else:
        number = value if value in (first, last) else _rounded(value, last - first, between.scale == "linear")
        if number == int(number) and type(between.first) is type(between.last) is int:
            number = int(number)  # of whole numbers: a count of nodes or samples may be one
    return f"{_plain(number)} {unit}" if unit else number


def _rounded(value: float, span: float, linear: bool) -> float:
    """A value with `DIGITS` digits, of its own or of the interval's."""
    by_span = DIGITS - 1 - math.floor(math.log10(span))
    by_value = by_span if value == 0 else DIGITS - 1 - math.floor(math.log10(abs(value)))
    digits = max(by_span, by_value)
    return round(value, min(digits, by_span + _EXACT - DIGITS) if linear else digits)  # 0 that is 1e-17 is 0


def _plain(number: float | int) -> str:
    return str(int(number)) if number == int(number) else repr(number)


def settings_of(axes: Sequence[Axis], values: Sequence[Any]) -> Iterator[Change]:
    """The changes of one point."""
    return (one.change(value) for one, value in zip(axes, values, strict=True))
