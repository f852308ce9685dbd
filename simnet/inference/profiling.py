"""Measured service times by batch size, on this machine, for a node's `profile`.

Of every segment of a network, and of *partitions*: segments that one node runs in one call. Their times do not add up.
"""

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
from simnet.network.work import partition
from simnet.results.manifest import source_revision

WARM_UP = 3
"""Rounds of calls before those that count: the first ones choose kernels and take memory."""

QUANTILES = 21
"""How many quantiles of the repeats a profile holds: every twentieth, from the least to the greatest time."""

Times = dict[str, dict[int, "Timing"]]
"""Segment or partition → batch size → timing."""


class Timing(NamedTuple):
    """Seconds of one call: the median of the repeats, their spread (interquartile range / median) and quantiles."""

    seconds: float
    spread: float
    quantiles: tuple[float, ...] = ()


def measure(
    card: Card, device: str, batches: Sequence[int], repeats: int, tell: Callable[[int], None] | None = None
) -> Times:
    """Time every segment and partition of the card's network on `device` ("cpu" or "cuda") at every batch size.

    In rounds, one call of each in turn, so that a machine that is busy for a while slows all of them and the medians
    none. `tell(number)` hears of every round that begins. Raises WeightsError as `load_network`.
    """
    network = load_network(card, device)
    with torch.inference_mode(), _as_in_a_run(device):
        calls = {(name, batch): call for batch in batches for name, call in all_calls(network, batch).items()}
        taken: dict[tuple[str, int], list[float]] = {key: [] for key in calls}
        for number in range(-WARM_UP, repeats):
            if tell is not None:
                tell(number)
            for key, call in calls.items():
                seconds = _time(call, device)
                if number >= 0:
                    taken[key].append(seconds)
    names = dict.fromkeys(name for name, _ in calls)
    return {one: {n: _timing(taken[one, n]) for n in sorted(set(batches))} for one in names}


def all_calls(network: Network, batch: int) -> dict[str, Callable[[], Any]]:
    """The segments of a network, then its partitions, with `batch` inputs each, ready to be called."""
    walk = _walk(network, batch)
    return {**segment_calls(network, walk), **partition_calls(network, walk)}


def _walk(network: Network, batch: int) -> Pass:
    """A batch on its way through a network.

    Pixels are random: convolutions do the same arithmetic on whatever they are given, and no segment branches on a
    value.
    """
    graph, where = network.graph, next(network.parameters()).device
    size = (batch, 1, *graph.view)
    pixels = torch.randint(0, 256, size, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    views = network.prepare(pixels.to(where)).expand(-1, graph.views, -1, -1, -1)
    return Pass(network, views, codec="fp32")


def segment_calls(network: Network, walk: Pass) -> dict[str, Callable[[], Output]]:
    """The segments of a network, the first copy of each.

    Deeper segments get what the ones before make of them, of all copies. Segments without a module, such as the choice
    of the surest device, are no work.
    """
    parts = [Part(name) for name in network.graph.segments if network.module(Part(name)) is not None]
    return {part.segment: partial(network.run, part, given_all(walk, part)) for part in parts}


def partition_calls(network: Network, walk: Pass) -> dict[str, Callable[[], None]]:
    """What may run in one call: chains of segments of which each takes of the one before alone, all copies of each.

    By the names that `simnet.network.work.partition` gives them.
    """
    graph = network.graph
    found: dict[str, Callable[[], None]] = {}
    for chain in chains(network):
        parts = [part for name in chain for part in graph.parts_of(name)]
        for part in graph.parts_of(chain[0]):
            given_all(walk, part)  # made now, not while it is timed
        found[partition([part.segment for part in parts])] = partial(_run_chain, walk, parts)
    return found


def chains(network: Network) -> list[tuple[str, ...]]:
    """Runs of two or more segments with modules, each taking of the one before alone, in the graph's order."""
    heavy = [name for name in network.graph.segments if network.module(Part(name)) is not None]
    sources = {name: {take.source for take in network.graph.segments[name].takes} for name in heavy}
    found: list[tuple[str, ...]] = [(name,) for name in heavy]
    for chain in found:  # grows meanwhile
        found += [(*chain, name) for name in heavy if sources[name] == {chain[-1]}]
    return [chain for chain in found if len(chain) > 1]


def _run_chain(walk: Pass, parts: Sequence[Part]) -> None:
    """Run all parts of a chain, the first ones with what a walk has for them."""
    inside = set(parts)
    again = walk.without(inside)
    for part in parts:
        again.output(part, again.usual)


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
        return Timing(middle, 0.0, (middle,) * QUANTILES)
    first, _, third = statistics.quantiles(taken, n=4, method="inclusive")
    between = statistics.quantiles(taken, n=QUANTILES - 1, method="inclusive")
    return Timing(middle, (third - first) / middle, tuple(sorted([min(taken), *between, max(taken)])))


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
    """What a profile file holds: seconds by weights, segment and batch size, their quantiles, and their origin."""
    return {
        "weights": {card.name: _by_segment(times, lambda timing: timing.seconds) for card, times in measured},
        "quantiles": {card.name: _by_segment(times, lambda timing: list(timing.quantiles)) for card, times in measured},
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


def _by_segment(times: Times, value: Callable[[Timing], Any]) -> dict[str, dict[str, Any]]:
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
