"""`python -m models calibrate` and `reliability`. torch is imported when the network runs, not for `--help`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from simnet.cli.models.options import DataDir, Device, console
from simnet.models.cards.card import WeightsError, read_card
from simnet.models.device import pick_device
from simnet.models.evaluation.calibration import DEFAULT_RULE, RULES


def calibrate(
    name: Annotated[str, typer.Argument(help="Shipped weights by name or a .safetensors file.")],
    rule: Annotated[
        str | None,
        typer.Option(help=f"The rule whose T count: {', '.join(RULES)} [default: the card's, else {DEFAULT_RULE}]."),
    ] = None,
    temperature: Annotated[
        bool, typer.Option("--temperature", help="Divide scores by fitted temperatures before entropies are taken.")
    ] = False,
    data_dir: DataDir = None,
    device: Device = "cpu",
) -> None:
    """Find T by every rule on the validation split, measure reliability, and rewrite the card; the weights stay."""
    if rule is not None and rule not in RULES:
        raise typer.BadParameter(f"{rule!r} is none of {', '.join(RULES)}", param_hint="--rule")
    card = read_card(name)
    former = card.values.get("calibration", {}).get("rule")
    wanted = next((r for r in RULES if r == (rule or former)), DEFAULT_RULE)

    from simnet.models.training.publish import recalibrate

    card = recalibrate(card, data_dir, wanted, temperature, pick_device(device))
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("rule", "T", "test shares, %", "system, %", "bytes"):
        table.add_column(heading)
    for label, found in card.values["calibration"]["rules"].items():
        table.add_row(
            label,
            "\n".join(f"{exit_name} {t:g}" for exit_name, t in found["thresholds"].items()),
            "\n".join(f"{exit_name} {100 * share:.2f}" for exit_name, share in found["test"]["shares"].items()),
            f"{100 * found['test']['system_accuracy']:.2f}",
            f"{found['test']['bytes']:,.0f}",
        )
    console.print(table)
    for exit_name, entry in card.values["reliability"].items():
        scaled = entry["scaled"]
        console.print(
            f"{exit_name}: calibration error on test {100 * entry['ece']['test']:.2f} %, "
            f"{100 * scaled['ece']['test']:.2f} % with temperature {scaled['temperature']:g}"
        )
    console.print(f"wrote {card.path}; T by the rule {wanted}", soft_wrap=True)


def reliability(
    name: Annotated[str, typer.Argument(help="Shipped weights by name or a .safetensors file.")],
    out: Annotated[Path, typer.Option(help="PNG file to write.")],
    split: Annotated[str, typer.Option(help="test or validation.")] = "test",
) -> None:
    """Draw the reliability diagram of every exit from the card."""
    from simnet.analysis.reliability import draw_reliability
    from simnet.analysis.style import save

    if split not in ("test", "validation"):
        raise typer.BadParameter(f"{split!r} is none of test, validation", param_hint="--split")
    card = read_card(name)
    if "reliability" not in card.values:
        raise WeightsError(f"{card.path}: the card says nothing of reliability; run: python -m models calibrate {name}")
    try:
        console.print(f"wrote {save(draw_reliability(card.name, card.values['reliability'], split), out)}")
    except OSError as problem:
        raise typer.BadParameter(f"{out} cannot be written: {problem}", param_hint="--out") from problem
