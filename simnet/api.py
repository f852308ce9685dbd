"""The public functions of `simnet`: load, check, run, and what a run gives. `docs/api.md` shows them at work."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from simnet.language.errors import unknown
from simnet.language.names import FIGURES
from simnet.results.run import Results, RunError, collect, read_run
from simnet.scenario import Scenario
from simnet.scenario.load import load

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from simnet.world.run import Progress

__all__ = ["Run", "check", "load", "load_run", "run"]

Described = Scenario | str | Path | Mapping[str, Any]
"""A scenario, or what `load` makes one of."""
FigureKind = Literal["timeline", "exits", "latency"]


class Run(Results):
    """A finished run: tables, summary and manifest, in memory or read from its folder; figures of them."""

    @property
    def notes(self) -> list[str]:
        """What a reader of the numbers should know; those of `check`, and what was only known afterwards."""
        return list(self.manifest.get("notes", ()))

    def figure(self, kind: FigureKind, *, first: int | None = None, samples: int | None = None) -> Figure:
        """A matplotlib figure: "timeline", "exits" or "latency".

        Args:
            kind: Which one.
            first: First sample of the timeline; None looks for a telling one.
            samples: Samples in the timeline; None takes as many as stay readable.

        Raises:
            RunError: there is no such figure, the run has no such samples, or a table is damaged.
        """
        from simnet.analysis.exits import draw_exits
        from simnet.analysis.latency import draw_latency
        from simnet.analysis.timeline import draw_timeline

        if kind == "timeline":
            return draw_timeline(self, first, samples)
        drawings = {"exits": draw_exits, "latency": draw_latency}
        if kind not in drawings:
            raise RunError(unknown("figure", kind, ["timeline", *drawings]))
        if (first, samples) != (None, None):
            raise RunError(f"the figure '{kind}' shows all samples; only 'timeline' takes 'first' and 'samples'")
        return drawings[kind](self)

    def save(self, path: str | Path, *, figures: bool = False) -> Path:
        """Write the run folder that ``simnet run --out`` writes, and return its path; a former run there is replaced.

        Args:
            path: The folder.
            figures: Draw the figures into it, too.

        Raises:
            RunError: something else is there, or nothing can be written there.
        """
        from simnet.results.folder import write_run

        def draw(folder: Path) -> None:
            from simnet.analysis.figures import draw_all

            draw_all(self, folder / FIGURES)

        write_run(Path(path), self, draw if figures else None)
        return Path(path)

    def __repr__(self) -> str:
        size = f"{self.summary['samples']:,} samples"
        where = "in memory" if self.path is None else f"in {self.path}"
        return f"<Run {self.summary['scenario']!r}: {size}, {', '.join(self.systems)}; {where}>"


def check(scenario: Described) -> list[str]:
    """Check that a scenario's weights fit it, as ``simnet check`` does, and return what one should know beforehand.

    Raises:
        ScenarioError: weights that are missing, damaged or for something else; a segment that does not fit its node.
    """
    from simnet.world.plan import plans_of, remarks

    loaded = _loaded(scenario)
    return remarks(loaded, plans_of(loaded))


def run(
    scenario: Described,
    *,
    out: str | Path | None = None,
    device: str = "auto",
    batch: int = 256,
    data_dir: str | Path | None = None,
    forced: bool = False,
    figures: bool = False,
    progress: Progress | bool | None = None,
    command: Sequence[str] | None = None,
) -> Run:
    """Simulate a scenario.

    Args:
        scenario: A scenario, or what `load` makes one of.
        out: Folder for the results, as ``simnet run`` writes them; None: nothing is written, the results are in memory.
        device: Where the network runs: auto, cpu or cuda.
        batch: Samples per batch of the network.
        data_dir: Folder with data sets; None: the environment variable SIMNET_DATA.
        forced: Evaluate every sample at every exit, too.
        figures: Draw the figures into `out`.
        progress: True: bars on stderr; an object with the methods of `simnet.Progress` is told how it goes on.
        command: What the manifest calls the command; None: that of this process.

    Raises:
        ScenarioError: the scenario, or its weights for it, have a mistake.
        RunError: `out` must not be replaced, or cannot be written.
        DataError, WeightsError, DeviceError: images, weights or the device are not there.
        PluginError: a kind that the scenario names cannot be had.
    """
    if batch < 1:
        raise ValueError(f"batch must be 1 or more, found {batch!r}")
    if figures and out is None:
        raise ValueError("figures go into the results' folder: give 'out', or draw them with Run.figure")
    loaded = _loaded(scenario)

    from simnet.results.folder import check_target
    from simnet.results.manifest import manifest
    from simnet.world import run as engine
    from simnet.world.plan import constant_times, plans_of, remarks

    if out is not None:
        check_target(Path(out))
    plans = plans_of(loaded)
    options = engine.Options(
        device=device, batch=batch, data_dir=None if data_dir is None else Path(data_dir), forced=forced
    )
    with ExitStack() as stack:
        told = None if isinstance(progress, bool) else progress
        if progress is True:
            from rich.console import Console

            from simnet.progress import Bars

            told = stack.enter_context(Bars(Console(stderr=True)))
        results, data = engine.run(loaded, options, told, plans)
    text = loaded.to_yaml()
    described = {"name": data.name, "split": data.split, "samples": len(data), "sha256": data.checksum}
    weights = {result.weights["name"]: result.weights["sha256"] for result in results}
    certificate = manifest(text, loaded.seed, described, weights, sys.argv if command is None else command)
    certificate["notes"] = [*remarks(loaded, plans, len(data)), *constant_times(loaded, plans)]
    done = collect(loaded.name, text, results, certificate, Run)
    return done if out is None else replace(done, path=done.save(out, figures=figures))


def load_run(path: str | Path) -> Run:
    """A run that was written before; its tables are read when they are asked for.

    Raises:
        RunError: there is no run, or one of its files is damaged.
    """
    return read_run(Path(path), Run)


def _loaded(scenario: Described) -> Scenario:
    return scenario if isinstance(scenario, Scenario) else load(scenario)
