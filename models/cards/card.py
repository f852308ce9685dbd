"""Cards: what a weight file's JSON neighbour says of it. No torch, so that a scenario can be checked without it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from sys import float_info
from typing import Any

from simnet.language.errors import clipped
from simnet.language.files import UnreadableError, text_of
from simnet.models.codecs import CODECS
from simnet.models.data import set_of
from simnet.models.data.base import DataError
from simnet.models.graph import Graph, GraphError
from simnet.models.rules import USUAL
from simnet.models.segments import MOST, MOST_CLASSES, costs_of
from simnet.registry import settled

WEIGHTS = Path(__file__).parent.parent / "weights"
HOTTEST = 20.0
"""Temperatures are sought between its inverse and it."""


class WeightsError(Exception):
    """Weights or their card are missing, damaged or do not belong together; the message says which and why."""

    def __init__(self, message: str) -> None:
        super().__init__(clipped(message))


@dataclass(frozen=True)
class Card:
    """A card and where its weights lie; `values` holds all that the file says."""

    path: Path
    values: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the weights, e.g. `ada-ddnn-plaza`."""
        return self.path.stem

    @property
    def weights(self) -> Path:
        """The safetensors file."""
        return self.path.with_suffix(".safetensors")

    @property
    def sha256(self) -> str:
        """Checksum of the weight file, as the card states it."""
        return str(self.values["sha256"])

    @property
    def network(self) -> str:
        """The kind of network, by name or as ``module:Name``; cards of the first edition call it the system."""
        return str(self.values["network"] if "network" in self.values else self.values["system"])

    @cached_property
    def graph(self) -> Graph:
        """The network's segments and what they cost.

        Cards of the first edition have costs only: the network itself tells its structure, which imports torch. Raises
        WeightsError when the card's graph is none.
        """
        try:
            if "graph" in self.values:
                return Graph.from_dict(self.values["graph"])
            from simnet.models.cards.weights import build

            return build(self).graph.with_costs(_former_costs(self.values["segments"]))
        except (GraphError, TypeError, KeyError, AttributeError) as problem:
            raise WeightsError(f"{self.path}: graph: {problem}") from None

    @cached_property
    def counted(self) -> Graph:
        """The graph with the operations of every segment; a card that does not tell has its network measured.

        That imports torch. Raises WeightsError where there is no such network, or it is another.
        """
        if self.graph.counted:
            return self.graph
        from simnet.models.cards.weights import count

        return count(self)

    @property
    def layers(self) -> dict[str, str]:
        """A few words on the layers of each segment; of cards of the first edition the network tells them."""
        if "layers" in self.values:
            return dict(self.values["layers"])
        from simnet.models.cards.weights import build

        return build(self).layers()

    def folder_of(self, name: str) -> Path | None:
        """Where a user's kind that the card names (``file.py:Name``, ``module:Name``) is looked for.

        Beside the card; a file that is not there, in the working directory (None).
        """
        file = name.rpartition(":")[0]
        beside = not file.endswith(".py") or (self.path.parent / file).is_file()
        return self.path.parent if beside else None

    @property
    def thresholds(self) -> dict[str, float]:
        """Calibrated T of every exit but the last."""
        return dict(self.values["calibration"]["thresholds"])

    def calibrated(self, exit_rule: str, instead: Mapping[str, str]) -> Mapping[str, Any] | None:
        """`thresholds` by exit, and the `parameters` of a rule that learns, where all exits have this rule.

        `instead` names segments that answer at an exit in place of its own. None where the card has none for these.
        """
        calibration = self.values["calibration"]
        if exit_rule == USUAL and not instead:
            return dict(calibration)
        entries = calibration.get("alternatives", ())
        those = (e for e in entries if same_rule(e["exit_rule"], exit_rule) and e.get("instead", {}) == instead)
        return next(those, None)

    @property
    def forced_accuracy(self) -> dict[str, float]:
        """Of each exit what was right on validation when every sample left there; empty where the card tells none."""
        told = self.values.get("forced_accuracy")
        found = told.get("validation") if isinstance(told, dict) else None
        listed = found.items() if isinstance(found, dict) else ()
        return {name: float(share) for name, share in listed if type(share) in (int, float) and 0 <= share <= 1}

    @property
    def temperatures(self) -> dict[str, float]:
        """What a segment's scores are divided by before they are tested; 1 for segments that are not named."""
        return dict(self.values["calibration"].get("temperatures", {}))

    @property
    def codec(self) -> str:
        """The codec that the network was trained for; of a card that does not say, the network's own.

        A user's in a file by a name that finds it from everywhere.
        """
        codec = self.values["architecture"].get("codec")
        if codec is None:
            from simnet.models.cards.weights import build

            codec = build(self).arch.codec
        return settled(str(codec), self.folder_of(str(codec)) or Path())


