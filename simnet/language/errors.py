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


def nearest(found: object, allowed: Iterable[str]) -> str:
    """A hint at the allowed name closest to `found`, or holding it, starting with ";"; "" where none is."""
    by_lower, wanted = {name.lower(): name for name in allowed}, str(found).lower()
    close = difflib.get_close_matches(wanted, by_lower, n=1, cutoff=0.6)
    close = close or [name for name in by_lower if len(wanted) > 1 and wanted in name]
    return f"; did you mean '{by_lower[close[0]]}'?" if close else ""


def unknown(what: str, found: object, allowed: Sequence[str]) -> str:
    """The message for a name that is none of `allowed`: what was found, the nearest name, all the names."""
    return f"unknown {what} {found!r}{nearest(found, allowed)} (allowed: {', '.join(allowed) or 'none'})"


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
