"""The resolved scenario: what the engine reads. Frozen pydantic models, SI floats inside (see `quantities`)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PrivateAttr

from simnet.scenario.errors import Path, ScenarioError
from simnet.scenario.faults import Fault
from simnet.scenario.links import Link, Loss
from simnet.scenario.nodes import VIEWS, Batching, Node, PowerModel, Profile, Queue, Steps
from simnet.scenario.policy import Breaker, Heartbeat, Retry
from simnet.scenario.quantities import FROM_FILE, Model, Time
from simnet.scenario.source import Source
from simnet.scenario.workloads import (
    Bursty,
    Day,
    Demand,
    Diurnal,
    Periodic,
    Phase,
    Poisson,
    Recorded,
    SampleClass,
    Workload,
)

__all__ = [
    "FROM_FILE",
    "VIEWS",
    "Batching",
    "Breaker",
    "Bursty",
    "Day",
    "Demand",
    "Diurnal",
    "Fault",
    "Frame",
    "Heartbeat",
    "Link",
    "Loss",
    "Model",
    "Networking",
    "Node",
    "Periodic",
    "Phase",
    "Poisson",
    "PowerModel",
    "Profile",
    "Queue",
    "Recorded",
    "Retry",
    "SampleClass",
    "Scenario",
    "Steps",
    "SystemSpec",
    "Workload",
]

Split = Literal["train", "validation", "test"]
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


class Networking(Model):
    """How messages find their way and share links: `routing` by least latency or fewest hops; weights of fair sharing.

    `weights`: flows on fair links have equal weights, or each 1 / the latency of its path, as TCP's rate falls with the
    round-trip time.
    """

    routing: Literal["latency", "hops"] = "latency"
    weights: Literal["equal", "latency"] = "equal"


class Frame(Model):
    """The single values at a file's top level."""

    name: Annotated[str, Field(min_length=1)]
    description: str = ""
    seed: Annotated[int, Field(ge=0, strict=True)] = 1
    data: Literal["plaza", "cifar10", "mvmc"]
    split: Split = "test"
    samples: Annotated[int, Field(ge=1, strict=True)] | None = None
    duration: Annotated[Time, Field(gt=0)] | None = None


class Scenario(Frame):
    """Everything one file asks for, resolved: no presets to look up, no ranges, no globs, SI units."""

    workload: Workload
    nodes: dict[str, Node]
    links: list[Link]
    systems: dict[str, SystemSpec]
    faults: list[Fault] = Field(default_factory=list)
    network: Networking = Networking()
    sites: dict[str, Workload] = Field(default_factory=dict)
    """Workloads of sites that differ from `workload`."""

    _source: Source = PrivateAttr(default_factory=Source)

    def __eq__(self, other: object) -> bool:
        """Equal in every public field; where the values were read does not count."""
        return isinstance(other, Scenario) and self.__dict__ == other.__dict__

    def error(self, path: Path, message: str) -> ScenarioError:
        """An error for later stages to raise, pointing at the line that `path` came from.

        `path` has the file's keys, e.g. `("systems", "ada-ddnn", "weights")`; names that came out of a range
        are known, list positions are those of the file's list.
        """
        return ScenarioError([self._source.problem(path, message)])

    def to_yaml(self) -> str:
        """The resolved scenario in the file format; loading it gives an equal scenario.

        Raises:
            ValueError: a link has no opposite direction, or differs from it in what a file gives to both (only possible
                for a scenario made in Python).
        """
        from simnet.scenario.dump import dump

        return dump(self)
