"""Tables of one run to the numbers in ``summary.json``; ``docs/results.md`` defines every metric."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any

from simnet.language.names import LINK_ARROW
from simnet.results.lives import interval_of, latency_of, mean_of

if TYPE_CHECKING:
    import pyarrow as pa

    from simnet.results.lives import Lives
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
        "bytes": {**_bytes(result.spans, tiers), "raw_offload": _raw_offload(result)},
        "thresholds": dict(result.thresholds),
        "simulated_time": float(result.simulated_time),
        "hops": int(result.hops),
        **result.sections,
    }


def paired(lives: Mapping[str, Lives]) -> dict[str, Any]:
    """Paired differences between every two systems, over the samples that both finished.

    Args:
        lives: How the same samples ended in each system, by name.

    Returns:
        ``"A vs B"`` → number of pairs, difference A − B of latency in seconds and of accuracy, each with a 95 %
        interval, and how many samples only A (``only_first_correct``) or only B got right. B, the baseline,
        stands before A in the scenario.
    """
    return {
        f"{later} vs {earlier}": _compare(lives[later], lives[earlier]) for earlier, later in combinations(lives, 2)
    }


def _compare(first: Lives, second: Lives) -> dict[str, Any]:
    both = first.answered & second.answered
    right, right_too = first.correct[both], second.correct[both]
    return {
        "samples": int(both.sum()),
        "latency": interval_of(first.latency[both] - second.latency[both]),
        "accuracy": interval_of(right.astype(float) - right_too.astype(float)),
        "only_first_correct": int((right & ~right_too).sum()),
        "only_second_correct": int((right_too & ~right).sum()),
    }


def _raw_offload(result: SystemResult) -> int:
    """Bytes of sending every uncompressed view of every sample once."""
    sites = result.lives.site.tolist()
    return sum(size * sites.count(site) for site, size in result.raw_sample_bytes.items())


def _bytes(spans: pa.Table, tiers: Mapping[str, str]) -> dict[str, Any]:
    """Bytes put on the links: `total` over all hops; `sent` on the first, by the tiers of a message's ends.

    A lost message was sent and counts.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    hops = pa.table({key: spans.column(key).cast("string") for key in ("kind", "place", "message")})
    hops = hops.append_column("bytes", spans.column("bytes")).filter(pc.equal(hops["kind"], "transfer"))
    sent, total = Counter[str](), 0
    for hop in hops.group_by(["place", "message"]).aggregate([("bytes", "sum")]).to_pylist():
        size, place = hop["bytes_sum"], hop["place"]
        source, _, target = (hop["message"] or place).partition(LINK_ARROW)
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
