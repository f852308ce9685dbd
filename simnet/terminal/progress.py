"""How a run gets on: bars on a terminal, one line for each system elsewhere."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from simnet.terminal.output import shown


class Watcher:
    """Implements `simnet.world.run.Progress` and says nothing; shown while its `with` block lasts."""

    def __enter__(self) -> Watcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take away what moves."""

    def simulated(self, system: str, time: float, end: float) -> None:
        """Simulated time has come so far, in seconds."""

    def evaluated(self, system: str, samples: int) -> None:
        """The network's segments have run on so many samples."""


def watcher(console: Console) -> Watcher:
    """What suits the console: bars where they can move, else lines."""
    return Bars(console) if console.is_terminal or console.is_jupyter else Lines(console)


class Bars(Watcher):
    """Bars of rich: simulated time and samples evaluated by the network."""

    def __init__(self, console: Console) -> None:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=console, transient=True, disable=console.quiet)
        self._tasks: dict[str, TaskID] = {}

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

    def simulated(self, system: str, time: float, end: float) -> None:
        """Show how far simulated time has come, in seconds."""
        note = f"{time:.1f} of {end:.1f} s"
        self._progress.update(self._task(f"{system}: simulated time"), completed=time, total=end, note=note)

    def evaluated(self, system: str, samples: int) -> None:
        """Show how many samples the network's segments have run on."""
        self._progress.update(self._task(f"{system}: network"), completed=samples, note=f"{samples} samples")


class Lines(Watcher):
    """Where nothing can move: says of each system once that it is played, with the seconds that are to be simulated."""

    def __init__(self, console: Console) -> None:
        self._console, self._begun = console, set[str]()

    def simulated(self, system: str, time: float, end: float) -> None:
        """Say so, the first time."""
        if system not in self._begun:
            self._begun.add(system)
            self._console.print(f"{system}: simulating {end:,.1f} s", soft_wrap=True)
