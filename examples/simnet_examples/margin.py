"""An exit rule: how far the first class is ahead of the second."""

import numpy as np

from simnet import ExitRule, probabilities


class Margin(ExitRule):
    def measure(self, here, before):
        second, first = np.sort(probabilities(here), axis=-1)[:, -2:].T
        return 1 - (first - second)
