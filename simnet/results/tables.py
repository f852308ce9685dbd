"""The form of a run's results: columns of its tables, and what others rely on in its summary (docs/results.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # pyarrow costs a tenth of a second: only those who touch a table pay it
    import pyarrow as pa

NUMBER, ANY, NOTHING = (int, float, type(None)), "*", object()
_LIMITS = dict.fromkeys(("low", "high"), NUMBER)
_INTERVAL = {"mean": NUMBER, **_LIMITS}
_SUMMARY: dict[str, Any] = {
    "scenario": str,
    "seed": NUMBER,
    "samples": int,
    "systems": {
        ANY: {
            **dict.fromkeys(("captured", "finished", "forced", "dropped", "unfinished"), int),
            "dropped_by_reason": dict,
            **dict.fromkeys(("accuracy", "accuracy_of_captured?"), NUMBER),
            "exits": {ANY: {"count": int, **dict.fromkeys(("share", "accuracy", "forced_accuracy"), NUMBER)}},
            "latency": dict.fromkeys(("mean", "p50", "p95", "p99"), NUMBER),
            "bytes": {**dict.fromkeys(("device_to_edge", "edge_to_cloud", "raw_offload"), int), "sent?": {ANY: int}},
            "thresholds": {ANY: NUMBER},
            "intervals?": {ANY: _LIMITS},
        }
    },
    "paired": {
        ANY: {
            **dict.fromkeys(("samples", "only_first_correct", "only_second_correct"), int),
            **dict.fromkeys(("latency", "accuracy"), _INTERVAL),
        }
    },
}


def summary_form() -> dict[str, Any]:
    """What comparisons and figures rely on in ``summary.json``: keys and types; "*": any name, "?": if there at all."""
    from simnet.metrics import SECTIONS  # late: its kinds use this module

    sections = {f"{name}?": SECTIONS[name].form for name in SECTIONS}
    return {**_SUMMARY, "systems": {ANY: {**_SUMMARY["systems"][ANY], **sections}}}


def misfits(content: Any, form: Any, place: str) -> Iterator[str]:
    """Dotted keys of `content` that are missing or not of the type that `form` wants."""
    if not isinstance(form, Mapping):
        if not isinstance(content, form):
            yield place
    elif not isinstance(content, dict):
        yield place
    else:
        for key, inner in form.items():
            plain = key.removesuffix("?")
            if plain != key and content.get(plain) is None:
                continue
            for name in content if key == ANY else [plain]:
                yield from misfits(content.get(name, NOTHING), inner, f"{place}.{name}" if place else str(name))


@cache
def samples_schema() -> pa.Schema:
    """Columns of ``samples.parquet``; times in seconds of simulated time."""
    import pyarrow as pa

    word = pa.dictionary(pa.int32(), pa.string())
    return pa.schema(
        [
            ("sample", pa.int64()),
            ("image", pa.int64()),
            ("label", pa.int16()),
            ("prediction", pa.int16()),
            ("correct", pa.bool_()),
            ("outcome", word),
            ("exit", word),
            ("reason", pa.string()),
            ("captured_at", pa.float64()),
            ("finished_at", pa.float64()),
            ("ended_at", pa.float64()),
            ("latency", pa.float64()),
            ("entropy", pa.float64()),
            ("views", pa.uint32()),
            ("bytes", pa.int64()),
            ("site", word),
            ("class", word),
            ("deadline", pa.float64()),
            ("energy", pa.float64()),
        ]
    )


@cache
def spans_schema() -> pa.Schema:
    """Columns of ``spans.parquet``; times in seconds of simulated time."""
    import pyarrow as pa

    word = pa.dictionary(pa.int32(), pa.string())
    return pa.schema(
        [
            ("sample", pa.int64()),
            ("place", word),
            ("kind", word),
            ("queued_at", pa.float64()),
            ("started_at", pa.float64()),
            ("ended_at", pa.float64()),
            ("bytes", pa.int64()),
            ("status", word),
            ("message", word),
        ]
    )


@cache
def usage_schema() -> pa.Schema:
    """Columns of ``usage.parquet``; times in seconds of simulated time."""
    import pyarrow as pa

    word, number, whole = pa.dictionary(pa.int32(), pa.string()), pa.float64(), pa.int64()
    return pa.schema(
        [
            ("place", word),
            ("kind", word),
            ("began", number),
            ("ended", number),
            ("utilisation", number),
            ("throughput", number),
            ("arrivals", whole),
            ("done", whole),
            ("dropped", whole),
            ("queue_mean", number),
            ("queue_max", whole),
            ("queue_bytes_mean", number),
            ("queue_bytes_max", number),
            ("wait_p50", number),
            ("wait_p95", number),
        ]
    )


@cache
def scores_schema() -> pa.Schema:
    """Columns of ``scores.parquet``; times in seconds of simulated time."""
    import pyarrow as pa

    word, number, small = pa.dictionary(pa.int32(), pa.string()), pa.float64(), pa.int16()
    return pa.schema(
        [
            ("sample", pa.int64()),
            ("exit", word),
            ("segment", word),
            ("copy", small),
            ("view", small),
            ("asked", pa.bool_()),
            ("asked_at", number),
            ("prediction", small),
            ("correct", pa.bool_()),
            ("measure", number),
            ("entropy", number),
            ("confidence", number),
            ("views", pa.uint32()),
        ]
    )


@cache
def without_schema() -> pa.Schema:
    """Columns of ``without.parquet``; times in seconds of simulated time."""
    import pyarrow as pa

    word = pa.dictionary(pa.int32(), pa.string())
    return pa.schema(
        [
            ("fault", word),
            ("sample", pa.int64()),
            ("prediction", pa.int16()),
            ("correct", pa.bool_()),
            ("outcome", word),
            ("exit", word),
            ("latency", pa.float64()),
            ("bytes", pa.int64()),
        ]
    )


@cache
def incidents_schema() -> pa.Schema:
    """Columns of ``incidents.parquet``; times in seconds of simulated time."""
    import pyarrow as pa

    word = pa.dictionary(pa.int32(), pa.string())
    return pa.schema(
        [
            ("fault", word),
            ("target", word),
            ("action", word),
            ("value", pa.float64()),
            ("began", pa.float64()),
            ("ended", pa.float64()),
        ]
    )
