"""`python -m models calibrate`. torch is imported when the network runs, not for `--help`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich import box
from rich.table import Table

from simnet.cli.models.options import DataDir, Device, console
from simnet.models.cards.card import read_card
from simnet.models.device import pick_device
from simnet.models.evaluation.calibration import DEFAULT_RULE, RULES
from simnet.terminal.stacked import print_table


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
    from simnet.systems import bytes_until

    card = recalibrate(card, data_dir, bytes_until, wanted, temperature, pick_device(device))
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
    print_table(table, console)
    for exit_name, entry in card.values["reliability"].items():
        scaled = entry["scaled"]
        console.print(
            f"{exit_name}: calibration error on test {100 * entry['ece']['test']:.2f} %, "
            f"{100 * scaled['ece']['test']:.2f} % with temperature {scaled['temperature']:g}"
        )
    console.print(f"wrote {card.path}; T by the rule {wanted}", soft_wrap=True)
