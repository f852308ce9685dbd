"""Tables of one run to the numbers in ``summary.json``; ``docs/results.md`` defines every metric."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

from simnet.language.names import LINK_ARROW
from simnet.results.kept.words import numbered
from simnet.results.lives import latency_of, mean_of
from simnet.statistics.batches import Interval, none, of_mean, of_share, of_shares
from simnet.statistics.proportions import mcnemar, wilson

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from simnet.results.kept.stored import StoredTable
    from simnet.results.result import SystemResult


def node_tiers(scenario: Mapping[str, Any]) -> dict[str, str]:
    """Tier (``device``, ``edge``, ``cloud`` ...) of every node of a resolved scenario."""
    return {name: str((node or {}).get("tier")) for name, node in (scenario.get("nodes") or {}).items()}


def summarize(result: SystemResult, tiers: Mapping[str, str]) -> dict[str, Any]:
    """Summary of one system.

    Args:
        result: What the system did.
        tiers: Tier of every node, from `node_tiers`; tells from where to where bytes went.

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
        "accuracy_of_captured": mean_of(lives.correct),
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
    yield "accuracy", of_share(lives.correct[answered], different_of(lives.image[answered]))
    yield "accuracy_of_captured", of_share(lives.correct, different_of(lives.image))
    yield "latency.mean", of_mean(lives.latency[answered], least=0.0)
    for name in result.exits:
        here = answered & (lives.exit == name)
        yield f"exits.{name}.share", of_share(here[answered])
        yield f"exits.{name}.accuracy", of_share(lives.correct[here], different_of(lives.image[here]))
        if result.forced is not None and (accuracy := result.forced.get(name)) is not None:
            n = different_of(result.samples.column("image").to_numpy())  # of all samples, those of the warm-up, too
            yield f"exits.{name}.forced_accuracy", Interval(*wilson(accuracy * n, n)) if n else none("no samples")


def different_of(images: NDArray[np.int64]) -> int:
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
    n, different = int(both.sum()), different_of(first.image[both])
    right, right_too = first.correct[both], second.correct[both]
    latency = first.latency[both] - second.latency[both]
    gained, lost = int((right & ~right_too).sum()), int((right_too & ~right).sum())
    return {
        "samples": n,
        "latency": {"mean": mean_of(latency), **of_mean(latency).to_dict()},
        "accuracy": {"mean": (gained - lost) / n if n else None, **of_shares(right, right_too, different).to_dict()},
        "only_first_correct": gained,
        "only_second_correct": lost,
        "p_value": mcnemar(gained, lost) if n and different == n else None,
    }


def _raw_offload(result: SystemResult) -> int:
    """Bytes of sending every uncompressed view of every sample once."""
    captured = Counter(result.lives.site.tolist())
    return sum(size * captured[site] for site, size in result.raw_sample_bytes.items())


def _sums(spans: pa.Table | StoredTable, warm_up: int) -> Iterator[tuple[str, str | None, int]]:
    """Places, messages and bytes, of each pair in each part of the table the sum."""
    import numpy as np
    import pyarrow as pa

    for part in [spans] if isinstance(spans, pa.Table) else spans.parts(_OF_BYTES):
        (kind, kinds), (place, places), (message, messages) = (numbered(part, key) for key in _OF_BYTES[:3])
        those = kind == (kinds.index("transfer") if "transfer" in kinds else -2)
        sample, size = (part.column(key).to_numpy() for key in _OF_BYTES[3:])
        if warm_up:
            those &= (sample < 0) | (sample >= warm_up)
        pair = place[those].astype(np.int64) * (len(messages) + 1) + message[those] + 1
        found, which = np.unique(pair, return_inverse=True)
        sums = np.zeros(len(found), np.int64)
        np.add.at(sums, which, size[those])
        for one, total in zip(found.tolist(), sums.tolist(), strict=True):
            at, ends = divmod(one, len(messages) + 1)
            yield places[at], messages[ends - 1] if ends else None, total


_OF_BYTES = ["kind", "place", "message", "sample", "bytes"]
"""Columns of the spans."""


def _bytes(spans: pa.Table | StoredTable, warm_up: int, tiers: Mapping[str, str]) -> dict[str, Any]:
    """Bytes put on the links: `total` over all hops; `sent` on the first, by the tiers of a message's ends.

    A lost message was sent and counts, one of a warm-up's sample not.
    """
    sent, total = Counter[str](), 0
    for place, message, size in _sums(spans, warm_up):
        source, _, target = (message or place).partition(LINK_ARROW)
        total += size
        if place.partition(LINK_ARROW)[0] == source:  # the first hop: later ones carry the same once more
            sent[f"{tiers.get(source)}{LINK_ARROW}{tiers.get(target)}"] += size
    ends = {way: tuple(way.split(LINK_ARROW)) for way in sent}
    return {
        "sent": {way: size for way, size in sorted(sent.items()) if size},
        "device_to_edge": sum(size for way, size in sent.items() if ends[way][0] == "device"),
        "edge_to_cloud": sum(
            size for way, size in sent.items() if ends[way][0] == "edge" and ends[way][1] not in ("device", "edge")
        ),
        "total": total,
    }
