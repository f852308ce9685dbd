"""What one system did in a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # pyarrow costs a tenth of a second: only those who touch a table pay it
    import pyarrow as pa

    from simnet.results.kept.stored import StoredTable
    from simnet.results.lives import Lives


@dataclass(frozen=True)
class SystemResult:
    """What one inference system did in a run.

    Attributes:
        name: The system's name in the scenario; names its folder, so it must be a plain file name.
        system: The kind of system, for instance ``ada-ddnn``.
        exits: All exits that the system has, from the devices upward.
        codec: How features travelled.
        lives: How the samples ended that count: those of the warm-up are left out.
        samples: One row per captured sample, columns as in `samples_schema`; a large table is in a file.
        spans: One row per step of a sample's life, columns as in `spans_schema`; a large table is in a file.
        forced: Accuracy per exit if every sample left there; None unless it was asked for.
        raw_sample_bytes: Bytes of all uncompressed views of one sample, by site (None: the unnamed one).
        thresholds: Normalized-entropy threshold of each exit that has one.
        inference: How the segments were run (device, batches, samples ...); goes to the manifest,
            since it differs between a cold and a warm run.
        weights: Name and SHA-256 of the weights.
        simulated_time: Simulated seconds from the start to the last event.
        hops: Messages carried over one link each.
        sections: Further sections of the system's summary, ready for JSON.
        notes: What a reader should know that turned out only now.
        incidents: What faults did, columns as in `incidents_schema`; None for a scenario without faults.
        warm_up: Samples of the warm-up, the first ones.
        usage: How much of every place was used over time, columns as in `usage_schema`; None: it was not asked.
        seen: SHA-256 of the data as it saw them, where it has keys of its own; goes to the manifest.
        scores: What every exit and head said of every sample, columns as in `scores_schema`; None: it was not asked.
        without: What would have been without each fault, columns as in `without_schema`; None for a scenario without
            faults.
    """

    name: str
    system: str
    exits: tuple[str, ...]
    codec: str
    lives: Lives
    samples: pa.Table | StoredTable
    spans: pa.Table | StoredTable
    forced: dict[str, float] | None
    raw_sample_bytes: dict[str | None, int]
    thresholds: dict[str, float]
    inference: dict[str, Any]
    weights: dict[str, str]
    simulated_time: float
    hops: int
    sections: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    incidents: pa.Table | None = None
    warm_up: int = 0
    usage: pa.Table | None = None
    seen: str | None = None
    scores: pa.Table | StoredTable | None = None
    without: pa.Table | None = None
