"""A resolved scenario back in the file format."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

import yaml
from pydantic import BeforeValidator, Field, PrivateAttr, SerializeAsAny

from simnet.language.errors import Path, ScenarioError
from simnet.language.kinds import kind_called, written
from simnet.language.quantities import Model, Time
from simnet.language.source import Source
from simnet.language.units import (
    ENERGY,
    ENERGY_PER_BYTE,
    POWER,
    format_bandwidth,
    format_size,
    format_speed,
    format_time,
)
from simnet.models.data import DATASETS
from simnet.models.data.base import DatasetOptions
from simnet.network.faults import ACTIONS
from simnet.network.faults.spec import Fault
from simnet.network.links.spec import Link
from simnet.network.networking import Networking
from simnet.network.nodes.spec import Batching, Node, PowerModel
from simnet.scenario.dump_values import loss_text, profile_text, steps_text
from simnet.systems import SYSTEMS
from simnet.systems.options import SystemOptions
from simnet.workloads.spec import Demand, Workload

Entry = dict[str, Any]


def dump(scenario: Scenario) -> str:
    """YAML that loads to an equal scenario, without other files.

    Raises:
        ValueError: a link has no opposite direction, or one that a file cannot describe together with it.
    """
    content: Entry = {
        "name": scenario.name,
        "description": scenario.description,
        "seed": scenario.seed,
        "data": _data(scenario.data),
        "split": scenario.split,
        "samples": scenario.samples,
        "duration": None if scenario.duration is None else format_time(scenario.duration),
        "workload": _workload(scenario.workload),
        "sites": {site: _workload(workload) for site, workload in scenario.sites.items()} or None,
        "network": None if scenario.network == Networking() else scenario.network.model_dump(),
        "nodes": {name: _node(node) for name, node in scenario.nodes.items()},
        "links": _links(scenario.links),
        "systems": {name: _system(spec) for name, spec in scenario.systems.items()},
        "faults": [_fault(fault) for fault in scenario.faults],
        "metrics": list(scenario.metrics) or None,
    }
    return "".join(f"{key}:{_text(value)}\n" for key, value in content.items() if value is not None)


def _text(value: Any) -> str:
    """A top-level value: a section with one line for each entry, anything else on one line."""
    if isinstance(value, list) and value:
        return "".join(f"\n  - {_flow(entry)}" for entry in value)
    if isinstance(value, dict) and all(isinstance(entry, dict) for entry in value.values()):
        return "".join(f"\n  {_flow(key)}: {_flow(entry)}" for key, entry in value.items())
    return f" {_flow(value)}"


def _flow(value: Any) -> str:
    text = yaml.safe_dump(value, sort_keys=False, default_flow_style=True, width=math.inf, allow_unicode=True)
    return text.removesuffix("...\n").rstrip("\n")


def _given(values: Entry) -> Entry:
    return {key: value for key, value in values.items() if value is not None}


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else format_time(seconds)


def _size(size: int | None) -> str | None:
    return None if size is None else format_size(size)


def _workload(workload: Demand) -> Entry:
    classes = {
        name: _given({"share": one.share, "priority": one.priority or None, "deadline": _time(one.deadline)})
        for name, one in workload.classes.items()
    }
    skew = _time(workload.skew or None)
    common = {"deadline": _time(workload.deadline), "skew": skew, "classes": classes or None}
    return _given({"kind": workload.kind, **workload.written(), **common})


def _node(node: Node) -> Entry:
    values = {
        "tier": node.tier,
        "preset": node.preset,
        "kind": node.kind,
        "site": node.site,
        "speed": format_speed(node.speed),
        "workers": node.workers,
        "overhead": format_time(node.overhead),
        "memory": _size(node.memory),
        "view": node.view,
        "fallback": node.fallback,
        "queue": node.queue.model_dump(exclude_defaults=True) or None,
        "batch": None if node.batch is None else _batch(node.batch),
        "profile": None if node.profile is None else profile_text(node.profile),
        "load": None if node.load is None else steps_text(node.load, "load"),
        "power": None if node.power is None else _power(node.power),
        "battery": None if node.battery is None else ENERGY.format(node.battery),
        "warm_up": _time(node.warm_up or None),
    }
    # What a preset has and this node not is said out loud, else the preset's own would come back.
    always = () if node.preset is None else ("memory", "power")
    return {**{key: v for key, v in values.items() if v is not None or key in always}, **written(node.options)}


def _batch(batch: Batching) -> Entry:
    return _given({"size": batch.size, "wait": format_time(batch.wait), "efficiency": batch.efficiency or None})


def _power(power: PowerModel) -> Entry:
    return {
        "idle": POWER.format(power.idle),
        "busy": POWER.format(power.busy),
        "send": ENERGY_PER_BYTE.format(power.send),
        "receive": ENERGY_PER_BYTE.format(power.receive),
    }


def _links(links: list[Link]) -> list[Entry]:
    by_ends = {(link.source, link.target): link for link in links}
    result = []
    while by_ends:
        (source, target), up = next(iter(by_ends.items()))
        del by_ends[source, target]
        down = by_ends.pop((target, source), None)
        if down is None:
            raise ValueError(f"the link {source} - {target} has no opposite direction; a file cannot say so")
        result.append({"between": [source, target], **_both(up, down)})
    return result


def _both(up: Link, down: Link) -> Entry:
    """The values of a link: what differs by direction as a pair of them."""
    common = {"sharing": up.sharing, "medium": up.medium, "attempts": up.attempts}
    for key, value in {**common, "options": up.options}.items():
        if getattr(down, key) != value:
            raise ValueError(
                f"the link {up.source} - {up.target} differs in '{key}' by direction; a file cannot say so"
            )
    one, other = ({
        "bandwidth": None if link.trace is not None else format_bandwidth(link.bandwidth),
        "latency": format_time(link.latency),
        "header": format_size(link.header),
        "mtu": _size(link.mtu),
        "loss": None if link.loss is None else loss_text(link.loss),
        "jitter": format_time(link.jitter),
        "queue": _size(link.queue),
        "trace": None if link.trace is None else steps_text(link.trace, "bandwidth"),
    } for link in (up, down))  # fmt: skip
    pairs = {key: one[key] if one[key] == other[key] else {"up": one[key], "down": other[key]} for key in one}
    usual = {"sharing": "fifo", "attempts": 8, "jitter": "0 s"}
    values = {key: v for key, v in {**pairs, **common}.items() if v is not None and v != usual.get(key)}
    return {**values, **written(up.options)}


def _data(options: DatasetOptions) -> Any:
    values = options.model_dump(mode="json", exclude_defaults=True)
    return values if len(values) > 1 else options.set


def _system(spec: SystemOptions) -> Entry:
    """The keys that differ from the usual, and those that a reader wants to see in any case."""
    always = ("system", "weights", "thresholds", "wait", "cloud_limit")
    values = spec.model_dump(mode="json")
    usual = {name: field.get_default() for name, field in type(spec).model_fields.items()}
    shown = {key: v for key, v in values.items() if key in always or getattr(spec, key) != usual[key]}
    return {key: _given(value) if isinstance(value, dict) else value for key, value in shown.items()}


def _fault(fault: Fault) -> Entry:
    place: Entry = {"node": fault.node} if fault.link is None else {"link": list(fault.link), "direction": "up"}
    if fault.action == "bandwidth":
        action: Entry = {"bandwidth": format_bandwidth(fault.value or 0.0)}
    elif fault.action in ACTIONS:
        action = {fault.action: fault.value} if fault.action in ("slow", "loss") else {"is": fault.action}
    else:
        action = {"do": fault.action, **written(fault.options)}
    shape = None if fault.shape == 1 else fault.shape
    times = {"mtbf": _time(fault.mtbf), "mttr": _time(fault.mttr), "shape": shape, "together": fault.together or None}
    return _given(
        {"name": fault.name, "at": format_time(fault.at), "for": _time(fault.lasts), **times, **place, **action}
    )


Split = Literal["train", "validation", "test"]


class Frame(Model):
    """The single values at a file's top level."""

    name: Annotated[str, Field(min_length=1)]
    """What the scenario is called; the default folder of its results."""
    description: str = ""
    """Free text."""
    seed: Annotated[int, Field(ge=0, strict=True)] = 1
    """Of all random numbers: the same seed gives the same tables."""
    split: Split = "test"
    """Which images are shown."""
    samples: Annotated[int, Field(ge=1, strict=True)] | None = None
    """How many samples are captured, then the run ends when each has an outcome; or give `duration`."""
    duration: Annotated[Time, Field(gt=0)] | None = None
    """How long the run lasts; or give `samples`."""
    metrics: tuple[str, ...] = ()
    """Sections of the summary beside ours: names, ``module:Name`` or ``file.py:Name``."""


