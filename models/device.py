"""Where a network runs."""

from __future__ import annotations

import os
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

DEVICES = ("auto", "cpu", "cuda")

BATCH = {"cpu": 128, "cuda": 2048}
"""Samples of a batch, by default: on a processor more bring nothing and take more memory, a GPU wants many."""

VARIABLES = (
    "NVIDIA_TF32_OVERRIDE", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "ONEDNN_DEFAULT_FPMATH_MODE",
    "DNNL_DEFAULT_FPMATH_MODE", "ATEN_CPU_CAPABILITY", "CUBLAS_WORKSPACE_CONFIG",
)  # fmt: skip
"""Settings of the environment under which libraries compute with other precision or in another order."""


class DeviceError(Exception):
    """The device asked for does not exist or is not on this machine; the message is for the user."""


def pick_device(wish: str) -> str:
    """`auto` is cuda where there is one, else cpu. Raises DeviceError for a device that is unknown or not here."""
    if wish not in DEVICES:
        raise DeviceError(f"--device: {wish!r} is none of {', '.join(DEVICES)}")
    if wish == "cpu":
        return wish
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if wish == "cuda":
        raise DeviceError("--device: no CUDA device is available here; choose cpu or auto")
    return "cpu"


def kind_of(wish: str) -> str:
    """What `pick_device` would say; torch is imported only where there may be a GPU."""
    if wish == "auto" and not Path("/dev/nvidiactl").exists() and os.name == "posix":
        return "cpu"
    return pick_device(wish)


def sent_to(device: str, values: NDArray[Any]) -> Tensor:
    """An array on a device; to a GPU out of pinned memory, and nobody waits until it is there.

    On a processor the tensor shares the array's memory.
    """
    import torch

    here = torch.from_numpy(values)
    return here if device == "cpu" else here.pin_memory().to(device, non_blocking=True)


def numerics() -> dict[str, Any]:
    """Under what the last bits of an answer, or more of them, may be others: torch's version, what differs from its
    defaults in this process, and `VARIABLES`. The number of threads is not among it: it changes no bit of a row.

    torch is not imported for it: where it is not there yet, its defaults will be in force.
    """
    found: dict[str, Any] = {name: os.environ[name] for name in VARIABLES if name in os.environ}
    try:
        found["torch"] = metadata.version("torch")
    except metadata.PackageNotFoundError:
        found["torch"] = None
    torch: Any = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "are_deterministic_algorithms_enabled"):  # or only half imported
        return found
    usual = {
        "float32 products": (torch.get_float32_matmul_precision(), "highest"),
        "default type": (str(torch.get_default_dtype()), "torch.float32"),
        "deterministic": (torch.are_deterministic_algorithms_enabled(), False),
        "autocast": (torch.is_autocast_enabled("cuda"), False),
        "autocast on processors": (torch.is_autocast_enabled("cpu"), False),
        "oneDNN": (torch.backends.mkldnn.enabled, True),
        "cuDNN": (torch.backends.cudnn.enabled, True),
        "cuDNN, deterministic": (torch.backends.cudnn.deterministic, False),
        "cuDNN, quickest": (torch.backends.cudnn.benchmark, False),
    }
    return found | {name: now for name, (now, default) in usual.items() if now != default}
