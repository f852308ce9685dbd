"""Quantities as people write them ("10 Mbit/s", "5 ms") to SI floats and back, without losing a digit."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from simnet.language.errors import shown

_TEXT = re.compile(r"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*(.*?)\s*", re.DOTALL)
_LOOSE = re.compile(r"\s*([0-9][0-9.,'’_\s]*[0-9])\s*([^0-9\s.,'’_].*?)\s*", re.DOTALL)
"""A number as people write it elsewhere, and a unit."""
_LONGEST = 1200
"""Letters of a quantity: of any float that is written out, and some more."""
_MOST_POWER = 400
"""Beyond this power of ten no float is."""

_PREFIXES = {"p": -12, "n": -9, "u": -6, "µ": -6, "μ": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15}
_BINARY = {"Ki": 1024, "Mi": 1024**2, "Gi": 1024**3, "Ti": 1024**4}


def _scaled(suffix: str, worth: str | Fraction, prefixes: Iterable[str]) -> dict[str, Fraction]:
    """The worth of a unit with each of these prefixes, "-" for none."""
    return {
        f"{prefix.strip('-')}{suffix}": Fraction(worth) * Fraction(10) ** _PREFIXES[prefix.strip("-")]
        for prefix in prefixes
    }


def _binary(suffix: str) -> dict[str, Fraction]:
    return {prefix + suffix: Fraction(worth) for prefix, worth in _BINARY.items()}


@dataclass(frozen=True, eq=False)
class Quantity:
    """One kind of quantity: the units it may be written in and each one's worth in the SI unit.

    Attributes:
        name: In words.
        example: A good value, shown in messages.
        units: What a value may be written in, as the reference lists it.
        printed: The units that values are printed in; each is a power of ten or two of the SI unit.
        spellings: Further units that are read as well, by their worth.
        meant: Spellings that are refused, and the unit that is certainly meant: of the same worth.
        elsewhere: Units that are refused, by their worth; a value is suggested in one of ours.
        least: What is smaller, but for 0, is refused, and so is what is larger than `most`: whoever writes it has
            mistyped it, and no run with it ends.
    """

    name: str
    example: str
    units: Mapping[str, Fraction]
    printed: tuple[str, ...]
    spellings: Mapping[str, Fraction] = field(default_factory=dict)
    meant: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, Fraction] = field(default_factory=dict)
    least: float = 0.0
    most: float = 1e30

    def parse(self, value: object) -> float:
        """A text with a unit, or a plain 0, as an SI float: the one nearest to what is written.

        Raises:
            ValueError: no such quantity, no unit, not finite, negative, or beyond all use; the message names a right
                spelling, if there is one of the same value.
        """
        if isinstance(value, int | float) and not isinstance(value, bool):
            if value == 0:
                return 0.0
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{value} is no {self.name}: it must be finite; write e.g. '{self.example}'")
            number = self.example.split()[0] if abs(value) > self.most else repr(value)
            raise ValueError(f"{shown(value)} has no unit; write e.g. '{number} {self.example.split()[-1]}'")
        found = split(value) if isinstance(value, str) else None
        if found is None:
            raise ValueError(f"{shown(value)} is no {self.name}; write e.g. '{self.example}'")
        number, unit = found
        worth = self.units.get(unit) or self.spellings.get(unit)
        if worth is None:
            if not unit and float(number) == 0:
                return 0.0
            raise ValueError(self._refusal(str(value), number, unit))
        return self._in_range(str(value), exactly(number, worth))

    def _in_range(self, value: str, result: float) -> float:
        if result < 0:
            raise ValueError(f"{shown(value)} is negative; {self._one} must be 0 or more")
        if result > self.most:
            raise ValueError(f"{shown(value)} is too large for {self._one}; at most {self._bound(self.most)}")
        if 0 < result < self.least:
            raise ValueError(f"{shown(value)} is too small for {self._one}; at least {self._bound(self.least)}, or 0")
        return result

    def _bound(self, bound: float) -> str:
        unit = next(unit for unit, worth in self.units.items() if worth == 1 or unit == self.printed[0])
        return f"{bound / float(self.units[unit]):g} {unit}"

    @property
    def readable(self) -> dict[str, Fraction]:
        """All units that are read, by their worth."""
        return {**self.units, **self.spellings}

    @property
    def _one(self) -> str:
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name}"

    def _refusal(self, value: str, number: str, unit: str) -> str:
        if not unit:
            return f"{shown(value)} has no unit; write e.g. '{number} {self.example.split()[-1]}'"
        return f"{shown(value)} is no {self.name}; {self._hint(value, number, unit)} (units: {', '.join(self.units)})"

    def _hint(self, value: str, number: str, unit: str) -> str:
        """How to write what was certainly meant, to the same value; an example where nobody can know."""
        loose = _LOOSE.fullmatch(value)
        if loose is not None and loose[1] != number:
            said = _plain_numbers(loose[1])
            good = [text for text in (f"{one} {loose[2]}" for one in said) if self._good(text)]
            if good and len(good) == len(said):
                return f"did you mean {' or '.join(map(repr, good))}?"
        elif unit in self.meant:
            return f"did you mean '{number} {self.meant[unit]}'?"
        elif (worth := self.elsewhere.get(unit)) is not None and self._good(text := self._handy(number, worth)):
            return f"did you mean '{text}'?"
        elif (same := self._same_letters(unit)) is not None:
            return f"did you mean '{number} {same}'?"
        return f"write e.g. '{self.example}'"

    def _same_letters(self, unit: str) -> str | None:
        """The only unit of the same letters in another case, if the case says nothing in it: `gflop/s`, not `mW`."""
        same = [known for known in self.units if known.lower() == unit.lower()]
        if len(same) != 1 or any(mine != its and mine in _SAYING for mine, its in zip(unit, same[0], strict=True)):
            return None
        return same[0]

    def _good(self, text: str) -> bool:
        try:
            self.parse(text)
        except ValueError:
            return False
        return True

    def _handy(self, number: str, worth: Fraction) -> str:
        """A number of a strange unit in the handiest of ours."""
        value = exactly(number, worth)
        return self.format(value) if math.isfinite(value) else ""

    def format(self, value: float, digits: int | None = None) -> str:
        """`value` (SI) in its handiest unit: exact (`parse` gives it back) or with `digits` digits."""
        number = repr(float(value) if digits is None else float(f"{value:.{digits}g}"))
        if number not in self._known:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[number] = self._formatted(number)
        return self._known[number]

    def _formatted(self, number: str) -> str:
        exact, candidates = Decimal(number), []
        for unit, worth in self._printed:
            scaled = exact / worth
            if scaled * worth == exact:
                text = f"{int(scaled)}" if scaled == scaled.to_integral_value() else f"{scaled.normalize():f}"
                candidates.append((not 1 <= scaled < 1000, len(text), text, unit))
        _, _, text, unit = min(candidates, key=lambda candidate: candidate[:2])
        return f"{text} {unit}"

    @cached_property
    def _known(self) -> dict[str, str]:
        """What was written of a number: in a large scenario the same ones come again and again."""
        return {}

    @cached_property
    def _printed(self) -> list[tuple[str, Decimal]]:
        worths = [(unit, self.units[unit]) for unit in self.printed]
        return [(unit, Decimal(worth.numerator) / Decimal(worth.denominator)) for unit, worth in worths]


_MOST_KNOWN = 4096

_SAYING = frozenset("mMpPbBkK")
"""Letters whose case says something: milli and mega, pico and peta, bit and byte."""


def exactly(number: str, worth: Fraction) -> float:
    """The float nearest to a decimal number times a worth; infinite where there is none.

    Whole numbers are divided once, which Python rounds correctly: no product of floats, no second rounding.
    """
    mantissa, _, exponent = number.lower().lstrip("+-").partition("e")
    whole, _, decimals = mantissa.partition(".")
    digits, power = int(whole + decimals), int(exponent or 0) - len(decimals)
    sign = -1 if number.startswith("-") else 1
    if digits == 0 or power + len(whole + decimals) < -_MOST_POWER:
        return 0.0
    if power + len(str(digits)) > _MOST_POWER:
        return sign * math.inf
    above, below = digits * worth.numerator * 10 ** max(power, 0), worth.denominator * 10 ** max(-power, 0)
    try:
        value: float = above / below
    except OverflowError:
        value = math.inf
    return sign * value


def _plain_numbers(text: str) -> list[str]:
    """What a number with commas, spaces or strokes in it may be, as we write it; none where nobody can know."""
    bare = re.sub(r"[\s'’_]", "", text)
    spaced = bare != text
    if spaced and not re.fullmatch(r"[0-9]{1,3}(?:[\s'’_][0-9]{3})+(?:[.,][0-9]+)?", text):
        return []
    if re.fullmatch(r"[0-9]+\.?[0-9]*", bare):
        return [bare]
    if re.fullmatch(r"[0-9]+,[0-9]+", bare):
        decimal = bare.replace(",", ".")
        thousands = not spaced and re.fullmatch(r"[1-9][0-9]{0,2},[0-9]{3}", bare)
        return [decimal, bare.replace(",", "")] if thousands else [decimal]
    if not spaced and re.fullmatch(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?", bare):
        return [bare.replace(",", "")]
    if not spaced and re.fullmatch(r"[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]+)?", bare):
        return [bare.replace(".", "").replace(",", ".")]
    return []


_BITS = _scaled("bit/s", "1/8", "-kMGT")
_BYTES = _scaled("B/s", "1", "-kMGT")
_FLOP = _scaled("FLOP/s", "1", "-kMGTP")


def _as(suffix: str, prefixes: str, unit: str) -> dict[str, str]:
    """Another spelling of a unit, with each prefix."""
    return {f"{p.strip('-')}{suffix}": f"{p.strip('-')}{unit}" for p in prefixes}


TIME = Quantity(
    "time", "20 ms", {**_scaled("s", "1", "num-"), "min": Fraction(60), "h": Fraction(3600)}, ("s", "ms", "us", "ns"),
    spellings=_scaled("s", "1", "pµμ"),
    meant={"sec": "s", "secs": "s", "second": "s", "seconds": "s", "msec": "ms", "mins": "min", "minute": "min",
           "minutes": "min", "hour": "h", "hours": "h", "hr": "h", "hrs": "h"},
    elsewhere={"d": Fraction(86_400), "day": Fraction(86_400), "days": Fraction(86_400), "ks": Fraction(1000),
               "week": Fraction(604_800), "weeks": Fraction(604_800)},
    most=1e12,
)  # fmt: skip
BANDWIDTH = Quantity(
    "bandwidth", "10 Mbit/s", {**_BITS, **_BYTES, **_binary("B/s")}, tuple(_BITS),
    spellings={**_scaled("bps", "1/8", "-kMGT"), **_scaled("Bps", "1", "-kMGT")},
    meant={**_as("b/s", "-kMGT", "bit/s"), **_as("bit", "-kMGT", "bit/s"), **_as("bits/s", "-kMGT", "bit/s"),
           **_as("bits", "-kMGT", "bit/s"), **_as("Bit/s", "-kMGT", "bit/s"), "gbps": "Gbit/s", "tbps": "Tbit/s",
           "gbit/s": "Gbit/s", "tbit/s": "Tbit/s"},
    elsewhere={**_scaled("bit/s", "1/8", "P"), **_scaled("bps", "1/8", "P"), **_scaled("B/s", "1", "P"),
               **{f"{p}{unit}": Fraction(w, 8) for p, w in _BINARY.items() for unit in ("bit/s", "bps", "b/s")}},
    least=1e-6, most=1e18,
)  # fmt: skip
SPEED = Quantity(
    "speed", "10 GFLOP/s", _FLOP, tuple(_FLOP),
    meant={spelling: unit for word in ("FLOPS", "FLOP", "FLOPs", "FLOPS/s", "FLOPs/s", "flops", "flop", "flops/s")
           for spelling, unit in (_as(word, "-kMGTP", "FLOP/s")
                                  | {f"{p}{word}": f"{p.upper()}FLOP/s" for p in "gt"}).items()},
    elsewhere=dict.fromkeys(("EFLOP/s", "EFLOPS"), Fraction(10**18)),
    least=1e-6, most=1e24,
)  # fmt: skip
OPERATIONS = Quantity(
    "number of operations", "5 MFLOP", _scaled("FLOP", "1", "-kMGTP"), ("FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP"),
    meant={f"{p}{word}": f"{p}FLOP" for p in ("", *"kMGTP") for word in ("FLOPs", "flop", "flops")},
    most=1e24,
)  # fmt: skip
SIZE = Quantity(
    "size", "4 kB", {**_scaled("B", "1", "-kMGT"), **_binary("B")},
    ("B", "kB", "MB", "GB", "KiB", "MiB", "GiB"),
    meant={"byte": "B", "bytes": "B", "Byte": "B", "Bytes": "B", "k": "kB", "M": "MB", "G": "GB", "T": "TB"},
    elsewhere={**_scaled("bit", "1/8", "-kMGT"), **_scaled("bits", "1/8", "-kMGT")},
    most=1e18,
)  # fmt: skip
RATE = Quantity(
    "rate", "5 /s", {"/s": Fraction(1), "/min": Fraction(1, 60), "/h": Fraction(1, 3600)}, ("/s",),
    meant={"Hz": "/s", "hz": "/s", "per second": "/s", "1/s": "/s", "per minute": "/min", "1/min": "/min",
           "per s": "/s", "per hour": "/h", "1/h": "/h"},
    elsewhere={"kHz": Fraction(1000), "MHz": Fraction(10**6), "/ms": Fraction(1000), "/us": Fraction(10**6),
               "/d": Fraction(1, 86_400), "/day": Fraction(1, 86_400), "per day": Fraction(1, 86_400)},
    least=1e-12, most=1e12,
)  # fmt: skip
POWER = Quantity(
    "power", "5 W", _scaled("W", "1", "-mk"), ("W", "mW", "kW"),
    spellings=_scaled("W", "1", "nuµμ"),
    meant={"watt": "W", "watts": "W", "Watt": "W", "Watts": "W"}, elsewhere=_scaled("W", "1", "MG"),
    most=1e15,
)  # fmt: skip
ENERGY = Quantity(
    "energy", "10 Wh",
    {**_scaled("J", "1", "-kMm"), **_scaled("Wh", "3600", "m-k")}, ("J", "mJ", "kJ", "MJ"),
    spellings={**_scaled("J", "1", "nuµμG"), **_scaled("Wh", "3600", "M")},
    meant={"joule": "J", "joules": "J", "Joule": "J", "Joules": "J", "Ws": "J"},
    most=1e24,
)  # fmt: skip
ENERGY_PER_BYTE = Quantity(
    "energy per byte", "1 uJ/B",
    {**_scaled("J/B", "1", "-mun"), "J/MB": Fraction(1, 10**6), **_scaled("J/bit", "8", "pn")},
    ("J/B", "mJ/B", "uJ/B", "nJ/B"),
    spellings={**_scaled("J/B", "1", "pµμ"), **_scaled("J/bit", "8", "uµμm-"),
               "mJ/MB": Fraction(1, 10**9), "J/kB": Fraction(1, 1000), "J/GB": Fraction(1, 10**9),
               "mJ/kB": Fraction(1, 10**6)},
    meant={**_as("J/byte", "-munp", "J/B"), **_as("J/b", "np", "J/bit")},
    most=1e12,
)  # fmt: skip


_SHARE = "write e.g. 0.01 or '1 %'"


def parse_share(value: object) -> object:
    """A text in percent as a number from 0 to 1; anything else as it is, for others to check.

    Raises:
        ValueError: a text that is no percentage, or a truth value.
    """
    if isinstance(value, bool):
        raise ValueError(f"{value} is no share; {_SHARE}")
    if not isinstance(value, str):
        return value
    found = split(value)
    if found is None or found[1] != "%" or math.isinf(share := exactly(found[0], Fraction(1, 100))):
        raise ValueError(f"{shown(value)} is no share; {_SHARE}")
    return share


def split(text: str) -> tuple[str, str] | None:
    """The number and the unit ("" where there is none) of a text such as "5 ms"; None if it begins with no number."""
    found = _TEXT.fullmatch(text) if len(text) <= _LONGEST else None
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
