"""Names as numbers: in columns these take less, and are quicker to count."""

from __future__ import annotations

from typing import Any


class Names(dict[Any, int]):
    """Numbers of names, in the order in which they first came."""

    def __missing__(self, name: Any) -> int:
        self[name] = found = len(self)
        self._listed = None
        return found

    _listed: list[Any] | None = None

    def name(self, number: int) -> Any:
        """The name with a number."""
        if self._listed is None:
            self._listed = list(self)
        return self._listed[number]
