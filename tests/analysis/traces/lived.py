"""Runs in which samples queue, wait in vain, are forced, pass routers, come late and share links."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import simnet
from simnet.analysis.traces.steps import Step
from simnet.api import Run

MS = 10**9
"""Picoseconds."""


def step(
    place: str, queued: float, started: float, ended: float, status: str = "ok", sample: int = 0, **more: Any
) -> Step:
    """A step whose times are in ms; a message over several links has its ends as `message`."""
    times = [round(time * MS) for time in (queued, started, ended)]
    transfer = "→" in place
    message = more.get("message", place) if transfer else None
    return Step(sample, place, transfer, *times, 1000 if transfer else 0, status, message)


def scenario(**more: Any) -> dict[str, Any]:
    """Two sites with three cameras and an edge each; a router before the cloud; the cloud is slow, then cut off."""
    return {
        "name": "two corners",
        "data": "plaza",
        "samples": 60,
        "workload": {"every": "60 ms", "jitter": "5 ms", "skew": "4 ms"},
        "nodes": {
            "north[1..3]": {"tier": "device", "preset": "raspberry-pi-4", "site": "north"},
            "south[1..3]": {"tier": "device", "preset": "raspberry-pi-4", "site": "south"},
            "edge-north": {"tier": "edge", "preset": "jetson-orin-nano", "site": "north"},
            "edge-south": {"tier": "edge", "preset": "jetson-orin-nano", "site": "south"},
            "hub": {"tier": "router"},
            "cloud": {"tier": "cloud", "speed": "10 TFLOP/s", "overhead": "70 ms"},
        },
        "links": [
            {"between": ["north*", "edge-north"], "bandwidth": "1 Mbit/s", "latency": "5 ms"},
            {"between": ["south*", "edge-south"], "preset": "wifi"},
            {"between": ["edge-*", "hub"], "bandwidth": "5 Mbit/s", "latency": "2 ms"},
            {"between": ["hub", "cloud"], "bandwidth": "20 Mbit/s", "latency": "15 ms"},
        ],
        "systems": {
            "ddnn": {"wait": "25 ms", "cloud_limit": "200 ms", "thresholds": 0.01},
            "ada-ddnn": {"wait": "25 ms", "cloud_limit": "200 ms", "thresholds": 0.02},
        },
        "faults": [
            {"name": "eye", "at": "300 ms", "for": "600 ms", "node": "south2", "is": "down"},
            {
                "name": "rain",
                "at": "500 ms",
                "for": "200 ms",
                "link": ["north*", "edge-north"],
                "bandwidth": "300 kbit/s",
            },
            {"at": "1200 ms", "for": "300 ms", "node": "cloud", "is": "down"},
        ],
        **more,
    }


@cache
def lived() -> Run:
    """That run, in memory."""
    return simnet.run(scenario())


def written(folder: Path) -> Path:
    """The same as a folder."""
    return lived().save(folder / "run")
