"""What a segment costs: FLOP, bytes of parameters and activations, shapes; measured on the real modules."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from models.data.base import VIEWS
from models.networks import EarlyExitNetwork


def _measure(segment: nn.Module, *inputs: Tensor) -> tuple[dict[str, Any], Any]:
    """Run a segment on one sample; FLOP count two per multiply-add, of convolutions and linear layers."""
    largest = 0

    def watch(_: nn.Module, given: tuple[Any, ...], made: Any) -> None:
        nonlocal largest
        made = made if isinstance(made, tuple) else (made,)
        held = sum(t.numel() * t.element_size() for t in (*given, *made) if isinstance(t, Tensor))
        largest = max(largest, held)

    hooks = [module.register_forward_hook(watch) for module in segment.modules()]
    try:
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            made = segment(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
    weights = sum(t.numel() * t.element_size() for t in (*segment.parameters(), *segment.buffers()))
    cost = {
        "flop": counter.get_total_flops(),
        "parameters": sum(p.numel() for p in segment.parameters()),
        "memory": weights + largest,
    }
    return cost, made


def segment_costs(network: EarlyExitNetwork) -> dict[str, dict[str, Any]]:
    """Cost of `device`, `edge` and `cloud` for one sample (one view, on the device).

    Each has `flop`, `parameters`, `memory` (bytes: weights, and the largest input and output held at once) and
    `features` (shape of what it sends on, without the batch; None for the cloud).
    """
    network.eval()
    where = next(network.parameters()).device
    view = torch.zeros(1, 3, *network.arch.view, device=where)
    device, (features, _) = _measure(network.devices[0], view)
    stacked = features[:, None].expand(-1, VIEWS, -1, -1, -1)
    edge, (fused, _) = _measure(network.edge, stacked, torch.ones(1, VIEWS, dtype=torch.bool, device=where))
    cloud, _ = _measure(network.cloud, fused)
    device["features"], edge["features"], cloud["features"] = (
        list(features.shape[1:]),
        list(fused.shape[1:]),
        None,
    )
    return {"device": device, "edge": edge, "cloud": cloud}
