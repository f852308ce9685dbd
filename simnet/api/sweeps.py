"""Simulate a scenario at many points, and what that gives."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from simnet.api.given import Described, scenario_of, watched
from simnet.language.errors import unknown
from simnet.results.run import RunError
from simnet.scenario.plain import plain

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.figure import Figure

    from simnet.experiments.sweeps.design import Method
    from simnet.experiments.sweeps.sweep import Results as Swept
    from simnet.terminal.listener import Progress

SweepFigure = Literal["lines", "heat", "points", "front"]


class Sweep:
    """A finished sweep, in memory or read from its folder.

    Attributes:
        path: Its folder; None: there is none.
        about: As in ``sweep.json``: what was swept, how many runs there are, which failed.
        table: As in ``sweep.parquet``: a row for each run and system; ``.to_pandas()`` where pandas is.
        failed: Messages of the runs that failed, and how many have each.
    """

    def __init__(self, results: Swept) -> None:
        self.results = results
        self.path = results.path
        self.about: Mapping[str, Any] = results.about
        self.table: pa.Table = results.table
        self.failed: Mapping[str, int] = results.failed

    def figure(self, kind: SweepFigure | None = None, metrics: Sequence[str] = ()) -> Figure:
        """A matplotlib figure: "lines" over one key, "heat" over two, "points", or "front" of two metrics.

        Args:
            kind: Which one; None: what suits the sweep.
            metrics: What is drawn, by the columns of the table; none: accuracy, p95 of latency, bytes and energy.

        Raises:
            RunError: there is no such figure or metric, or it is of other sweeps.
        """
        from simnet.analysis.sweeps.draw import SWEEPS, chosen, sweep_kinds, varied

        name = kind or sweep_kinds(self.results)[0]
        if name not in SWEEPS:
            raise RunError(unknown("figure", name, list(SWEEPS)))
        if name == "heat" and (count := len(varied(self.results))) != 2:
            raise RunError(f"the figure 'heat' is of two keys, and this sweep is over {count}")
        return SWEEPS[name](self.results, chosen(self.results, metrics))

    def __repr__(self) -> str:
        where = "in memory" if self.path is None else f"in {self.path}"
        over = ", ".join(self.about["over"])
        failed = f", {self.about['failed']:,} failed" if self.about["failed"] else ""
        return f"<Sweep {self.about['name']!r} over {over}: {self.about['runs']:,} runs{failed}; {where}>"


def sweep(
    source: Described,
    *,
    over: Mapping[str, Any] | None = None,
    method: Method | None = None,
    points: int | None = None,
    draw: int | None = None,
    repeats: int | None = None,
    out: str | Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    device: str = "auto",
    batch: int | None = None,
    data_dir: str | Path | None = None,
    progress: Progress | bool | None = None,
    command: Sequence[str] | None = None,
) -> Sweep:
    """Simulate a scenario at many points, as ``simnet sweep`` does.

    Args:
        source: A sweep file, or with `over` a scenario or what `load` makes one of.
        over: What is swept: dotted keys as for `load`, each with a list of values, or with a mapping that has ``from``
            and ``to`` (and ``steps``, ``scale``, ``whole``). Of a sweep file these come on top.
        method: "grid" takes all combinations; "random" and "latin-hypercube" draw `points` of them. None: a grid, or as
            the sweep file says.
        points: How many are drawn; None: none, or as the sweep file says.
        draw: Seed of that; None: 1, or as the sweep file says.
        repeats: Runs of each point, the same seeds at all points; None: one, or as the sweep file says.
        out: Folder of the sweep; what is finished there is not done again. None: in memory only.
        workers: Processes on this machine; None: one for each processor.
        scheduler: Address of a Dask scheduler, whose workers do the runs.
        device: Where the network runs: auto, cpu or cuda.
        batch: Samples per batch of the network; None: 128, on a GPU 2,048.
        data_dir: Folder with data sets; None: the environment variable SIMNET_DATA.
        progress: As for `run`.
        command: What ``sweep.json`` calls the command; None: that of this process.

    Raises:
        ScenarioError: the sweep has a mistake, or no point is a valid scenario. One that is none has failed.
        RunError: `out` must not be replaced, or cannot be written; no scheduler answers.
        DeviceError: the device is not there.
    """
    from simnet.experiments.sweeps.axes import axis
    from simnet.experiments.sweeps.spec import Asked, is_sweep, read_sweep
    from simnet.experiments.sweeps.sweep import How
    from simnet.experiments.sweeps.sweep import sweep as sweep_all

    for name, number in (("workers", workers), ("batch", batch), ("points", points), ("repeats", repeats)):
        if number is not None and (type(number) is not int or number < 1):
            raise ValueError(f"{name} must be a whole number from 1 on, found {number!r}")
    axes = [axis(key, plain(values, f"over {key}"), f"over {key}") for key, values in (over or {}).items()]
    if isinstance(source, str | Path) and "\n" not in str(source) and is_sweep(Path(source)):
        asked = read_sweep(Path(source), over=axes)
    else:
        if not axes:
            raise ValueError("give what is swept: over={'systems.ddnn.thresholds': [0.2, 0.4]}, or a sweep file")
        base = scenario_of(source)
        asked = Asked(base.name, base, axes)
    asked = asked.drawn(method, points, draw)
    asked = asked if repeats is None else replace(asked, repeats=repeats)
    how = How(workers, scheduler, device, batch, None if data_dir is None else Path(data_dir))
    with ExitStack() as stack:
        told = watched(progress, stack)
        target = None if out is None else Path(out)
        return Sweep(sweep_all(asked, target, how, sys.argv if command is None else command, told))


def load_sweep(path: str | Path) -> Sweep:
    """A sweep that was made before.

    Raises:
        RunError: there is none, or one of its files is damaged.
    """
    from simnet.experiments.sweeps.sweep import read

    return Sweep(read(Path(path)))
