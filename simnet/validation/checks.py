"""All checks, in the order in which they are shown, and how one is carried out."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from simnet.validation import (
    ciw_reference,
    coverage,
    fairness,
    ledgers,
    links,
    queueing,
    simgrid_reference,
    tcp_reference,
)
from simnet.validation.base import Check, Finding, Settings, Unavailable
from simnet.validation.published import dads, edgent, portend, scission

OWN: list[Check] = [
    check
    for module in (queueing, links, fairness, ledgers, coverage, ciw_reference, simgrid_reference, tcp_reference)
    for check in module.CHECKS
]
"""The usual ones."""
PUBLISHED: list[Check] = [check for module in (portend, scission, edgent, dads) for check in module.CHECKS]
"""Other people's testbeds: part of a full validation, or asked for alone."""
ALL = OWN + PUBLISHED


def chosen(names: Iterable[str], checks: Sequence[Check] = ALL) -> list[Check]:
    """Those of `checks` with these names (`*` and `?` match), in their own order; all when there is no name.

    Raises:
        ValueError: a name that none of them has.
    """
    wanted = set()
    for name in names:
        found = [check.name for check in checks if fnmatchcase(check.name, name)]
        if not found:
            known = [check.name for check in checks]
            near = get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"no check is called {name!r}{hint} (there are {', '.join(known)})")
        wanted.update(found)
    return [check for check in checks if not wanted or check.name in wanted]


def carry_out(check: Check, settings: Settings) -> Finding:
    """Run one check; whatever breaks in it makes it fail, with the reason, and does not stop the others."""
    began = time.process_time()
    try:
        results = check.run(settings)
    except Unavailable as missing:
        return Finding(check, "skipped", reason=missing.reason, seconds=time.process_time() - began)
    except Exception as broken:  # a simulator that breaks off must not pass as one that could not be asked
        reason = f"broke off: {type(broken).__name__}: {broken}"
        return Finding(check, "failed", reason=reason, seconds=time.process_time() - began)
    status = "passed" if results and all(result.passed for result in results) else "failed"
    return Finding(check, status, results, seconds=time.process_time() - began)
