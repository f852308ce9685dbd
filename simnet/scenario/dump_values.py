"""Values of a resolved scenario that are more than a number, as a file would have them."""

from __future__ import annotations

from typing import Any, Literal

from simnet.language.schedule import Steps
from simnet.language.traces import LONG
from simnet.language.units import format_bandwidth, format_time
from simnet.network.links.spec import Loss
from simnet.network.nodes.spec import Profile


def steps_text(steps: Steps, what: Literal["load", "bandwidth"]) -> Any:
    """A load (share) or a bandwidth (bytes/s) over time; a load that stays is a number."""
    if what == "load" and len(steps.times) == 1 and steps.repeat is None:
        return steps.values[0]
    pairs = zip(steps.times, steps.values, strict=True)
    if len(steps.times) > LONG:
        head = "time_s,load" if what == "load" else "time_s,bandwidth_B/s"
        rows: Any = "\n".join([head, *(f"{time!r},{value!r}" for time, value in pairs)])
    else:
        rows = [[format_time(time), value if what == "load" else format_bandwidth(value)] for time, value in pairs]
    return {"steps": rows} if steps.repeat is None else {"steps": rows, "repeat": format_time(steps.repeat)}


def loss_text(loss: Loss) -> Any:
    """A number, or the keys of a channel with bursts."""
    if loss.bad is None or loss.good_for is None or loss.bad_for is None:
        return loss.good
    times = {"good_for": format_time(loss.good_for), "bad_for": format_time(loss.bad_for)}
    return {"good": loss.good, "bad": loss.bad, **times}


def profile_text(profile: Profile) -> dict[str, dict[str, dict[int, str]]]:
    """Measured times of calls, with their unit."""
    return {
        weights: {
            segment: {size: format_time(seconds) for size, seconds in sizes.items()} for segment, sizes in parts.items()
        }
        for weights, parts in profile.items()
    }
