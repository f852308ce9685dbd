"""`python -m models calibrate`. torch is imported when the network runs, not for `--help`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from simnet.cli.models.options import DataDir, Device, console
from simnet.language.kinds import short
from simnet.language.units import SIZE
from simnet.models.cards.card import Card, read_card
from simnet.models.device import pick_device
from simnet.models.evaluation.budget import UnaffordableError
from simnet.models.evaluation.calibration import DEFAULT_RULE, RULES, Aims
from simnet.models.evaluation.risk import DELTA, EPSILON, UnkeepableError
from simnet.models.rules import RULES as EXIT_RULES
from simnet.terminal.stacked import print_table


def _aims(
    card: Card, epsilon: float | None, delta: float | None, most_bytes: str | None, most_flop: float | None
) -> Aims:
    """What `risk` and `budget` aim at; what is not given is as in the card.

    Raises typer.BadParameter for two budgets, or what is no share or amount.
    """
    from simnet.systems import bytes_until

    former = card.values["calibration"].get("rules", {})
    told = former.get("risk", {})
    shares = {"epsilon": epsilon or told.get("epsilon", EPSILON), "delta": delta or told.get("delta", DELTA)}
    for key, value in (("epsilon", epsilon), ("delta", delta)):
        if value is not None and not 0 < value < 1:
            raise typer.BadParameter(f"{value:g} is no share between 0 and 1", param_hint=f"--{key}")
    if most_bytes is not None and most_flop is not None:
        raise typer.BadParameter("give --bytes or --flop, not both", param_hint="--flop")
    if most_flop is not None and not (most_flop > 0 and math.isfinite(most_flop)):
        raise typer.BadParameter(f"{most_flop:g} is no positive number", param_hint="--flop")
    budget, of = most_flop, "FLOP"
    if most_bytes is not None:
        try:
            budget, of = SIZE.parse(most_bytes), "bytes"
        except ValueError as problem:
            raise typer.BadParameter(str(problem), param_hint="--bytes") from problem
    elif most_flop is None and "budget" in former:
        budget, of = former["budget"]["budget"], former["budget"]["of"]
    until = bytes_until(card.network, card.graph, card.codec) if of == "bytes" else card.graph.flop_until
    return Aims(**shares, budget=budget, costs=[float(until[name]) for name in card.graph.exits], of=of)


def _own(card: Card, exit_rules: Sequence[str]) -> list[str]:
    """The exit rules of a user's own: those that are asked for and those that the card has thresholds of.

    Raises typer.BadParameter for one that there is not, PluginError for one that cannot be used.
    """
    former = [entry["exit_rule"] for entry in card.values["calibration"].get("alternatives", ())]
    found = []
    for name in dict.fromkeys([*(name for name in former if name not in EXIT_RULES), *exit_rules]):
        try:
            EXIT_RULES.get(name, None)
        except KeyError:
            text = f"{name!r} is none of {', '.join(EXIT_RULES)}; write file.py:Name or module:Name"
            raise typer.BadParameter(text, param_hint="--exit-rule") from None
        found.append(name)
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
        typer.Option(help=f"risk: most samples that lose a right answer by leaving early [default: {EPSILON:g}]."),
    ] = None,
    delta: Annotated[
        float | None, typer.Option(help=f"risk: most chance that this promise is broken [default: {DELTA:g}].")
    ] = None,
    most_bytes: Annotated[
        str | None, typer.Option("--bytes", help="budget: most that a sample sends on average ('10 kB').")
    ] = None,
    most_flop: Annotated[
        float | None, typer.Option("--flop", help="budget: most that a sample computes on average (2e7).")
    ] = None,
    exit_rule: Annotated[
        list[str] | None,
        typer.Option(help="Find T for this rule of your own (file.py:Name, module:Name), too; may be repeated."),
    ] = None,
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

    aims, own = _aims(card, epsilon, delta, most_bytes, most_flop), _own(card, exit_rule or ())
    if wanted == "budget" and aims.budget is None:
        raise typer.BadParameter("budget needs --bytes or --flop", param_hint="--rule")
    try:
        card = recalibrate(card, data_dir, bytes_until, wanted, temperature, pick_device(device), own, aims)
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
            f"{100 * scaled['ece']['test']:.2f} % with temperature {scaled['temperature']:g}"
        )
    console.print(f"wrote {card.path}; T by the rule {wanted}", soft_wrap=True)
