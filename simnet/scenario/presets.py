"""Named node and link values with the source of every number.

A node's `speed` is what small convolutions reach, not what the vendor prints: for GPUs the fp32 peak times
`EFFICIENCY`, for CPUs a measured Linpack rate. `EFFICIENCY` and every `overhead` (the time that one call costs
before any arithmetic) are our choice. Latencies are one way: half of a measured round trip.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

EFFICIENCY = 0.3
"""Share of a GPU's fp32 peak that small-batch convolutions are taken to reach (our choice)."""


@dataclass(frozen=True)
class Preset:
    """`values` in the scenario file's own keys and notation, and where they come from."""

    values: Mapping[str, Any]
    source: str


NODE_PRESETS: dict[str, Preset] = {
    "raspberry-pi-4": Preset(
        {"speed": "8 GFLOP/s", "overhead": "2 ms", "memory": "4 GB"},
        "speed: HPL Linpack on four cores, about 8 GFLOP/s in double precision (B. Feiereisen, 'Benchmarking the "
        "Raspberry Pi 4 with Raspberry Pi OS64', 2022, https://feiereisen.net/?page_id=924), taken as the rate of "
        "small fp32 convolutions; memory: the 4 GB model (MagPi, 'Raspberry Pi 4 specs and benchmarks', "
        "https://magpi.raspberrypi.com/articles/raspberry-pi-4-specs-benchmarks); overhead: our choice",
    ),
    "jetson-nano": Preset(
        {"speed": f"{236 * EFFICIENCY:.4g} GFLOP/s", "overhead": "1 ms", "memory": "4 GB"},
        "speed: 128 CUDA cores x 2 FLOP x 921.6 MHz = 236 GFLOP/s fp32 (NVIDIA, Jetson Nano module data sheet), "
        "times EFFICIENCY; memory: same; overhead: our choice",
    ),
    "jetson-orin-nano": Preset(
        {"speed": f"{1280 * EFFICIENCY:.4g} GFLOP/s", "overhead": "1 ms", "memory": "8 GB"},
        "speed: 1024 CUDA cores x 2 FLOP x 625 MHz = 1.28 TFLOP/s fp32 (NVIDIA, Jetson Orin Nano Series data sheet, "
        "8 GB module), times EFFICIENCY; memory: same; overhead: our choice",
    ),
    "desktop-cpu": Preset(
        {"speed": "132 GFLOP/s", "overhead": "200 us", "memory": "16 GB"},
        "speed: HPL Linpack on an Intel i3-10100, four cores, 132 GFLOP/s in double precision (M. Kreier, 'Linpack "
        "benchmark in DP', https://kreier.github.io/benchmark/LinpackDP); memory and overhead: our choice",
    ),
    "nvidia-t4": Preset(
        {"speed": f"{8100 * EFFICIENCY:.4g} GFLOP/s", "overhead": "500 us", "memory": "16 GB"},
        "speed: 8.1 TFLOP/s fp32 (NVIDIA, T4 Tensor Core GPU data sheet, https://www.nvidia.com/en-us/data-center/"
        "tesla-t4/), times EFFICIENCY; memory: same; overhead: our choice",
    ),
}

LINK_PRESETS: dict[str, Preset] = {
    "ethernet-100m": Preset(
        {"bandwidth": "100 Mbit/s", "latency": "200 us", "header": "78 B"},
        "bandwidth: IEEE 802.3u line rate; header: preamble 8, Ethernet 14 + 4, gap 12, IPv4 20, TCP 20 B, once a "
        "message (longer messages pay it once: our choice); latency: a switched LAN, our choice",
    ),
    "ethernet-1g": Preset(
        {"bandwidth": "1 Gbit/s", "latency": "100 us", "header": "78 B"},
        "bandwidth: IEEE 802.3ab line rate; header: as ethernet-100m; latency: a switched LAN, our choice",
    ),
    "wifi": Preset(
        {"bandwidth": "50 Mbit/s", "latency": "2 ms", "header": "78 B"},
        "header: 802.11 QoS MAC 26, LLC/SNAP 8, FCS 4, IPv4 20, TCP 20 B, once a message; bandwidth (one station's "
        "share of a good 802.11n/ac cell, each station with a link of its own) and latency: our choice",
    ),
    "4g": Preset(
        {"bandwidth": {"up": "13.6 Mbit/s", "down": "14.7 Mbit/s"}, "latency": "26.55 ms", "header": "40 B"},
        "bandwidth and latency: UK averages, Q4 2014: up 13.6, down 14.7 Mbit/s, round trip 53.1 ms (Ofcom, "
        "'Measuring mobile broadband performance in the UK: 4G and 3G network performance', 2015); header: IPv4 + TCP",
    ),
    "3g": Preset(
        {"bandwidth": "1.1 Mbit/s", "latency": "31.75 ms", "header": "40 B"},
        "bandwidth: the 3G setting of DAPDEE (Ding et al. 2025); latency: half of 63.5 ms, the UK 3G average of Q4 "
        "2014 (Ofcom, as 4g); header: IPv4 + TCP",
    ),
    "wan": Preset(
        {"bandwidth": "100 Mbit/s", "latency": "20 ms", "header": "40 B"},
        "bandwidth and latency: a wired site to a cloud region of its own continent: our choice (latencies of this "
        "order: Corneo et al., 'Surrounded by the Clouds', WWW 2021, https://doi.org/10.1145/3442381.3449854); "
        "header: IPv4 + TCP",
    ),
}
