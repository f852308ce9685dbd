"""Kinds that a scenario names: ours, those of installed packages, and a user's own with further keys of its own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from pydantic import create_model

from simnet.language.checks import Checks, Raw, keys_of
from simnet.language.errors import Path, unknown
from simnet.language.quantities import Model
from simnet.registry import PluginError, Registry, settled

M = TypeVar("M", bound=Model)


def _named(checks: Checks, registry: Registry[Any], name: object, path: Path) -> type[Any] | None:
    """The kind of this name, or None after noting that there is none, or that it breaks its contract."""
    try:
        if isinstance(name, str):
            return registry.get(name, checks.source.folder)
    except KeyError:
        pass
    except PluginError as problem:
        checks.wrong(path, str(problem))
        return None
    checks.wrong(path, unknown(registry.what, name, registry.names()))
    return None


def settled_kind(checks: Checks, registry: Registry[Any], name: object, path: Path) -> tuple[str, type[Any]] | None:
    """The kind of this name, with the name that finds it from everywhere: a file beside the scenario by its place.

    None after noting that there is none, or that it breaks its contract.
    """
    if _named(checks, registry, name, path) is None:
        return None
    found = settled(str(name), checks.source.folder)
    return found, registry.get(found)


def kind_called(registry: Registry[Any], name: str) -> type[Any]:
    """The kind of this name, for the checks of specs that are made in Python.

    Raises:
        ValueError: there is none, or it breaks its contract.
    """
    try:
        return registry.get(name)
    except KeyError:
        raise ValueError(unknown(registry.what, name, registry.names())) from None
    except PluginError as problem:
        raise ValueError(str(problem)) from None


def short(name: str) -> str:
    """A kind's name as messages say it: `Satellite` of ``/here/satellite.py:Satellite``."""
    return name.rpartition(":")[2]


def own_keys(kind: type[Any]) -> list[str]:
    """The keys that a kind's nested `Options` add to an entry of a file."""
    return keys_of(kind.Options)


def split(checks: Checks, entry: type[M], kind: type[Any], raw: Raw, path: Path) -> tuple[M, Model | None] | None:
    """An entry of a file in its two parts: the keys that all kinds have, and the kind's own (None: it has none).

    None after noting what is wrong with one of them.
    """
    own = own_keys(kind)
    found = checks.check(_with(entry, tuple(own)) if own else entry, raw, path)
    if found is None or not own:
        return None if found is None else (found, None)
    options: Model | None = checks.check(kind.Options, {key: raw[key] for key in own if key in raw}, path)
    return None if options is None else (found, options)


@cache
def _with(entry: type[M], own: tuple[str, ...]) -> type[M]:
    """`entry` with further keys, whatever their values, so that what it says of unknown ones knows them."""
    further: dict[str, Any] = dict.fromkeys(own, (Any, None))
    return create_model(entry.__name__, __base__=entry, **further)


def check_options(kind: type[Any], entry: type[Model]) -> None:
    """Whether a kind's own keys can stand in an `entry`, as a registry asks.

    Raises:
        ValueError: `Options` is no `Model`, or has a key that all entries have.
    """
    if not (isinstance(kind.Options, type) and issubclass(kind.Options, Model)):
        raise ValueError(f"{kind.__name__}.Options is no class derived from simnet.language.quantities.Model")
    if taken := sorted(set(keys_of(entry)).intersection(own_keys(kind))):
        raise ValueError(f"{kind.__name__}.Options has '{taken[0]}', which is a key of every entry")


def check_given(spec: Model, kind: type[Any], name: str, what: str, options: Model | None) -> None:
    """Whether a spec suits the kind that it names: the options it wants, and no key that it refuses.

    Raises:
        ValueError: with the first that does not.
    """
    own = own_keys(kind)
    if own and not isinstance(options, kind.Options):
        raise ValueError(f"a {short(name)} {what} needs its own keys ({', '.join(own)})")
    refuses: Mapping[str, str] = getattr(kind, "refuses", {})
    for key, why in refuses.items():
        if getattr(spec, key) != type(spec).model_fields[key].get_default(call_default_factory=True):
            raise ValueError(f"a {short(name)} {what} has no {key}: {why}")


def written(options: Model | None) -> Raw:
    """A kind's own keys as a file would have them."""
    return {} if options is None else options.model_dump(mode="json", by_alias=True)
