"""Columns in which all entries are the same: one of them is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def once(values: NDArray[Any]) -> NDArray[Any]:
    """The same column, which takes no memory where all entries are equal (or all are no numbers); cannot be written."""
    if not len(values):
        return values
    same = values == values[0] if values[0] == values[0] else np.isnan(values)
    return np.broadcast_to(values[:1].copy(), values.shape) if np.all(same) else values


def where(mask: NDArray[np.bool_], values: NDArray[Any], other: float) -> NDArray[Any]:
    """`values` where the mask is true, else `other`; the values themselves where it is true everywhere."""
    return values if mask.all() else np.where(mask, values, other)
