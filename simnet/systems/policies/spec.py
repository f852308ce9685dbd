"""What an edge does about cameras and a cloud that do not answer: part of a system's settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simnet.language.quantities import Model, Size, Time


class Heartbeat(Model):
    """Each camera sends heartbeats, as which any message of it counts."""

    every: Annotated[Time, Field(gt=0)]
    """Time between two heartbeats of a camera."""
    misses: Annotated[int, Field(ge=1, strict=True)] = 3
    """So many that are due, and the camera is not waited for."""
    size: Size = 8
    """Bytes of one."""


class Retry(Model):
    """An upload without an answer is sent again."""

    times: Annotated[int, Field(ge=1, strict=True)]
    """How often it is sent again."""
    after: Annotated[Time, Field(gt=0)]
    """How long the first answer is waited for."""
    factor: Annotated[float, Field(ge=1, strict=True, allow_inf_nan=False)] = 2.0
    """How many times longer each further one."""


class Breaker(Model):
    """Who did not answer several times in a row is not called for a while.

    While it is open, samples that would go on are forced to leave at once.
    """

    failures: Annotated[int, Field(ge=1, strict=True)]
    """So many in a row, and the next exit is not asked."""
    rest: Annotated[Time, Field(gt=0)]
    """How long it is not asked, then once on trial."""
