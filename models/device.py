"""Where a network runs."""

from __future__ import annotations

import os
from pathlib import Path

DEVICES = ("auto", "cpu", "cuda")


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
