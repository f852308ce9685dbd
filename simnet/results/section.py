"""A section of a system's summary: numbers on one question, under a name of their own.

To add one, derive a class from `Section` in a file of yours, give it a `name`, and let `of` return what it found; name
it in the scenario: ``metrics: ["my_file.py:MyClass"]``. Ours are made the same way, in `simnet.results.sections`.
"""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from simnet.registry import PluginError
from simnet.results.cells import Listing

if TYPE_CHECKING:  # a summary that is read back needs none of them
    from simnet.network.faults.incidents import Incident
    from simnet.results.kept.recorded import Recorded
    from simnet.results.ledger import Ledger
    from simnet.results.lives import Lives
    from simnet.results.steps import Step, Steps
    from simnet.results.usage.usage import Usage
    from simnet.scenario import Scenario

OWN_KEYS = (
    "system", "codec", "captured", "finished", "forced", "dropped", "unfinished", "dropped_by_reason", "accuracy",
    "accuracy_of_captured", "exits", "latency", "bytes", "thresholds", "intervals", "simulated_time", "hops",
)  # fmt: skip
"""Keys of a system's summary that are no sections."""


@dataclass(frozen=True, eq=False)
class Played:
    """What is known of one system once it has been played; to be read, not to be changed.

    Attributes:
        name: The system's name in the scenario.
        system: The kind of system, for instance ``ada-ddnn``.
        exits: Its exits in the order in which a sample meets them.
        thresholds: T of every exit but the last.
        scenario: What was played.
        lives: How the samples ended; those of the warm-up are left out, so the first is number `warm_up`.
        recorded: Every step of all samples' lives, in the order in which they ended, a part at a time.
        incidents: What faults did.
        ledger: Joules of nodes and samples.
        empty_at: When each battery was empty, in s; None for one that was not.
        policies: What each instance of the system did about those that did not answer, one for each site.
        end: When the run ended, in s.
        warm_up: Samples of the warm-up, the first ones.
        warm_answers: How many of these were answered.
        without: What the same samples' lives would have been without a fault, by its name: of those faults that struck
            and with which this was played.
        usage: How much of every place was used; None where it is not known.
        budget: What thresholds followed, and how far; None: they followed nothing.
    """

    name: str
    system: str
    exits: tuple[str, ...]
    thresholds: Mapping[str, float]
    scenario: Scenario
    lives: Lives
    recorded: Recorded
    incidents: Sequence[Incident]
    ledger: Ledger
    empty_at: Mapping[str, float | None]
    policies: Sequence[Mapping[str, Any]]
    end: float
    warm_up: int = 0
    warm_answers: int = 0
    without: Mapping[str, Lives] = field(default_factory=dict)
    usage: Usage | None = None
    budget: Mapping[str, Any] | None = None

    @property
    def steps(self) -> Steps:
        """All steps at once, as columns: in a large run many, some hundred bytes for each."""
        return self.recorded.whole

    @cached_property
    def spans(self) -> Sequence[Step]:
        """The steps as tuples (see `simnet.results.steps.Step`): in a large run many."""
        return list(self.steps)


class Section(ABC):
    """One section.

    Attributes:
        name: Its key in the summary of a system.
        form: What `rows` and `table` rely on in it, see `simnet.results.tables.misfits`: checked when it is read back.
        beside: After which rows of a comparison its own stand: what the run cost, or how the samples ended.
    """

    name: ClassVar[str]
    form: ClassVar[Mapping[str, Any]] = {}
    beside: ClassVar[Literal["costs", "outcomes"]] = "outcomes"

    @abstractmethod
    def of(self, run: Played) -> Mapping[str, Any] | None:
        """The section of a system, ready for JSON: times in s, shares in [0, 1], None where a value does not exist.

        None: it has none, for instance because the scenario has nothing of what it is about.
        """

    def rows(self, found: Mapping[str, Any]) -> Mapping[str, str]:
        """The comparison's rows, a label and one system's cell for each; `found` is what `of` gave or a file held."""
        return plain_rows(self.name, found)

    def table(self, found: Mapping[str, Mapping[str, Any]]) -> Listing | None:
        """A table of its own in the comparison; `found` has the section of each system that has it."""
        return None


def plain_rows(name: str, found: Mapping[str, Any]) -> dict[str, str]:
    """One row for every number and word in a section called `name`."""
    return {
        f"{name}: {key}": value if isinstance(value, str) else f"{value:.4g}"
        for key, value in found.items()
        if isinstance(value, str | int | float)
    }


def check_name(kind: type[Section]) -> None:
    """See that a section can stand in a summary.

    Raises:
        ValueError: it has no name, or one that is taken.
    """
    name = getattr(kind, "name", None)
    if not isinstance(name, str) or not name:
        raise ValueError(f'{kind.__name__} needs a name, the key of its section: name = "..."; found {name!r}')
    if name in OWN_KEYS:
        raise ValueError(f"{kind.__name__} is called {name!r}, which every summary has already")


def sections_of(run: Played) -> tuple[dict[str, Any], list[str]]:
    """Every section that a system has, ours and then the metrics of its scenario, and what is to be noted.

    A metric that fails is noted and left out: what was computed must not be lost for it.
    """
    from simnet.metrics import SECTIONS  # late: its kinds are derived from what is here

    found = {name: SECTIONS[name]().of(run) for name in SECTIONS}
    notes = []
    for called in run.scenario.metrics:
        try:
            kind = SECTIONS.get(called, run.scenario.folder)
            found[kind.name] = _metric(kind, run)
        except Exception as error:  # whatever it raises
            plain = isinstance(error, NotJsonError | PluginError)
            words = str(error) if plain else f"{type(error).__name__}: {error}".rstrip(": ")
            notes.append(f"metric {called!r} has no section for {run.name}: {words}")
    return {name: dict(section) for name, section in found.items() if section is not None}, notes


class NotJsonError(Exception):
    """What a metric gave cannot stand in JSON; the message says why."""


def _metric(kind: type[Section], run: Played) -> dict[str, Any] | None:
    """What a metric finds, in JSON's own types."""
    found: object = kind().of(run)
    if found is None:
        return None
    if not isinstance(found, Mapping):
        raise NotJsonError(f"gives {type(found).__name__}, no mapping")
    for problem in _problems(found, ""):
        raise NotJsonError(problem)
    result: dict[str, Any] = json.loads(json.dumps(found, default=_item))
    return result


def _problems(value: Any, place: str) -> Iterator[str]:
    """What JSON has no word for."""
    where = f" at {place!r}" if place else ""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                yield f"gives a key{where} that is no text: {key!r}"
            else:
                yield from _problems(inner, f"{place}.{key}".lstrip("."))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _problems(inner, f"{place}[{number}]")
    elif not isinstance(inner := _scalar(value), str | bool | int | float | None):
        yield f"gives {type(value).__name__}{where}, which JSON cannot hold"
    elif isinstance(inner, float) and not math.isfinite(inner):
        yield f"gives {inner}{where}, no finite number; None says that there is none"


def _scalar(value: Any) -> Any:
    """numpy's scalars as Python's."""
    return value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value


def _item(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else _scalar(value)
