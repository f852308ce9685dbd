"""How kinds of things are found by name: ours, those of installed packages, and those of a user's own file.

There is one way for all of them. A name is looked up, in this order, in the table of our own kinds, among the entry
points of installed packages, or read as ``module:Name`` or ``file.py:Name``, seen from the scenario's folder first.
Nothing is imported before it is asked for, and what is found must keep the contract of its kind.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")

ALL: dict[str, Registry[Any]] = {}
"""Every registry by its group, once the module that holds it has been imported; see `simnet.plugins`."""


USERS: dict[str, dict[str, str]] = {}
"""What was found in each file of a user's, by the name of its class: "system 'mine.py:Mine'"."""


class PluginError(Exception):
    """A plug-in cannot be found or imported, or breaks its contract; the message names both."""


def blamed(problem: BaseException) -> str | None:
    """What to tell of an exception that came out of a user's code: kind, line and reason; None for a fault of ours."""
    seen: set[int] = set()
    error: BaseException | None = problem
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
            code = frame.f_code
            if (there := USERS.get(code.co_filename)) is not None:
                whose = there.get(code.co_qualname.partition(".")[0]) or " or ".join(there.values())
                reason = " ".join(f"{type(error).__name__}: {error}".rstrip(": ").split())
                return f"{whose}: {code.co_filename}:{line}: {code.co_name} fails ({reason})"
        error = error.__cause__ or error.__context__  # SimPy raises a copy of what came out of a process
    return None


@contextmanager
def blaming() -> Iterator[None]:
    """Make a PluginError of what a user's code raises in here; what is a fault of ours, or told already, stays.

    A user's SystemExit would else end the program without a word.
    """
    try:
        yield
    except (Exception, SystemExit) as problem:
        if type(problem).__module__.startswith("simnet.") or isinstance(problem, MemoryError):
            raise
        if (told := blamed(problem)) is None:
            raise
        raise PluginError(told) from problem


class Found(NamedTuple):
    """One kind in a listing: its name, where it is from, and what is wrong with it (None: nothing)."""

    name: str
    origin: str
    problem: str | None


