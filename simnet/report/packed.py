"""Columns of numbers for the page: few bytes each, read by `assets/unpack.js`.

Each column is split into planes, its first bytes, its second bytes and so on: bytes that resemble one another stand
together, and deflate finds them.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVEL = 6
"""Of deflate: higher ones take several times as long and save a few per cent."""


def pack(columns: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Columns of one length, ready for JSON.

    Args:
        columns: Whole numbers from −2³¹ to 2³² − 1, or floats, which become four bytes each.

    Returns:
        `rows`; `columns`, name and kind of each (u1, u2, u4, i4 or f4, little-endian); `data`, their planes one after
        the other as zlib's deflate has them, in base64.

    Raises:
        ValueError: a number is too large.
    """
    kinds, planes = [], []
    for name, values in columns.items():
        kind = _kind(values)
        plain = np.ascontiguousarray(values.astype(f"<{kind}"))
        planes.append(plain.view(np.uint8).reshape(len(plain), plain.itemsize).T.tobytes())
        kinds.append([name, kind])
    rows = len(next(iter(columns.values())))
    return {
        "rows": rows,
        "columns": kinds,
        "data": base64.b64encode(zlib.compress(b"".join(planes), LEVEL)).decode(),
    }


def _kind(values: NDArray[Any]) -> str:
    if values.dtype.kind == "f":
        return "f4"
    least, most = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    if least < -(2**31) or most >= 2**32 or (least < 0 and most >= 2**31):
        raise ValueError(f"no four bytes hold numbers from {least} to {most}")
    if least < 0:
        return "i4"
    return "u1" if most < 2**8 else "u2" if most < 2**16 else "u4"
