"""All figures of one run, drawn from its files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from simnet.analysis.exits.confidence import draw_confidence
from simnet.analysis.exits.fronts import draw_fronts
from simnet.analysis.exits.histograms import draw_histograms
from simnet.analysis.exits.over_time import draw_over_time
from simnet.analysis.exits.probability import draw_probability
from simnet.analysis.exits.shares import draw_exits
from simnet.analysis.latency import draw_latency
from simnet.analysis.stories.effects import draw_effects
from simnet.analysis.stories.figure import draw_faults
from simnet.analysis.style import save, unreadable
from simnet.analysis.timeline.figure import draw_timeline
from simnet.analysis.timeline.selection import Selection
from simnet.results.run import Results, RunError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from simnet.experiments.sweeps.sweep import Results as Sweep
    from simnet.experiments.tuning.tuned import Tuned


class Drawn(NamedTuple):
    """The files that were written; which were not, with why; and what is to be noted of those that were."""

    files: list[Path]
    problems: list[str]
    notes: list[str]


def draw_all(run: Results, folder: Path, selection: Selection | None = None, ending: str = "png") -> Drawn:
    """Draw the figures ``timeline``, ``exit_shares`` and ``latency``; a run without samples has no timeline.

    One that cannot be drawn, whatever the reason, does no harm to the others.

    Args:
        run: The run.
        folder: Where the figures go; made if need be.
        selection: What the timeline shows; None chooses.
        ending: Of the files: png, svg or pdf.

    Raises:
        RunError: a table is damaged, or the run has no such samples, systems or nodes.
    """
    drawings: dict[str, Callable[[], Figure]] = {
        "timeline": lambda: draw_timeline(run, selection),
        "exit_shares": lambda: draw_exits(run),
        "latency": lambda: draw_latency(run),
    }
    if not run.summary["samples"]:
        del drawings["timeline"]
    return _drawn(drawings, folder, ending)


EXITS: Mapping[str, Callable[[Results], Figure]] = {
    "exit_probability": draw_probability,
    "exits_over_time": draw_over_time,
    "exit_entropy": draw_histograms,
    "exit_reliability": draw_confidence,
    "exit_fronts": draw_fronts,
}
"""What the stored scores of the exits tell, by name."""


def draw_exit_figures(run: Results, folder: Path, ending: str = "png") -> Drawn:
    """Draw what the stored scores of the exits tell, the figures of `EXITS`.

    Args:
        run: The run.
        folder: Where the figures go; made if need be.
        ending: Of the files: png, svg or pdf.

    Raises:
        RunError: a table is damaged, or the run is of a version that kept no scores.
    """
    return _drawn({name: partial(draw, run) for name, draw in EXITS.items()}, folder, ending)


def draw_sweep_figures(sweep: Sweep, folder: Path, metrics: Sequence[str] = (), ending: str = "png") -> Drawn:
    """Draw a sweep: ``lines`` over one key, a ``heat`` map over two, else ``points``, and ``front``.

    Args:
        sweep: The sweep.
        folder: Where the figures go; made if need be.
        metrics: What is drawn; none: accuracy, p95 of latency, bytes and energy. The first two make the front.
        ending: Of the files: png, svg or pdf.

    Raises:
        RunError: the sweep has no such metric, or no run that has not failed.
    """
    from simnet.analysis.sweeps.draw import SWEEPS, chosen, sweep_kinds  # a run's figures need no engine

    names = chosen(sweep, metrics)
    kinds = sweep_kinds(sweep)
    return _drawn({kind: partial(SWEEPS[kind], sweep, names) for kind in kinds}, folder, ending)


def draw_tuning_figures(tuned: Tuned, folder: Path, ending: str = "png") -> Drawn:
    """Draw a tuning: its ``search``, trial after trial, and the goal over each of its ``keys``.

    Args:
        tuned: The tuning.
        folder: Where the figures go; made if need be.
        ending: Of the files: png, svg or pdf.

    Raises:
        RunError: no trial has results.
    """
    from simnet.analysis.sweeps.tuned import TUNINGS

    return _drawn({kind: partial(draw, tuned) for kind, draw in TUNINGS.items()}, folder, ending)


FAULTS: Mapping[str, Callable[[Results, Sequence[str], Sequence[str]], Figure]] = {
    "faults": draw_faults,
    "fault_effects": draw_effects,
}
"""What faults did, by name."""


def draw_fault_figures(
    run: Results, folder: Path, faults: Sequence[str] = (), systems: Sequence[str] = (), ending: str = "png"
) -> Drawn:
    """Draw what faults did, the figures of `FAULTS`.

    Args:
        run: The run.
        folder: Where the figures go; made if need be.
        faults: Which ones, by name or pattern; none chooses.
        systems: Which ones; none: all.
        ending: Of the files: png, svg or pdf.

    Raises:
        RunError: no fault struck, there are no such faults or systems, or a table is damaged.
    """
    return _drawn({name: partial(draw, run, faults, systems) for name, draw in FAULTS.items()}, folder, ending)


def _drawn(drawings: Mapping[str, Callable[[], Figure]], folder: Path, ending: str) -> Drawn:
    drawn, failed, signs = Drawn([], [], []), dict[str, list[str]](), dict[str, None]()
    for name, draw in drawings.items():
        try:
            figure = draw()
            drawn.files.append(save(figure, folder / f"{name}.{ending}"))
            signs |= dict.fromkeys(unreadable(figure))
        except RunError:
            raise
        except Exception as error:  # a full disk, or whatever matplotlib and its settings make of it
            reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}".rstrip(": ")
            failed.setdefault(reason.splitlines()[0], []).append(f"{name}.{ending}")
    drawn.problems.extend(_missing(names, reason) for reason, names in failed.items())
    if signs:
        drawn.notes.append(f"no font on this machine has {''.join(signs)}: boxes stand for them in the figures")
    return drawn


def _missing(names: list[str], reason: str) -> str:
    one = len(names) == 1
    return f"figure{'' if one else 's'} {', '.join(names)} {'is' if one else 'are'} missing: {reason}"