class Registry(Generic[T]):
    """The kinds of one sort, by name.

    Args:
        group: Group of entry points, such as ``simnet.systems``.
        what: The sort in words, for messages: "system".
        contract: The class that a kind must be derived from, as ``module:Name``; imported when a kind is.
        ours: Our own kinds, ``name → "module:Name"``, in the order in which they are listed.
        check: Called with what was found, or where such a function is (``module:name``); raises ValueError with what it
            lacks.
    """

    def __init__(
        self,
        group: str,
        what: str,
        contract: str,
        ours: Mapping[str, str],
        check: Callable[[type[T]], None] | str | None = None,
    ) -> None:
        self.group, self.what, self._contract, self._check = group, what, contract, check
        self._ours = dict(ours)
        self._known: dict[tuple[Path | None, Path | None, str], type[T]] = {}
        ALL[group] = self

    def __iter__(self) -> Iterator[str]:
        """Names of our own kinds, without looking for others."""
        return iter(self._ours)

    def __getitem__(self, name: str) -> type[T]:
        return self.get(name)

    def names(self) -> list[str]:
        """Our own names and those of installed packages."""
        return list(dict.fromkeys([*self._ours, *self._entry_points()]))

    def get(self, name: str, folder: Path | None = None) -> type[T]:
        """The kind called `name`; `folder` is where files are looked for, beside the scenario.

        Raises:
            KeyError: there is none of this name, and it is no ``module:Name`` either.
            PluginError: it cannot be imported, or is not what its contract wants.
        """
        key = (folder, Path.cwd(), name) if ":" in name else (None, None, name)
        if key not in self._known:
            if name in self._ours:
                kind = self._load(name, self._ours[name], None)
            elif ":" in name:
                kind = self._load(name, name, folder)
            elif places := self._entry_points().get(name):
                if len(places) > 1:
                    raise PluginError(
                        f"{self.what} {name!r}: several installed packages have one of this name "
                        f"({' and '.join(places)}); write module:Name in its place, or remove all but one"
                    )
                kind = self._load(name, places[0], None)
            else:
                raise KeyError(name)
            self._known[key] = kind
        return self._known[key]

    def found(self) -> Iterator[Found]:
        """All kinds, with what is wrong with those that cannot be used; imports every one."""
        others = self._entry_points()
        for name in dict.fromkeys([*others, *self._ours]):
            try:
                self.get(name)
                problem = None
            except PluginError as error:
                problem = str(error)
            hidden = ", ".join(others.get(name, ()))
            if name in self._ours and hidden:
                yield Found(name, hidden, f"{self.what} {name!r}: {hidden} is never used, since ours has this name")
            yield Found(name, "simnet" if name in self._ours else hidden, problem)

    def _entry_points(self) -> dict[str, list[str]]:
        """Where installed packages have their kinds, by name; more than one place is a clash."""
        from importlib import metadata  # 50 ms: only for names that are not ours

        found: dict[str, dict[str, None]] = {}
        for point in metadata.entry_points(group=self.group):
            found.setdefault(point.name, {})[point.value] = None
        return {name: sorted(places) for name, places in found.items()}

    def _load(self, name: str, place: str, folder: Path | None) -> type[T]:
        module_name, _, attribute = place.rpartition(":")
        try:
            module = _module(module_name, folder)
        except PluginError as error:
            raise PluginError(f"{self.what} {name!r}: {error}") from None
        except (Exception, SystemExit) as error:  # whatever the user's module raises while it is imported
            reason = f"{type(error).__name__}: {error}"
            raise PluginError(f"{self.what} {name!r}: {module_name} cannot be imported ({reason})") from error
        kind: Any = module
        try:
            for part in attribute.split("."):
                kind = getattr(kind, part)
        except AttributeError:
            raise PluginError(f"{self.what} {name!r}: {module_name} has no {attribute!r}") from None
        base, base_name = _at(self._contract), self._contract.rpartition(":")[2]
        if not isinstance(kind, type) or not issubclass(kind, base):
            raise PluginError(f"{self.what} {name!r}: {attribute} is no class derived from {base_name}")
        if missing := sorted(getattr(kind, "__abstractmethods__", ())):
            raise PluginError(
                f"{self.what} {name!r}: {attribute} lacks {', '.join(missing)}, which {base_name} demands"
            )
        for method, whose, wanted, found in () if place == self._ours.get(name) else _other_signatures(kind, base):
            raise PluginError(f"{self.what} {name!r}: {attribute}.{method} takes {found}; {whose}'s is given {wanted}")
        if place != self._ours.get(name):
            for key, default in _strange_defaults(kind):
                raise PluginError(
                    f"{self.what} {name!r}: {attribute}'s key {key!r} has the default {default!r}, which is no value "
                    "of it; in Python they are in SI units, such as 0.01 for 10 ms"
                )
        if self._check is not None:
            try:
                check = _at(self._check) if isinstance(self._check, str) else self._check
                check(kind)
            except ValueError as error:
                raise PluginError(f"{self.what} {name!r}: {error}") from None
        if place != self._ours.get(name) and (file := getattr(module, "__file__", None)):
            USERS.setdefault(file, {})[attribute.rpartition(".")[2]] = f"{self.what} {name!r}"
        return kind


def _strange_defaults(kind: Any) -> Iterator[tuple[str, Any]]:
    """Keys of a user's kind whose default cannot be written: defaults are not checked as what a file says is."""
    from typing import Annotated

    for options in (getattr(kind, "Options", None), kind):
        fields = getattr(options, "model_fields", None)
        if not isinstance(options, type) or not isinstance(fields, dict):
            continue
        from pydantic import PydanticSchemaGenerationError, TypeAdapter

        for key, field in fields.items():
            if type(field.default) is not str:
                continue
            try:
                wanted: Any = Annotated[field.annotation, *field.metadata]
                adapter: Any = TypeAdapter(wanted)
                adapter.dump_python(field.default, mode="json")
            except (PydanticSchemaGenerationError, TypeError):
                continue
            except Exception:  # of pydantic, or of what writes such values
                yield key, field.default


