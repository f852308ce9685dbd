"""What an edge does about cameras and a cloud that do not answer: part of a system's settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simnet.language.quantities import Model, Size, Time


class Heartbeat(Model):
    """Each camera sends `size` bytes every `every` s; the edge does not wait for one of which `misses` are due.

    Any message of the camera counts as a heartbeat.
    """

    every: Annotated[Time, Field(gt=0)]
    misses: Annotated[int, Field(ge=1, strict=True)] = 3
    size: Size = 8


class Retry(Model):
    """An upload without an answer after `after` s is sent again, up to `times` times, waiting `factor` times longer."""

    times: Annotated[int, Field(ge=1, strict=True)]
    after: Annotated[Time, Field(gt=0)]
    factor: Annotated[float, Field(ge=1, strict=True, allow_inf_nan=False)] = 2.0


class Breaker(Model):
    """After `failures` calls in a row without an answer the next exit is not called for `rest` s, then tried with one.

    While it is open, samples that would go on are forced to leave at once.
    """

    failures: Annotated[int, Field(ge=1, strict=True)]
    rest: Annotated[Time, Field(gt=0)]
