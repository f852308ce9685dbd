"""Quantities as people write them ("10 Mbit/s", "5 ms") to SI floats and back, without losing a digit."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, DecimalException

_TEXT = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*", re.DOTALL)


def _scaled(suffix: str, base: str | Decimal, prefixes: str) -> dict[str, Decimal]:
    powers = {"": "1", "k": "1e3", "M": "1e6", "G": "1e9", "T": "1e12", "P": "1e15"}
    return {prefix + suffix: Decimal(powers[prefix]) * Decimal(base) for prefix in ["", *prefixes]}


def _binary(suffix: str) -> dict[str, Decimal]:
    return {f"{prefix}i{suffix}": Decimal(1024**power) for power, prefix in enumerate("KMG", start=1)}


@dataclass(frozen=True)
class Quantity:
    """One kind of quantity: the units it may be written in and each one's worth in the SI unit.

    `example` is a good value, shown in messages; `aliases` are spellings refused with the right one named.
    """

    name: str
    example: str
    units: Mapping[str, Decimal]
    printed: tuple[str, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)

    def parse(self, value: object) -> float:
        """A text with a unit, or a plain 0, as an SI float.

        Raises:
            ValueError: no such quantity, no unit, not finite or negative; the message names a right spelling.
        """
        if isinstance(value, int | float) and not isinstance(value, bool):
            if value == 0:
                return 0.0
            if not math.isfinite(value):
                raise ValueError(f"{value} is no {self.name}: it must be finite; write e.g. '{self.example}'")
            raise ValueError(f"{value} has no unit; write e.g. '{value:g} {self.example.split()[-1]}'")
        found = _TEXT.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            raise ValueError(f"{value!r} is no {self.name}; write e.g. '{self.example}'")
        number, unit = found[1], found[2]
        if unit not in self.units:
            if not unit and float(number) == 0:
                return 0.0
            raise ValueError(self._refusal(str(value), number, unit))
        try:
            result = float(Decimal(number) * self.units[unit])
        except DecimalException:
            result = math.inf
        if not math.isfinite(result):
            raise ValueError(f"{value!r} is too large for {self._one}")
        if result < 0:
            raise ValueError(f"{value!r} is negative; {self._one} must be 0 or more")
        return result

    @property
    def _one(self) -> str:
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name}"

    def _refusal(self, value: str, number: str, unit: str) -> str:
        if not unit:
            return f"{value!r} has no unit; write e.g. '{number} {self.example.split()[-1]}'"
        lowered = {known.lower(): known for known in self.units}
        meant = self.aliases.get(unit.lower()) or lowered.get(unit.lower())
        if meant is None:
            close = difflib.get_close_matches(unit, self.units, n=1, cutoff=0.75)
            meant = close[0] if close else None
        hint = f"did you mean '{number} {meant}'?" if meant else f"write e.g. '{self.example}'"
        return f"{value!r} is no {self.name}; {hint} (units: {', '.join(self.units)})"

    def format(self, value: float, digits: int | None = None) -> str:
        """`value` (SI) in its handiest unit: exact (`parse` gives it back) or with `digits` digits."""
        exact = Decimal(repr(float(value) if digits is None else float(f"{value:.{digits}g}")))
        candidates = []
        for unit in self.printed:
            scaled = exact / self.units[unit]
            if scaled * self.units[unit] == exact:
                text = f"{int(scaled)}" if scaled == scaled.to_integral_value() else f"{scaled.normalize():f}"
                candidates.append((not 1 <= scaled < 1000, len(text), text, unit))
        _, _, text, unit = min(candidates, key=lambda candidate: candidate[:2])
        return f"{text} {unit}"


_SECONDS = {
    name: Decimal(worth)
    for name, worth in [
        ("ns", "1e-9"),
        ("us", "1e-6"),
        ("ms", "1e-3"),
        ("s", "1"),
        ("min", "60"),
        ("h", "3600"),
    ]
}
_BITS = _scaled("bit/s", "0.125", "kMG")

TIME = Quantity(
    "time", "20 ms", _SECONDS, ("s", "ms", "us", "ns"),
    {"sec": "s", "secs": "s", "second": "s", "seconds": "s", "msec": "ms", "µs": "us", "μs": "us", "m": "min",
     "mins": "min", "minute": "min", "minutes": "min", "hour": "h", "hours": "h"},
)  # fmt: skip
BANDWIDTH = Quantity(
    "bandwidth", "10 Mbit/s", {**_BITS, **_scaled("B/s", "1", "kMG"), **_binary("B/s")}, tuple(_BITS),
    {spelling: f"{'' if p == '-' else p}bit/s" for p in "-kMG" for q in [p.lower().strip("-")]
     for spelling in (f"{q}bps", f"{q}b/s", f"{q}bit", f"{q}bits/s")},
)  # fmt: skip
SPEED = Quantity(
    "speed", "10 GFLOP/s", _scaled("FLOP/s", "1", "kMGTP"), tuple(_scaled("FLOP/s", "1", "kMGTP")),
    {spelling: f"{p.strip()}FLOP/s" for p in " kMGTP" for q in [p.strip().lower()]
     for spelling in (f"{q}flops", f"{q}flop", f"{q}flops/s")},
)  # fmt: skip
SIZE = Quantity(
    "size", "4 kB", {**_scaled("B", "1", "kMG"), **_binary("B")},
    ("B", "kB", "MB", "GB", "KiB", "MiB", "GiB"),
    {"byte": "B", "bytes": "B", "k": "kB", "m": "MB", "g": "GB"},
)  # fmt: skip
RATE = Quantity(
    "rate", "5 /s", {"/s": Decimal(1), "/min": Decimal(1) / 60, "/h": Decimal(1) / 3600}, ("/s",),
    {"hz": "/s", "per second": "/s", "1/s": "/s", "per minute": "/min", "per s": "/s"},
)  # fmt: skip
POWER = Quantity(
    "power", "5 W", {"W": Decimal(1), "mW": Decimal("1e-3"), "kW": Decimal(1000)}, ("W", "mW", "kW"),
    {"watt": "W", "watts": "W"},
)  # fmt: skip
ENERGY = Quantity(
    "energy", "10 Wh",
    {"J": Decimal(1), "kJ": Decimal(1000), "MJ": Decimal("1e6"), "mWh": Decimal("3.6"), "Wh": Decimal(3600),
     "kWh": Decimal("3.6e6"), "mJ": Decimal("1e-3")},
    ("J", "mJ", "kJ", "MJ"), {"joule": "J", "joules": "J"},
)  # fmt: skip
ENERGY_PER_BYTE = Quantity(
    "energy per byte", "1 uJ/B", {"J/B": Decimal(1), "mJ/B": Decimal("1e-3"), "uJ/B": Decimal("1e-6"),
     "nJ/B": Decimal("1e-9"), "J/MB": Decimal("1e-6"), "nJ/bit": Decimal("8e-9")}, ("J/B", "mJ/B", "uJ/B", "nJ/B"),
    {"µj/b": "uJ/B", "μj/b": "uJ/B"},
)  # fmt: skip


def parse_share(value: object) -> object:
    """A text in percent as a number from 0 to 1; anything else as it is, for others to check.

    Raises:
        ValueError: a text that is no percentage, or a truth value.
    """
    if isinstance(value, bool):
        raise ValueError(f"{value} is no share; write e.g. 0.01 or '1 %'")
    if not isinstance(value, str):
        return value
    found = split(value)
    if found is None or found[1] != "%":
        raise ValueError(f"{value!r} is no share; write e.g. 0.01 or '1 %'")
    try:
        return float(Decimal(found[0]) / 100)
    except (DecimalException, OverflowError):
        raise ValueError(f"{value!r} is no share; write e.g. 0.01 or '1 %'") from None


def split(text: str) -> tuple[str, str] | None:
    """The number and the unit ("" where there is none) of a text such as "5 ms"; None if it begins with no number."""
    found = _TEXT.fullmatch(text)
    return None if found is None else (found[1], found[2])


def format_time(seconds: float, digits: int | None = None) -> str:
    """Seconds as e.g. "20 ms"; exact unless `digits` (significant) is given."""
    return TIME.format(seconds, digits)


def format_bandwidth(bytes_per_second: float, digits: int | None = None) -> str:
    """Bytes per second as e.g. "10 Mbit/s"; exact unless `digits` is given."""
    return BANDWIDTH.format(bytes_per_second, digits)


def format_speed(flops: float, digits: int | None = None) -> str:
    """FLOP/s as e.g. "10 GFLOP/s"; exact unless `digits` is given."""
    return SPEED.format(flops, digits)


def format_size(size: float, digits: int | None = None) -> str:
    """Bytes as e.g. "4 GB" or "8 GiB"; exact unless `digits` is given."""
    return SIZE.format(size, digits)


def format_energy(joules: float, digits: int | None = None) -> str:
    """Joules as e.g. "5 J"; exact unless `digits` is given."""
    return ENERGY.format(joules, digits)
