"""How a run gets on: bars on a terminal, one line for each system elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from simnet.terminal.listener import Progress as Listener
from simnet.terminal.output import shown


class Watcher(Listener):
    """Says nothing; shown while its `with` block lasts."""

    def __enter__(self) -> Watcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take away what moves."""


def watcher(console: Console) -> Watcher:
    """What suits the console: bars where they can move, else lines."""
    return Bars(console) if console.is_terminal or console.is_jupyter else Lines(console)


class Bars(Watcher):
    """Bars of rich with the time that is left: samples rendered, answers of the network, simulated time."""

    def __init__(self, console: Console) -> None:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            TimeElapsedColumn(),
            TextColumn("ETA"),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, console=console, transient=True, disable=console.quiet)
        self._tasks: dict[str, TaskID] = {}
        self._present: TaskID | None = None

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def _task(self, title: str) -> TaskID:
        if title not in self._tasks:
            self._tasks[title] = self._progress.add_task(shown(title), total=None, note="")
        return self._tasks[title]

    def _show(self, title: str, done: float, most: float, note: str) -> None:
        if self._present is not None:  # more is known now
            self._progress.remove_task(self._present)
            self._present = None
        self._progress.update(self._task(title), completed=done, total=most, note=note)

    def begun(self, what: str) -> None:
        """Show it until something else is told."""
        if self._present is not None:
            self._progress.remove_task(self._present)
        self._present = self._progress.add_task(shown(what), total=None, note="")

    def rendered(self, data: str, samples: int, most: int) -> None:
        """Show how many samples have been made."""
        self._show(f"rendering {data}", samples, most, f"{samples:,} of {most:,} samples")

    def evaluated(self, system: str, answers: int, most: int) -> None:
        """Show how many answers the network has given."""
        self._show(f"{system}: network", answers, most, f"{answers:,} of {most:,} answers")

    def simulated(self, system: str, time: float, end: float) -> None:
        """Show how far simulated time has come, in seconds."""
        self._show(f"{system}: simulated time", time, end, f"{time:.1f} of {end:.1f} s")

    def executed(self, system: str, time: float, end: float) -> None:
        """Show how far the execution has come, in seconds."""
        self._show(f"{system}: executed", time, end, f"{time:.1f} of {end:.1f} s")

    def played(self, runs: int, most: int, failed: int) -> None:
        """Show how many runs of a sweep are done."""
        self._show("runs", runs, most, _runs(runs, most, failed))


class Lines(Watcher):
    """Where nothing can move: says of each system once that it is played, with the seconds that are to be simulated."""

    def __init__(self, console: Console) -> None:
        self._console, self._begun = console, set[str | tuple[str, str]]()
        self._first: tuple[float, int] | None = None
        self._said = 0

    def simulated(self, system: str, time: float, end: float) -> None:
        """Say so, the first time."""
        if system not in self._begun:
            self._begun.add(system)
            self._console.print(f"{system}: simulating {end:,.1f} s", soft_wrap=True)

    def executed(self, system: str, time: float, end: float) -> None:
        """Say so, the first time."""
        if (system, "executed") not in self._begun:
            self._begun.add((system, "executed"))
            self._console.print(f"{system}: executing {end:,.1f} s in real time", soft_wrap=True)

    def played(self, runs: int, most: int, failed: int) -> None:
        """Say at every tenth part of a sweep how far it is, and how long the rest will take at this pace."""
        now = time.monotonic()
        if self._first is None:
            self._first = now, runs
        if (tenth := 10 * runs // max(most, 1)) <= self._said:
            return
        self._said = tenth
        began, before = self._first
        rest = (
            "" if runs in (before, most) else f", about {_short((now - began) / (runs - before) * (most - runs))} left"
        )
        self._console.print(f"{_runs(runs, most, failed)}{rest}", soft_wrap=True)


def _runs(runs: int, most: int, failed: int) -> str:
    return f"{runs:,} of {most:,} runs{f', {failed:,} failed' if failed else ''}"


def _short(seconds: float) -> str:
    """A time that is guessed: in its largest unit, or two of them."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"