def _former_costs(segments: Any) -> dict[str, dict[str, Any]]:
    """Costs as cards of the first edition give them, in the words of a graph.

    Raises GraphError where they are none.
    """
    if not isinstance(segments, dict):
        raise GraphError("segments must be costs by segment")
    found = {}
    for name, values in segments.items():
        if not isinstance(values, dict):
            raise GraphError(f"the costs of segment {name!r} must be keys and values")
        found[name] = costs_of(values, "features")
    return found


def same_rule(one: str, other: str) -> bool:
    """Whether two names are of one rule: of a user's own, whose file may have moved, the class has that name."""
    return one == other or (":" in one and ":" in other and one.rpartition(":")[2] == other.rpartition(":")[2])


REQUIRED = ("data", "class_names", "sha256", "architecture.view", "calibration.thresholds")
"""Keys that a simulation reads; a dot leads into an inner object."""
FORMER = {"network": "system", "graph": "segments"}
"""Keys that cards of the first edition have in their place."""


def _has(values: Any, key: str) -> bool:
    for part in key.split("."):
        if not isinstance(values, dict) or part not in values:
            return False
        values = values[part]
    return True


def _entries(values: Any, path: Path) -> list[Any]:
    """Entries of `alternatives`. Raises WeightsError where they are none."""
    texts = {"exit_rule": str, "thresholds": dict}

    def good(entry: Any) -> bool:
        if not isinstance(entry, dict) or not all(isinstance(entry.get(key), kind) for key, kind in texts.items()):
            return False
        if not all(isinstance(entry.get(key, {}), dict) for key in ("instead", "parameters")):
            return False
        return all(isinstance(learned, dict) for learned in entry.get("parameters", {}).values())

    if not isinstance(values, list) or not all(map(good, values)):
        raise WeightsError(f"{path}: calibration.alternatives must be a list of rules with their thresholds")
    return values


def _numbers(values: Any, good: Callable[[float], bool]) -> bool:
    return isinstance(values, dict) and all(type(v) in (int, float) and good(v) for v in values.values())


def _list_of(values: Any, kind: type) -> bool:
    return isinstance(values, list) and all(type(v) is kind for v in values)


def shipped() -> list[Card]:
    """Cards of all shipped weights, by name. Raises WeightsError for a damaged one."""
    return [read_card(name) for name in sorted(path.stem for path in WEIGHTS.glob("*.json"))]


