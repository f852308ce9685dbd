"""Named node and link values with the source of every number.

A node's `speed` is what small convolutions reach, not what the vendor prints: for GPUs the fp32 peak times
`EFFICIENCY`, for CPUs a measured Linpack rate. `EFFICIENCY` and every `overhead` (the time that one call costs
before any arithmetic) are our choice. Latencies are one way: half of a measured round trip. `power` is what the whole
board or card draws, and no link's energy per byte: that depends on its radio.
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
        {"speed": "8 GFLOP/s", "overhead": "2 ms", "memory": "4 GB", "power": {"idle": "2.7 W", "busy": "6.4 W"}},
        "speed: HPL Linpack on four cores, about 8 GFLOP/s in double precision (B. Feiereisen, 'Benchmarking the "
        "Raspberry Pi 4 with Raspberry Pi OS64', 2022, https://feiereisen.net/?page_id=924), taken as the rate of "
        "small fp32 convolutions; memory: the 4 GB model (MagPi, 'Raspberry Pi 4 specs and benchmarks', "
        "https://magpi.raspberrypi.com/articles/raspberry-pi-4-specs-benchmarks); overhead: our choice; power: 540 mA "
        "idle and 1280 mA with four cores under stress, at 5 V (J. Geerling, 'Power Consumption Benchmarks', "
        "Raspberry Pi Dramble, https://www.pidramble.com/wiki/benchmarks/power-consumption)",
    ),
    "jetson-nano": Preset(
        {
            "speed": f"{236 * EFFICIENCY:.4g} GFLOP/s",
            "overhead": "1 ms",
            "memory": "4 GB",
            "power": {"idle": "2 W", "busy": "10 W"},
        },
        "speed: 128 CUDA cores x 2 FLOP x 921.6 MHz = 236 GFLOP/s fp32 (NVIDIA, Jetson Nano module data sheet), "
        "times EFFICIENCY; memory: same; overhead: our choice; power: busy is the budget of mode MAXN, in which "
        "the GPU has that clock (NVIDIA, Jetson Linux Developer Guide, power modes of Jetson Nano), idle our choice",
    ),
    "jetson-orin-nano": Preset(
        {
            "speed": f"{1280 * EFFICIENCY:.4g} GFLOP/s",
            "overhead": "1 ms",
            "memory": "8 GB",
            "power": {"idle": "5 W", "busy": "15 W"},
        },
        "speed: 1024 CUDA cores x 2 FLOP x 625 MHz = 1.28 TFLOP/s fp32 (NVIDIA, Jetson Orin Nano Series data sheet, "
        "8 GB module), times EFFICIENCY; memory: same; overhead: our choice; power: busy is the module's 15 W mode "
        "(same), idle our choice (2.6 W with everything unneeded switched off: "
        "https://forums.developer.nvidia.com/t/348662)",
    ),
    "desktop-cpu": Preset(
        {"speed": "132 GFLOP/s", "overhead": "200 us", "memory": "16 GB", "power": {"idle": "20 W", "busy": "85 W"}},
        "speed: HPL Linpack on an Intel i3-10100, four cores, 132 GFLOP/s in double precision (M. Kreier, 'Linpack "
        "benchmark in DP', https://kreier.github.io/benchmark/LinpackDP); memory and overhead: our choice; power: idle "
        "our choice, busy that plus the processor's thermal design power of 65 W (Intel, i3-10100 specifications)",
    ),
    "nvidia-t4": Preset(
        {
            "speed": f"{8100 * EFFICIENCY:.4g} GFLOP/s",
            "overhead": "500 us",
            "memory": "16 GB",
            "power": {"idle": "10 W", "busy": "70 W"},
        },
        "speed: 8.1 TFLOP/s fp32 (NVIDIA, T4 Tensor Core GPU data sheet, https://www.nvidia.com/en-us/data-center/"
        "tesla-t4/), times EFFICIENCY; memory: same; overhead: our choice; power: of the card alone, busy its 70 W "
        "(same), idle our choice",
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
    "cat1": Preset(
        {"bandwidth": {"up": "5.16 Mbit/s", "down": "10.296 Mbit/s"}, "latency": "26.55 ms", "header": "40 B"},
        "bandwidth: LTE category 1, peak rates: 5160 bits up and 10296 bits down in each 1 ms (3GPP TS 36.306, tables "
        "4.1-1 and 4.1-2); a cell in use gives less; latency: as 4g, it is the same network; header: IPv4 + TCP",
    ),
    "lte-m": Preset(
        {"bandwidth": {"up": "375 kbit/s", "down": "300 kbit/s"}, "latency": "50 ms", "header": "40 B"},
        "bandwidth: LTE category M1 of 3GPP release 13, peak rates of half-duplex devices with their scheduling delays "
        "(RF Wireless World, 'LTE-M device categories', https://www.rfwireless-world.com/terminology/"
        "mobile-communication/lte-m-device-categories-cat-0-cat-m1-cat-m2); latency: our choice, half of the 100 ms of "
        "a message at the edge of normal coverage ('Evaluation of LTE-M towards 5G IoT requirements', V1.1); "
        "header: IPv4 + TCP",
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
