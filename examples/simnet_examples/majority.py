"""An inference system: devices vote at the edge, and the cloud answers what they disagree on."""

from collections import Counter
from typing import Annotated

from pydantic import Field

from simnet import Decision, EdgeOptions, OneEdge


class MajorityOptions(EdgeOptions):
    agree: Annotated[int, Field(ge=1)] = 4
    """So many devices must give the same class for the sample to leave at the edge."""


class Majority(OneEdge):
    Options = MajorityOptions
    exits = ("edge-1", "cloud")

    def report_size(self):
        return self.size("device") + self.graph.score_bytes  # features, and the scores that vote

    def classify(self, sample):
        reported = yield self.gather(sample)
        votes = Counter(int(scores.argmax()) for scores in self.opinions("device", sample, reported).values())
        winner, count = votes.most_common(1)[0]
        vote = Decision("edge-1", winner, 1 - count / len(self.cameras), reported)
        if count >= self.options.agree:
            return vote
        yield self.compute_at_edge(sample)
        if not (yield self.ask_cloud(sample)):
            return vote._replace(forced=True)
        return self.decide("cloud", sample, reported)
