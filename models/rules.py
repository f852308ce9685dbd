"""The rule by which samples leave: normalized entropy against a threshold. numpy only, so that anyone may import it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def probabilities(scores: NDArray[np.floating]) -> Floats:
    """Softmax of class scores `[..., classes]`."""
    with np.errstate(invalid="ignore"):
        shifted = np.exp(scores.astype(np.float64) - scores.max(axis=-1, keepdims=True))
        return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def normalized_entropy(scores: NDArray[np.floating]) -> Floats:
    """Normalized entropy of softmax(scores): `[..., classes]` to `[...]` in [0, 1] (ADA-DDNN, eq. 3).

    Needs at least two classes. Scores that are not finite give NaN, which is below no threshold.
    """
    p = probabilities(scores)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p == 0, 0.0, p * np.log(p))
    return np.asarray(np.clip(-terms.sum(axis=-1) / np.log(scores.shape[-1]), 0.0, 1.0))


def surest_device(entropies: Floats, present: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """Number of the device with minimum entropy among those `present` `[devices]`: `[n, devices]` to `[n]`.

    The edge processing module of ADA-DDNN (section 3.2). Of equally sure devices the first is taken (our choice).
    """
    known = ~np.isnan(entropies) if present is None else present & ~np.isnan(entropies)
    return np.asarray(np.where(known, entropies, np.inf).argmin(axis=1))


CLASSIFIERS = {"edge-1": "device", "edge-2": "edge"}
"""The classifier whose scores an exit tests, where it is not called as the exit is."""


def exit_scores(
    system: str, scores: Mapping[str, NDArray[np.floating]], temperatures: Mapping[str, float] | None = None
) -> dict[str, NDArray[np.floating]]:
    """Scores `[n, classes]` at every exit, in order, from every classifier's (`device`, `local`, `edge`, `cloud`).

    `temperatures` divide the scores of the classifiers that they name, before the surest device is chosen (which may
    then be another). In `ddnn-2017` the edge may be missing.
    """
    scores = {name: s / (temperatures or {}).get(name, 1.0) for name, s in scores.items()}
    if system == "ada-ddnn":
        device = scores["device"]
        surest = device[np.arange(len(device)), surest_device(normalized_entropy(device))]
        return {"edge-1": surest, "edge-2": scores["edge"], "cloud": scores["cloud"]}
    return {name: scores[name] for name in ("local", "edge", "cloud") if name in scores}


def taken_exit(entropies: Sequence[Floats], thresholds: Sequence[float]) -> NDArray[np.int64]:
    """Number of the exit that each sample takes, `[n]`: the first whose entropy is below T (strict), else the last.

    `entropies` has one `[n]` array per exit but the last, in order; `thresholds` one T for each.
    """
    taken = np.full(len(entropies[0]), len(entropies), dtype=np.int64)
    for number in reversed(range(len(entropies))):
        taken[entropies[number] < thresholds[number]] = number
    return taken
