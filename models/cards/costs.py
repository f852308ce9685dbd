"""What a segment costs: FLOP, bytes of parameters and activations, shapes; measured by walking a network's graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from simnet.models.graph import Graph
from simnet.models.networks.base import Network, Output
from simnet.models.networks.passes import Pass, given_all


def _measure(module: nn.Module | None, run: Callable[[], Output]) -> tuple[dict[str, int], Output]:
    """Run a segment on one sample; FLOP count two per multiply-add, of convolutions and linear layers."""
    largest = 0

    def watch(_: nn.Module, given: tuple[Any, ...], made: Any) -> None:
        nonlocal largest
        made = made if isinstance(made, tuple) else (made,)
        held = sum(t.numel() * t.element_size() for t in (*given, *made) if isinstance(t, Tensor))
        largest = max(largest, held)

    hooks = [] if module is None else [one.register_forward_hook(watch) for one in module.modules()]
    try:
        with FlopCounterMode(display=False) as counter:
            made = run()
    finally:
        for hook in hooks:
            hook.remove()
    held = [] if module is None else [*module.parameters(), *module.buffers()]
    weights = sum(t.numel() * t.element_size() for t in held)
    return {
        "flop": counter.get_total_flops(),
        "parameters": 0 if module is None else sum(p.numel() for p in module.parameters()),
        "memory": weights + largest,
    }, made


@torch.no_grad()
def measured(network: Network) -> Graph:
    """The network's graph with the cost of every segment: of its first copy, for one sample.

    `flop`, `parameters`, `memory` (bytes: weights, and the largest input and output held at once) and `sends`, the
    shape of its features without the batch, of segments whose features others take.
    """
    network.eval()
    where = next(network.parameters()).device
    graph = network.graph
    walk = Pass(network, torch.zeros(1, graph.views, *graph.view, device=where), codec="fp32")
    taken = {arc.source.segment for arc in graph.arcs if arc.what == "features"}
    costs: dict[str, dict[str, Any]] = {}
    for name in graph.segments:
        part = graph.parts_of(name)[0]
        given = given_all(walk, part)
        costs[name], made = _measure(network.module(part), lambda part=part, given=given: network.run(part, given))  # type: ignore[misc]
        if name in taken and made.features is not None:
            costs[name]["sends"] = tuple(made.features.shape[1:])
    return graph.with_costs(costs)
