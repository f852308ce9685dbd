"""What a word of YAML without quotes means: a number as it is written, a truth value, a date, nothing, or text.

YAML 1.1 reads 0100 as 64 and 1:30 as 90, and 1e-3 as text. Here a number is what everybody reads in it; where readers
differ it is refused. Words such as yes, off and ~ mean what they do in YAML 1.1; who wanted the text is told so.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

import yaml

MOST_DIGITS = 40
"""Of a whole number: 128 bits and a sign. Longer ones are slips, and make no float."""

_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:_[0-9]{3})+|0x[0-9A-Fa-f]+)")
_DECIMAL = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?")
_AMBIGUOUS = re.compile(
    r"[-+]?(?:0[0-9_]+|0[xX][0-9A-Fa-f_]*|0[bB][01_]+|0[oO][0-7_]+|[0-9][0-9_]*_[0-9_]*|[0-9][0-9_]*(?::[0-5]?[0-9])+)"
    r"(?:\.[0-9_]*)?|[-+]?[0-9][0-9_]*_[0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?"
)
"""Numbers to some readers and others, or none, to others: octal, binary, to the base 60, with stray underscores."""
_NUMBER_LIKE = frozenset("+-.0123456789")

_TAG = "tag:yaml.org,2002:"
_RESOLVER = yaml.resolver.Resolver()
_SAFE = yaml.constructor.SafeConstructor()
_READ = {
    "bool": _SAFE.construct_yaml_bool,
    "null": _SAFE.construct_yaml_null,
    "timestamp": _SAFE.construct_yaml_timestamp,
    "float": _SAFE.construct_yaml_float,
}


class Writer(yaml.SafeDumper):
    """Writes text that could be taken for a number, also by other readers, in quotes."""


def _text(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Text with line breaks of other alphabets in double quotes, where they are kept."""
    breaks = not _BREAKS.isdisjoint(text)
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style='"' if breaks else None)


_BREAKS = frozenset("\x85\u2028\u2029")
Writer.add_representer(str, _text)
Writer.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(f"(?:{_DECIMAL.pattern}|{_AMBIGUOUS.pattern})$"), list("+-.0123456789")
)


class AmbiguousError(ValueError):
    """A number that YAML's readers do not agree about; the message says what to write."""


def number(text: str) -> int | float | None:
    """A number that everybody reads alike, None for text that is none; what is whole is an int, also 1e3.

    Raises:
        AmbiguousError: readers differ, or it is longer than any number of use.
    """
    if text[:1] not in _NUMBER_LIKE:
        return None
    if _WHOLE.fullmatch(text):
        if (digits := len(text.lstrip("+-"))) > MOST_DIGITS:
            raise AmbiguousError(f"a number of {digits:,} digits is too long; {_quoted('it', text)}")
        return int(text.replace("_", ""), 16 if "x" in text else 10)
    if _DECIMAL.fullmatch(text):
        return _whole_if_it_is(text)
    if _AMBIGUOUS.fullmatch(text):
        raise AmbiguousError(f"{_short(text)} is another number to other readers of YAML; {_plainly(text)}")
    return None


def _whole_if_it_is(text: str) -> int | float:
    value = float(text)
    if value == 0:
        return 0.0 if re.match(r"[^eE]*[1-9]", text) else 0
    if abs(value) < 2**53 and value.is_integer() and Decimal(text) == int(value):
        return int(value)
    return value


def _plainly(text: str) -> str:
    """How to write what an ambiguous number may mean."""
    bare = text.replace("_", "")
    if re.fullmatch(r"[-+]?0[0-9]+", bare) and len(bare) <= MOST_DIGITS:
        return f"write {int(bare)} ({_quoted('it', text)})"
    if "_" in text and re.fullmatch(r"[-+]?[1-9][0-9]*(\.[0-9]*)?", bare) and len(bare) <= MOST_DIGITS:
        return f"write {bare} ({_quoted('it', text)})"
    return f"write it in decimal digits ({_quoted('it', text)})"


def _quoted(what: str, text: str) -> str:
    return f"if {what} is text: '{_short(text)}', in quotes"


def _short(text: str) -> str:
    return text if len(text) <= MOST_DIGITS else f"{text[:20]}…"


@lru_cache(maxsize=4096)  # files repeat themselves: keys, names, most numbers
def value(text: str) -> tuple[Any, str]:
    """What a word without quotes means, and a note for who wanted the text: "" where there is nothing to say.

    Raises:
        AmbiguousError: see `number`.
    """
    found = number(text)
    if found is not None:
        return found, ""
    tag: str = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return _tagged(text, tag.removeprefix(_TAG))


def tagged(text: str, tag: str) -> tuple[Any, str]:
    """The same for a word with a tag of its own, such as ``!!str``.

    Raises:
        AmbiguousError: see `number`.
        ValueError: the tag is not allowed here, or its text is no such value.
    """
    kind = tag.removeprefix(_TAG)
    if kind == "str":
        return text, ""
    if kind in ("int", "float"):
        found = number(text)
        if found is None and kind == "float":
            found = _tagged(text, kind)[0]
        if found is None or (kind == "int" and not isinstance(found, int)):
            raise ValueError(f"{_short(text)!r} is no {kind}")
        return found, ""
    if kind not in ("bool", "null", "timestamp"):
        raise ValueError(f"tag {tag} is not allowed")
    try:
        return _tagged(text, kind)
    except KeyError:
        raise ValueError(f"{_short(text)!r} is no {kind}") from None


def _tagged(text: str, kind: str) -> tuple[Any, str]:
    if kind not in _READ:  # "=" and "<<" are text here
        return text, ""
    try:
        found = _READ[kind](yaml.ScalarNode(_TAG + kind, text))
    except ValueError:  # e.g. the date 2024-13-45
        return text, ""
    if found is None:
        return None, f"YAML reads {text} as nothing: write '{text}', in quotes, for the text" if text else ""
    if isinstance(found, bool):
        return found, f"YAML reads {text} as {str(found).lower()}: write '{text}', in quotes, for the text"
    if isinstance(found, date):
        return found, f"YAML reads {text} as a date: write '{text}', in quotes, for the text"
    return found, ""
