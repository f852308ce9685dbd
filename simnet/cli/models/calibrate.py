"""`python -m models calibrate`. torch is imported when the network runs, not for `--help`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from simnet.cli.models.aims import Budgets, aims_of
from simnet.cli.models.options import Data, DataDir, Device, console
from simnet.language.kinds import short
from simnet.models.cards.card import Card, read_card, same_rule
from simnet.models.cards.catalogue import temperature_told
from simnet.models.device import pick_device
from simnet.models.evaluation.budget import UnaffordableError
from simnet.models.evaluation.calibration import DEFAULT_RULE, RULES
from simnet.models.evaluation.risk import DELTA, EPSILON, UnkeepableError
from simnet.models.rules import RULES as EXIT_RULES
from simnet.models.rules import ExitRule
from simnet.registry import PluginError
from simnet.terminal.stacked import print_table


def _own(card: Card, exit_rules: Sequence[str]) -> dict[str, type[ExitRule]]:
    """The exit rules of a user's own: those that are asked for and those that the card has thresholds of.

    Files of the latter are looked for beside the card, too. Raises typer.BadParameter for a rule that there is not,
    PluginError for one that cannot be used.
    """
    told = [entry["exit_rule"] for entry in card.values["calibration"].get("alternatives", ())]
    former = [name for name in told if name not in EXIT_RULES and not any(same_rule(name, one) for one in exit_rules)]
    found = {}
    for name in dict.fromkeys([*former, *exit_rules]):
        try:
            found[name] = EXIT_RULES.get(name, None if name in exit_rules else card.folder_of(name))
        except KeyError:
            text = f"{name!r} is none of {', '.join(EXIT_RULES)}; write file.py:Name or module:Name"
            raise typer.BadParameter(text, param_hint="--exit-rule") from None
        except PluginError as problem:
            if name in exit_rules:
                raise
            raise PluginError(f"{problem}; {card.path} has T of it, so it must lie beside that") from None
    return found


def calibrate(
    name: Annotated[str, typer.Argument(help="Shipped weights by name or a .safetensors file.")],
    rule: Annotated[
        str | None,
        typer.Option(help=f"The rule whose T count: {', '.join(RULES)} [default: the card's, else {DEFAULT_RULE}]."),
    ] = None,
    temperature: Annotated[
        bool, typer.Option("--temperature", help="Divide scores by fitted temperatures before entropies are taken.")
    ] = False,
    epsilon: Annotated[
        float | None,
        typer.Option(
            help=f"risk: largest share of samples that lose a right answer by leaving early [default: {EPSILON:g}]."
        ),
    ] = None,
    delta: Annotated[
        float | None, typer.Option(help=f"risk: most chance that this promise is broken [default: {DELTA:g}].")
    ] = None,
    most_bytes: Annotated[
        str | None, typer.Option("--bytes", help="budget: most that a sample sends on average ('10 kB').")
    ] = None,
    most_flop: Annotated[
        str | None, typer.Option("--flop", help="budget: most that a sample computes on average ('20 MFLOP', 2e7).")
    ] = None,
    most_energy: Annotated[
        str | None, typer.Option("--energy", help="budget: most that a sample draws on average ('0.5 J').")
    ] = None,
    scenario: Annotated[
        Path | None, typer.Option(help="--energy: the scenario in whose network a sample's joules are measured.")
    ] = None,
    system: Annotated[
        str | None, typer.Option(help="--energy: the system there, where several run these weights.")
    ] = None,
    exit_rule: Annotated[
        list[str] | None,
        typer.Option(help="Find T for this rule of your own (file.py:Name, module:Name), too; may be repeated."),
    ] = None,
    data: Data = None,
    data_dir: DataDir = None,
    device: Device = "cpu",
) -> None:
    """Find T by every rule on the validation split, measure reliability, and rewrite the card; the weights stay.

    T are found for the entropy and, by the rule that counts, for every exit rule and every segment that can answer at
    an exit in place of its own.
    """
    if rule is not None and rule not in RULES:
        raise typer.BadParameter(f"{rule!r} is none of {', '.join(RULES)}", param_hint="--rule")
    card = read_card(name)
    former = card.values["calibration"].get("rule")
    wanted = next((r for r in RULES if r == (rule or former)), DEFAULT_RULE)

    from simnet.models.training.publish import recalibrate
    from simnet.systems import bytes_until

    budgets = Budgets(most_bytes, most_flop, most_energy, scenario, system)
    aims, own = aims_of(card, epsilon, delta, budgets, data_dir), _own(card, exit_rule or ())
    if wanted == "budget" and aims.budget is None:
        raise typer.BadParameter("budget needs --bytes, --flop or --energy", param_hint="--rule")
    try:
        card = recalibrate(card, data_dir, bytes_until, wanted, temperature, pick_device(device), own, aims, data)
    except (UnkeepableError, UnaffordableError) as problem:
        raise typer.BadParameter(str(problem), param_hint="--rule") from problem
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
    if others := card.values["calibration"]["alternatives"]:
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title=f"T by the rule {wanted}")
        for heading in ("exit rule", "answers", "T", "test shares, %", "system, %"):
            table.add_column(heading)
        for entry in others:
            table.add_row(
                short(entry["exit_rule"]),
                ", ".join(entry.get("instead", {}).values()),
                "\n".join(f"{exit_name} {t:g}" for exit_name, t in entry["thresholds"].items()),
                "\n".join(f"{exit_name} {100 * share:.2f}" for exit_name, share in entry["test"]["shares"].items()),
                f"{100 * entry['test']['system_accuracy']:.2f}",
            )
        print_table(table, console)
    for exit_name, entry in card.values["reliability"].items():
        scaled = entry["scaled"]
        console.print(
            f"{exit_name}: calibration error on test {100 * entry['ece']['test']:.2f} %, "
            f"{100 * scaled['ece']['test']:.2f} % with temperature {temperature_told(scaled['temperature'])}"
        )
    console.print(f"wrote {card.path}; T by the rule {wanted}", soft_wrap=True)
