"""Progress bars of a run: simulated time and samples evaluated by the network, per system."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Bars:
    """Implements `simnet.world.run.Progress` with rich; shows nothing where the output is no terminal or notebook."""

    def __init__(self, console: Console) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
        )
        shown = console.is_terminal or console.is_jupyter
        self._progress = Progress(*columns, console=console, transient=True, disable=not shown)
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
            self._tasks[title] = self._progress.add_task(title, total=None, note="")
        return self._tasks[title]

    def simulated(self, system: str, time: float, end: float) -> None:
        """Show how far simulated time has come, in seconds."""
        note = f"{time:.1f} of {end:.1f} s"
        self._progress.update(self._task(f"{system}: simulated time"), completed=time, total=end, note=note)

    def evaluated(self, system: str, samples: int) -> None:
        """Show how many samples the network's segments have run on."""
        self._progress.update(self._task(f"{system}: network"), completed=samples, note=f"{samples} samples")
