"""Problems in a scenario file: where they are, what was found, what is allowed, what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""A key's place in a file: `("links", 0, "bandwidth")`."""


def dotted(path: Path) -> str:
    """`("links", 0, "bandwidth")` as a reader writes it: `links[0].bandwidth`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


LONGEST = 100
"""Letters of a value that a message shows."""
_MOST_NAMES = 40
"""Names that a message lists."""
_MESSAGE = 2_000
"""Letters of a message; nobody reads more, and a terminal shows no more at once."""


def shown(value: object, *, bare: bool = False) -> str:
    """A value as messages show it, `bare` without quotation marks; of a long one its beginning and its length."""
    if isinstance(value, str):
        if len(value) > LONGEST:
            begins = value[:LONGEST] if bare else repr(value[:LONGEST])
            return f"{begins}… ({len(value):,} letters)"
        return value if bare else repr(value)
    if isinstance(value, int) and abs(value) >= 10**LONGEST:
        return f"a number of more than {LONGEST} digits"
    text = repr(value) if not isinstance(value, list | dict | tuple) else _nested(value)
    return text if len(text) <= 2 * LONGEST else f"{text[: 2 * LONGEST]}…"


def _nested(value: list[object] | dict[object, object] | tuple[object, ...]) -> str:
    """A list or mapping; of a large one its size."""
    if len(value) <= LONGEST and len(text := repr(value)) <= 2 * LONGEST:
        return text
    what = "keys" if isinstance(value, dict) else "entries"
    return f"{'keys and values' if isinstance(value, dict) else 'a list'} ({len(value):,} {what})"


def listed(names: Sequence[str]) -> str:
    """Names with commas; of many the first."""
    text = ", ".join(shown(name, bare=True) for name in names[:_MOST_NAMES])
    return text if len(names) <= _MOST_NAMES else f"{text} and {len(names) - _MOST_NAMES:,} more"


def clipped(text: str, most: int = _MESSAGE) -> str:
    """A message without the middle of what is too long to be read."""
    return text if len(text) <= most else f"{text[: most // 2]} … {text[-most // 2 :]}"


def nearest(found: object, allowed: Iterable[str]) -> str:
    """A hint at the allowed name closest to `found`, or holding it, starting with ";"; "" where none is."""
    by_lower, wanted = {name.lower(): name for name in allowed}, str(found).lower()
    if len(wanted) > LONGEST:
        return ""
    close = difflib.get_close_matches(wanted, by_lower, n=1, cutoff=0.6)
    close = close or [name for name in by_lower if len(wanted) > 1 and wanted in name]
    return f"; did you mean '{by_lower[close[0]]}'?" if close else ""


def unknown(what: str, found: object, allowed: Sequence[str]) -> str:
    """The message for a name that is none of `allowed`: what was found, the nearest name, all the names."""
    return f"unknown {what} {shown(found)}{nearest(found, allowed)} (allowed: {listed(allowed) or 'none'})"


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a scenario.

    `file` is the path as the user gave it, or the command-line option that brought the value; `line` counts
    from 1; `key` is dotted and may be empty (the whole file).
    """

    file: str
    line: int | None
    key: str
    message: str

    def __post_init__(self) -> None:
        for name in ("file", "key", "message"):
            object.__setattr__(self, name, clipped(getattr(self, name)))

    def __str__(self) -> str:
        """`file:line: key: message`, leaving out what is unknown."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(part for part in (place, self.key, self.message) if part)


class ScenarioError(Exception):
    """A scenario that cannot be run; `problems` lists everything found, `str()` has one line for each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        # What six cameras of one range have in common is said once.
        self.problems = tuple({(p.file, p.line, p.message): p for p in reversed(problems)}.values())[::-1]
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[tuple[Problem, ...]]]:
        """Pickled by its problems, from which it is made, not by its text."""
        return type(self), (self.problems,)
