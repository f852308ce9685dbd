"""What a scenario says of an inference system: keys that all have, and those of systems that gather and ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SerializeAsAny, ValidationInfo, WithJsonSchema

from simnet.language.kinds import kind_called
from simnet.language.quantities import Model, Size, Time
from simnet.language.units import format_time
from simnet.systems.parts.budget import Budget
from simnet.systems.parts.target import LatencyTarget, in_short
from simnet.systems.policies import POLICIES
from simnet.systems.policies.breaker import Breaker
from simnet.systems.policies.heartbeat import Heartbeat
from simnet.systems.policies.retry import Retry


def _as_float(value: object) -> object:
    return float(value) if type(value) is int else value


Threshold = Annotated[float, BeforeValidator(_as_float), Field(strict=True, allow_inf_nan=False)]


def _own_options(value: object, info: ValidationInfo) -> object:
    """Keys and values of policies become their options."""
    if not isinstance(value, dict):
        return value
    found: dict[Any, object] = {}
    for name, given in value.items():
        options = kind_called(POLICIES, name).Options if isinstance(name, str) else Model
        found[name] = given if isinstance(given, Model) else options.model_validate(given or {}, context=info.context)
    return found


Policies = Annotated[dict[str, SerializeAsAny[Model]], BeforeValidator(_own_options)]


class Reply(Model):
    """The message that brings an answer to where it is wanted."""

    to: Literal["edge", "device", "none"] = "edge"
    """To the edge that asked, on to its devices, or nowhere: then an answer costs no way back."""
    size: Size | None = None
    """Bytes of it; by default 4·|C|, a score for each class."""


def _in_short(value: object) -> object:
    return {"to": value} if isinstance(value, str) else value


ReplyWay = Annotated[Reply, BeforeValidator(_in_short)]


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


_TEXT = {"type": "string"}
Names = Annotated[
    tuple[str, ...],
    BeforeValidator(_listed),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}),
]
"""One name or several; in a file also ranges and globs."""


class SystemOptions(Model):
    """Keys of every system. A system's own are fields of its `Options`, derived from this class."""

    system: str
    """The kind of system, by name or as ``module:Name``; by default the entry's own name."""
    weights: str
    """Shipped weights by name, or a file, seen from the scenario's folder."""
    thresholds: Literal["calibrated"] | Threshold | dict[str, Threshold] = "calibrated"
    """From the weights' card, one number for every exit but the last, or one for each."""
    rule: str | dict[str, str] = "entropy"
    """What is compared with the threshold, for all exits or for each."""
    budget: Budget | None = None
    """T follow what the samples cost, so that it is at most this on average."""
    codec: str | None = None
    """How features travel; by default as the weights' card says."""
    reply: ReplyWay = Reply()
    """Where the answer is wanted (`edge`, `device` or `none`), or that and the bytes of the message."""
    data: dict[str, Any] = Field(default_factory=dict)
    """Keys of the scenario's data set that are others here: how this system sees the same samples."""
    roles: dict[str, Names] = Field(default_factory=dict)
    """Nodes that play a role, whatever their tier, and nobody else; by default all of the role's tier."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """What is wrong with several keys together: (key, message)."""
        yield from ()


class EdgeOptions(SystemOptions):
    """Keys of systems that wait for reports and ask a next exit."""

    wait: Time = 1.0
    """How long the edge waits for further reports after the first has arrived."""
    cloud_limit: Time = 1.0
    """How long it waits for the next exit's answer before its own answers instead."""
    missing: Literal["zero features", "zero input"] = "zero features"
    """What stands for a view that did not arrive: zeros, or what a device gives for a black view."""
    heartbeat: Heartbeat | None = None
    """Cameras that have been silent for too long are not waited for."""
    retry: Retry | None = None
    """What got no answer is sent again."""
    breaker: Breaker | None = None
    """After too many failures the next exit is not asked for a while."""
    policies: Policies = Field(default_factory=dict)
    """Policies of a user's own by name or as ``file.py:Name``, with their keys."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """A repetition must come before the limit."""
        if self.retry is not None and self.retry.after >= self.cloud_limit:
            limit = format_time(self.cloud_limit)
            yield "retry", f"'after' must be less than cloud_limit ({limit}), which ends all asking"


class OneEdgeOptions(EdgeOptions):
    """Keys of systems whose devices send features to one edge, which sends its own to the cloud."""

    codec_above: Time | None = None
    """Features go with the codec only where as fp32 they would be on their way's wires for longer; else always."""
    last_segment: Literal["cloud", "soonest"] = "cloud"
    """Where the cloud's segment runs: in the cloud (the papers), or there or at the edge, where it is done sooner."""

    latency_target: Annotated[LatencyTarget, BeforeValidator(in_short)] | None = None
    """Thresholds grow while answers take longer on average than this."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """There must be a choice, and one thing that thresholds follow."""
        yield from super().problems()
        if self.budget is not None and self.latency_target is not None:
            yield "budget", "cannot stand beside 'latency_target': both set the thresholds"
        if self.codec_above is not None and self.codec in (None, "fp32"):
            yield "codec_above", "needs a 'codec' other than fp32 beside it, with which features go then"
