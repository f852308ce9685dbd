"""Whose bytes a link carries: the ends of a message that takes several links are known to its route alone."""

from __future__ import annotations

from typing import Any


class Addressed(int):
    """A sample's number, in a message whose ends are not those of the link that carries it.

    It goes wherever a plain number goes, so that the spans of every kind of link, a user's, too, have it in them; over
    a single link the number is plain, and nothing is paid.
    """

    ends: str
    """`source→target` of the whole way."""


def addressed(sample: int, ends: str) -> int:
    """`sample` with the ends of the whole way; those that it has already stay."""
    if type(sample) is Addressed:
        return sample
    found = Addressed(sample)
    found.ends = ends
    return found


def ends_of(span: tuple[Any, ...]) -> str:
    """`source→target` of the message of a transfer: those of its link, unless it took several."""
    sample, place = span[:2]
    return str(sample.ends if type(sample) is Addressed else place)
