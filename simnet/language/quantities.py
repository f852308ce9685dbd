"""The types of a scenario's values: quantities that may be given as texts with a unit, SI floats inside.

Bare numbers mean SI units in Python, and are refused in scenario files, which validate with `context=FROM_FILE`.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Annotated, Any, ClassVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    WithJsonSchema,
    model_serializer,
)
from pydantic_core import CoreSchema

from simnet.language import units
from simnet.language.errors import shown
from simnet.language.scalars import MOST_DIGITS

HALF_A_TICK = 0.5e-12
"""Seconds; half a picosecond goes to the even neighbour, 0."""
FROM_FILE = {"from_file": True}
"""Validation context in which a bare number is no quantity."""


def parser(quantity: units.Quantity) -> Callable[[object, ValidationInfo], float]:
    """Reads a text with a unit, outside of files a number of SI units, too; raises ValueError.

    Also for a time that the clock would round to none, as if 0 had been written.
    """

    def parse(value: object, info: ValidationInfo) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and not info.context:
            try:
                found = float(value)
            except OverflowError:
                raise ValueError(f"{shown(value)} is too large for a float") from None
        else:
            found = quantity.parse(value)
        if quantity is units.TIME and 0 < found <= HALF_A_TICK:
            raise ValueError(f"{shown(value)} is nothing to the clock, which counts picoseconds")
        return found

    return parse


def _quantity(quantity: units.Quantity) -> tuple[BeforeValidator, PlainSerializer, WithJsonSchema]:
    """Reading from text, writing as text (exact), and what a file may say, for JSON Schema."""
    schema = {
        "type": ["string", "number"],
        "description": f"{quantity.name} with its unit",
        "examples": [quantity.example],
    }
    return (
        BeforeValidator(parser(quantity)),
        PlainSerializer(quantity.format, return_type=str, when_used="json"),
        WithJsonSchema(schema, mode="validation"),
    )


Time = Annotated[float, *_quantity(units.TIME), Field(ge=0, allow_inf_nan=False)]
Bandwidth = Annotated[float, *_quantity(units.BANDWIDTH), Field(ge=0, allow_inf_nan=False)]
Speed = Annotated[float, *_quantity(units.SPEED), Field(ge=0, allow_inf_nan=False)]
Operations = Annotated[float, *_quantity(units.OPERATIONS), Field(ge=0, allow_inf_nan=False)]
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


MOST = 1_000_000_000
"""Of a count, and of a factor: more is a slip, and nothing counts so far."""


def _count(value: object) -> object:
    """A whole number that is a key, which a file has as text: ASCII digits, and nothing that others read otherwise."""
    if isinstance(value, str) and not (value == "0" or re.fullmatch(rf"[1-9][0-9]{{0,{MOST_DIGITS}}}", value)):
        raise ValueError(f"must be a whole number, found {shown(value)}")
    return int(value) if isinstance(value, str) else value


CountKey = Annotated[int, BeforeValidator(_count), Field(ge=1)]
"""A whole number from 1 on as the key of a mapping, such as a batch size."""


@cache
def descriptions(model: type[BaseModel]) -> dict[str, str]:
    """The docstrings below the fields of a model and of those that it is derived from; none without a source."""
    found: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        if not issubclass(kind, BaseModel) or kind is BaseModel:
            continue
        try:
            (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
        except (OSError, TypeError, SyntaxError, ValueError):
            continue
        for field, text in pairwise(getattr(tree, "body", [])):
            match field, text:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(words))):
                    found[name] = inspect.cleandoc(words)
    return {name: text for name, text in found.items() if name in model.model_fields}


class Model(BaseModel):
    """Part of a scenario: frozen, a key that does not exist is an error, written as JSON it is as in a file.

    That is, quantities are texts with units (exact), and what has no value is left out.
    """

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    quiet: ClassVar[tuple[str, ...]] = ()
    """Keys that a file does not say where their value is the usual one."""
    internal: ClassVar[tuple[str, ...]] = ()
    """Fields that are no keys of a file."""
    replaced: ClassVar[tuple[str, ...]] = ()
    """Keys of a file that are no fields: what they say is put in before."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler, /) -> dict[str, Any]:
        """The schema, each key described by the docstring below its field.

        Only now: pydantic's own `use_attribute_docstrings` reads the source of every model when it is imported, which
        took an eighth of the time of a `check`.
        """
        reference = handler(core_schema)
        schema = handler.resolve_ref_schema(reference)
        names = {field.alias or name: name for name, field in cls.model_fields.items()}
        for key, value in schema.get("properties", {}).items():
            if (text := descriptions(cls).get(names.get(key, key))) is not None:
                value["description"] = text
        for name in cls.internal:
            schema.get("properties", {}).pop(name, None)
        return reference

    @model_serializer(mode="wrap")
    def _as_in_a_file(self, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        values: dict[str, Any] = handler(self)
        if info.mode != "json":
            return values
        fields = type(self).model_fields
        usual = {key for key in self.quiet if getattr(self, key) == fields[key].get_default(call_default_factory=True)}
        return {
            key: value
            for key, value in values.items()
            if value is not None and key not in usual and key not in self.internal
        }
