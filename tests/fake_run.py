"""A made-up run with plausible tables: six cameras, an edge and a cloud, FIFO queues, scripted faults.

Stands in for the engine where only the results' form matters: predictions and entropies are drawn.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import yaml
from lives_of import lives_of

from simnet.results.folder import write_run
from simnet.results.manifest import manifest, sealed
from simnet.results.result import SystemResult
from simnet.results.run import collect
from simnet.results.tables import incidents_schema, samples_schema, spans_schema

CAMERAS = [f"camera{number}" for number in range(1, 7)]
FAULTS = [
    {"at": "4 s", "for": "3 s", "node": "camera3", "is": "down"},
    {"at": "9 s", "for": "1500 ms", "link": ["edge", "cloud"], "direction": "up", "bandwidth": "500 kbit/s"},
    {"at": "12 s", "for": "1 s", "link": ["edge", "cloud"], "direction": "up", "is": "down"},
]
PERIOD, WAIT, CLOUD_LIMIT = 0.1, 0.08, 0.25


def scenario(faults: list[dict] = FAULTS, systems: tuple[str, ...] = ("ddnn", "ada-ddnn"), seed: int = 1) -> str:
    nodes = {camera: {"tier": "device"} for camera in CAMERAS}
    nodes |= {"edge": {"tier": "edge"}, "cloud": {"tier": "cloud"}}
    content = {
        "name": "six cameras",
        "seed": seed,
        "data": "plaza",
        "nodes": nodes,
        "systems": {name: {} for name in systems},
        "faults": faults,
    }
    return yaml.safe_dump(content, sort_keys=False)


def seconds(text: str) -> float:
    value, unit = text.split()
    return float(value) * {"s": 1.0, "ms": 1e-3}[unit]


@dataclass
class World:
    faults: list[dict]
    busy: dict[str, float] = field(default_factory=dict)
    spans: list[tuple] = field(default_factory=list)

    def fault(self, now: float, place: str) -> dict | None:
        for fault in self.faults:
            where = fault.get("node") or "→".join(fault["link"])
            if where == place and seconds(fault["at"]) <= now < seconds(fault["at"]) + seconds(fault["for"]):
                return fault
        return None

    def compute(self, sample: int, place: str, at: float, duration: float) -> float:
        start = max(at, self.busy.get(place, 0.0))
        self.busy[place] = start + duration
        self.spans.append((sample, place, "compute", at, start, start + duration, 0, "ok"))
        return start + duration

    def send(self, sample: int, link: str, at: float, size: int, rate: float, latency: float) -> float | None:
        fault = self.fault(at, link)
        if fault and "bandwidth" in fault:
            rate = 0.5e6 / 8
        start = max(at, self.busy.get(link, 0.0))
        end = start + size / rate
        lost = fault is not None and fault.get("is") == "down"
        self.busy[link] = end
        self.spans.append((sample, link, "transfer", at, start, end + latency, size, "lost" if lost else "ok"))
        return None if lost else end + latency


def fake_system(name: str, samples: int, faults: list[dict], seed: int = 1, all_dropped: bool = False) -> SystemResult:
    ada = name.startswith("ada")
    exits = ("edge-1", "edge-2", "cloud") if ada else ("edge", "cloud")
    rng = np.random.default_rng(seed)  # equal draws for every system: equal arrivals
    label = rng.integers(0, 10, samples)
    hard = rng.random(samples)
    jitter = rng.uniform(0, 0.01, samples)
    paces = rng.uniform(0.8, 1.2, (samples, len(CAMERAS)))
    luck = np.random.default_rng((seed, len(name))).random(samples)
    world = World(faults)
    rows: list[tuple] = []
    for sample in range(samples):
        captured = sample * PERIOD + jitter[sample]
        arrivals = {}
        for number, camera in enumerate(CAMERAS):
            if world.fault(captured, camera) or all_dropped:
                continue
            done = world.compute(sample, camera, captured, (0.030 if ada else 0.024) * paces[sample, number])
            size = 3000 if ada else 2200
            arrived = world.send(sample, f"{camera}→edge", done, size, 3e6 / 8 / (1 + 0.2 * (number % 3)), 0.003)
            if arrived is not None:
                arrivals[number] = arrived
        views = sum(1 << number for number in arrivals)
        if not arrivals:
            rows.append(
                (sample, sample, label[sample], None, None, "dropped", None, "no view arrived")
                + (captured, None, captured + WAIT)
                + (None,) * 2
                + (0,)
            )
            continue
        now = max(arrivals.values())
        if len(arrivals) < len(CAMERAS):
            now = max(now, captured + WAIT)
        outcome = "finished"
        easy = hard[sample]
        if ada and easy < 0.35:
            where = "edge-1"
        else:
            now = world.compute(sample, "edge", now, 0.022 if ada else 0.012)
            where = ("edge-2" if ada else "edge") if easy < (0.75 if ada else 0.5) else "cloud"
        if where == "cloud":
            sent = now
            arrived = world.send(sample, "edge→cloud", now, 12_288, 10e6 / 8, 0.02)
            if arrived is None or arrived > sent + CLOUD_LIMIT:
                where, outcome, now = exits[-2], "forced", sent + CLOUD_LIMIT
            else:
                now = world.compute(sample, "cloud", arrived, 0.014)
                arrived = now + 0.02
                now = arrived
        right = luck[sample] < {"edge-1": 0.95, "edge-2": 0.9, "edge": 0.85, "cloud": 0.88}[where]
        prediction = label[sample] if right else (label[sample] + 1) % 10
        rows.append(
            (
                sample,
                sample,
                label[sample],
                prediction,
                right,
                outcome,
                where,
                None,
                captured,
                now,
                now,
                now - captured,
                easy,
                views,
            )
        )
    used = np.bincount([row[0] for row in world.spans], [row[6] for row in world.spans], minlength=samples)
    table = [(*row, int(size), None, None, None, None) for row, size in zip(rows, used, strict=True)]
    made = _table(table, samples_schema())
    return SystemResult(
        name=name,
        system="ada-ddnn" if ada else "ddnn",
        exits=exits,
        codec="fp32",
        lives=lives_of(made),
        samples=made,
        spans=_table([(*span, span[1] if span[2] == "transfer" else None) for span in world.spans], spans_schema()),
        forced=dict.fromkeys(exits, 0.9) if ada else None,
        raw_sample_bytes={None: 6 * 3072},
        thresholds=dict.fromkeys(exits[:-1], 0.5),
        inference={
            "device": "cpu",
            "batches": 12,
            "samples": samples,
            "mean_batch": samples / 12,
            "from_memo": 0,
        },
        weights={"name": name, "sha256": "0" * 64},
        simulated_time=samples * PERIOD + 1.0,
        incidents=_incidents(faults) if faults else None,
        hops=sum(row[2] == "transfer" for row in world.spans),
    )


def _incidents(faults: list[dict]) -> pa.Table:
    rows = []
    for fault in faults:
        at, lasts = seconds(fault["at"]), seconds(fault["for"])
        action, value = (fault["is"], None) if "is" in fault else ("bandwidth", 0.5e6 / 8)
        place = fault.get("node") or "→".join(fault["link"])
        rows.append((f"{place} {action}", place, action, value, at, at + lasts))
    return _table(rows, incidents_schema())


def _table(rows: list[tuple], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [
        pa.array(
            [value.item() if hasattr(value, "item") else value for value in column], pa.string()
        ).dictionary_encode()
        if pa.types.is_dictionary(kind.type)
        else pa.array([value.item() if hasattr(value, "item") else value for value in column], kind.type)
        for column, kind in zip(columns, schema, strict=True)
    ]
    return pa.table([array.cast(kind.type) for array, kind in zip(arrays, schema, strict=True)], schema=schema)


def reseal(run: Path) -> None:
    """Let a run's checksums be those of its files as they are now: what was changed is believed."""
    file = run / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(sealed(manifest, run, manifest["files"])), encoding="utf-8")


def write_fake(
    out: Path,
    samples: int = 200,
    faults: list[dict] = FAULTS,
    systems: tuple[str, ...] = ("ddnn", "ada-ddnn"),
    seed: int = 1,
    all_dropped: bool = False,
    figures=None,
) -> dict:
    text = scenario(faults, systems, seed)
    results = [fake_system(name, samples, faults, seed, all_dropped) for name in systems]
    made = manifest(text, seed, {"name": "plaza"}, {"ddnn": "0" * 64}, ["simnet", "run", "fake.yaml"])
    run = collect("six cameras", text, results, made)
    write_run(out, run, figures)
    return run.summary
