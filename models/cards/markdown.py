"""Markdown pages of which a program fills in parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows))


def filled(page: str, parts: Mapping[str, str]) -> str:
    """`page` with what stands between `<!-- name -->` and `<!-- end of name -->` replaced by each named part.

    Raises ValueError when a pair of marks is missing or there twice.
    """
    for name, text in parts.items():
        start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        if page.count(start) != 1 or page.count(end) != 1 or page.index(start) > page.index(end):
            raise ValueError(f"the page must have the marks {start} and {end} once, in this order")
        before, rest = page.split(start)
        after = rest.split(end)[1]
        page = f"{before}{start}\n\n{text.strip()}\n\n{end}{after}"
    return page