def read_card(name: str) -> Card:
    """Find a card by name among the shipped weights, or by the path of a `.safetensors` or `.json` file.

    Raises WeightsError when it is missing, no JSON, lacks a required key or has a threshold outside [0, 1],
    a temperature that is not positive, a codec that is none, or names or a view size of another kind.
    """
    named = Path(name)
    path = named.with_suffix(".json") if named.suffix in (".json", ".safetensors") else WEIGHTS / f"{name}.json"
    try:
        values = json.loads(text_of(path))
    except FileNotFoundError:
        known = sorted(p.stem for p in WEIGHTS.glob("*.json"))
        near = get_close_matches(named.stem, known, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise WeightsError(
            f"no weights {name!r}: {path.name} is not among the shipped ones ({', '.join(known)}) nor a file{hint}"
        ) from None
    except (OSError, ValueError, RecursionError, UnreadableError) as problem:
        raise WeightsError(f"{path}: not a readable card: {problem}") from problem
    missing = [key for key in REQUIRED if not _has(values, key)]
    missing += [f"{new} or {old}" for new, old in FORMER.items() if not (_has(values, new) or _has(values, old))]
    if missing:
        raise WeightsError(f"{path}: the card lacks {', '.join(missing)}")
    for key in ("network", "system", "data", "sha256"):
        if key in values and not isinstance(values[key], str):
            raise WeightsError(f"{path}: {key} must be text")
    try:
        set_of(values["data"])
    except DataError as problem:
        raise WeightsError(f"{path}: {problem}") from None
    layers = values.get("layers", {})
    if not (isinstance(layers, dict) and _list_of(list(layers.values()), str)):
        raise WeightsError(f"{path}: layers must be text for each segment")
    if not _list_of(values["class_names"], str):
        raise WeightsError(f"{path}: class_names must be a list of names")
    view = values["architecture"]["view"]
    if not (_list_of(view, int) and len(view) == 2 and min(view) >= 1):
        raise WeightsError(f"{path}: architecture.view must be height and width")
    for key, most in (("classes", MOST_CLASSES), ("views", MOST)):
        if type(number := values["architecture"].get(key, 2)) is not int or not 1 <= number <= most:
            raise WeightsError(f"{path}: architecture.{key} must be a whole number from 1 to {most:,}")
    calibration = values["calibration"]
    if not _numbers(calibration["thresholds"], lambda t: 0 <= t <= 1):
        raise WeightsError(f"{path}: calibration.thresholds must be numbers in [0, 1], one for each exit")
    if not _numbers(calibration.get("temperatures", {}), lambda t: 0 < t <= float_info.max):
        raise WeightsError(f"{path}: calibration.temperatures must be positive numbers, one for each classifier")
    for entry in _entries(calibration.get("alternatives", []), path):
        if not _numbers(entry["thresholds"], lambda t: abs(t) <= float_info.max):
            raise WeightsError(f"{path}: calibration.alternatives: thresholds must be numbers, one for each exit")
    codec = values["architecture"].get("codec", "fp32")
    if not isinstance(codec, str) or not (":" in codec or codec in CODECS or codec in CODECS.names()):
        raise WeightsError(f"{path}: architecture.codec {codec!r} is none of {', '.join(CODECS)}")
    card = Card(path, values)
    if "graph" in values:
        if card.graph.classes != len(values["class_names"]):
            raise WeightsError(f"{path}: class_names has {len(values['class_names'])}, the graph {card.graph.classes}")
    else:
        try:
            _former_costs(values["segments"])  # the structure waits until it is asked for: the network tells it
        except GraphError as problem:
            raise WeightsError(f"{path}: segments: {problem}") from None
    return card


def write_card(values: dict[str, Any], path: Path) -> None:
    """Write a card as JSON to `path`; a kill at any moment leaves the former one whole.

    Raises WeightsError when it cannot be written.
    """
    partial = path.with_suffix(".json.partial")
    try:
        partial.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as problem:
        raise WeightsError(f"{path}: cannot be written: {problem}") from problem


def file_sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_weights(card: Card) -> None:
    """Compare the weight file with its card. Raises WeightsError when it is missing or its checksum is another."""
    if not card.weights.is_file():
        raise WeightsError(f"{card.weights}: the weights of card {card.path.name} are missing")
    try:
        found = file_sha256(card.weights)
    except OSError as problem:
        raise WeightsError(f"{card.weights}: cannot be read: {problem}") from problem
    if found != card.sha256:
        raise WeightsError(f"{card.weights}: checksum {found[:12]}… is not the card's {card.sha256[:12]}…")
