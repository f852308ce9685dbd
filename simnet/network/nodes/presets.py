"""Machines by name, with the source of every number.

What a call takes (`speed`, `memory_bandwidth`, `overhead_per_op`) is fitted to published times of whole networks, one
sample at a time; docs/presets.md has them beside what the presets give. A call has no overhead beside its operations':
the tables show none.
"""

from __future__ import annotations

from simnet.language.presets import Preset

EFFICIENCY = 0.3
"""Share of a GPU's fp32 peak that small-batch convolutions are taken to reach (our choice)."""

SCISSION = (
    "times of whole Keras networks in TensorFlow 2.1 (L. Lockhart et al., 'Scission: Performance-driven and "
    "Context-aware Cloud-Edge Distribution of Deep Neural Networks', UCC 2020; "
    "https://github.com/qub-blesson/Scission, benchmark_data)"
)
PORTEND = (
    "(M. Ebrahimi et al., PORTEND, ICPADS 2023; https://github.com/MaryamEbr/PORTEND_Performance_Model, "
    "aws_profiling_results)"
)


NODE_PRESETS: dict[str, Preset] = {
    "raspberry-pi-4": Preset(
        {
            "speed": "14.4 GFLOP/s",
            "memory_bandwidth": "380 MB/s",
            "overhead_per_op": "100 us",
            "memory": "4 GB",
            "power": {"idle": "2.7 W", "busy": "6.4 W"},
        },
        f"memory_bandwidth, speed: fitted to {SCISSION}, whose times go by bytes; overhead_per_op: our choice, since "
        "those times fit with anything from 20 us to 1.3 ms: PyTorch on one core of the same kind at 2.3 GHz needs at "
        f"most 98 us {PORTEND}; memory: the 4 GB model (MagPi, 'Raspberry Pi 4 specs and benchmarks', "
        "https://magpi.raspberrypi.com/articles/raspberry-pi-4-specs-benchmarks); power: 540 mA "
        "idle and 1280 mA with four cores under stress, at 5 V (J. Geerling, 'Power Consumption Benchmarks', "
        "Raspberry Pi Dramble, https://www.pidramble.com/wiki/benchmarks/power-consumption)",
    ),
    "jetson-nano": Preset(
        {
            "speed": f"{236 * EFFICIENCY:.4g} GFLOP/s",
            "overhead_per_op": "150 us",
            "memory": "4 GB",
            "power": {"idle": "2 W", "busy": "10 W"},
        },
        "speed: 128 CUDA cores x 2 FLOP x 921.6 MHz = 236 GFLOP/s fp32 (NVIDIA, Jetson Nano module data sheet), "
        "times EFFICIENCY; memory: same; overhead_per_op: our choice, four times that of nvidia-t4 for a slower host; "
        "power: busy is the budget of mode MAXN, in which the GPU has that clock (NVIDIA, Jetson Linux Developer "
        "Guide, power modes of Jetson Nano), idle our choice",
    ),
    "jetson-orin-nano": Preset(
        {
            "speed": f"{1280 * EFFICIENCY:.4g} GFLOP/s",
            "overhead_per_op": "80 us",
            "memory": "8 GB",
            "power": {"idle": "5 W", "busy": "15 W"},
        },
        "speed: 1024 CUDA cores x 2 FLOP x 625 MHz = 1.28 TFLOP/s fp32 (NVIDIA, Jetson Orin Nano Series data sheet, "
        "8 GB module), times EFFICIENCY; memory: same; overhead_per_op: our choice, twice that of nvidia-t4 for a "
        "slower host; power: busy is the module's 15 W mode (same), idle our choice (2.6 W with everything unneeded "
        "switched off: https://forums.developer.nvidia.com/t/348662)",
    ),
    "desktop-cpu": Preset(
        {
            "speed": "384 GFLOP/s",
            "memory_bandwidth": "6.6 GB/s",
            "overhead_per_op": "150 us",
            "memory": "16 GB",
            "power": {"idle": "20 W", "busy": "111 W"},
        },
        f"speed, memory_bandwidth, overhead_per_op: of an Intel i7-6700K, fitted to {SCISSION}; memory: our choice; "
        "power: idle our choice, busy that plus the processor's thermal design power of 91 W (Intel, i7-6700K "
        "specifications)",
    ),
    "nvidia-t4": Preset(
        {
            "speed": f"{8100 * EFFICIENCY:.4g} GFLOP/s",
            "overhead_per_op": "39 us",
            "memory": "16 GB",
            "power": {"idle": "10 W", "busy": "70 W"},
        },
        "speed: 8.1 TFLOP/s fp32 (NVIDIA, T4 Tensor Core GPU data sheet, https://www.nvidia.com/en-us/data-center/"
        "tesla-t4/), times EFFICIENCY; memory: same; overhead_per_op: fitted to times of whole networks in PyTorch on "
        f"a g4dn.xlarge, which go by operations {PORTEND}; power: of the card alone, busy its 70 W "
        "(same), idle our choice",
    ),
}
