"""What columns of a trace hold: times, intervals, loads, bandwidths, rates; how a cell of each is read."""

from __future__ import annotations

from decimal import Decimal

from simnet.language import units
from simnet.language.errors import shown
from simnet.language.traces.columns import Column, Worth


def load_of(value: object) -> float:
    """A share below 1; ValueError for anything else."""
    number = units.split(value) if isinstance(value, str) else None
    share = float(number[0]) if number is not None and not number[1] else units.parse_share(value)
    if not isinstance(share, int | float):
        raise ValueError(f"{shown(value)} is no share; write e.g. 0.1 or '10 %'")
    if not 0 <= share < 1:
        raise ValueError(f"{shown(value)} is out of range: a load is at least 0 and less than 1 (100 %)")
    return float(share)


def interval_of(value: object) -> float:
    """Seconds, more than 0; ValueError for anything else."""
    interval = units.TIME.parse(value)
    if not interval:
        raise ValueError(f"{shown(value)} is no interval: it must be more than 0")
    return interval


_BITS = {f"{p}bps": f"{p}bit/s" for p in ("", "k", "M", "G")} | {"Kbps": "kbit/s"}
_BYTES = {f"{p}Bps": f"{p}B/s" for p in ("", "k", "M", "G")}
_BITS_EACH = {"bit": 1, "kbit": 1_000, "Mbit": 1_000_000, "Gbit": 1_000_000_000}
_AMOUNTS: dict[str, Worth] = {
    **units.SIZE.units,
    "bytes": Decimal(1),
    **{unit: Decimal(bits) / 8 for unit, bits in _BITS_EACH.items()},
}
TIME = Column("time", units.TIME.parse, units.TIME.units, "time_s", "0 s")
INTERVAL = Column("interval", interval_of, units.TIME.units, "interval_ms", "1 s", above=0)
LOAD = Column(
    "load", load_of, {"%": Decimal("0.01"), "": Decimal(1)}, "load_%", "10 %", below=1, instead="a share such as 30 %, "
)
BANDWIDTH = Column(
    "bandwidth", units.BANDWIDTH.parse, units.BANDWIDTH.units, "bandwidth_Mbit/s", "10 Mbit/s",
    spelled=_BITS | _BYTES, amounts=_AMOUNTS,
)  # fmt: skip
RATE = Column("rate", units.RATE.parse, units.RATE.units, "rate_/s", "5 /s", amounts={"count": Decimal(1)})
