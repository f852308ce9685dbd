"""Tables of one run to the numbers in ``summary.json``; ``docs/results.md`` defines every metric."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any

from simnet.language.names import LINK_ARROW

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from simnet.results.result import SystemResult

ANSWERED = ("finished", "forced")  # a forced exit gave an answer, so it counts as finished
Z95 = 1.959963984540054  # 97.5 % point of the standard normal distribution


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
    import numpy as np
    import pyarrow.compute as pc

    samples = result.samples
    outcome = words(samples, "outcome")
    answered = np.isin(outcome, ANSWERED)
    exits = words(samples, "exit")
    correct = samples.column("correct").fill_null(False).to_numpy().astype(bool)
    latency = samples.column("latency").cast("float64").to_numpy()
    finished = int(answered.sum())
    reasons = samples.column("reason").filter(pc.equal(samples.column("outcome").cast("string"), "dropped"))
    counts = {str(item["values"]): item["counts"] for item in pc.value_counts(reasons).to_pylist()}
    return {
        "system": result.system,
        "codec": result.codec,
        "captured": samples.num_rows,
        "finished": finished,
        "forced": int((outcome == "forced").sum()),
        "dropped": int((outcome == "dropped").sum()),
        "unfinished": int((outcome == "unfinished").sum()),
        "dropped_by_reason": dict(sorted(counts.items())),
        "accuracy": mean_of(correct[answered]),
        "exits": {
            name: {
                "count": int((here := answered & (exits == name)).sum()),
                "share": int(here.sum()) / finished if finished else None,
                "accuracy": mean_of(correct[here]),
                "forced_accuracy": None if result.forced is None else result.forced.get(name),
            }
            for name in result.exits
        },
        "latency": latency_of(latency[answered]),
        "bytes": {**_bytes(result.spans, tiers), "raw_offload": _raw_offload(result)},
        "thresholds": dict(result.thresholds),
        "simulated_time": float(result.simulated_time),
        "hops": int(result.hops),
        **result.reports,
    }


def paired(samples: Mapping[str, pa.Table]) -> dict[str, Any]:
    """Paired differences between every two systems, over the samples that both finished.

    Args:
        samples: Samples table of each system, by name.

    Returns:
        ``"A vs B"`` → number of pairs, difference A − B of latency in seconds and of accuracy, each with a 95 %
        interval, and how many samples only A (``only_first_correct``) or only B got right. B, the baseline,
        stands before A in the scenario.
    """
    return {
        f"{later} vs {earlier}": _compare(samples[later], samples[earlier])
        for earlier, later in combinations(samples, 2)
    }


def _compare(first: pa.Table, second: pa.Table) -> dict[str, Any]:
    import numpy as np

    numbers, latencies, hits = [], [], []
    for table in (first, second):
        answered = np.isin(words(table, "outcome"), ANSWERED)
        numbers.append(table.column("sample").to_numpy()[answered])
        latencies.append(table.column("latency").cast("float64").to_numpy()[answered])
        hits.append(table.column("correct").fill_null(False).to_numpy().astype(bool)[answered])
    common, at_first, at_second = np.intersect1d(*numbers, return_indices=True)
    right, right_too = hits[0][at_first], hits[1][at_second]
    return {
        "samples": len(common),
        "latency": _interval(latencies[0][at_first] - latencies[1][at_second]),
        "accuracy": _interval(right.astype(float) - right_too.astype(float)),
        "only_first_correct": int((right & ~right_too).sum()),
        "only_second_correct": int((right_too & ~right).sum()),
    }


def _interval(differences: NDArray[np.float64]) -> dict[str, float | None]:
    """Mean of paired differences with its normal 95 % interval mean ± z·s/√n; none below two pairs."""
    n = len(differences)
    mean = mean_of(differences)
    if mean is None or n < 2:
        return {"mean": mean, "low": None, "high": None}
    half = Z95 * float(differences.std(ddof=1)) / n**0.5
    return {"mean": mean, "low": mean - half, "high": mean + half}


def latency_of(seconds: NDArray[np.float64]) -> dict[str, float | None]:
    """Mean, percentiles and largest of latencies in seconds; None of none."""
    import numpy as np

    if not len(seconds):
        return dict.fromkeys(("mean", "p50", "p95", "p99", "max"))
    p50, p95, p99 = (float(value) for value in np.percentile(seconds, (50, 95, 99)))
    return {"mean": float(seconds.mean()), "p50": p50, "p95": p95, "p99": p99, "max": float(seconds.max())}


def _raw_offload(result: SystemResult) -> int:
    """Bytes of sending every uncompressed view of every sample once."""
    sites = words(result.samples, "site").tolist()
    return sum(size * sites.count(site) for site, size in result.raw_sample_bytes.items())


def _bytes(spans: pa.Table, tiers: Mapping[str, str]) -> dict[str, int]:
    """Bytes put on the links, summed over hops; a lost message was sent and counts."""
    import numpy as np

    transfer = words(spans, "kind") == "transfer"
    places, index = np.unique(words(spans, "place")[transfer].astype(str), return_inverse=True)
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


def words(table: pa.Table, column: str) -> NDArray[np.object_]:
    """A text column as an object array, None where null."""
    found: NDArray[np.object_] = table.column(column).cast("string").to_numpy()
    return found


def mean_of(values: NDArray[Any]) -> float | None:
    """Their mean; None of none."""
    return float(values.mean()) if len(values) else None
