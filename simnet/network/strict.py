"""Nodes and links of a user's kind are held to their contract while they run; ours pay nothing for it.

Each call ends once, and what ends has left a span of whole picoseconds and bytes that goes forward in time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simnet.clock import ProtocolError
from simnet.network.line import Span
from simnet.registry import blamed

MOST_BYTES = 2**53
"""Of one message or call: whole numbers up to here are exact in a float, too."""


def is_users(kind: type[Any]) -> bool:
    """Whether a class is none of ours."""
    return not kind.__module__.startswith("simnet.")


class Strict:
    """Watches one node or link; `whose` is its kind and name in words."""

    def __init__(self, whose: str, record: Callable[[Span], None]) -> None:
        self._whose, self._record = whose, record
        self._spans = self._ended = 0

    def make(self, maker: Callable[[], Any]) -> Any:
        """What `maker` gives. Raises ProtocolError in place of whatever a user's code raises."""
        return self._call("cannot be made", maker)

    def record(self, span: Span) -> None:
        """Keep a span that is one."""
        try:
            _, _, _, queued, starts, ends, size, _ = span
            whole = all(isinstance(value, int) for value in (queued, starts, ends, size))
            good = whole and 0 <= queued <= starts <= ends and 0 <= size <= MOST_BYTES
        except (TypeError, ValueError):
            good = False
        if not good:
            raise ProtocolError(
                f"{self._whose}: records the span {span!r}; it must be (sample, place, kind, asked for at, begun at, "
                "ended at, bytes or FLOP, status) with whole picoseconds in this order and a whole size from 0 on"
            )
        self._spans += 1
        self._record(span)

    def watch(self, target: Any, method: str) -> None:
        """Have each call of a method, whose last arguments are `done`, `lost` and `token`, end once."""
        plain = getattr(target, method)

        def call(sample: int, what: Any, done: Any, lost: Any, token: Any) -> None:
            over = False

            def once(then: Callable[[Any], None], value: Any, whole: bool) -> None:
                nonlocal over
                if over:
                    raise ProtocolError(
                        f"{self._whose}: {method} of sample {sample} ends twice; `done` or `lost` is called, once"
                    )
                over = True
                if whole:
                    self._ended += 1
                    if self._ended > self._spans:
                        raise ProtocolError(
                            f"{self._whose}: {method} of sample {sample} is done, and has recorded no span"
                        )
                then(value)

            self._call(
                f"{method} fails",
                lambda: plain(
                    sample, what, lambda value: once(done, value, True), lambda value: once(lost, value, False), token
                ),
            )

        setattr(target, method, call)

    def _call(self, what: str, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except Exception as problem:  # whatever a user's code raises
            if type(problem).__module__.startswith(("simnet.", "simpy.")):  # it tells already, or ends the run
                raise
            reason = blamed(problem) or f"{self._whose}: {what} ({type(problem).__name__}: {problem})"
            raise ProtocolError(reason) from problem
