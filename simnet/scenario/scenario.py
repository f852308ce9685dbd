"""The resolved scenario: what it holds, how it is changed, and how it is written as a file."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

import yaml
from pydantic import BeforeValidator, Field, PrivateAttr, SerializeAsAny

from simnet.language.errors import Path, ScenarioError
from simnet.language.kinds import kind_called
from simnet.language.names import LONGEST
from simnet.language.quantities import Model, Time
from simnet.language.scalars import Writer
from simnet.language.source import Source
from simnet.language.units import format_time
from simnet.models.data import DATASETS
from simnet.models.data.base import DatasetOptions
from simnet.network.faults.spec import Fault
from simnet.network.links.section import written_links
from simnet.network.links.spec import Link
from simnet.network.networking import Networking
from simnet.network.nodes.spec import Node
from simnet.scenario.length import MOST_SAMPLES
from simnet.scenario.let import LET
from simnet.systems import SYSTEMS
from simnet.systems.options import SystemOptions
from simnet.workloads.spec import Workload

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
        "warm_up": None if scenario.warm_up is None else format_time(scenario.warm_up),
        "warm_up_samples": scenario.warm_up_samples,
        "workload": scenario.workload.written(),
        "sites": {site: workload.written() for site, workload in scenario.sites.items()} or None,
        "network": None if scenario.network == Networking() else scenario.network.model_dump(mode="json"),
        "nodes": {name: node.written() for name, node in scenario.nodes.items()},
        "links": written_links(scenario.links),
        "systems": {name: _system(spec) for name, spec in scenario.systems.items()},
        "faults": [fault.written() for fault in scenario.faults],
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
    value = _numbered(value)
    if isinstance(value, dict | list) and all(map(_plain, _leaves(value))):
        return _put_together(value)
    return _dumped(value)


_BARE = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)+")
"""Names that YAML cannot take for anything else: words for true, false and nothing have no hyphen."""


def _dumped(value: Any) -> str:
    if isinstance(value, str) and _BARE.fullmatch(value):
        return value
    text: str = yaml.dump(
        value, Dumper=Writer, sort_keys=False, default_flow_style=True, width=math.inf, allow_unicode=True
    )
    return text.removesuffix("...\n").rstrip("\n")


def _leaves(value: Any) -> Iterator[Any]:
    """All keys and single values."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


_SHORT = re.compile(r"[ -~]{1,100}")


def _plain(leaf: Any) -> bool:
    """Whether it is written alike wherever it stands: in one line, and as a key without a question mark."""
    return not isinstance(leaf, str) or _SHORT.fullmatch(leaf) is not None


def _put_together(value: Any) -> str:
    """What PyYAML writes, of words that it has written: in a large scenario the same ones come again and again."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_word(key)}: {_put_together(inner)}' for key, inner in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_put_together, value))}]"
    return _word(value)


def _word(leaf: Any) -> str:
    return _written_word(type(leaf).__name__, repr(leaf), leaf)


@lru_cache(maxsize=4096)
def _written_word(kind: str, shown: str, leaf: Hashable) -> str:
    """A single value within brackets; `kind` and `shown` tell 0 from -0.0 and False, which are equal."""
    return _dumped([leaf])[1:-1]


def _numbered(value: Any) -> Any:
    """With keys that are numbers, such as batch sizes, as a person writes them; JSON has only texts."""
    if isinstance(value, dict):
        return {int(k) if isinstance(k, str) and k.isdecimal() else k: _numbered(v) for k, v in value.items()}
    return [_numbered(item) for item in value] if isinstance(value, list) else value


def _data(options: DatasetOptions) -> Any:
    values = options.model_dump(mode="json", exclude_defaults=True)
    return values if len(values) > 1 else options.set


def _system(spec: SystemOptions) -> Entry:
    """The keys that differ from the usual, and those that a reader wants to see in any case."""
    always = ("system", "weights", "thresholds", "wait", "cloud_limit")
    values = spec.model_dump(mode="json")
    usual = {name: field.get_default() for name, field in type(spec).model_fields.items()}
    return {key: v for key, v in values.items() if key in always or getattr(spec, key) != usual[key]}


Split = Literal["train", "validation", "test"]


class Frame(Model):
    """The single values at a file's top level."""

    replaced = (LET,)

    name: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    """What the scenario is called; the default folder of its results."""
    description: str = ""
    """Free text."""
    seed: Annotated[int, Field(ge=0, strict=True)] = 1
    """Of all random numbers: the same seed gives the same tables."""
    split: Split = "test"
    """Which images are shown."""
    samples: Annotated[int, Field(ge=1, le=MOST_SAMPLES, strict=True)] | None = None
    """How many samples are captured, then the run ends when each has an outcome; or give `duration`."""
    duration: Annotated[Time, Field(gt=0)] | None = None
    """How long the run lasts; or give `samples`."""
    warm_up: Annotated[Time, Field(ge=0)] | None = None
    """Samples captured before this time are simulated, but not counted in the summary."""
    warm_up_samples: Annotated[int, Field(ge=0, strict=True)] | None = None
    """The first so many samples are simulated, but not counted in the summary; or give `warm_up`."""
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
    """When samples are captured."""
    nodes: dict[str, Node]
    """The machines by name."""
    links: list[Link]
    """Both directions of every link."""
    systems: dict[str, Annotated[SerializeAsAny[SystemOptions], BeforeValidator(_own_options)]]
    """The inference systems that are played, each with the same arrivals and faults."""
    faults: list[Fault] = Field(default_factory=list)
    """What happens to nodes and links."""
    network: Networking = Networking()
    """How messages find their way and share links."""
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
