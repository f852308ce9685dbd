"""The values of some keys with which a system does best, found on validation data and told on test data.

Trials see the data set's split `validation`; the best of them is then played on the split `test`, with seeds of its
own, beside the scenario as it was. The best of many trials was lucky, too, so that its figures on validation data
flatter; those on test data do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any, Literal

from simnet.experiments.sizing.size import only
from simnet.experiments.sweeps import store
from simnet.experiments.sweeps.axes import Axis, settings_of
from simnet.experiments.sweeps.design import MOST_POINTS
from simnet.experiments.sweeps.spec import Asked
from simnet.experiments.sweeps.sweep import How
from simnet.experiments.tuning import asking, folder
from simnet.experiments.tuning.goal import Goal, Trial
from simnet.experiments.tuning.player import Player
from simnet.experiments.tuning.space import Space
from simnet.experiments.tuning.tuned import Tuned
from simnet.installation import __version__
from simnet.results.run import RunError
from simnet.scenario import Scenario
from simnet.scenario.changes import change, changed_by
from simnet.streams import derived
from simnet.terminal.listener import Progress

TRIALS = 60
"""Trials where nobody says how many (our choice)."""
AT_ONCE = 4
"""Trials that are asked for together (our choice); another number makes other trials."""
OF_A_GRID = 64
"""The same of a grid, whose trials do not depend on it."""
Method = Literal["tpe", "grid"]
_OURS = {
    "split": "trials see the split 'validation', the best of them 'test'",
    "seed": "all points have the same seeds",
}
"""Keys that tuning sets itself, and why."""


@dataclass(frozen=True)
class Task:
    """What is to be tuned, and how hard.

    Attributes:
        name: What it is called.
        base: The scenario.
        axes: The keys and their values.
        goal: What is wanted.
        system: Which system; None: the only one.
        method: "tpe", or "grid" for all points; None: a grid where it has no more points than there are trials.
        trials: Points at most; None: `TRIALS`, or all of a grid that was asked for.
        at_once: Trials that are asked for together.
        repeats: Runs of each point, with the same seeds at all.
    """

    name: str
    base: Scenario
    axes: Sequence[Axis]
    goal: Goal
    system: str | None = None
    method: Method | None = None
    trials: int | None = None
    at_once: int = AT_ONCE
    repeats: int = 1


def tune(task: Task, out: Path | None, how: How, command: Sequence[str], progress: Progress | None = None) -> Tuned:
    """Search, then test the best.

    What is finished in `out` is not done again, so that the same command goes on where it was stopped, and with more
    trials goes further. Equal tasks and revisions have equal trials, whatever the number of workers.

    Args:
        task: What is to be tuned.
        out: Folder; None: in memory only.
        how: With whom.
        command: The command line, for ``tune.json``.
        progress: Hears how it gets on.

    Raises:
        ScenarioError: no trial is a valid scenario.
        RunError: there is no such system or metric, no trial has results, Optuna is missing, or `out` cannot be
            written.
        DeviceError: there is no such device.
    """
    for one in task.axes:
        if (why := _OURS.get(one.key)) is not None:
            raise RunError(f"{one.origin}: '{one.key}' cannot be tuned: {why}")
    if how.device != "auto":
        from simnet.models.device import pick_device

        pick_device(how.device)
    base, system = only(task.base, task.system, "is tuned")
    asker, method, most = _asker(task, base.seed)
    at_once = task.at_once if method == "tpe" else OF_A_GRID
    search = Asked(task.name, _shown(base, "validation"), task.axes, repeats=task.repeats)
    trials: list[Trial] = []
    about = _about(task, base, system, method, command)
    with Player(system, out, how, progress, (most + 2) * task.repeats, at_once * task.repeats) as player:
        try:
            while len(trials) < most and (points := asker.ask(min(at_once, most - len(trials)))):
                numbers = range(len(trials), len(trials) + len(points))
                found = player.play(search, points, numbers)
                judged = [
                    task.goal.judged(number, values, runs)
                    for number, values, runs in zip(numbers, points, found, strict=True)
                ]
                asker.tell(judged)
                trials += judged
            if all(one.error is not None for one in trials):
                raise player.refused or RunError(f"no trial has results: {trials[0].error}")
            best = task.goal.best(trials)
            tested = (None, None) if best is None else _tested(task, base, best, player)
        except BaseException:
            if out is not None and trials:
                with suppress(RunError):  # a full disk has been told already
                    folder.write(out, Tuned(out, {**about, "finished": False}, task.goal, trials), player.rows)
            raise
    about |= {"finished": True, "inputs": {" ".join(what): found for what, found in player.inputs.known.items()}}
    result = Tuned(out, about, task.goal, trials, *tested)
    if out is not None:
        folder.write(out, result, player.rows)
        if best is not None:
            chosen = _shown(changed_by(base, list(settings_of(task.axes, best.values))), "test")
            store.write_whole(out / folder.BEST, chosen.to_yaml().encode("utf-8", "backslashreplace"))
    return result


def _asker(task: Task, seed: int) -> tuple[asking.Asker, Method, int]:
    """Who names the points, by which method, and how many at most."""
    space = Space.of(task.axes)
    trials = TRIALS if task.trials is None else task.trials
    method = task.method or ("grid" if space.count is not None and space.count <= trials else "tpe")
    if method == "tpe":
        asking.check()
        most = trials if space.count is None else min(trials, space.count)
        return asking.Parzen(space, task.goal, seed), method, most
    if space.count is None:
        for one in task.axes:
            one.grid()  # raises for those without steps
    most = space.count or 0
    if most > min(task.trials or MOST_POINTS, MOST_POINTS):
        raise RunError(f"the grid has {most:,} points: allow so many trials, or leave --method grid out")
    return asking.Every(product(*(one.values or () for one in space.dimensions))), method, most


def _shown(base: Scenario, split: str, seed: int | None = None) -> Scenario:
    """The scenario with images of another split, and another seed."""
    wanted = [change("split", split, f"split={split}")]
    return changed_by(base, [*wanted, change("seed", seed, f"seed={seed}")] if seed is not None else wanted)


def _tested(task: Task, base: Scenario, best: Trial, player: Player) -> tuple[Trial, Trial]:
    """The best point, and the scenario as it was, on test data with seeds that no trial had."""
    fresh = _shown(base, "test", derived(base.seed, "test of a tuning"))
    asked = Asked(task.name, fresh, task.axes, repeats=task.repeats)
    (there,) = player.play(asked, [tuple(best.values)], [best.number])
    tested = task.goal.judged(best.number, best.values, there)
    (there,) = player.play(Asked(task.name, fresh, (), repeats=task.repeats), [()], [None])
    return tested, task.goal.judged(-1, (), there)


def _about(task: Task, base: Scenario, system: str, method: Method, command: Sequence[str]) -> dict[str, Any]:
    """What ``tune.json`` says of the task and of who did it."""
    return {
        "simnet": __version__,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": list(command),
        "name": task.name,
        "scenario": base.name,
        "system": system,
        "over": {one.key: _words(one) for one in task.axes},
        "method": method,
        "sampler": f"optuna {asking.version()}" if method == "tpe" else None,
        "at_once": task.at_once,
        "repeats": task.repeats,
        "seed": base.seed,
        "test_seed": derived(base.seed, "test of a tuning"),
        "revision": store.revision(),
    }


def _words(axis: Axis) -> Mapping[str, Any] | Sequence[Any]:
    """What was asked for of a key."""
    return list(axis.values) if axis.between is None else axis.between.model_dump(by_alias=True)
