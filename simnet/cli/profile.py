"""`simnet profile`. torch is imported when segments are timed, not for `--help`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simnet.results.cells import NONE
from simnet.terminal.output import console, shown
from simnet.terminal.stacked import print_table

if TYPE_CHECKING:
    from rich.table import Table

    from simnet.inference.profiling import Times
    from simnet.models.cards.card import Card

DEFAULT_OUT = Path("profile.json")
NOISY = 0.5
"""Interquartile range / median above which the command says that the machine was not idle (our choice)."""


def profile(
    weights: Annotated[
        list[str] | None, typer.Argument(metavar="[WEIGHTS]...", help="Weights by name or file [default: all shipped].")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the profile goes (JSON).")] = DEFAULT_OUT,
    batches: Annotated[str, typer.Option(help="Batch sizes; 1 is always among them.")] = "1,2,4,8,16,32",
    repeats: Annotated[int, typer.Option(min=1, help="Timed rounds, of which the median counts.")] = 50,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of the processor [default: torch's].")] = None,
    device: Annotated[str, typer.Option(help="Where the network runs: auto, cpu or cuda.")] = "auto",
) -> None:
    """Time every segment of shipped weights, and those that can run together, and write a profile for nodes."""
    sizes = _sizes(batches)

    from simnet.models.cards.card import check_weights, read_card, shipped

    cards = {card.name: card for card in ([read_card(name) for name in weights] if weights else shipped())}
    for card in cards.values():
        check_weights(card)  # all of them before the first is timed

    import torch
    from rich.text import Text

    from simnet.inference.profiling import check_target, measure, profile_file, write_profile
    from simnet.models.device import pick_device

    try:
        check_target(out)
    except ValueError as problem:
        raise typer.BadParameter(str(problem), param_hint="--out") from None
    where = pick_device(device)
    if threads is not None:
        torch.set_num_threads(threads)
    terminal = console()
    measured = []
    with terminal.status("") as status:
        for card in cards.values():

            def tell(number: int, name: str = card.name) -> None:
                words = "warm-up" if number < 0 else f"round {number + 1} of {repeats}"
                status.update(Text(f"{shown(name)}: {words}"))

            try:
                measured.append((card, measure(card, where, sizes, repeats, tell)))
            except RuntimeError as problem:
                if "memory" not in str(problem):  # torch has no class of its own for it on a processor
                    raise
                text = f"no memory to run {card.name} with {max(sizes)} samples at a time; choose smaller batches"
                raise typer.BadParameter(text, param_hint="--batches") from None
    write_profile(profile_file(measured, where, repeats), out)
    spread = max(timing.spread for _, times in measured for by_batch in times.values() for timing in by_batch.values())
    for card, times in measured:
        print_table(_table(card, times), terminal)
        for line in settings(card, times):
            terminal.print(line, soft_wrap=True)
    if spread > NOISY:
        why = f"this machine had other work; nothing is derived from times that spread by more than {NOISY:.0%}"
        terminal.print(f"note: times spread by up to {spread:,.0%} (interquartile): {why}", soft_wrap=True)
    terminal.print(f"profile: {out}", soft_wrap=True)


def _sizes(text: str) -> list[int]:
    try:
        sizes = {int(part) for part in text.split(",")}
    except ValueError:
        sizes = {0}
    if min(sizes) < 1:
        raise typer.BadParameter(
            f"{text!r}: batch sizes are whole numbers from 1, such as 1,2,4", param_hint="--batches"
        )
    return sorted(sizes | {1})  # what a batch saves is told against a sample alone


def _table(card: Card, times: Times) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=card.name, box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("segment")
    for heading in ("batch", "ms per call", "ms per sample", "efficiency", "spread"):
        table.add_column(heading, justify="right")
    for segment, by_batch in times.items():
        curve = efficiency(times, segment)
        for batch, (seconds, spread, _) in by_batch.items():
            name = segment if batch == 1 else ""
            each, gain = f"{1e3 * seconds / batch:.4g}", curve.get(batch)
            told = NONE if gain is None else f"{gain:.2f}"
            table.add_row(name, str(batch), f"{1e3 * seconds:.4g}", each, told, f"{spread:,.0%}")
    return table


def efficiency(times: Times, segment: str) -> dict[int, float]:
    """How many times faster a sample is in a batch of each size than alone: n · t(1) / t(n).

    None is told of a time that spreads by more than `NOISY`, and none at all where that of a sample alone does.
    """
    calm = {batch: timing.seconds for batch, timing in times[segment].items() if timing.spread <= NOISY}
    return {batch: batch * calm[1] / seconds for batch, seconds in calm.items()} if 1 in calm else {}


def settings(card: Card, times: Times) -> list[str]:
    """For each segment the keys of a node that take as long, for a scenario without this profile.

    A segment that multiplies nothing has no speed that could say it, and a partition is not one segment's. Where a
    batch was measured to be faster than one sample alone, as happens on a busy machine, the most that a scenario may
    say stands there: as fast as one.
    """
    from simnet.language.units import format_speed

    lines = []
    for segment, by_batch in times.items():
        if segment not in card.graph.segments or not (flop := float(card.graph.segments[segment].flop)):
            continue
        if not (gains := efficiency(times, segment)):
            spread = f"the time of one sample spreads by {100 * by_batch[1].spread:,.0f} %"
            lines.append(f"{segment}: no keys can be told: {spread}; measure again on an idle machine")
            continue
        curve = ", ".join(f"{batch}: {min(value, batch):.3g}" for batch, value in gains.items())
        speed = format_speed(flop / by_batch[1].seconds, 4)
        size = max(gains)
        lines.append(f"{segment}: speed: {speed}, overhead: 0 s, batch: {{size: {size}, efficiency: {{{curve}}}}}")
    return lines
