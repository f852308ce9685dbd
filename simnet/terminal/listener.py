"""What whoever runs a scenario can be told while it runs."""

from __future__ import annotations


class Progress:
    """Who wants to hear how a run gets on; derived classes write the methods that they want."""

    def begun(self, what: str) -> None:
        """Something of which no more is told begins, and may take seconds: "loading the network of ddnn"."""

    def rendered(self, data: str, samples: int, most: int) -> None:
        """A data set has made `samples` samples of `most` that are not there yet and may be asked for."""

    def evaluated(self, system: str, answers: int, most: int) -> None:
        """The network has given `answers` answers at exits; with samples that can still ask it will be `most`."""

    def simulated(self, system: str, time: float, end: float) -> None:
        """Simulated time has reached `time`; the last sample is captured, or the run ends, at `end` (seconds)."""

    def executed(self, system: str, time: float, end: float) -> None:
        """The same of real time, while a scenario is executed."""

    def played(self, runs: int, most: int, failed: int) -> None:
        """Of a sweep's `most` runs so many are done, `failed` of them in vain."""
