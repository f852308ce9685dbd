"""How values of keys and of metrics stand on an axis: in which unit, in which words, on which scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simnet.analysis.style import label
from simnet.experiments.sweeps.axes import in_si, unit_of
from simnet.experiments.sweeps.table import as_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

USUAL = ("accuracy", "latency.p95", "bytes.total", "energy.per_sample")
"""What is drawn where nobody says what."""
_METRICS = {
    "accuracy": ("right answers, %", 1e2),
    "accuracy_of_captured": ("right of all captured, %", 1e2),
    "latency.mean": ("mean latency, ms", 1e3),
    "latency.p50": ("median latency, ms", 1e3),
    "latency.p95": ("95 % latency, ms", 1e3),
    "latency.p99": ("99 % latency, ms", 1e3),
    "bytes.total": ("sent in all, MB", 1e-6),
    "energy.per_sample": ("energy of a sample, J", 1.0),
}
LOG = 20
"""From this ratio of the largest to the smallest value on an axis is logarithmic (our choice)."""
LONGEST = 14
"""Letters of a value below an axis."""


def metric(name: str) -> tuple[str, float]:
    """What stands at a metric's axis, and what its values are multiplied by there."""
    if name in _METRICS:
        return _METRICS[name]
    return (f"{label(name)}, %", 1e2) if name.endswith((".share", ".accuracy")) else (label(name), 1.0)


@dataclass(frozen=True)
class Scale:
    """An axis of a key.

    Attributes:
        title: What stands at it.
        places: Each different value, in order along the axis, with its place on it.
        texts: What stands at each of the places; none where they are numbers.
        log: Whether it is logarithmic.
        whole: Whether all values are whole numbers, so that nothing between them means anything.
    """

    title: str
    places: dict[str, float]
    texts: list[str] | None
    log: bool
    whole: bool = False

    def at(self, value: Any) -> float:
        """The place of a value."""
        return self.places[as_text(value)]

    def put(self, ax: Axes) -> None:
        """Make the x axis of a panel this one."""
        ax.set_xlabel(self.title)
        if self.log:
            ax.set_xscale("log")
        if self.texts is not None:
            ax.set_xticks(range(len(self.texts)), self.texts)
        elif self.whole and not self.log:
            from matplotlib.ticker import MaxNLocator

            ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True))


def scale_of(key: str, values: Sequence[Any]) -> Scale:
    """The axis for some values of a key: of numbers and quantities their sizes, of others their texts side by side."""
    different = list({as_text(value): value for value in values}.values())
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in different)
    title = label(key)
    found = [float(value) for value in different] if numbers else in_si(different)
    if found is None or None in found:
        texts = [label(shortened(value)) for value in different]
        return Scale(title, {as_text(value): float(n) for n, value in enumerate(different)}, texts, False)
    places: list[float] = [float(value) for value in found if value is not None]
    if not numbers:
        unit, worth = unit_of(str(different[0]))
        title, places = f"{title}, {unit}", [value / worth for value in places]
    order = sorted(zip(map(as_text, different), places, strict=True), key=lambda pair: pair[1])
    least, most = order[0][1], order[-1][1]
    whole = numbers and all(isinstance(value, int) for value in different)
    return Scale(title, dict(order), None, least > 0 and most / least >= LOG, whole)


def shortened(value: Any) -> str:
    """A value's text, without the middle of a long one: values that begin alike may end otherwise."""
    text = as_text(value)
    kept = LONGEST - 1
    return text if len(text) <= LONGEST else f"{text[: kept // 2]}…{text[-(kept - kept // 2) :]}"
