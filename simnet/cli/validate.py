"""`simnet validate`: simulated beside reference values, with error, tolerance and verdict."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simnet.installation import __version__
from simnet.terminal.output import console, shown

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from simnet.validation.base import Finding, Result, Settings

COLOURS = {"passed": "green", "failed": "bold red", "skipped": "yellow"}
WIDTHS = 10, 10, 9, 17, 6
"""Columns of numbers, and the verdict."""
MOST = 110
"""Columns of a line at most."""


def validate(
    full: Annotated[
        bool, typer.Option("--full", help="More and longer replications: tight intervals; with --published's checks.")
    ] = False,
    published: Annotated[
        bool, typer.Option("--published", help="Only other people's testbeds, from their own published numbers.")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this check; 'ciw*' for several. May be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all that is drawn.")] = 1,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the results there.")] = None,
) -> None:
    """Compare the simulator with closed forms, hand sums, other engines and real TCP; status 1 when one fails."""
    from rich.text import Text

    from simnet.validation.base import Settings
    from simnet.validation.checks import ALL, OWN, PUBLISHED, carry_out, chosen

    try:
        checks = chosen(only or (), PUBLISHED if published else ALL if full or only else OWN)
    except ValueError as problem:
        raise typer.BadParameter(str(problem), param_hint="--only") from None
    if json_file is not None and not json_file.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {json_file.parent}", param_hint="--json")
    if json_file is not None and json_file.is_dir():
        raise typer.BadParameter(f"{json_file} is a folder", param_hint="--json")
    settings, terminal = Settings(seed=seed, full=full), console()
    found = []
    with terminal.status("") as status:
        for check in checks:
            status.update(Text(f"{check.name}: {check.about}"))
            found.append(carry_out(check, settings))
    show(found, terminal)
    if json_file is not None:
        text = json.dumps(report(found, settings), indent=2, ensure_ascii=False, allow_nan=False)
        json_file.write_text(text + "\n", encoding="utf-8")
    if any(finding.status == "failed" for finding in found):
        raise typer.Exit(1)


def count(found: Sequence[Finding]) -> dict[str, int]:
    """How many checks passed, failed, were skipped."""
    return {status: sum(finding.status == status for finding in found) for status in COLOURS}


def report(found: Sequence[Finding], settings: Settings) -> dict[str, object]:
    """What `--json` writes."""
    head = {"simnet": __version__, "seed": settings.seed, "full": settings.full, **count(found)}
    return {**head, "checks": [finding.to_dict() for finding in found]}


def show(found: Sequence[Finding], console: Console) -> None:
    """All references, each with its checks and their quantities, and the sum."""
    from rich.padding import Padding
    from rich.text import Text

    from simnet.validation.base import Published

    for reference in dict.fromkeys(finding.check.reference for finding in found):
        group = [finding for finding in found if finding.check.reference == reference]
        sources = "; ".join(dict.fromkeys(finding.check.source for finding in group))
        published = isinstance(group[0].check, Published)
        beside, difference = ("published", "ratio") if published else ("reference", "error")
        console.print(Text.assemble((reference, "bold"), " ", (f"({sources})", "dim")))
        console.print(_row(console, "", "simulated", beside, difference, "tolerance", "", style="dim"))
        for finding in group:
            console.print(Text.assemble("  ", (finding.check.name, "bold"), f"  {finding.check.about}"))
            if finding.reason:
                word = (finding.status, COLOURS[finding.status])
                console.print(Text.assemble("    ", word, f": {shown(finding.reason)}"))
            for result in finding.results:
                verdict = "passed" if result.passed else "failed"
                what = f"{result.what}, {result.unit}" if result.unit else result.what
                numbers = _ratio(result) if published else _numbers(result)
                console.print(_row(console, what, *numbers, Text(verdict, COLOURS[verdict])))
            if isinstance(finding.check, Published):
                for name, text in (("tolerance", finding.check.allowed), ("not run", finding.check.missing)):
                    if text:
                        console.print(Padding(Text(f"{name}: {text}", "dim"), (0, 0, 0, 4)))
        console.print()
    totals = count(found)
    summary = ", ".join(f"{number} {status}" for status, number in totals.items() if number)
    colour = COLOURS["failed" if totals["failed"] else "passed"]
    console.print(Text.assemble((summary, colour), f"; {sum(one.seconds for one in found):.1f} s of processor time"))


def _row(console: Console, *cells: str | Text, style: str = "") -> Table:
    """One line of columns that are as wide in every row."""
    from rich.table import Table

    table = Table.grid(padding=(0, 1))
    table.add_column(width=2)
    table.add_column(width=max(16, min(console.width, MOST) - sum(WIDTHS) - len(WIDTHS) - 4))
    for width in WIDTHS[:-1]:
        table.add_column(width=width, justify="right", no_wrap=True)
    table.add_column(width=WIDTHS[-1])
    table.add_row("", *cells, style=style)
    return table


def _numbers(result: Result) -> tuple[str, str, str, str]:
    """Shares in percent of the reference, differences of what should be exact as they are."""
    values = f"{result.simulated:.6g}", f"{result.reference:.6g}"
    if not result.reference or (result.widest is None and result.tolerance < 1e-3 * abs(result.reference)):
        return *values, f"{result.error:.1g}", f"{result.tolerance:.1g}"
    share = 100 / abs(result.reference)
    limit = "" if result.widest is None else f" (≤ {result.widest * share:.0f} %)"
    return *values, f"{result.error * share:+.2f} %", f"{result.tolerance * share:.2f} %{limit}"


def _ratio(result: Result) -> tuple[str, str, str, str]:
    """Simulated ÷ published, and how far it may be from 1; of a bound, that it is one."""
    values = f"{result.simulated:.6g}", f"{result.reference:.6g}"
    share = result.tolerance / abs(result.reference)
    allowed = "at most" if result.bound else "exact" if share < 1e-6 else f"{100 * share:.2g} %"
    return *values, f"{result.simulated / result.reference:.4f}", allowed
