"""Quantities: the float nearest to what is written, and hints that never name another quantity."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simnet.language import units
from simnet.language.units import (
    BANDWIDTH,
    ENERGY,
    ENERGY_PER_BYTE,
    OPERATIONS,
    POWER,
    RATE,
    SIZE,
    SPEED,
    TIME,
    Quantity,
    parse_share,
)

ALL = [TIME, BANDWIDTH, SPEED, SIZE, RATE, POWER, ENERGY, ENERGY_PER_BYTE, OPERATIONS]


@pytest.mark.parametrize(
    ("quantity", "text", "value"),
    [
        (BANDWIDTH, "10 Mbps", 1.25e6), (BANDWIDTH, "10 MBps", 1e7), (BANDWIDTH, "2 Gbps", 2.5e8),
        (BANDWIDTH, "8 bps", 1.0), (BANDWIDTH, "3 kBps", 3000.0), (BANDWIDTH, "1 Tbit/s", 1.25e11),
        (BANDWIDTH, "1 Tbps", 1.25e11), (BANDWIDTH, "1 TB/s", 1e12), (BANDWIDTH, "1 TiB/s", 1024.0**4),
        (ENERGY_PER_BYTE, "50 pJ/bit", 4e-10), (ENERGY_PER_BYTE, "50 nJ/bit", 4e-7),
        (ENERGY_PER_BYTE, "1 uJ/bit", 8e-6), (ENERGY_PER_BYTE, "1 J/bit", 8.0),
        (TIME, "3 ps", 3e-12), (TIME, "3 µs", 3e-6), (TIME, "3 μs", 3e-6), (SIZE, "1 TB", 1e12), (POWER, "3 uW", 3e-6),
        (TIME, "123456.789 s", 123456.789), (TIME, "0.7 ms", 0.0007), (TIME, "0.1 us", 1e-7), (TIME, "4.9 min", 294.0),
        (RATE, "5 /min", 5 / 60), (RATE, "1 /h", 1 / 3600), (SIZE, "0.1 GiB", 107374182.4),
    ],
)  # fmt: skip
def test_common_spellings_are_read(quantity: Quantity, text: str, value: float) -> None:
    assert quantity.parse(text) == value


@pytest.mark.parametrize(
    ("quantity", "text", "hint"),
    [
        (POWER, "5 MW", "did you mean '5000 kW'?"),
        (BANDWIDTH, "10 000 kbit/s", "did you mean '10000 kbit/s'?"),
        (BANDWIDTH, "10'000 kbit/s", "did you mean '10000 kbit/s'?"),
        (BANDWIDTH, "1,000,000.5 kbit/s", "did you mean '1000000.5 kbit/s'?"),
        (BANDWIDTH, "1.000.000 kbit/s", "did you mean '1000000 kbit/s'?"),
        (BANDWIDTH, "10,5 Mbit/s", "did you mean '10.5 Mbit/s'?"),
        (BANDWIDTH, "10,500 Mbit/s", "did you mean '10.500 Mbit/s' or '10500 Mbit/s'?"),
        (BANDWIDTH, "10 00 kbit/s", "write e.g."),
        (BANDWIDTH, "10 Mb/s", "did you mean '10 Mbit/s'?"),
        (BANDWIDTH, "10 MBit/s", "did you mean '10 Mbit/s'?"),
        (BANDWIDTH, "1 Pbit/s", "did you mean '1000 Tbit/s'?"),
        (BANDWIDTH, "1 Mibit/s", "did you mean '1.048576 Mbit/s'?"),
        (BANDWIDTH, "10 mbit/s", "write e.g."),
        (BANDWIDTH, "10 mB/s", "write e.g."),
        (BANDWIDTH, "10 MHz", "write e.g."),
        (TIME, "5 sec", "did you mean '5 s'?"),
        (TIME, "2 days", "did you mean '172800 s'?"),
        (TIME, "5 MS", "write e.g."),
        (SPEED, "10 tflops", "did you mean '10 TFLOP/s'?"),
        (SPEED, "10 TFLOPS", "did you mean '10 TFLOP/s'?"),
        (SPEED, "10 mflops", "write e.g."),
        (SIZE, "8 bits", "did you mean '1 B'?"),
        (SIZE, "4 kb", "write e.g."),
        (ENERGY, "20 wh", "did you mean '20 Wh'?"),
        (ENERGY_PER_BYTE, "50 PJ/bit", "write e.g."),
        (RATE, "5 kHz", "did you mean '5000 /s'?"),
    ],
)  # fmt: skip
def test_a_hint_names_the_same_quantity_or_an_example(quantity: Quantity, text: str, hint: str) -> None:
    with pytest.raises(ValueError) as caught:
        quantity.parse(text)
    assert f"; {hint}" in str(caught.value)


PREFIXES = {"p": -12, "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "K": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
BASES = {
    BANDWIDTH: {"bit/s": "1/8", "bps": "1/8", "b/s": "1/8", "B/s": "1", "Bps": "1", "bits/s": "1/8"},
    POWER: {"W": "1"},
    ENERGY: {"J": "1", "Wh": "3600"},
    ENERGY_PER_BYTE: {"J/B": "1", "J/bit": "8", "J/b": "8"},
    SPEED: {"FLOP/s": "1", "FLOPS": "1"},
    SIZE: {"B": "1", "bit": "1/8"},
    OPERATIONS: {"FLOP": "1", "FLOPs": "1"},
    TIME: {"s": "1"},
}


@pytest.mark.parametrize("quantity", BASES, ids=lambda quantity: quantity.name)
def test_no_unit_of_any_prefix_is_read_or_suggested_as_another_quantity(quantity: Quantity) -> None:
    """What a unit is worth is worked out here from its prefix and its base, in whole numbers."""
    for base, worth in BASES[quantity].items():
        for prefix, power in PREFIXES.items():
            wanted = 3 * Fraction(worth) * Fraction(10) ** power
            text = f"3 {prefix}{base}"
            try:
                found = [quantity.parse(text)]
            except ValueError as refusal:
                hints = re.search(r"did you mean (.*)\? \(units", str(refusal))
                found = [] if hints is None else [quantity.parse(one.strip("'")) for one in hints[1].split(" or ")]
            assert all(value == float(wanted) for value in found), text


@given(
    quantity=st.sampled_from(ALL),
    digits=st.integers(0, 10**30),
    power=st.integers(-40, 10),
    data=st.data(),
)
def test_a_quantity_is_the_float_nearest_to_what_is_written(
    quantity: Quantity, digits: int, power: int, data: st.DataObject
) -> None:
    """No product of floats: the exact value, rounded once."""
    unit = data.draw(st.sampled_from(sorted(quantity.readable)))
    exact = Fraction(digits) * Fraction(10) ** power * quantity.readable[unit]
    if not quantity.least <= exact <= quantity.most and exact:
        return
    for text in (f"{digits}e{power} {unit}", f"{Decimal(digits).scaleb(power):f}{unit}"):
        assert quantity.parse(text) == float(exact)
    assert parse_share(f"{digits}e{power} %") == float(Fraction(digits) * Fraction(10) ** (power - 2))


@pytest.mark.parametrize(
    ("quantity", "text", "says"),
    [
        (TIME, "1e308 s", "is too large for a time; at most 1e+12 s"),
        (TIME, "1e999999999999999999999 s", "is too large"),
        (TIME, "-1e999 s", "is negative"),
        (BANDWIDTH, "1e-300 bit/s", "is too small for a bandwidth; at least 8e-06 bit/s, or 0"),
        (SPEED, "1e-300 FLOP/s", "is too small"),
        (RATE, "1e-300 /s", "is too small"),
        (ENERGY, "1e300 J", "is too large"),
        (SIZE, "1e300 B", "is too large"),
    ],
)
def test_what_no_run_can_bear_is_refused(quantity: Quantity, text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        quantity.parse(text)


@pytest.mark.parametrize("quantity", ALL, ids=lambda quantity: quantity.name)
@pytest.mark.parametrize("value", [10**400, 10**39, 1234567, 0.1, "1" * 100_000, "x" * 100_000, f"1 {'y' * 5000}"])
def test_a_value_without_a_unit_is_shown_as_it_is_written(quantity: Quantity, value: object) -> None:
    with pytest.raises(ValueError) as caught:
        quantity.parse(value)
    assert len(str(caught.value)) < 600
    if value == 1234567:
        assert "write e.g. '1234567 " in str(caught.value)


def test_only_ascii_digits_are_numbers() -> None:
    with pytest.raises(ValueError):
        TIME.parse("١٠ ms")
    assert units.split("5 ms") == ("5", "ms")
