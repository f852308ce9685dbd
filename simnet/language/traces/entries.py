"""What a scenario may say of a trace: its file, what is to be read of it, and what is to be made of that."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema

from simnet.language import units
from simnet.language.quantities import Model, Time


def _spot(value: object) -> object:
    if not (value if isinstance(value, str) else type(value) is int and value >= 1):
        raise ValueError(f"must be a column's name, or its number from 1, found {value!r}")
    return value


def _delimiter(value: object) -> object:
    if not isinstance(value, str) or len(value) != 1 or value in '"\r\n':
        raise ValueError(f"must be one character, or ' ' for any white space, found {value!r}")
    return value


def _width(value: object) -> object:
    if value is True:
        raise ValueError("say how long the steps are that make a line; write e.g. interpolate: 100 ms")
    return None if value is False else value


def _whole(value: float) -> float:
    if value != round(value, 3):
        raise ValueError(f"must be whole milliseconds, found {units.format_time(value)}")
    return value


Place = Annotated[str | int, BeforeValidator(_spot)]
"""A column's name, or its number from 1."""
Format = Literal["csv", "yaml", "mahimahi", "pensieve"]


class TimesEntry(Model):
    """Times from a file: what a mapping says in their place."""

    file: str | None = None
    """A file, seen from the scenario's folder."""
    time: Place | None = None
    """CSV: the column of times, by its name or its number from 1; by default the first one."""
    time_unit: str | None = None
    """CSV: the unit of times and intervals that neither a heading nor the cells name."""
    delimiter: Annotated[str, BeforeValidator(_delimiter)] = ","
    """CSV: what stands between two cells; a space stands for any white space."""
    offset: Time | None = None
    """How long after the first time of the trace the run begins."""


class TraceEntry(TimesEntry):
    """A value over time: `steps` is a list of pairs, or CSV as text; after `repeat` it begins anew."""

    steps: Any = None
    """Pairs of a time and a value, or CSV as text."""
    format: Format | None = None
    """What the file is; by default as its name ends, in .csv, .yaml or .yml."""
    value: Place | None = None
    """CSV: the column of values, by its name or its number from 1."""
    interval: Place | None = None
    """CSV: the column that says how long each row's value holds, or that time; the rows then follow one another."""
    unit: str | None = None
    """CSV: the unit of values that neither a heading nor the cells name."""
    bin: Annotated[Time, Field(gt=0), AfterValidator(_whole)] | None = None
    """Mahimahi: over how long its packets are spread, a whole number of ms; 1 ms by default."""
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Every value is multiplied by this."""
    interpolate: Annotated[
        Annotated[Time, Field(gt=0)] | None,
        BeforeValidator(_width),
        WithJsonSchema({"type": ["string", "number", "boolean"], "examples": ["100 ms"]}, mode="validation"),
    ] = None
    """Values change on a line from one to the next, in steps of this time; no: each holds until the next."""
    repeat: Annotated[Time, Field(gt=0)] | None = None
    """After so long it begins anew."""


_COLUMNS = ("time", "value", "interval", "unit", "time_unit", "delimiter")
KEYS_OF = {
    "csv": (*_COLUMNS, "interpolate"),
    "yaml": ("interpolate",),
    "steps": ("interpolate",),
    "mahimahi": ("bin",),
    "pensieve": (),
}
"""Keys that not every format takes."""
FILES = [name for name in KEYS_OF if name != "steps"]


class InPlaceOf:
    """In a JSON Schema, what a file may say in place of the values of a trace."""

    def __init__(self, entry: type[TimesEntry]) -> None:
        self._entry = entry

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """A file's name or CSV as text, a list, or the keys of the entry."""
        return {
            "anyOf": [
                {"type": ["string", "array"]},
                self._entry.__get_pydantic_json_schema__(self._entry.__pydantic_core_schema__, handler),
            ]
        }


LOOPED = ("mahimahi", "pensieve")
"""Formats whose own tools begin a file anew when it is over, as is done here."""
