"""`simnet partition`: where a network would be cut between a device and an edge, and at which exit it would end."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simnet.language import units
from simnet.terminal.output import console, say
from simnet.terminal.stacked import print_table

if TYPE_CHECKING:
    from rich.table import Table

    from simnet.analysis.networks.partitions import Setup, Stretch


def partition(
    weights: Annotated[
        str, typer.Argument(metavar="WEIGHTS", help="Weights of a network of one view, by name or file.")
    ],
    device: Annotated[str, typer.Option(help="Speed of the device.")] = "4 GFLOP/s",
    edge: Annotated[str, typer.Option(help="Speed of the edge.")] = "132 GFLOP/s",
    bandwidth: Annotated[str, typer.Option(help="For the exits by deadline.")] = "1.1 Mbit/s",
    latency: Annotated[str, typer.Option(help="Of the link, one way.")] = "0 s",
    deadline: Annotated[str | None, typer.Option(help="For the cuts by bandwidth [default: none].")] = None,
    codec: Annotated[str, typer.Option(help="How features travel.")] = "fp32",
    loss: Annotated[str, typer.Option(help="How much less accurate than the deepest an exit may be.")] = "1.2 %",
    out: Annotated[Path | None, typer.Option(help="Draw both into this file (PNG).")] = None,
) -> None:
    """Tell which exit is chosen by deadline, and which cut by bandwidth, as system dapdee would for a lone sample."""
    from simnet.models.cards.card import read_card

    bytes_per_s = _read(units.BANDWIDTH, bandwidth, "--bandwidth")
    limit = inf if deadline is None else _read(units.TIME, deadline, "--deadline", least=0.0)
    card = read_card(weights)
    setup = _setup(
        weights,
        codec,
        (_read(units.SPEED, device, "--device"), _read(units.SPEED, edge, "--edge")),
        _read(units.TIME, latency, "--latency", least=0.0),
        _share(loss),
    )
    from simnet.analysis.networks.partitions import by_bandwidth, by_deadline, draw_partitions

    terminal = console()
    title, rows = f"exit by deadline at {units.format_bandwidth(bytes_per_s)}", by_deadline(setup, bytes_per_s)
    print_table(_table(title, "deadline, ms", rows, 1e3, setup), terminal)
    told = "without a deadline" if limit == inf else f"with a deadline of {units.format_time(limit)}"
    rows = by_bandwidth(setup, limit)
    print_table(_table(f"cut by bandwidth {told}", "Mbit/s", rows, 8e-6, setup), terminal)
    if out is not None:
        from simnet.analysis.style import save

        say(save(draw_partitions(card.name, setup, bytes_per_s, limit), out))


def _read(quantity: units.Quantity, text: str, option: str, least: float | None = None) -> float:
    """A quantity. Raises typer.BadParameter for what is none, and for 0 unless that is the `least`."""
    try:
        value = quantity.parse(text)
    except ValueError as problem:
        raise typer.BadParameter(str(problem), param_hint=option) from None
    if least is None and value == 0:
        raise typer.BadParameter(f"must be more than 0, found {text!r}", param_hint=option)
    return value


def _share(text: str) -> float:
    try:
        value = units.parse_share(text if "%" in text else float(text))
    except ValueError as problem:
        raise typer.BadParameter(str(problem), param_hint="--loss") from None
    if not isinstance(value, float) or not 0 <= value <= 1:
        raise typer.BadParameter(f"{text!r} is no share from 0 to 1", param_hint="--loss")
    return value


def _setup(weights: str, codec: str, speeds: tuple[float, float], latency: float, loss: float) -> Setup:
    from simnet.analysis.networks.partitions import Setup
    from simnet.models.cards.card import read_card
    from simnet.models.codecs import CODECS, REAL_VALUED
    from simnet.models.codecs import codec as codec_named
    from simnet.systems.partition.slices import slices_of

    card = read_card(weights)
    try:
        codec_named(codec)
    except ValueError as problem:
        raise typer.BadParameter(str(problem), param_hint="--codec") from None
    if codec in CODECS and codec not in REAL_VALUED:
        text = f"{codec!r} carries no features of any value; these do: {', '.join(REAL_VALUED)}"
        raise typer.BadParameter(text, param_hint="--codec")
    try:
        slices = slices_of(card.graph, codec)
    except ValueError as problem:
        raise typer.BadParameter(f"{card.name}: {problem}", param_hint="WEIGHTS") from None
    flop = {name: float(segment.flop) for name, segment in card.graph.segments.items()}
    return Setup(slices, flop, card.forced_accuracy, *speeds, latency, loss)


def _table(title: str, heading: str, rows: Sequence[Stretch], factor: float, setup: Setup) -> Table:
    from rich import box
    from rich.table import Table

    from simnet.systems.partition.dag import sent

    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for name in (heading, "exit", "on the device", "sends", "latency, ms"):
        table.add_column(name, justify="left" if name in ("exit", "sends") else "right")
    for row in rows:
        choice, one = row.choice, setup.slices[row.choice.exit]
        crossing = [one.segments[v - 1] if v else "the image" for v in sent(one.arcs, choice.kept)]
        table.add_row(
            f"{factor * row.least:.3g} to {factor * row.most:.3g}",
            choice.exit if choice.met else f"{choice.exit} (misses it)",
            f"{len(choice.kept) - 1} of {len(one.segments)}",
            ", ".join(crossing) or "nothing",
            f"{1e3 * row.first:.4g} to {1e3 * row.last:.4g}",
        )
    return table
