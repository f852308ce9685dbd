"""All figures of one run, drawn from its files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from simnet.analysis.exits.shares import draw_exits
from simnet.analysis.latency import draw_latency
from simnet.analysis.style import save, unreadable
from simnet.analysis.timeline.figure import draw_timeline
from simnet.analysis.timeline.selection import Selection
from simnet.results.run import Results, RunError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Drawn(NamedTuple):
    """The files that were written; which were not, with why; and what is to be noted of those that were."""

    files: list[Path]
    problems: list[str]
    notes: list[str]


def draw_all(run: Results, folder: Path, selection: Selection | None = None) -> Drawn:
    """Draw ``timeline.png``, ``exit_shares.png`` and ``latency.png``; a run without samples has no timeline.

    One that cannot be drawn, whatever the reason, does no harm to the others.

    Args:
        run: The run.
        folder: Where the figures go; made if need be.
        selection: What the timeline shows; None chooses.

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
    drawn, failed, signs = Drawn([], [], []), dict[str, list[str]](), dict[str, None]()
    for name, draw in drawings.items():
        try:
            figure = draw()
            drawn.files.append(save(figure, folder / f"{name}.png"))
            signs |= dict.fromkeys(unreadable(figure))
        except RunError:
            raise
        except Exception as error:  # a full disk, or whatever matplotlib and its settings make of it
            reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}".rstrip(": ")
            failed.setdefault(reason.splitlines()[0], []).append(f"{name}.png")
    drawn.problems.extend(_missing(names, reason) for reason, names in failed.items())
    if signs:
        drawn.notes.append(f"no font on this machine has {''.join(signs)}: boxes stand for them in the figures")
    return drawn


def _missing(names: list[str], reason: str) -> str:
    one = len(names) == 1
    return f"figure{'' if one else 's'} {', '.join(names)} {'is' if one else 'are'} missing: {reason}"
