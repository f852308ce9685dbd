"""The file's `metrics`: sections that the summary shall have beside ours."""

from __future__ import annotations

from collections.abc import Sequence

from simnet.language.checks import Checks
from simnet.language.kinds import settled_kind
from simnet.metrics import SECTIONS


def metrics_of(checks: Checks, given: Sequence[str]) -> tuple[str, ...]:
    """The metrics of a file, files by their absolute place; what cannot be used is noted in `checks`."""
    if not given:
        return ()
    taken = dict.fromkeys(SECTIONS, "simnet")
    found = []
    for number, called in enumerate(given):
        path = ("metrics", number)
        if (settled := settled_kind(checks, SECTIONS, called, path)) is None:
            continue
        name, kind = settled
        if kind.name in taken:
            checks.wrong(path, f"{called!r} gives a section {kind.name!r}, as {taken[kind.name]} does")
        taken[kind.name] = repr(called)
        found.append(name)
    return tuple(found)