def _other_signatures(kind: type[Any], base: type[Any]) -> Iterator[tuple[str, str, str, str]]:
    """Methods of `kind` that cannot take what those of a base are given: name, base, parameters there and here.

    How objects are made is a kind's own affair where it has a `make`.
    """
    made_so = (
        {"__init__"} if isinstance(vars(base).get("__init__"), FunctionType) and not hasattr(base, "make") else set()
    )
    for name in sorted({name for name in dir(kind) if not name.startswith("__")} | made_so):
        mine, owner = inspect.getattr_static(kind, name), next(one for one in kind.__mro__ if name in vars(one))
        if not isinstance(mine, FunctionType | classmethod) or not issubclass(owner, base) or owner is base:
            continue
        known = [base] if name in made_so else [one for one in owner.__mro__[1:] if issubclass(one, base)]
        above = next((one for one in known if name in vars(one)), None)
        if above is None or type(vars(above)[name]) is not type(mine):
            continue
        wanted, found = inspect.signature(getattr(above, name)), inspect.signature(getattr(owner, name))
        given = [one for one in wanted.parameters.values() if one.kind in _BY_PLACE and one.default is one.empty]
        open_ended = any(one.kind is one.VAR_POSITIONAL for one in wanted.parameters.values())
        try:
            found.bind(*given)
        except TypeError:
            if not open_ended:
                yield name, above.__name__, _shown(wanted), _shown(found)


def _shown(signature: inspect.Signature) -> str:
    """Names of parameters, with what stands in for those that may be left out."""
    each = signature.parameters.values()
    return f"({', '.join(one.name if one.default is one.empty else f'{one.name}={one.default!r}' for one in each)})"


_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def _at(place: str) -> Any:
    """What of ours is at ``module:name``."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def _module(name: str, folder: Path | None) -> ModuleType:
    """A module by name or file; a file in `folder` comes before an installed module of the same name."""
    if not name:
        raise PluginError("names no module; write module:Name or file.py:Name")
    if name.endswith(".py"):
        file = (folder or Path()) / name
        if not file.is_file():
            raise PluginError(f"there is no file {file}")
        return _from_file(file.resolve())
    if (beside_it := _beside(name, folder)) is not None:
        return _from_file(beside_it, name)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            beside = "" if folder is None else f", neither beside the scenario ({folder}) nor installed"
            raise PluginError(f"there is no module {name!r}{beside}") from None
        raise


def _beside(name: str, folder: Path | None) -> Path | None:
    """The file of a module in `folder`, absolute, if there is one."""
    if folder is None or not name:
        return None
    base = folder.joinpath(*name.split("."))
    files = (base.with_name(f"{base.name}.py"), base / "__init__.py")
    return next((file.resolve() for file in files if file.is_file()), None)


def settled(name: str, folder: Path) -> str:
    """A kind's name as it can be found from everywhere: that of a file seen from `folder` by its absolute place."""
    module, colon, attribute = name.rpartition(":")
    if module.endswith(".py"):
        return f"{(folder / module).resolve()}{colon}{attribute}"
    file = _beside(module, folder) if colon else None
    return name if file is None else f"{file}{colon}{attribute}"


def _from_file(file: Path, name: str | None = None) -> ModuleType:
    """The module in a file, run once; under its own name if that is free, so that its classes can be pickled."""
    plain = name or (file.parent.name if file.stem == "__init__" else file.stem)
    if _taken(plain, file):
        plain = f"{plain}_{sha256(str(file).encode()).hexdigest()[:8]}"
    if plain in sys.modules:
        return sys.modules[plain]
    spec = importlib.util.spec_from_file_location(plain, file)
    if spec is None or spec.loader is None:
        raise PluginError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[plain] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[plain]
        raise
    return module


def _taken(name: str, file: Path) -> bool:
    """Whether a module's name is that of another module, imported or not: `statistics` must stay Python's own."""
    if name in sys.modules:
        return getattr(sys.modules[name], "__file__", None) != str(file)
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):  # in a package that there is not
        return False
    return spec is not None and spec.origin != str(file)
