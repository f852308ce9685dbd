"""What a data set tells of its labels to rules that recognise nothing: shortcuts that a network might take.

Three of them: which views are black; the colours that there are, whatever their place (ridge regression on histograms);
and the nearest training sample by raw pixels (1-NN). Each gives the share of test samples that it is right for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simnet.models.data.plaza.shapes import Floats

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]

BINS = 8
"""Of a colour's histogram in a view."""

RIDGE = 1.0
"""Penalty on the squares of weights of features of deviation one, in hundredths of the number of samples."""


def by_black_views(train: Pixels, train_labels: Labels, test: Pixels, test_labels: Labels) -> float:
    """The label that is most frequent in training where the same of the views `[m, views, 3, h, w]` are black."""
    classes = int(train_labels.max()) + 1
    known, asked = (_pattern(pixels) for pixels in (train, test))
    table = np.zeros((int(max(known.max(), asked.max())) + 1, classes), np.int64)
    np.add.at(table, (known, train_labels), 1)
    return float((table[asked].argmax(axis=1) == test_labels).mean())


def _pattern(pixels: Pixels) -> Labels:
    seen = pixels.reshape(*pixels.shape[:2], -1).any(axis=2)
    pattern: Labels = (seen << np.arange(seen.shape[1])).sum(axis=1)
    return pattern


def by_colours(train: Pixels, train_labels: Labels, test: Pixels, test_labels: Labels) -> float:
    """Ridge regression of the label on each view's histogram of each colour."""
    return ridge(_histograms(train), train_labels, _histograms(test), test_labels)


def _histograms(pixels: Pixels) -> Floats:
    m, views, colours = pixels.shape[:3]
    rows = m * views * colours
    level = (pixels.reshape(rows, -1) >> 5).astype(np.int64) + np.arange(rows)[:, None] * BINS
    counts = np.bincount(level.ravel(), minlength=rows * BINS).reshape(m, -1)
    shares: Floats = np.sqrt(counts / (pixels.shape[3] * pixels.shape[4]))
    return shares


def by_nearest(train: Pixels, train_labels: Labels, test: Pixels, test_labels: Labels) -> float:
    """The label of the training sample at the least Euclidean distance over all pixels of all views."""
    known = train.reshape(len(train), -1).astype(np.float32)
    squares = (known**2).sum(axis=1)
    right = 0
    for start in range(0, len(test), 250):
        asked = test[start : start + 250].reshape(-1, known.shape[1]).astype(np.float32)
        found = train_labels[(squares - 2 * asked @ known.T).argmin(axis=1)]
        right += int((found == test_labels[start : start + 250]).sum())
    return right / len(test)


def ridge(train: Floats, train_labels: Labels, test: Floats, test_labels: Labels) -> float:
    """Share of test samples for which ridge regression of one column per class on features `[m, k]` is right."""
    middle, spread = train.mean(axis=0), train.std(axis=0) + 1e-3
    x, asked = (train - middle) / spread, (test - middle) / spread
    wanted = np.eye(int(train_labels.max()) + 1)[train_labels]
    level = wanted.mean(axis=0)
    penalty = RIDGE / 100 * len(x) * np.eye(x.shape[1])
    weights = np.linalg.solve(x.T @ x + penalty, x.T @ (wanted - level))
    return float(((asked @ weights + level).argmax(axis=1) == test_labels).mean())


PROBES = {"black views": by_black_views, "colours": by_colours, "nearest": by_nearest}
