"""What a segment costs: FLOP, operations, bytes, shapes; measured by walking a network's graph.

An *operation* is one operator of torch's ATen that is dispatched, takes a tensor, and makes a new one or changes one
in place: a convolution, a batch norm, an activation, an addition. Views of a tensor and memory that is only allocated
are none. Where small networks run one sample at a time, time goes by operations (docs/presets.md).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from simnet.models.graph import Graph
from simnet.models.networks.base import Network, Output
from simnet.models.networks.passes import Pass, given_all


class OperationCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts operations, and the bytes of the tensors that they read and write; of `weights` not."""

    def __init__(self, weights: Iterable[Tensor] = ()) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations, self.traffic = 0, 0
        self._weights = {_storage(tensor) for tensor in weights}

    def __torch_dispatch__(
        self, func: OpOverload, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Run an operator as ever, and count it."""
        made = func(*args, **(kwargs or {}))
        given = _tensors((args, kwargs))
        if given and not func.is_view:
            self.operations += 1
            moved = [tensor for tensor in given if _storage(tensor) not in self._weights] + _tensors(made)
            self.traffic += sum(_bytes(tensor) for tensor in moved)
        return made


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


def _storage(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _measure(module: nn.Module | None, run: Callable[[], Output]) -> tuple[dict[str, int], Output]:
    """Run a segment on one sample; FLOP count two per multiply-add, of convolutions and linear layers."""
    largest = 0
    held = [] if module is None else [*module.parameters(), *module.buffers()]

    def watch(_: nn.Module, given: tuple[Any, ...], made: Any) -> None:
        nonlocal largest
        largest = max(largest, sum(map(_bytes, _tensors((given, made)))))

    hooks = [] if module is None else [one.register_forward_hook(watch) for one in module.modules()]
    try:
        with FlopCounterMode(display=False) as counter, OperationCounter(held) as operators:
            made = run()
    finally:
        for hook in hooks:
            hook.remove()
    return {
        "flop": counter.get_total_flops(),
        "parameters": 0 if module is None else sum(p.numel() for p in module.parameters()),
        "memory": sum(map(_bytes, held)) + largest,
        "operations": operators.operations,
        "traffic": operators.traffic,
    }, made


@torch.no_grad()
def measured(network: Network) -> Graph:
    """The network's graph with the cost of every segment: of its first copy, for one sample.

    `flop`, `parameters`, `memory` (bytes: weights, and the largest input and output held at once), `operations`,
    `traffic` (bytes that these read and write, weights apart) and `sends`, the shape of its features without the batch,
    of segments whose features others take, or that give nothing else. In the usual layout of memory, so that nothing is
    counted that only changes it.
    """
    network = copy.deepcopy(network).to(memory_format=torch.contiguous_format).eval()
    where = next(network.parameters()).device
    graph = network.graph
    walk = Pass(network, torch.zeros(1, graph.views, *graph.view, device=where), codec="fp32")
    taken = {arc.source.segment for arc in graph.arcs if arc.what == "features"}
    costs: dict[str, dict[str, Any]] = {}
    for name in graph.segments:
        part = graph.parts_of(name)[0]
        given = given_all(walk, part)
        costs[name], made = _measure(network.module(part), lambda part=part, given=given: network.run(part, given))  # type: ignore[misc]
        if (name in taken or not graph.segments[name].scores) and made.features is not None:
            costs[name]["sends"] = tuple(made.features.shape[1:])
    return graph.with_costs(costs)
