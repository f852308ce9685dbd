"""What a scenario says of an inference system."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simnet.language.quantities import Model, Time
from simnet.systems.policies.spec import Breaker, Heartbeat, Retry

Threshold = Annotated[float, Field(ge=0, le=1, strict=True, allow_inf_nan=False)]


class SystemSpec(Model):
    """An inference system to run.

    `thresholds`: "calibrated" (from the weights' card), one number for every exit but the last, or one each.
    `wait`: s the edge waits for reports after the first arrived; `cloud_limit`: s it waits for the cloud's
    answer before its own last exit answers instead. `codec`: how features travel (None: as the weights' card says).
    `upload`: whether features come with the report or only when they are needed. `missing`: what stands for a view
    that did not arrive, zeros or what a device gives for a black view. `tiers`: see `simnet.systems.tiers`.
    """

    system: str
    weights: str
    thresholds: Literal["calibrated"] | Threshold | dict[str, Threshold] = "calibrated"
    wait: Time = 1.0
    cloud_limit: Time = 1.0
    codec: str | None = None
    upload: Literal["together", "on_request"] = "together"
    missing: Literal["zero features", "zero input"] = "zero features"
    tiers: str | None = None
    heartbeat: Heartbeat | None = None
    retry: Retry | None = None
    breaker: Breaker | None = None
