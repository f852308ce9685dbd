"""Find the values of keys with which a metric is best, and what that gives."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from simnet.api.given import Described, scenario_of, watched
from simnet.language.errors import unknown
from simnet.results.run import RunError
from simnet.scenario.plain import plain

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.figure import Figure

    from simnet.experiments.sizing.limits import Estimate
    from simnet.experiments.tuning.goal import Trial
    from simnet.experiments.tuning.tune import Method as TuningMethod
    from simnet.experiments.tuning.tuned import Tuned
    from simnet.terminal.listener import Progress

TuningFigure = Literal["search", "keys"]


class Tuning:
    """A finished tuning, in memory or read from its folder.

    Attributes:
        path: Its folder; None: there is none.
        about: As in ``tune.json``: what was asked for, and how.
        best: The keys' values at the best trial of those that keep all limits; None: none does.
        validation: Means of the metrics there with 95 % intervals, on validation data; None: none does.
        test: The same on test data, with other seeds; None also where that failed.
        before: The scenario without a change on test data, with the seeds of `test`.
        sentences: The answer in words.
    """

    def __init__(self, results: Tuned) -> None:
        self.results = results
        self.path = results.path
        self.about: Mapping[str, Any] = results.about
        self.best: Mapping[str, Any] | None = results.values
        self.validation = _estimates(results.best)
        self.test = _estimates(results.tested)
        self.before = _estimates(results.before)
        self.sentences = list(results.sentences())

    @property
    def trials(self) -> pa.Table:
        """As in ``trials.parquet``: a row for each trial; ``.to_pandas()`` where pandas is."""
        from simnet.experiments.tuning.folder import trials_table

        return trials_table(self.results)

    def figure(self, kind: TuningFigure = "search") -> Figure:
        """A matplotlib figure: "search", trial after trial, or "keys", what the metric depends on.

        Raises:
            RunError: there is no such figure, or no trial has results.
        """
        from simnet.analysis.sweeps.tuned import TUNINGS

        if kind not in TUNINGS:
            raise RunError(unknown("figure", kind, list(TUNINGS)))
        return TUNINGS[kind](self.results)

    def __repr__(self) -> str:
        where = "in memory" if self.path is None else f"in {self.path}"
        over, count = ", ".join(self.about["over"]), len(self.results.trials)
        return f"<Tuning {self.about['name']!r} of {over}: {count:,} trials; {where}>"


def _estimates(trial: Trial | None) -> Mapping[str, Estimate | None] | None:
    return None if trial is None or trial.error is not None else trial.estimates


def tune(
    scenario: Described,
    *,
    over: Mapping[str, Any],
    minimise: str | None = None,
    maximise: str | None = None,
    subject: Sequence[str] = (),
    surely: bool = False,
    system: str | None = None,
    method: TuningMethod | None = None,
    trials: int | None = None,
    repeats: int = 1,
    at_once: int = 4,
    out: str | Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    device: str = "auto",
    batch: int | None = None,
    data_dir: str | Path | None = None,
    progress: Progress | bool | None = None,
    command: Sequence[str] | None = None,
) -> Tuning:
    """Find the values of some keys with which a metric is best while others keep limits, as ``simnet tune`` does.

    Trials see the data set's split "validation"; the best one is then played on "test" with other seeds.

    Args:
        scenario: A scenario, or what `load` makes one of.
        over: What is tuned: as for `sweep`, but that an interval needs no ``steps``.
        minimise: The metric that shall be low, by its dotted key in a system's summary; or give `maximise`.
        maximise: The one that shall be high.
        subject: Limits such as "latency.p95 < 100 ms".
        surely: They must be kept by the whole 95 % interval, not by the mean alone.
        system: Which system; None: the only one.
        method: "tpe" (Optuna's, extra ``tune``) or "grid", all points; None: all where they are no more than `trials`.
        trials: Points at most; None: 60, or all of a grid.
        repeats: Runs of each point, the same seeds at all points.
        at_once: Trials that are asked for together: what comes next depends on it, but not on `workers`.
        out, workers, scheduler, device, batch, data_dir, progress, command: As for `sweep`.

    Raises:
        ScenarioError: the scenario or a key has a mistake, or no trial is a valid scenario.
        RunError: there is no such system or metric, no trial has results, Optuna is missing, no scheduler answers, or
            `out` cannot be written.
        DeviceError: the device is not there.
    """
    from simnet.experiments.sizing.limits import Limit
    from simnet.experiments.sweeps.axes import axis
    from simnet.experiments.sweeps.sweep import How
    from simnet.experiments.tuning.goal import Goal
    from simnet.experiments.tuning.tune import Task
    from simnet.experiments.tuning.tune import tune as find

    numbers = {"workers": workers, "batch": batch, "trials": trials, "repeats": repeats, "at_once": at_once}
    for name, number in numbers.items():
        if number is not None and (type(number) is not int or number < 1):
            raise ValueError(f"{name} must be a whole number from 1 on, found {number!r}")
    if (minimise is None) == (maximise is None):
        raise ValueError("give one of them: minimise or maximise, a metric such as 'latency.p95'")
    limits = [Limit.read(one) for one in ((subject,) if isinstance(subject, str) else subject)]
    goal = Goal("maximise", maximise, limits, surely) if maximise else Goal("minimise", str(minimise), limits, surely)
    axes = [axis(key, plain(values, f"over {key}"), f"over {key}") for key, values in over.items()]
    if not axes:
        raise ValueError("give what is tuned: over={'systems.ddnn.thresholds': {'from': 0.1, 'to': 0.9}}")
    base = scenario_of(scenario)
    how = How(workers, scheduler, device, batch, None if data_dir is None else Path(data_dir))
    with ExitStack() as stack:
        told = watched(progress, stack)
        target = None if out is None else Path(out)
        task = Task(base.name, base, axes, goal, system, method, trials, at_once, repeats)
        return Tuning(find(task, target, how, sys.argv if command is None else command, told))


def load_tuning(path: str | Path) -> Tuning:
    """A tuning that was made before.

    Raises:
        RunError: there is none, or one of its files is damaged.
    """
    from simnet.experiments.tuning.folder import read

    return Tuning(read(Path(path)))