def _own_options(value: object) -> object:
    """Keys and values become the options of the system that they name."""
    if isinstance(value, dict) and isinstance(value.get("system"), str):
        return kind_called(SYSTEMS, value["system"]).Options.model_validate(value)
    return value


def _own_data(value: object) -> object:
    """A name, or keys and values, become the options of the data set that they name."""
    given = {"set": value} if isinstance(value, str) else value
    if isinstance(given, dict) and isinstance(given.get("set"), str):
        return kind_called(DATASETS, given["set"]).Options.model_validate(given)
    return given


class Scenario(Frame):
    """Everything one file asks for, resolved: no presets to look up, no ranges, no globs, SI units."""

    data: Annotated[SerializeAsAny[DatasetOptions], BeforeValidator(_own_data)]
    """The data set, with its own options."""
    workload: Workload
    nodes: dict[str, Node]
    links: list[Link]
    systems: dict[str, Annotated[SerializeAsAny[SystemOptions], BeforeValidator(_own_options)]]
    faults: list[Fault] = Field(default_factory=list)
    network: Networking = Networking()
    sites: dict[str, Workload] = Field(default_factory=dict)
    """Workloads of sites that differ from `workload`."""

    _source: Source = PrivateAttr(default_factory=Source)
    _given: Entry | None = PrivateAttr(default=None)
    """The file's content that this was made from, ranges expanded."""
    _as_given: Entry = PrivateAttr(default_factory=dict)
    """The fields as that content made them; others were changed in Python."""

    def __eq__(self, other: object) -> bool:
        """Equal in every public field; where the values were read does not count."""
        return isinstance(other, Scenario) and self.__dict__ == other.__dict__

    @property
    def folder(self) -> FilePath:
        """Where files that it names are looked for, absolute."""
        return self._source.folder.absolute()

    def error(self, path: Path, message: str) -> ScenarioError:
        """An error for later stages to raise, pointing at the line that `path` came from.

        `path` has the file's keys, e.g. `("systems", "ada-ddnn", "weights")`; names that came out of a range
        are known, list positions are those of the file's list.
        """
        return ScenarioError([self._source.problem(path, message)])

    def with_(
        self, *overrides: str | Mapping[str, Any], samples: int | None = None, seed: int | None = None
    ) -> Scenario:
        """A changed copy, checked as a file is: ``scenario.with_("nodes.edge.workers=4", samples=100)``.

        Args:
            overrides: Applied in order: ``"nodes.edge.workers=4"``, as on the command line, or a mapping of dotted keys
                to values. They act on what the file says, so that a preset can be changed, too.
            samples: Number of samples, instead of samples or duration.
            seed: Seed.

        Raises:
            ScenarioError: an override that cannot be carried out, or anything wrong with the result; named in it.
        """
        from simnet.scenario.changes import changed  # late: it makes scenarios

        return changed(self, overrides, samples, seed)

    def to_yaml(self) -> str:
        """The resolved scenario in the file format; loading it gives an equal scenario.

        Raises:
            ValueError: a link has no opposite direction, or differs from it in what a file gives to both (only possible
                for a scenario made in Python).
        """

        return dump(self)
