"""The types of a scenario's values: quantities that may be given as texts with a unit, SI floats inside.

Bare numbers mean SI units in Python, and are refused in scenario files, which validate with `context=FROM_FILE`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationInfo, WithJsonSchema

from simnet.language import units

FROM_FILE = {"from_file": True}
"""Validation context in which a bare number is no quantity."""


def _parser(quantity: units.Quantity) -> Callable[[object, ValidationInfo], float]:
    def parse(value: object, info: ValidationInfo) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and not info.context:
            return float(value)
        return quantity.parse(value)

    return parse


def _quantity(quantity: units.Quantity) -> tuple[BeforeValidator, PlainSerializer, WithJsonSchema]:
    """Reading from text, writing as text (exact), and what a file may say, for JSON Schema."""
    schema = {
        "type": ["string", "number"],
        "description": f"{quantity.name} with its unit",
        "examples": [quantity.example],
    }
    return (
        BeforeValidator(_parser(quantity)),
        PlainSerializer(quantity.format, return_type=str, when_used="json"),
        WithJsonSchema(schema, mode="validation"),
    )


Time = Annotated[float, *_quantity(units.TIME), Field(ge=0, allow_inf_nan=False)]
Bandwidth = Annotated[float, *_quantity(units.BANDWIDTH), Field(ge=0, allow_inf_nan=False)]
Speed = Annotated[float, *_quantity(units.SPEED), Field(ge=0, allow_inf_nan=False)]
Rate = Annotated[float, *_quantity(units.RATE), Field(gt=0, allow_inf_nan=False)]
RateOrZero = Annotated[float, *_quantity(units.RATE), Field(ge=0, allow_inf_nan=False)]
Size = Annotated[int, *_quantity(units.SIZE), Field(ge=0)]
Power = Annotated[float, *_quantity(units.POWER), Field(ge=0, allow_inf_nan=False)]
Energy = Annotated[float, *_quantity(units.ENERGY), Field(ge=0, allow_inf_nan=False)]
EnergyPerByte = Annotated[float, *_quantity(units.ENERGY_PER_BYTE), Field(ge=0, allow_inf_nan=False)]
Share = Annotated[
    float,
    BeforeValidator(units.parse_share),
    WithJsonSchema({"type": ["string", "number"], "examples": ["1 %", 0.01]}, mode="validation"),
    Field(ge=0, le=1, allow_inf_nan=False),
]
"""A number from 0 to 1, or a text in percent ("1 %")."""


class Model(BaseModel):
    """Common behaviour: frozen, and a key that does not exist is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
