"""Tables of a comparison as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from simnet.report.html import Content, Markup, join, lines, tag
from simnet.results.cells import Listing

WORD = 24
"""Letters of a word from which on it may be broken."""


def listed(listing: Listing) -> Markup:
    """A table as it stands on the terminal: rows that begin with spaces are part of the one above."""
    return table(listing.title, listing.columns, listing.rows, listing.caption)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Content]], below: str = "") -> Markup:
    """A table with a heading for each row; one cell alone heads those that follow, an empty row is a line.

    It scrolls by itself where it is too wide, also by keyboard.
    """
    kept = list(rows)
    drawn = [any(len(row) > number and _is_drawn(row[number]) for row in kept) for number in range(len(columns))]
    words = [" ".join(column.split()) for column in columns]
    heads = [
        tag("th", word, scope="col", class_=_kind(word, "left" if left else ""))
        for word, left in zip(words, drawn, strict=True)
    ]
    body, line = [], False
    for row in kept:
        if not row:
            line = True
            continue
        body.append(_row(row, len(columns), line))
        line = False
    whole = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *body), aria_label=title)
    under = tag("p", below, class_="small") if below else Markup()
    scrolled = tag("div", whole, class_="wide", tabindex="0", role="region", aria_label=title)
    return join(tag("p", title, class_="title"), scrolled, under)


def _row(row: Sequence[Content], wide: int, line: bool) -> Markup:
    first, *others = row
    inside = isinstance(first, str) and first.startswith(" ") and not isinstance(first, Markup)
    head = _cell(first.lstrip(" ") if inside and isinstance(first, str) else first)
    kind = _kind(first, "inner" if inside else "")
    if not others:
        return tag("tr", tag("th", head, scope="rowgroup", colspan=wide, class_=kind), class_="group")
    cells = [tag("td", _cell(cell), class_=_kind(cell, "drawn" if _is_drawn(cell) else "")) for cell in others]
    return tag("tr", tag("th", head, scope="row", class_=kind), *cells, class_="above" if line else None)


def _kind(cell: Content, others: str) -> str | None:
    """Classes of a cell; `long` lets its words be broken anywhere."""
    long = isinstance(cell, str) and not isinstance(cell, Markup) and any(len(word) > WORD for word in cell.split())
    return " ".join(filter(None, (others, "long" if long else ""))) or None


def _is_drawn(cell: Content) -> bool:
    return isinstance(cell, Markup) and cell.startswith("<svg")


def _cell(cell: Content) -> Content:
    return cell if isinstance(cell, Markup) or not isinstance(cell, str) else lines(cell)


def folded(title: str, *content: Content, open_: bool = False) -> Markup:
    """Content behind its title."""
    return tag("details", tag("summary", title), *content, open=open_)
