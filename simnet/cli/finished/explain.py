"""`simnet explain`: what happened to one sample, and where its latency went, in every system."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simnet.cli.options import RunDir
from simnet.terminal.output import console, say

if TYPE_CHECKING:
    from rich.table import Table

    from simnet.analysis.traces.account import Account

LISTED = 12
"""Further samples that are named."""


def explain(
    run_dir: RunDir,
    sample: Annotated[
        int | None, typer.Argument(min=0, help="Number of the sample, from 0.", show_default=False)
    ] = None,
    slowest: Annotated[bool, typer.Option("--slowest", help="The sample that took longest.")] = False,
    wrong: Annotated[bool, typer.Option("--wrong", help="The first that was answered wrongly.")] = False,
    system: Annotated[
        str | None, typer.Option(help="Only this system of the run; --slowest and --wrong look at the first else.")
    ] = None,
    steps: Annotated[bool, typer.Option("--steps", help="Every step, not only those that it had to wait for.")] = False,
    figure: Annotated[Path | None, typer.Option(help="Draw it into this PNG file, too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tell what happened to a sample, and where its latency went.

    With --slowest --wrong: the slowest of those that were answered wrongly.
    """
    from simnet.analysis.traces.account import accounts_of
    from simnet.results.run import Results, read_run

    run: Results = read_run(run_dir)
    if (sample is None) != (slowest or wrong):
        raise typer.BadParameter("give a sample's number, or --slowest, --wrong or both", param_hint="SAMPLE")
    if sample is None:
        chosen = _chosen(run.samples(system or run.systems[0]), slowest, wrong)
        if not chosen:
            say(f"{system or run.systems[0]}: no sample was answered{' wrongly' if wrong else ''}")
            return
        sample = chosen[0]
        if not as_json:
            more = f", and {len(chosen) - 1 - LISTED:,} more" if len(chosen) > 1 + LISTED else ""
            others = ", ".join(str(number) for number in chosen[1 : 1 + LISTED])
            say(f"next of them: {others or 'none'}{more}")
    accounts = accounts_of(run, sample, [] if system is None else [system])
    if as_json:
        told = {account.system: _told(account, run.scenario) for account in accounts}
        say(json.dumps({"sample": sample, "systems": told}, indent=1))
    else:
        _print(run.summary["scenario"], sample, accounts, run.scenario, steps)
    if figure is not None:
        from simnet.analysis.style import save
        from simnet.analysis.traces.waterfall import draw_waterfall

        path = save(draw_waterfall(run, accounts), figure)
        if not as_json:
            say(path)


def _chosen(samples: Any, slowest: bool, wrong: bool) -> list[int]:
    """Numbers of the samples asked for, the first one first."""
    rows = [
        (number, latency)
        for number, latency, correct in zip(
            *(samples.column(name).to_pylist() for name in ("sample", "latency", "correct")), strict=True
        )
        if latency is not None and not (wrong and correct)
    ]
    if slowest:
        rows.sort(key=lambda row: -row[1])
    return [number for number, _ in rows]


def _told(account: Account, scenario: Any) -> dict[str, Any]:
    from simnet.times import seconds

    keys = ("outcome", "exit", "reason", "label", "prediction", "correct", "captured_at", "latency", "bytes", "site")
    return {
        **{key: account.row[key] for key in keys},
        _rule(account, scenario): account.row["entropy"],
        "threshold": account.rule_limit,
        "missing": dict(account.missing),
        "faults": [fault.label for fault in _faults(account)],
        "picoseconds": account.latency,
        "path": [
            {
                "what": part.kind,
                "place": part.place,
                "after": seconds(part.begin - account.life.captured),
                "picoseconds": part.end - part.begin,
                **({"awaited": list(part.awaited)} if part.awaited else {}),
            }
            for part in account.parts
        ],
    }


def _rule(account: Account, scenario: Any) -> str:
    """What the exit's test measured."""
    rule = (scenario.get("systems") or {}).get(account.system, {}).get("rule")
    return rule if isinstance(rule, str) else "entropy"


