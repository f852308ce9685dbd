"""What a segment costs: FLOP, bytes of parameters and activations, shapes; measured on the real modules."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from simnet.models.data.base import VIEWS
from simnet.models.networks.ddnn_2017 import Ddnn2017
from simnet.models.networks.early_exit import Network


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


def segment_costs(network: Network) -> dict[str, dict[str, Any]]:
    """Cost of `device`, `edge` and `cloud`, in `ddnn-2017` also `local`, for one sample (one view, on the device).

    Each has `flop`, `parameters`, `memory` (bytes: weights, and the largest input and output held at once) and
    `features` (shape of what it sends on, without the batch; None where that is scores alone). `ddnn-2017` has `edge`
    only where there are edges, and then it is the cost of the first one alone.
    """
    network.eval()
    where = next(network.parameters()).device
    view = torch.zeros(1, 3, *network.arch.view, device=where)
    costs = {}
    costs["device"], (features, scores) = _measure(network.devices[0], view)
    costs["device"]["features"] = _shape(features)

    def sent(values: Tensor, senders: int) -> tuple[Tensor, Tensor]:
        """What as many senders deliver, all of them present."""
        present = torch.ones(1, senders, dtype=torch.bool, device=where)
        return values[:, None].expand(-1, senders, *values.shape[1:]), present

    if isinstance(network, Ddnn2017):
        senders, tiers = len(network.devices), network.arch.edges
        costs["local"], _ = _measure(network.local, *sent(scores, senders))
        costs["local"]["features"] = None
        if tiers:
            senders = len(tiers)
            costs["edge"], (features, _) = _measure(network.edge.edges[0], *sent(features, len(tiers[0])))
            costs["edge"]["features"] = _shape(features)
        costs["cloud"], _ = _measure(network.cloud, *sent(features, senders))
    else:
        costs["edge"], (fused, _) = _measure(network.edge, *sent(features, VIEWS))
        costs["edge"]["features"] = _shape(fused)
        costs["cloud"], _ = _measure(network.cloud, fused)
    costs["cloud"]["features"] = None
    return costs


def _shape(features: Tensor) -> list[int]:
    return list(features.shape[1:])
