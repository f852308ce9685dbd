"""ADA-DDNN (Wu & Yang 2024): several edge exits, the first of which needs no fusion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from simnet.models.graph import FLOAT, Graph
from simnet.systems.base import Lifeline, Setting
from simnet.systems.one_edge import OneEdge
from simnet.systems.options import OneEdgeOptions, SystemOptions
from simnet.systems.parts.gather import Eager, Reports
from simnet.systems.traffic import Message, feature_bytes


class AdaOptions(OneEdgeOptions):
    """Keys of ADA-DDNN."""

    upload: Literal["together", "on_request"] = "together"
    """Whether features come with the report (the paper) or only when they are needed [I]."""
    first_exit: Literal["complete", "eager"] = "complete"
    """Whether edge exit 1 is tested when the reports are complete (the paper) or at every report that arrives [I]."""
    edge_1: Literal["surest", "vote", "mean"] = "surest"
    """What answers at edge exit 1: the surest device (the paper), a vote of all that reported, or their mean [I]."""


class AdaDdnn(OneEdge):
    """Devices classify, too; the surest one may answer for all, before the edge fuses anything."""

    Options: ClassVar[type[SystemOptions]] = AdaOptions
    exits = ("edge-1", "edge-2", "cloud")
    forgets = True

    @classmethod
    def instead(cls, options: AdaOptions) -> Mapping[str, str]:
        """The vote or the mean in place of the surest device."""
        return {} if options.edge_1 == "surest" else {"edge-1": options.edge_1}

    def __init__(self, setting: Setting) -> None:
        self.on_request = setting.options.upload == "on_request"
        super().__init__(setting)
        if setting.options.first_exit == "eager":
            self._reports = type("EagerReports", (Eager, self._reports), {})

    def classify(self, sample: int) -> Lifeline:
        """Section 3.2, Fig. 2. Entropy, result and features of a device travel together.

        With `upload: on_request` [I] the features travel only if edge exit 1 did not fire: fewer bytes, one more round
        trip. Without any features in time the surest device's result is what the edge can answer with.
        """
        captured = self.env.now
        reported = yield self.gather(sample)
        # The edge processing module: the result of minimum entropy leaves at edge exit 1, without fusion.
        surest = self.decide("edge-1", sample, reported)
        if self.leaves(surest):
            return surest
        if self.on_request:
            reported = yield self.fetch(sample, reported, captured)
            if not reported:
                return surest._replace(forced=True)
        yield self.compute_at_edge(sample)
        fused = self.decide("edge-2", sample, reported)
        if self.leaves(fused):
            return fused
        if not (yield self.ask_cloud(sample)):
            return fused._replace(forced=True)
        return self.decide("cloud", sample, reported)

    def gather(self, sample: int) -> Reports:
        """As all do; with `first_exit: eager` [I] what has arrived is tested anew at each report.

        So a sample that leaves at edge exit 1 waits for no slower device, but the answer is that of the devices so far.
        """
        reports = super().gather(sample)
        if isinstance(reports, Eager):
            reports.enough = lambda arrived: self.leaves(self.decide("edge-1", sample, arrived))
        return reports

    def report_size(self) -> int:
        """Bytes of a device's report: entropy and class scores, and with them the features."""
        result = FLOAT + self.graph.score_bytes
        return result if self.on_request else result + self.size("device")

    @classmethod
    def messages(cls, graph: Graph, codec: str) -> list[Message]:
        """Section 3.2: entropy, scores and features together [S]."""
        report = FLOAT + graph.score_bytes + feature_bytes(graph, codec, "device")
        return [Message("device", "edge-1", report), Message("edge", "cloud", feature_bytes(graph, codec, "edge"))]
