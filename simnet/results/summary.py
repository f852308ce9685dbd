"""Tables of one run to the numbers in ``summary.json``; ``docs/results.md`` defines every metric."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

from simnet.language.names import LINK_ARROW
from simnet.results.lives import latency_of, mean_of
from simnet.statistics.batches import Interval, no_narrower, none, of_mean, of_share
from simnet.statistics.proportions import Pairs, mcnemar, newcombe, wilson

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from simnet.results.result import SystemResult


def node_tiers(scenario: Mapping[str, Any]) -> dict[str, str]:
    """Tier (``device``, ``edge``, ``cloud`` ...) of every node of a resolved scenario."""
    return {name: str((node or {}).get("tier")) for name, node in (scenario.get("nodes") or {}).items()}


def summarize(result: SystemResult, tiers: Mapping[str, str]) -> dict[str, Any]:
    """Summary of one system.

    Args:
        result: What the system did.
        tiers: Tier of every node, from `node_tiers`; tells first hops and edge→cloud hops apart.

    Returns:
        The mapping under ``systems.<name>`` of ``summary.json``. Times in seconds, sizes in bytes, rates in
        [0, 1]; None where a value does not exist (the accuracy of no samples). Nothing in it depends on how
        the inference was batched or where it ran.
    """
    lives = result.lives
    answered = lives.answered
    finished = int(answered.sum())
    reasons = Counter(str(reason) for reason in lives.reason[lives.outcome == "dropped"].tolist())
    exits = lives.exits(result.exits, answered)
    return {
        "system": result.system,
        "codec": result.codec,
        "captured": len(lives),
        "finished": finished,
        **{outcome: int((lives.outcome == outcome).sum()) for outcome in ("forced", "dropped", "unfinished")},
        "dropped_by_reason": dict(sorted(reasons.items())),
        "accuracy": mean_of(lives.correct[answered]),
        "exits": {
            name: {
                **numbers,
                "accuracy": mean_of(lives.correct[answered & (lives.exit == name)]),
                "forced_accuracy": None if result.forced is None else result.forced.get(name),
            }
            for name, numbers in exits.items()
        },
        "latency": latency_of(lives.latency[answered]),
        "bytes": {**_bytes(result.spans, result.warm_up, tiers), "raw_offload": _raw_offload(result)},
        "thresholds": dict(result.thresholds),
        "intervals": {key: found.to_dict() for key, found in _intervals(result)},
        "simulated_time": float(result.simulated_time),
        "hops": int(result.hops),
        **result.sections,
    }


def _intervals(result: SystemResult) -> Iterator[tuple[str, Interval]]:
    """95 % intervals by the dotted key of what they are of.

    All are of series that may come in blocks (samples that queue behind one another, answers forced in a rush hour),
    but for the forced accuracy: whether one image is recognized says nothing of the next.
    """
    lives = result.lives
    answered = lives.answered
    yield "accuracy", of_share(lives.correct[answered], _different(lives.image[answered]))
    yield "latency.mean", of_mean(lives.latency[answered], least=0.0)
    for name in result.exits:
        here = answered & (lives.exit == name)
        yield f"exits.{name}.share", of_share(here[answered])
        yield f"exits.{name}.accuracy", of_share(lives.correct[here], _different(lives.image[here]))
        if result.forced is not None and (accuracy := result.forced.get(name)) is not None:
            n = _different(result.samples.column("image").to_numpy())  # of all samples, those of the warm-up, too
            yield f"exits.{name}.forced_accuracy", Interval(*wilson(accuracy * n, n)) if n else none("no samples")


def _different(images: NDArray[np.int64]) -> int:
    """How many there are: those that come round again tell nothing new of accuracy."""
    import numpy as np

    return len(np.unique(images))


def paired(results: Sequence[SystemResult]) -> dict[str, Any]:
    """Paired differences between every two systems, over the samples that both finished.

    Args:
        results: What each system did with the same samples.

    Returns:
        ``"A vs B"`` → number of pairs, difference A − B of latency in seconds and of accuracy, each with a 95 %
        interval or the `reason` for which there is none, how many samples only A (``only_first_correct``) or only B
        got right, and the p-value of the exact test that they do so alike. B, the baseline, stands before A in the
        scenario.
    """
    return {f"{later.name} vs {earlier.name}": _compare(later, earlier) for earlier, later in combinations(results, 2)}


def _compare(one: SystemResult, other: SystemResult) -> dict[str, Any]:
    first, second = one.lives, other.lives
    both = first.answered & second.answered
    n, different = int(both.sum()), _different(first.image[both])
    right, right_too = first.correct[both], second.correct[both]
    latency = first.latency[both] - second.latency[both]
    gained, lost = int((right & ~right_too).sum()), int((right_too & ~right).sum())
    counts = int((right & right_too).sum()), gained, lost, int((~right & ~right_too).sum())
    accuracy = none("no samples")
    if n:
        limits = newcombe(Pairs(*(count * different / n for count in counts)))
        accuracy = no_narrower(limits, right.astype(float) - right_too, (-1.0, 1.0))
    return {
        "samples": n,
        "latency": {"mean": mean_of(latency), **of_mean(latency).to_dict()},
        "accuracy": {"mean": (gained - lost) / n if n else None, **accuracy.to_dict()},
        "only_first_correct": gained,
        "only_second_correct": lost,
        "p_value": mcnemar(gained, lost) if n and different == n else None,
    }


def _raw_offload(result: SystemResult) -> int:
    """Bytes of sending every uncompressed view of every sample once."""
    sites = result.lives.site.tolist()
    return sum(size * sites.count(site) for site, size in result.raw_sample_bytes.items())


def _bytes(spans: pa.Table, warm_up: int, tiers: Mapping[str, str]) -> dict[str, int]:
    """Bytes put on the links, summed over hops; a lost message was sent and counts, one of a warm-up's sample not."""
    import numpy as np

    transfer = _words(spans, "kind") == "transfer"
    if warm_up:
        samples = spans.column("sample").to_numpy()
        transfer &= (samples < 0) | (samples >= warm_up)
    places, index = np.unique(_words(spans, "place")[transfer].astype(str), return_inverse=True)
    sizes = spans.column("bytes").to_numpy()[transfer]
    totals = {"device_to_edge": 0, "edge_to_cloud": 0, "total": int(sizes.sum())}
    for number, place in enumerate(places):
        source, _, target = str(place).partition(LINK_ARROW)
        size = int(sizes[index == number].sum())
        if tiers.get(source) == "device":
            totals["device_to_edge"] += size
        elif tiers.get(source) == "edge" and tiers.get(target) not in ("device", "edge"):
            totals["edge_to_cloud"] += size
    return totals


def _words(table: pa.Table, column: str) -> NDArray[np.object_]:
    """A text column as an object array, None where null."""
    found: NDArray[np.object_] = table.column(column).cast("string").to_numpy()
    return found
