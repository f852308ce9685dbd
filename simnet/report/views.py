"""What the cameras saw of a few samples, for a page that is asked to show it: from the data set, as PNG."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simnet.results.run import Results, RunError

if TYPE_CHECKING:
    from simnet.models.data.base import Dataset

MOST_BYTES = 1_000_000
"""Of all images on a page; samples that would need more are left out."""


def seen(run: Results, most: int, shown: int, data_dir: Path | None = None) -> dict[str, list[str]]:
    """Data URIs of all views of some samples by their numbers: the slowest, those answered wrongly or not, then others.

    Args:
        run: The run.
        most: Samples at most.
        shown: How many samples the page has.
        data_dir: Folder with data sets; None: the environment variable SIMNET_DATA.

    Raises:
        RunError: the data set is a user's own class (to show a run must not start what it names), or another than
            the run's.
        DataError: it is not there.
    """
    chosen = telling(run, most, shown)
    if not chosen:
        return {}
    data = _data(run, data_dir)
    images = run.samples(run.systems[0]).column("image").to_numpy()[chosen]
    found, size = dict[str, list[str]](), 0
    for sample, views in zip(chosen, data.pixels(images), strict=True):
        uris = [_png(view) for view in views]
        size += sum(map(len, uris))
        if size > MOST_BYTES:
            break
        found[str(sample)] = uris
    return found


def telling(run: Results, most: int, shown: int) -> list[int]:
    """Samples that one would want to see: the slowest of each system, then those that some system got wrong or did not
    answer, then the first ones."""
    slowest, wrong = [], np.zeros(shown, bool)
    for name in run.systems:
        table = run.samples(name).slice(0, shown)
        latency = table.column("latency").to_numpy()
        if np.isfinite(latency).any():
            slowest.append(int(np.nanargmax(latency)))
        wrong |= table.column("correct").cast("float64").to_numpy() != 1
    return list(dict.fromkeys([*slowest, *np.flatnonzero(wrong).tolist(), *range(shown)]))[:most]


def _data(run: Results, data_dir: Path | None) -> Dataset:
    from simnet.models.data import open_dataset

    named = run.scenario.get("data")
    name = named.get("set") if isinstance(named, Mapping) else named
    if not isinstance(name, str) or ":" in name:
        raise RunError(f"{run.place}: views of data set {name!r} are not shown: its class is not ours to start")
    chosen = json.dumps(named) if isinstance(named, Mapping) else name
    data = open_dataset(chosen, str(run.scenario.get("split", "test")), data_dir)
    if data.checksum != run.manifest.get("data", {}).get("sha256"):
        raise RunError(f"{run.place}: data set {name!r} is another here than the run's (its checksum differs)")
    return data


def _png(view: NDArray[np.uint8]) -> str:
    """A view `[3, h, w]` as a data URI."""
    from PIL import Image

    shelf = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(view.transpose(1, 2, 0))).save(shelf, "PNG")
    return f"data:image/png;base64,{base64.b64encode(shelf.getvalue()).decode()}"
