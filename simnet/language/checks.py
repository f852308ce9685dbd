"""What all sections of a file are checked with: pydantic's findings in this project's words, names, presets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from simnet.language import names
from simnet.language.errors import Path, Problem, ScenarioError, nearest, shown, unknown
from simnet.language.presets import Preset
from simnet.language.quantities import FROM_FILE
from simnet.language.source import Source

M = TypeVar("M", bound=BaseModel)
Raw = dict[str, Any]
_MOST_PROBLEMS = 100
"""Then the rest of a file is not looked at: to find the nearest name of each of ten thousand takes minutes."""


class Checks:
    """Collects problems while sections are turned into models; what has a problem yields nothing."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self._different: set[tuple[str, int | None, str]] = set()

    def wrong(self, path: Path, message: str) -> None:
        """Note a problem.

        Raises:
            ScenarioError: there are so many that nobody reads more.
        """
        problem = self.source.problem(path, message)
        self.problems.append(problem)
        self._different.add((problem.file, problem.line, problem.message))
        if len(self._different) >= _MOST_PROBLEMS:
            more = Problem(self.source.file, None, "", f"that are {_MOST_PROBLEMS} mistakes; there may be more")
            raise ScenarioError([*self.problems, more])

    def check(self, model: type[M], raw: object, path: Path) -> M | None:
        """`raw` as a `model`, or None after noting what is wrong with it."""
        if not isinstance(raw, dict):
            self.wrong(path, _no_mapping(model, raw))
            return None
        try:
            return model.model_validate(raw, context=FROM_FILE)
        except ValidationError as error:
            details = error.errors(include_url=False)
            for detail in details:
                if _counts_good_ones(detail) or _misspelt(detail, details):
                    continue
                self.wrong((*path, *_place(raw, detail)), _message(model, detail))
            return None

    def named(self, name: str, path: Path) -> None:
        """Note it if `name` is no name."""
        if len(name) > names.LONGEST or not names.NAME.fullmatch(name):
            use = f"use letters, digits, '-' and '_', starting with a letter, at most {names.LONGEST} in all"
            self.wrong(path, f"{shown(name)} is no name: {use}")

    def with_preset(self, raw: Raw, presets: Mapping[str, Preset], path: Path) -> Raw:
        """`raw` with the values of its preset below its own; an unknown preset is noted and gives none."""
        chosen = raw.get("preset")
        if chosen is None:
            return raw
        if not isinstance(chosen, str) or chosen not in presets:
            self.wrong((*path, "preset"), unknown("preset", chosen, list(presets)))
            return {**raw, "preset": None}
        return {**presets[chosen].values, **raw}

    def matching(self, pattern: str, known: Sequence[str], path: Path) -> list[str]:
        """The nodes a name or glob stands for; none is a problem."""
        try:
            found = names.match(pattern, known)
        except ValueError as error:
            self.wrong(path, str(error))
            return []
        if not found:
            self.wrong(path, unknown("node", pattern, known))
        return found


_WANTED = {
    "greater_than": "more than {gt:.12g}",
    "greater_than_equal": "{ge:.12g} or more",
    "less_than": "less than {lt:.12g}",
    "less_than_equal": "{le:.12g} or less",
    "finite_number": "finite",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "string_too_short": "text with at least {min_length} character",
    "string_too_long": "text with at most {max_length} letters",
    "list_type": "a list",
    "dict_type": "keys and values",
    "tuple_type": "a list",
    "too_short": "a list of {min_length} or more",
    "too_long": "a list of {max_length}",
}
_PAIRS = ("between", "link")
"""Keys whose list has two names."""


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys of a model in a file; those whose words are put in before it is made come first."""
    internal = getattr(model, "internal", ())
    names = (field.alias or name for name, field in model.model_fields.items() if name not in internal)
    return [*getattr(model, "replaced", ()), *names]


def _no_mapping(model: type[BaseModel], found: object) -> str:
    return f"expected keys and values (allowed: {', '.join(keys_of(model))}), found {shown(found)}"


def _counts_good_ones(detail: Mapping[str, Any]) -> bool:
    """Whether a list is called too short only because members of it are wrong, of which pydantic tells as well."""
    return detail["type"] == "too_short" and bool(len(detail["input"]) >= detail["ctx"]["min_length"])


def _misspelt(detail: Mapping[str, Any], details: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a key is missing only because it is there under a name much like its own, which is noted as unknown."""
    return detail["type"] == "missing" and any(
        other["type"] == "extra_forbidden"
        and other["loc"][:-1] == detail["loc"][:-1]
        and nearest(other["loc"][-1], [str(detail["loc"][-1])])
        for other in details
    )


def _place(raw: object, detail: Mapping[str, Any]) -> list[str | int]:
    """Where in `raw` an error is: members of a union add their own name to its place, and the file has only keys."""
    place: list[str | int] = []
    for number, part in enumerate(detail["loc"], start=1):
        known = raw if isinstance(raw, dict) else range(len(raw)) if isinstance(raw, list | tuple) else ()
        if part in known:
            place.append(part)
            raw = raw[part]  # type: ignore[index]
        elif detail["type"] == "missing" and number == len(detail["loc"]):
            place.append(part)
    return place


def _message(model: type[BaseModel], detail: Mapping[str, Any]) -> str:
    """A pydantic error in this project's words."""
    key, found, kind = detail["loc"][-1] if detail["loc"] else "", detail["input"], detail["type"]
    context = detail.get("ctx", {})
    inner = _model_in(_annotation(model, detail["loc"][:-1])) or model
    if kind == "extra_forbidden":
        return unknown("key", key, keys_of(inner))
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return unknown("value", found, _literals(_annotation(inner, (key,))))
    if kind == "model_type" and (wanted_model := _model_in(_annotation(model, detail["loc"]))) is not None:
        return _no_mapping(wanted_model, found)
    if kind in ("tuple_type", "too_long") and key in _PAIRS:
        return f"must be a list of two names, found {shown(found)}"
    wanted = _WANTED.get(kind)
    if wanted is None:
        return f"{shown(found)}: {detail['msg']}"
    return f"must be {wanted.format(**context)}, found {shown(found)}"


def _annotation(model: type[BaseModel], loc: Sequence[str | int]) -> object:
    """The type at a place inside a model, as far as its annotations tell."""
    found: object = model
    for part in loc:
        found = next(filter(None, (_inside(kind, part) for kind in _kinds(found))), None)
    return found


def _inside(kind: object, part: str | int) -> object:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return next(
            (field.annotation for name, field in kind.model_fields.items() if part in (name, field.alias)), None
        )
    arguments = get_args(kind)
    return {dict: arguments[1:2], tuple: arguments[:1], list: arguments[:1]}.get(get_origin(kind), (None,))[0]  # type: ignore[arg-type]


def _kinds(annotation: object) -> Iterator[object]:
    """The members of a union, without what `Annotated` adds."""
    if get_origin(annotation) is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for part in get_args(annotation):
            yield from _kinds(part)
    else:
        yield annotation


def _model_in(annotation: object) -> type[BaseModel] | None:
    return next((kind for kind in _kinds(annotation) if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _literals(annotation: object) -> list[str]:
    return [str(value) for kind in _kinds(annotation) if get_origin(kind) is Literal for value in get_args(kind)]
