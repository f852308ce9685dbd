"""Static charts as SVG that fills any width: shapes are stretched, words are not; the style sheet has the colours.

Names stand in the HTML around them, where they can break.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from simnet.report.html import Markup, join, tag

HEIGHT = 180
"""Of a plot's area in pixels."""
FINE = 1000
"""Units of a plot's area, along and up."""
DASHES = 6
"""Different strokes of lines in the style sheet; systems take turns."""


@dataclass(frozen=True)
class Axis:
    """From `low` to `high`, with ticks; `logarithmic` needs a positive `low`."""

    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """The place of a value, 0 at the low end and 1 at the high one; those beyond are at the ends."""
        low, high, found = self.low, self.high, min(max(value, self.low), self.high)
        if self.logarithmic:
            low, high, found = math.log(low), math.log(high), math.log(found)
        return (found - low) / (high - low) if high > low else 0.0


@dataclass(frozen=True)
class Line:
    """Points (x, y) of a curve, and its stroke; None for y is a gap. Dotted: what is only set beside others."""

    points: Sequence[tuple[float, float | None]]
    stroke: int
    dotted: bool = False


def linear(low: float, high: float, write: Callable[[float], str], count: int = 5) -> Axis:
    """An axis with about `count` ticks at round numbers."""
    high = high if high > low else low + 1.0
    step = _round(high - low, count)
    first = math.ceil(low / step - 1e-9)
    ticks = [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]
    return Axis(low, high, [(value, write(value)) for value in ticks])


def logarithmic(low: float, high: float, write: Callable[[float], str]) -> Axis:
    """An axis from one power of ten, or 2 or 5 times it, to another, with ticks at these."""
    high = max(high, low * 1.01)
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    marks = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    below = [mark for mark in marks if mark <= low * (1 + 1e-9)][-1]
    above = next((mark for mark in marks if mark >= high * (1 - 1e-9)), marks[-1])
    inside = [mark for mark in marks if below <= mark <= above]
    if len(inside) > 7:
        inside = [mark for mark in inside if round(math.log10(mark), 6).is_integer()]
    return Axis(below, above, [(mark, write(mark)) for mark in inside], logarithmic=True)


def _round(length: float, count: int) -> float:
    """1, 2 or 5 times a power of ten, of which about `count` make a length."""
    power = 10.0 ** math.floor(math.log10(length / count))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= length / count * 0.999)


def plot(label: str, lines: Sequence[Line], x: Axis, y: Axis, bands: Iterable[tuple[float, float]] = ()) -> Markup:
    """Curves over an axis, with `bands` (from, to) shaded; `label` is what is read out of it."""
    shaded = [
        tag(
            "rect",
            x=_unit(x.at(start)),
            y=0,
            width=_unit(max(x.at(end) - x.at(start), 0.002)),
            height=FINE,
            class_="band",
        )
        for start, end in bands
    ]
    grid = [tag("path", d=f"M0 {_unit(1 - y.at(value))}H{FINE}", class_="grid") for value, _ in y.ticks]
    curves = [
        tag("path", d=_way(line, x, y), class_=f"line s{line.stroke % DASHES}{' dotted' * line.dotted}")
        for line in lines
    ]
    area = tag(
        "svg", *shaded, *grid, *curves,
        x=0, y=0, width="100%", height=HEIGHT, viewBox=f"0 0 {FINE} {FINE}", preserveAspectRatio="none",
    )  # fmt: skip
    under = [
        tag("text", word, x=f"{100 * x.at(value):.2f}%", y=HEIGHT + 16, class_=f"tick {_anchor(x.at(value))}")
        for value, word in x.ticks
    ]
    beside = [
        tag("text", word, x="100%", y=f"{HEIGHT * (1 - y.at(value)) + 4:.1f}", class_="tick end")
        for value, word in y.ticks
    ]
    tall = HEIGHT + 22
    left = tag("svg", *beside, class_="left", width="100%", height=tall, aria_hidden="true")
    right = tag("svg", area, *under, class_="area", width="100%", height=tall, role="img", aria_label=label)
    return tag("div", left, right, class_="plot")


def _anchor(place: float) -> str:
    return "start" if place < 0.04 else "end" if place > 0.96 else "middle"


def _way(line: Line, x: Axis, y: Axis) -> str:
    pieces, pen = [], "M"
    for across, up in line.points:
        if up is None or not math.isfinite(up):
            pen = "M"
            continue
        pieces.append(f"{pen}{_unit(x.at(across))} {_unit(1 - y.at(up))}")
        pen = "L"
    return "".join(pieces)


def _unit(share: float) -> str:
    return f"{FINE * share:.1f}".removesuffix(".0")


def bar(pieces: Sequence[tuple[float, str]], label: str) -> Markup:
    """A bar that is filled from the left by shares of it, each with its class in the style sheet."""
    rects, left = [], 0.0
    for share, kind in pieces:
        if share > 0:
            rects.append(tag("rect", x=_unit(left), y=0, width=_unit(min(share, 1.0)), height=10, class_=kind))
        left += share
    return _strip(join(*rects), label, "bar")


def whisker(value: float | None, low: float | None, high: float | None, kind: str, label: str) -> Markup:
    """A value in [0, 1] on a line from 0 to 1, with its interval."""
    parts = [tag("path", d=f"M0 5H{FINE}", class_="grid")]
    if low is not None and high is not None:
        parts.append(tag("path", d=f"M{_unit(low)} 5H{_unit(high)}", class_=f"range {kind}"))
    if value is not None:
        parts.append(tag("path", d=f"M{_unit(value)} 0V10", class_="mark"))
    return _strip(join(*parts), label, "whisker")


def spark(shares: Sequence[float | None], label: str) -> Markup:
    """How a share in [0, 1] went over time, as an area of steps of one length."""
    wide = FINE / max(len(shares), 1)
    pieces = [f"M0 {10:g}"]
    for number, share in enumerate(shares):
        up = 10 - 10 * min(max(share or 0.0, 0.0), 1.0)
        pieces.append(f"L{number * wide:.1f} {up:.2f}H{(number + 1) * wide:.1f}")
    pieces.append("V10H0Z")
    return _strip(
        join(tag("path", d="M0 0H1000", class_="grid"), tag("path", d="".join(pieces), class_="spark")), label, "spark"
    )


def _strip(content: Markup, label: str, kind: str) -> Markup:
    return tag(
        "svg", content, class_=f"strip {kind}", viewBox=f"0 0 {FINE} 10", preserveAspectRatio="none", role="img",
        aria_label=label,
    )  # fmt: skip
