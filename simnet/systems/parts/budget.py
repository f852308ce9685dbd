"""What a sample may cost on average: the keys of a budget that thresholds follow while a system runs."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from simnet.language.quantities import Energy, Model, Operations, Size, Time

Measured = Literal["bytes", "flop", "energy"]
MEASURED: tuple[Measured, ...] = ("bytes", "flop", "energy")


class Budget(Model):
    """One of `bytes`, `flop` and `energy`, and how T follow it (see `simnet.world.budget`)."""

    bytes: Annotated[Size, Field(gt=0)] | None = None
    """Bytes put on links for a sample, over two links twice, with headers."""
    flop: Annotated[Operations, Field(gt=0)] | None = None
    """Operations of the segments that lead to the exit that answered, all copies."""
    energy: Annotated[Energy, Field(gt=0)] | None = None
    """What nodes with a power model draw for it: computing, sending, receiving, not idling."""
    gain: Annotated[float, Field(gt=0, le=0.3, strict=True)] = 0.2
    """Gain of a step; above 0.3 it tends to swing."""
    every: Annotated[Time, Field(gt=0)] = 1.0
    """Time between two steps."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(given := [name for name in MEASURED if getattr(self, name) is not None]) != 1:
            found = " and ".join(given) or "none"
            raise ValueError(f"needs exactly one of {', '.join(MEASURED)}, found {found}")
        return self

    @property
    def measured(self) -> Measured:
        """What is counted."""
        return next(name for name in MEASURED if getattr(self, name) is not None)

    @property
    def limit(self) -> float:
        """B, in bytes, FLOP or J a sample."""
        return float(getattr(self, self.measured))
