"""Executed against simulated: the study of docs/live.md, whose tables it writes.

    python -m benchmarks.pages.testbed [--executions 5] [--samples 200]

Needs Linux, root, `ip` and `tc`; takes about a quarter of an hour, in which nothing else should run.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from statistics import mean
from typing import Any

import simnet
from simnet.models.cards.markdown import filled, table
from simnet.testbed.calibrate import calibrated, extras_of

SCENARIO = Path("scenarios/six_cameras.yaml")
PAGE = Path("docs/live.md")
RAW = Path("benchmarks/pages/testbed.json")
EXECUTIONS, SAMPLES = 5, 200
QUANTILES = ("p50", "p95")
SAME = ("outcome", "exit", "prediction", "views", "reason")
UPLINK = "links.1.bandwidth"
STUDY: Mapping[str, Mapping[str, Any]] = {
    "default": {"faults": []},
    "slow uplink": {"faults": [], UPLINK: "2 Mbit/s"},
    "on request": {"faults": [], "systems.ada-ddnn.upload": "on_request"},
    "camera 3 dies": {"faults": [{"at": "4 s", "node": "camera3", "is": "down"}]},
    "cloud dies and comes back": {"faults": [{"at": "4 s", "for": "2 s", "node": "cloud", "is": "down"}]},
    "bursts, uplink at 70 %": {
        "faults": [],
        UPLINK: "2 Mbit/s",
        "workload": {"mmpp": [{"rate": "15 /s", "stay": "1 s"}, {"rate": "30 /s", "stay": "500 ms"}]},
    },
}
"""What is changed in the scenario. Of its samples half or so ask the cloud with 12,288 bytes each (ddnn)."""
SPIKE = {
    "nodes": {
        "camera[1..2]": {"tier": "device", "preset": "raspberry-pi-4"},
        "edge": {"tier": "edge", "preset": "jetson-orin-nano"},
        "cloud": {"tier": "cloud", "preset": "nvidia-t4"},
    },
    "workload": {"every": "200 ms"},
    "faults": [],
}
"""Two cameras, an edge and a cloud, five samples a second."""


def executions(scenario: simnet.Scenario, count: int, compute: Any) -> list[simnet.Run]:
    """A scenario, executed again and again."""
    return [simnet.live(scenario, compute=compute) for _ in range(count)]


def lives(run: simnet.Run, system: str, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """Of each sample what is asked for."""
    found = run.samples(system)
    return list(zip(*(found.column(name).to_pylist() for name in names), strict=True))


def spread(values: Sequence[float]) -> float:
    """Greatest less least, in parts of the mean."""
    return (max(values) - min(values)) / mean(values)


def latencies(runs: Sequence[simnet.Run], system: str, quantile: str) -> list[float]:
    """Of each run, in ms."""
    return [1e3 * run.summary["systems"][system]["latency"][quantile] for run in runs]


def study(name: str, changes: Mapping[str, Any], count: int, samples: int) -> Iterator[dict[str, Any]]:
    """Rows of one scenario: what was executed, and simulated before and after it was calibrated by the first."""
    scenario = simnet.load(SCENARIO).with_(changes, samples=samples)
    live, before = executions(scenario, count, "model"), simnet.run(scenario)
    after = simnet.run(calibrated(live[0], extras_of(live[0], before)))
    for system in before.systems:
        differing = [
            sum(a != b for a, b in zip(lives(run, system, SAME), lives(before, system, SAME), strict=True))
            for run in live
        ]
        sizes = sum(
            a != b and same == there
            for run in live
            for a, b, same, there in zip(
                *(lives(one, system, ["bytes"]) for one in (run, before)),
                *(lives(one, system, SAME) for one in (run, before)),
                strict=True,
            )
        )
        row: dict[str, Any] = {"scenario": name, "system": system, "differing": differing, "sizes": sizes}
        for quantile in QUANTILES:
            really = latencies(live, system, quantile)
            row[quantile] = {
                "measured": really,
                "before": latencies([before], system, quantile)[0],
                "after": latencies([after], system, quantile)[0],
            }
        row["late"] = max(run.manifest["live"]["systems"][system]["lateness"]["p99"] for run in live)
        yield row


def spike(count: int) -> list[dict[str, Any]]:
    """Rows of the two cameras: nodes that run their segments, beside nodes that are busy for the modelled time."""
    rows = []
    for compute in ("network", "model"):
        whole = {**SPIKE, "links": [
            {"between": ["camera*", "edge"], "preset": "wifi"},
            {"between": ["edge", "cloud"], "bandwidth": "10 Mbit/s", "latency": "20 ms"},
        ]}  # fmt: skip
        scenario = simnet.load(
            {"name": "spike", "data": "plaza", "samples": 60, "systems": {"ddnn": {}, "ada-ddnn": {}}, **whole}
        )
        runs = executions(scenario, count, compute)
        for system in runs[0].systems:
            rows += [
                {"compute": compute, "system": system, "quantile": name, "measured": latencies(runs, system, name)}
                for name in QUANTILES
            ]
    return rows


def ms(values: Sequence[float]) -> str:
    return " ".join(f"{value:.1f}" for value in values)


def against(simulated: float, measured: Sequence[float]) -> str:
    return f"{simulated:.1f} ({100 * (simulated / mean(measured) - 1):+.1f} %)"


def tables(told: Mapping[str, Any]) -> dict[str, str]:
    """The parts of the page."""
    first = table(
        ("nodes", "system", "", "latency of each execution, ms", "greatest − least, % of the mean"),
        [
            (
                row["compute"],
                f"`{row['system']}`",
                row["quantile"],
                ms(row["measured"]),
                f"{100 * spread(row['measured']):.1f}",
            )
            for row in told["spike"]
        ],
    )
    rows = [
        (
            row["scenario"],
            f"`{row['system']}`",
            quantile,
            ms(row[quantile]["measured"]),
            f"{100 * spread(row[quantile]['measured']):.1f}",
            *(against(row[quantile][when], row[quantile]["measured"]) for when in ("before", "after")),
        )
        for row in told["study"]
        for quantile in QUANTILES
    ]
    head = (
        "scenario",
        "system",
        "",
        "executed, ms",
        "spread, %",
        "simulated before (against executed)",
        "calibrated (against executed)",
    )
    gaps = [
        abs(row[quantile]["after"] / mean(row[quantile]["measured"]) - 1)
        for row in told["study"]
        for quantile in QUANTILES
    ]
    within = sum(gap <= 0.1 for gap in gaps)
    heading = ("scenario", "system", "samples that ended otherwise, of each execution", "of the others: other bytes")
    decisions = table(
        heading,
        [
            (row["scenario"], f"`{row['system']}`", " ".join(map(str, row["differing"])), str(row["sizes"]))
            for row in told["study"]
        ],
    )
    words = (
        f"{told['date']}; {told['machine']['processor']}, {len(told['machine']['cpus'])} cores, Linux "
        f"{told['machine']['kernel']}, TCP {told['machine']['tcp']}, real-time scheduling "
        f"{'allowed' if told['machine']['real_time'] else 'not allowed'}; {told['executions']} executions of "
        f"{told['samples']} samples a scenario and system. Events of the protocol were late by at most "
        f"{1e3 * max(row['late'] for row in told['study']):.1f} ms (p99 of the worst execution)."
    )
    worst = 100 * max(gaps)
    claim = f"{within} of {len(gaps)} quantiles are within 10 % after calibration; the worst is off by {worst:.1f} %."
    return {"conditions": words, "spike": first, "latency": table(head, rows), "claim": claim, "decisions": decisions}


def main() -> None:
    """Execute, and write the page."""
    what = (__doc__ or "").split("\n", 1)[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages.testbed", description=what)
    parser.add_argument("--executions", type=int, default=EXECUTIONS, help="of each scenario")
    parser.add_argument("--samples", type=int, default=SAMPLES, help="of each execution and system")
    parser.add_argument("--spike-only", action="store_true", help="repeat the two cameras only, keep the rest")
    parser.add_argument("--page-only", action="store_true", help="write the page of what was measured before")
    chosen = parser.parse_args()
    if chosen.spike_only:
        told = json.loads(RAW.read_text(encoding="utf-8"))
        told["spike"] = spike(chosen.executions)
        RAW.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    elif not chosen.page_only:
        rows = spike(chosen.executions)
        for row in rows:
            print(row, flush=True)
        found = []
        for name, changes in STUDY.items():
            for row in study(name, changes, chosen.executions, chosen.samples):
                print(row, flush=True)
                found.append(row)
        machine = simnet.live(simnet.load(SCENARIO).with_({"faults": []}, samples=2)).manifest["live"]
        told = {
            "date": date.today().isoformat(),
            "machine": {key: machine[key] for key in ("processor", "cpus", "kernel", "tcp", "real_time")},
            "executions": chosen.executions,
            "samples": chosen.samples,
            "spike": rows,
            "study": found,
        }
        RAW.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    told = json.loads(RAW.read_text(encoding="utf-8"))
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), tables(told)), encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
