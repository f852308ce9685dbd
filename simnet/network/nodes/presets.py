"""Machines by name, with the source of every number."""

from __future__ import annotations

from simnet.language.presets import Preset

EFFICIENCY = 0.3
"""Share of a GPU's fp32 peak that small-batch convolutions are taken to reach (our choice)."""


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
