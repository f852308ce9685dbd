"""A table on a terminal that is too narrow for it: lines below one another, instead of broken words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Column, Table


def print_table(table: Table, console: Console) -> None:
    """Print a table of text if all its words and numbers fit, else its rows one below the other."""
    if needed(table) <= console.width:
        console.print(table)
        return
    console.print(str(table.title or ""), style="bold")
    for line in stacked(table, console.width):
        console.print(line)
    console.print()


def needed(table: Table) -> int:
    """Columns of a terminal that a table of text takes at least: where it may be broken, it is between words."""
    from rich.cells import cell_len

    widths = [max((cell_len(piece) for piece in _pieces(column)), default=0) for column in table.columns]
    left, right = table.padding[3], table.padding[1]
    inside = (left + right) * len(widths) - (0 if table.pad_edge else left + right)
    between = 0 if table.box is None else len(widths) + 1
    return sum(widths) + inside + between


def _pieces(column: Column) -> Iterator[str]:
    for cell in (column.header, *column.cells):
        yield from str(cell).split("\n") if column.no_wrap else str(cell).split()


def stacked(table: Table, width: int) -> Iterator[str]:
    """A row's first cell, and below it what the others hold, each after its heading; lines end between two of them.

    Cells of several lines are as many rows below one another.
    """
    heads = [" ".join(str(column.header).split()) for column in table.columns]
    for first, *others in zip(*(column.cells for column in table.columns), strict=True):
        if str(first).strip():
            yield ", ".join(str(first).split("\n"))
        for cells in zip_longest(*(str(cell).split("\n") for cell in others), fillvalue=""):
            told = (" ".join(f"{head} {cell}".split()) for head, cell in zip(heads[1:], cells, strict=True) if cell)
            yield from _filled(told, "    ", width)


def _filled(pieces: Iterable[str], indent: str, width: int) -> Iterator[str]:
    line = ""
    for piece in pieces:
        if line and len(indent) + len(line) + len(piece) + 2 > width:
            yield from _broken(f"{line},", indent, width)
            line = ""
        line = f"{line}, {piece}" if line else piece
    if line:
        yield from _broken(line, indent, width)


def _broken(line: str, indent: str, width: int) -> list[str]:
    """A line that may be too long all by itself, broken between words."""
    return wrap(line, max(width, 20), initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
