"""How precisely a value shall be known before no more repeats are made: ``latency.p95 ± 2 %``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from simnet.language.errors import nearest, unknown
from simnet.language.units import TIME, split
from simnet.results.run import RunError

_FORM = re.compile(r"\s*([^±+]*[^±+\s])\s*(?:±|\+/?-)\s*(\S.*)")
PAIRED = "paired"


@dataclass(frozen=True)
class Target:
    """A half width that the 95 % interval of a value must reach.

    Attributes:
        text: As it was asked for.
        key: Dotted key of a system's summary, for all systems; behind a system's name for that one; behind "paired" for
            the differences of all pairs.
        half: The half width, in the value's unit, or as a share of its mean.
        relative: Whether it is such a share.
    """

    text: str
    key: str
    half: float
    relative: bool

    @classmethod
    def read(cls, text: str) -> Target:
        """From a text such as ``latency.p95 ± 2 %``, ``accuracy +- 0.5 points`` or ``ddnn.latency.mean +/- 1 ms``.

        Raises:
            RunError: it is not of this form.
        """
        found = _FORM.fullmatch(text)
        number = None if found is None else split(found[2])
        if found is None or number is None:
            raise _refused(text, "write a value, ± or +-, and a half width, e.g. 'latency.p95 ± 2 %'")
        key, unit, size = found[1], number[1], float(number[0])
        if not 0 < size < float("inf"):
            raise _refused(text, f"the half width must be more than 0, found {found[2]!r}")
        if unit in ("%", "points", ""):
            return cls(text, key, size if unit == "" else size / 100, unit == "%")
        if unit not in TIME.units:
            raise _refused(
                text, f"no unit {unit!r} here: a half width is in %, points (of a share), a time or a number"
            )
        if "latency" not in key and "time" not in key:
            raise _refused(text, f"'{key}' is no time; write e.g. '{key} ± 2 %'")
        return cls(text, key, TIME.parse(found[2]), False)

    def check(self, systems: Iterable[str], sections: Iterable[str]) -> None:
        """See, before anything runs, that the key's first word may exist: a system, "paired", or one of `sections`.

        Raises:
            RunError: it does not.
        """
        first, known = self.key.partition(".")[0], [*sections, PAIRED, *systems]
        if first not in known:
            raise _refused(self.text, unknown("value", first, known))

    def of(self, statistics: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Those of the statistics over repeats (see `simnet.experiments.repeats.across`) that it asks for.

        Raises:
            RunError: there are none.
        """
        first, _, inner = self.key.partition(".")
        systems = statistics["systems"]
        if first == PAIRED:
            groups, key = list(statistics[PAIRED].values()), inner
        elif first in systems:
            groups, key = [systems[first]], inner
        else:
            groups, key = list(systems.values()), self.key
        found = [group[key] for group in groups if key in group]
        if not found:
            known = {name for group in groups for name in group}
            why = f"no value '{key}' in the summary{nearest(key, sorted(known))}"
            raise _refused(self.text, why if known else "one system alone has no differences")
        return found

    def met(self, statistics: Mapping[str, Any]) -> bool:
        """Whether each of these intervals is as narrow; one that does not exist is not."""
        return all(self._narrow(found) for found in self.of(statistics))

    def _narrow(self, found: Mapping[str, Any]) -> bool:
        if found["high"] is None:
            return False
        return bool(found["high"] - found["mean"] <= self.half * (abs(found["mean"]) if self.relative else 1))


def _refused(text: str, why: str) -> RunError:
    return RunError(f"until '{text}': {why}")
