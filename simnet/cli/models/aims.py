"""What `calibrate --rule risk` and `--rule budget` aim at, as a command line says it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import typer

from simnet.language.errors import unknown
from simnet.language.units import ENERGY, OPERATIONS, SIZE
from simnet.models.cards.card import Card
from simnet.models.evaluation.calibration import Aims
from simnet.models.evaluation.risk import DELTA, EPSILON

JOULES = "J"
"""What a card says that a budget of joules is of."""


class Budgets(NamedTuple):
    """The budget options, of which one at most is given, and where joules are measured."""

    bytes: str | None = None
    flop: str | None = None
    energy: str | None = None
    scenario: Path | None = None
    system: str | None = None

    def told(self) -> tuple[float, str] | None:
        """The budget and what it is of; None: none is given. Raises typer.BadParameter for two, or no amount."""
        options = (
            ("--bytes", self.bytes, SIZE, "bytes"),
            ("--flop", self.flop, OPERATIONS, "FLOP"),
            ("--energy", self.energy, ENERGY, JOULES),
        )
        given = [(option, text, quantity, of) for option, text, quantity, of in options if text is not None]
        if len(given) > 1:
            raise typer.BadParameter(f"give {given[0][0]} or {given[1][0]}, not both", param_hint=given[1][0])
        for option, text, quantity, of in given:
            try:
                amount = quantity.parse(f"{text} FLOP" if quantity is OPERATIONS and _is_number(text) else text)
            except ValueError as problem:
                raise typer.BadParameter(str(problem), param_hint=option) from problem
            if not amount > 0:
                raise typer.BadParameter(f"{text!r} is not more than nothing", param_hint=option)
            return amount, of
        return None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def aims_of(card: Card, epsilon: float | None, delta: float | None, budgets: Budgets, data_dir: Path | None) -> Aims:
    """What `risk` and `budget` aim at; what is not given is as in the card.

    Raises typer.BadParameter for two budgets, what is no share or amount, or a scenario in which nothing is measured.
    """
    from simnet.systems import bytes_until

    former = card.values["calibration"].get("rules", {})
    told = former.get("risk", {})
    shares = {"epsilon": epsilon or told.get("epsilon", EPSILON), "delta": delta or told.get("delta", DELTA)}
    for key, value in (("epsilon", epsilon), ("delta", delta)):
        if value is not None and not 0 < value < 1:
            raise typer.BadParameter(f"{value:g} is no share between 0 and 1", param_hint=f"--{key}")
    known = former.get("budget")
    budget, of = budgets.told() or ((known["budget"], known["of"]) if known else (None, "FLOP"))
    if budgets.energy is None and (budgets.scenario or budgets.system):
        option = "--scenario" if budgets.scenario else "--system"
        raise typer.BadParameter("says where joules are measured, which --energy asks for", param_hint=option)
    costs: Mapping[str, float]
    if of == JOULES:
        costs = known["costs"] if budgets.energy is None else _joules(card, budgets, data_dir)
    else:
        costs = bytes_until(card.network, card.graph, card.codec) if of == "bytes" else card.graph.flop_until
    return Aims(**shares, budget=budget, costs=[float(costs[name]) for name in card.graph.exits], of=of)


def _joules(card: Card, budgets: Budgets, data_dir: Path | None) -> Mapping[str, float]:
    """Joules of a sample that leaves at each exit, in the scenario that is named."""
    from simnet.models.data import open_dataset
    from simnet.scenario import load_scenario
    from simnet.world.joules import SAMPLES, NoJoulesError, joules_until
    from simnet.world.plan import plans_of
    from simnet.world.run import Options

    if budgets.scenario is None:
        raise typer.BadParameter(
            "needs --scenario FILE, whose nodes say what they draw ('power')", param_hint="--energy"
        )
    asked = load_scenario(budgets.scenario)
    samples = SAMPLES if asked.samples is None else min(SAMPLES, asked.samples)
    scenario = load_scenario(budgets.scenario, samples=samples)
    if budgets.system is not None and budgets.system not in scenario.systems:
        raise typer.BadParameter(unknown("system", budgets.system, list(scenario.systems)), param_hint="--system")
    plans = {
        name: plan
        for name, plan in plans_of(scenario).items()
        if plan.card.sha256 == card.sha256 and budgets.system in (None, name)
    }
    if len(plans) != 1:
        found = f"systems {' and '.join(plans)} run" if plans else f"{budgets.system or 'no system'} runs"
        there = (
            f"{found} {card.name}" if plans or budgets.system is None else f"{budgets.system} does not run {card.name}"
        )
        raise typer.BadParameter(f"{budgets.scenario}: {there}; name one with --system", param_hint="--scenario")
    ((name, plan),) = plans.items()
    if set(plan.exits) != set(card.graph.exits):
        text = f"{name} has exits {', '.join(plan.exits)} only, {card.name} has {', '.join(card.graph.exits)}"
        raise typer.BadParameter(f"{budgets.scenario}: {text}", param_hint="--system")
    data = open_dataset(scenario.data, scenario.split, data_dir, scenario.folder)
    try:
        costs = joules_until(scenario, plan, data, Options(data_dir=data_dir))
    except NoJoulesError as problem:
        raise typer.BadParameter(f"{budgets.scenario}: {problem}", param_hint="--scenario") from None
    each = list(costs.values())
    if sorted(each) != each:
        said = ", ".join(f"{exit_name} {joules:.3g} J" for exit_name, joules in costs.items())
        raise typer.BadParameter(
            f"{budgets.scenario}: a later exit costs less ({said}); a budget needs costs that rise",
            param_hint="--energy",
        )
    return costs