def _faults(account: Account) -> list[Any]:
    from simnet.analysis.faults import together

    return together(account.faults)


def _print(scenario: str, sample: int, accounts: list[Account], resolved: Any, steps: bool) -> None:
    from simnet.language.units import format_time
    from simnet.terminal.stacked import print_table

    row = accounts[0].row
    site = "" if row["site"] is None else f" at {row['site']}"
    when = format_time(row["captured_at"], 6)
    say(f"{scenario}: sample {sample} (image {row['image']}, class {row['label']}), captured{site} at {when}")
    where = console()
    for account in accounts:
        say()
        for line in _lines(account, resolved):
            say(line)
        print_table(_path(account), where)
        if steps:
            print_table(_steps(account), where)


def _lines(account: Account, scenario: Any) -> list[str]:
    from simnet.language.units import format_size, format_time
    from simnet.times import seconds

    row, lasted = account.row, format_time(seconds(account.latency))
    if row["exit"] is not None:
        told = f"{row['outcome']} at exit {row['exit']} after {lasted}"
        verdict = "right" if row["correct"] else f"wrong: it is class {row['label']}"
        told += f"; answer: class {row['prediction']}, {verdict}"
    else:
        told = f"{row['outcome']} after {lasted}" + (f": {row['reason']}" if row["reason"] else "")
    lines = [f"{account.system}: {told}"]
    if row["entropy"] is not None:
        limit = "" if account.rule_limit is None else f", T {account.rule_limit:.4g}"
        moving = {"budget", "latency_target"} & set((scenario.get("systems") or {}).get(account.system, {}))
        then = " when the run began" if limit and moving else ""
        lines.append(f"  {_rule(account, scenario)} {row['entropy']:.4g}{limit}{then}")
    lines[-1] += f"; {format_size(row['bytes'], 4)} sent"
    if account.missing:
        lines.append("  without " + ", ".join(f"{node} ({why})" for node, why in account.missing.items()))
    if account.faults:
        lines.append("  faults: " + "; ".join(fault.label for fault in _faults(account)))
    return lines


def _path(account: Account) -> Table:
    """Where the latency went; together exactly all of it."""
    from rich import box
    from rich.table import Table

    from simnet.language.units import format_time
    from simnet.times import seconds

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("after", "where", "what", "lasts", "share"):
        table.add_column(heading, justify="right" if heading in ("after", "lasts", "share") else "left", no_wrap=True)
    for part in account.parts:
        what = part.kind + (f" for {', '.join(part.awaited)}" if part.awaited else "")
        length = part.end - part.begin
        table.add_row(
            format_time(seconds(part.begin - account.life.captured), 4),
            part.place,
            what,
            format_time(seconds(length), 4),
            f"{100 * length / account.latency:.1f} %" if account.latency else "–",
        )
    return table


def _steps(account: Account) -> Table:
    from rich import box
    from rich.table import Table

    from simnet.language.units import format_size, format_time
    from simnet.times import seconds

    def length(time: int) -> str:
        return format_time(seconds(time), 4) if time else ""

    on_path = {id(part.step) for part in account.parts}
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("ready", "where", "queued", "computes", "on the way", "bytes", "", "path"):
        table.add_column(heading, justify="left" if heading in ("where", "", "path") else "right")
    for step in sorted(account.steps, key=lambda step: (step.queued, step.started, step.place)):
        lasts = length(step.ended - step.started)
        table.add_row(
            format_time(seconds(max(step.queued - account.life.captured, 0)), 4),
            step.place if step.message in (None, step.place) else f"{step.place} of {step.message}",
            length(step.started - step.queued),
            "" if step.transfer else lasts,
            lasts if step.transfer else "",
            format_size(step.bytes, 4) if step.transfer else "",
            "" if step.status == "ok" else step.status,
            "•" if id(step) in on_path else "",
        )
    return table
