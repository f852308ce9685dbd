"""`simnet whatif`: what would have become of a sample, had one thing been otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simnet.cli.options import RunDir
from simnet.language.errors import unknown
from simnet.terminal.output import console, say

if TYPE_CHECKING:
    from simnet.world.whatif import Row


def whatif(
    run_dir: RunDir,
    sample: Annotated[int, typer.Option(min=0, help="Number of the sample, from 0.")],
    exit_name: Annotated[str | None, typer.Option("--exit", help="It leaves at this exit [default: each].")] = None,
    threshold: Annotated[float | None, typer.Option("--threshold", help="T of every exit but the last.")] = None,
    node: Annotated[
        str | None, typer.Option(help="A node that never fails, or is down: camera3=up, edge=down.")
    ] = None,
    system: Annotated[str | None, typer.Option(help="Only this system of the run.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of data sets.")] = None,
) -> None:
    """Play a run again with one thing changed, and tell what becomes of a sample.

    Exact: captures, images, faults and random draws stay the same. Without a change each exit is tried.
    """
    from simnet.models.data import open_dataset
    from simnet.results.run import Results, read_run
    from simnet.scenario import load_scenario
    from simnet.world.plan import plans_of
    from simnet.world.run import Options, seen_by
    from simnet.world.whatif import Exit, NoChangeError, changed, played, with_node, with_threshold

    if sum(given is not None for given in (exit_name, threshold, node)) > 1:
        raise typer.BadParameter("give one of --exit, --threshold and --node", param_hint="--exit")
    named, _, state = (node or "").partition("=")
    if node is not None and state not in ("up", "down"):
        raise typer.BadParameter(f"{node!r} is not NODE=up or NODE=down", param_hint="--node")
    recorded: Results = read_run(run_dir)
    scenario = load_scenario(run_dir / "scenario.yaml")
    plans = plans_of(scenario)
    if system is not None and system not in plans:
        raise typer.BadParameter(unknown("system", system, list(plans)), param_hint="--system")
    data = open_dataset(scenario.data, scenario.split, data_dir, scenario.folder)
    options, found = Options(data_dir=data_dir), {}
    seen = seen_by(scenario, plans, data, options)
    for name, plan in plans.items():
        if system not in (None, name):
            continue
        if exit_name is not None and exit_name not in plan.exits:
            raise typer.BadParameter(unknown(f"exit of {name}", exit_name, list(plan.exits)), param_hint="--exit")
        if threshold is not None and not all(r.least <= threshold <= r.most for r in plan.rules.values()):
            raise typer.BadParameter(
                f"{threshold:g} lies outside the range of {name}'s rules", param_hint="--threshold"
            )
        before = played(scenario, plan, seen[name], options)
        if sample >= len(before):
            raise typer.BadParameter(f"the run has samples 0 to {len(before) - 1}", param_hint="--sample")
        told, then = _told(before[sample]), _told(recorded.samples(name).slice(sample, 1).to_pylist()[0])
        if told != then:
            say(f"note: {name}: played again the sample ends otherwise than recorded; the run is of another version")
        after: dict[str, list[Row]] = {}
        try:
            if threshold is not None:
                other = with_threshold(scenario, name, threshold)
                after[f"T = {threshold:g}"] = played(other, plans_of(other)[name], seen[name], options)
            elif node is not None:
                other = with_node(scenario, named, state == "up")
                after[f"{named} {state}"] = played(other, plans_of(other)[name], seen[name], options)
        except NoChangeError as problem:
            raise typer.BadParameter(str(problem), param_hint="--node") from problem
        if threshold is None and node is None:
            for one in plan.exits if exit_name is None else [exit_name]:
                after[f"exit {one}"] = played(scenario, plan, seen[name], options, Exit(sample, one))
        found[name] = {
            "as it was": told,
            **{what: {**_told(rows[sample]), "others": changed(before, rows, sample)} for what, rows in after.items()},
        }
    if as_json:
        say(json.dumps({"sample": sample, "systems": found}, indent=1))
        return
    for name, alternatives in found.items():
        _print(name, sample, before[sample]["label"], data.class_names, alternatives)


def _told(row: Row) -> dict[str, Any]:
    return {key: row[key] for key in ("outcome", "exit", "prediction", "correct", "latency", "bytes", "reason")}


def _print(name: str, sample: int, label: int, classes: tuple[str, ...], found: dict[str, dict[str, Any]]) -> None:
    from rich import box
    from rich.table import Table

    from simnet.language.units import format_size, format_time
    from simnet.terminal.stacked import print_table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title=f"{name}: sample {sample}, a {classes[label]}")
    for heading in ("", "ends", "answer", "right", "latency", "bytes", "others that end otherwise"):
        table.add_column(heading)
    for what, one in found.items():
        answered = one["prediction"] is not None
        table.add_row(
            what,
            f"{one['outcome']} {one['exit'] or ''}".strip(),
            classes[one["prediction"]] if answered else "–",
            ("yes" if one["correct"] else "no") if answered else "–",
            "–" if one["latency"] is None else format_time(one["latency"], 4),
            format_size(one["bytes"], 4),
            str(one["others"]) if "others" in one else "",
        )
    print_table(table, console())
    was = found["as it was"]
    right = {what: one for what, one in found.items() if one["correct"]}
    if was["correct"]:
        quickest = min(right, key=lambda what: right[what]["latency"])
        said = "as it was" if quickest == "as it was" else f"{quickest}, {_apart(was, right[quickest])}"
        say(f"right; the quickest of these with the right answer: {said}")
    elif right:
        best = min(right, key=lambda what: right[what]["latency"])
        say(f"wrong, and it need not have been: {best}" + (f", {_apart(was, right[best])}" if was["latency"] else ""))
    else:
        say("wrong, and so with every one of these")


def _apart(was: dict[str, Any], other: dict[str, Any]) -> str:
    return f"{1e3 * (other['latency'] - was['latency']):+.2f} ms and {other['bytes'] - was['bytes']:+,} B"
