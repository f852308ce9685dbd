"""simnet: discrete-event simulation of distributed early-exit inference with the real network in the loop."""

__version__ = "0.1.0"
