"""What a sample would have taken, had it left at an exit that it passed: from the steps recorded before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from simnet.analysis.exits.scores import Floats, Mask, Scores
from simnet.language.names import LINK_ARROW
from simnet.network.nodes.spec import PowerModel
from simnet.results.run import Results


@dataclass(frozen=True)
class Costs:
    """Latency (s), bytes (B) and energy (J) of every sample that leaves at an exit, `[exits, n]`; NaN: not known.

    Of the exit at which it left, as recorded. Of one that it passed, what had been spent when that exit was asked, and
    on top what those that left there typically (median) spent afterwards: reports that came late, the answer's way
    back. So it is of an exit with whose answer it was forced to stay, too: what it waited for in vain is not in it.
    Queues are those of the run.
    """

    latency: Floats
    bytes: Floats
    energy: Floats


def costs_of(run: Results, scores: Scores) -> Costs:
    """What the samples of a system would have taken at each exit.

    Raises:
        RunError: a table is damaged.
    """
    spent = _spent(run, scores)
    totals = (scores.latency, scores.bytes.astype(float), scores.energy)
    before = (scores.at - scores.captured, *spent)
    latency, size, energy = (_completed(scores, total, early) for total, early in zip(totals, before, strict=True))
    return Costs(latency, size, energy)


def _completed(scores: Scores, total: Floats, early: Floats) -> Floats:
    """Costs at each exit of what was spent until it was asked (`[exits, n]`), and of what was spent in all (`[n]`)."""
    found = np.array(early)
    for number in range(len(found)):
        here: Mask = (scores.exit == number) & ~scores.forced
        afterwards = (total - early[number])[here & ~np.isnan(early[number])]
        found[number] += float(np.median(afterwards)) if afterwards.size else 0.0
        found[number, here] = total[here]
    return found


def _spent(run: Results, scores: Scores) -> tuple[Floats, Floats]:
    """Bytes and joules of the steps of a sample that were queued before each exit was asked."""
    spans = run.spans(scores.system)
    sample = spans.column("sample").to_numpy()
    first, n = int(scores.sample[0]) if len(scores) else 0, len(scores)
    counts = (sample >= first) & (sample < first + n)
    place = sample[counts] - first
    queued = spans.column("queued_at").to_numpy()[counts]
    size = spans.column("bytes").to_numpy()[counts].astype(float)
    joules = _joules(run, scores.system)[counts]
    found = np.full((2, *scores.at.shape), np.nan)
    for number, at in enumerate(scores.at):
        early = queued < at[place]
        for row, amounts in enumerate((size, joules)):
            total = np.bincount(place[early], amounts[early], minlength=n)
            found[row, number] = np.where(np.isnan(at), np.nan, total)
    return found[0], found[1]


def _joules(run: Results, system: str) -> Floats:
    """Energy of each span, as `simnet.network.nodes.power.charges` has it; a batch is shared by its calls."""
    spans = run.spans(system)
    nodes: Mapping[str, Any] = run.scenario["nodes"]
    powered = {
        name: PowerModel.model_validate(node["power"]) for name, node in nodes.items() if (node or {}).get("power")
    }
    seconds = spans.column("ended_at").to_numpy() - spans.column("started_at").to_numpy()
    size = spans.column("bytes").to_numpy().astype(float)
    arrived = spans.column("status").cast("string").to_numpy(zero_copy_only=False) == "ok"
    column = spans.column("place").combine_chunks()
    codes, places = column.indices.to_numpy(), column.dictionary.to_pylist()
    compute, send, receive = (np.zeros(len(places)) for _ in range(3))
    for code, place in enumerate(places):
        source, arrow, target = place.partition(LINK_ARROW)
        if not arrow and place in powered:
            compute[code] = powered[place].busy - powered[place].idle
        elif arrow:
            send[code] = powered[source].send if source in powered else 0.0
            receive[code] = powered[target].receive if target in powered else 0.0
    company = np.ones(len(codes))
    batched = [code for code, place in enumerate(places) if (nodes.get(place) or {}).get("batch")]
    if batched and len(codes):
        keys = np.stack(
            [codes.astype(float), spans.column("started_at").to_numpy(), spans.column("ended_at").to_numpy()]
        )
        _, inverse, counts = np.unique(keys, axis=1, return_inverse=True, return_counts=True)
        company = np.where(np.isin(codes, batched), counts[inverse.ravel()], 1)
    joules: Floats = compute[codes] * seconds / company + send[codes] * size + receive[codes] * size * arrived
    return joules
