"""Measured service times: every segment of a network, by batch size, on this machine; for a node's `profile`."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import torch

from simnet.installation import __version__
from simnet.models.cards.card import Card
from simnet.models.cards.weights import load_network
from simnet.models.graph import Part
from simnet.models.networks.base import Network, Output
from simnet.models.networks.passes import Pass, given_all
from simnet.results.manifest import source_revision

WARM_UP = 3
"""Rounds of calls before those that count: the first ones choose kernels and take memory."""

Times = dict[str, dict[int, "Timing"]]
"""Segment → batch size → timing."""


class Timing(NamedTuple):
    """Seconds of one call: the median of the repeats, and their spread (interquartile range / median)."""

    seconds: float
    spread: float


def measure(
    card: Card, device: str, batches: Sequence[int], repeats: int, tell: Callable[[int], None] | None = None
) -> Times:
    """Time every segment of the card's network on `device` ("cpu" or "cuda") at every batch size.

    In rounds, one call of each in turn, so that a machine that is busy for a while slows all of them and the medians
    none. `tell(number)` hears of every round that begins. Raises WeightsError as `load_network`.
    """
    network = load_network(card, device)
    with torch.inference_mode(), _as_in_a_run(device):
        calls = {(segment, batch): call for batch in batches for segment, call in segment_calls(network, batch).items()}
        taken: dict[tuple[str, int], list[float]] = {key: [] for key in calls}
        for number in range(-WARM_UP, repeats):
            if tell is not None:
                tell(number)
            for key, call in calls.items():
                seconds = _time(call, device)
                if number >= 0:
                    taken[key].append(seconds)
    segments = dict.fromkeys(segment for segment, _ in calls)
    return {one: {n: _timing(taken[one, n]) for n in sorted(set(batches))} for one in segments}


def segment_calls(network: Network, batch: int) -> dict[str, Callable[[], Output]]:
    """The segments of a network with `batch` inputs each, ready to be called: the first copy of each.

    Pixels are random: convolutions do the same arithmetic on whatever they are given, and no segment branches on a
    value. Deeper segments get what the ones before make of them, of all copies. Segments without a module, such as the
    choice of the surest device, are no work.
    """
    graph, where = network.graph, next(network.parameters()).device
    size = (batch, 1, *graph.view)
    pixels = torch.randint(0, 256, size, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    views = network.prepare(pixels.to(where)).expand(-1, graph.views, -1, -1, -1)
    walk = Pass(network, views, codec="fp32")
    parts = [Part(name) for name in graph.segments if network.module(Part(name)) is not None]
    return {part.segment: partial(network.run, part, given_all(walk, part)) for part in parts}


def _time(call: Callable[[], Any], device: str) -> float:
    _finish(device)
    begin = perf_counter()
    call()
    _finish(device)
    return perf_counter() - begin


def _finish(device: str) -> None:
    """Wait for what CUDA has been asked for: calls there return before they are done."""
    if device == "cuda":
        torch.cuda.synchronize()


def _timing(taken: Sequence[float]) -> Timing:
    middle = statistics.median(taken)
    if len(taken) < 2:
        return Timing(middle, 0.0)
    first, _, third = statistics.quantiles(taken, n=4, method="inclusive")
    return Timing(middle, (third - first) / middle)


@contextmanager
def _as_in_a_run(device: str) -> Iterator[None]:
    """Float32 throughout on CUDA, as `simnet.inference.batches` runs the network."""
    if device != "cuda":
        yield
        return
    allowed, torch.backends.cudnn.allow_tf32 = torch.backends.cudnn.allow_tf32, False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = allowed


def profile_file(measured: Sequence[tuple[Card, Times]], device: str, repeats: int) -> dict[str, Any]:
    """What a profile file holds: seconds by weights, segment and batch size, and where they come from."""
    return {
        "weights": {card.name: _by_segment(times, lambda timing: timing.seconds) for card, times in measured},
        "provenance": {
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "simnet": __version__,
            "source": source_revision(),
            "machine": platform.platform(),
            "processor": torch.cuda.get_device_name() if device == "cuda" else processor(),
            "cpus": os.cpu_count(),
            "device": device,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "python": platform.python_version(),
            "repeats": repeats,
            "warm_up": WARM_UP,
            "weights": {card.name: card.sha256 for card, _ in measured},
            "spread": {card.name: _by_segment(times, lambda timing: timing.spread) for card, times in measured},
        },
    }


def _by_segment(times: Times, value: Callable[[Timing], float]) -> dict[str, dict[str, float]]:
    return {
        segment: {str(batch): value(timing) for batch, timing in by_batch.items()}
        for segment, by_batch in times.items()
    }


def processor() -> str:
    """The processor's name, where the system tells."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
            return next(named, "") or platform.processor()
    except OSError:  # no Linux
        return platform.processor()


def check_target(out: Path) -> None:
    """Raise ValueError where `out` exists and is no profile, so that nothing else is overwritten."""
    if not out.exists():
        return
    try:
        found = json.loads(out.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict) or not {"weights", "provenance"} <= set(found):
        raise ValueError(f"{out}: exists and is no profile, so it is left alone; choose another file")


def write_profile(values: dict[str, Any], out: Path) -> None:
    """Write a profile file; a kill at any moment leaves the former one whole. Raises OSError."""
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(out.name + ".partial")
    partial.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    partial.replace(out)
