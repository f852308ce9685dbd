"""Anybody's network, cut into segments by `torch.fx`: a chain of blocks, an exit behind some of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, fx, nn
from torch.fx.passes.split_module import split_module

from simnet.models.graph import INPUT, Graph, GraphError, Part, Segment, Take
from simnet.models.networks.base import Given, Network, Output


class TracedNetwork(Network):
    """A `body` that maps one view to class scores, cut behind named modules.

    Args:
        arch: The architecture; one view.
        body: The module, traceable by `torch.fx`.
        cuts: Segment → the module behind which it ends, by its dotted name in the body, in order; the last segment has
            the rest, and its own scores.
        heads: Segment → a module that maps what the segment sends to class scores: an exit of the segment's name.

    Derive a class with an `__init__(self, arch)` that calls this one. Raises GraphError where a cut is no module of the
    body, the cuts are not in order, or more than one value crosses a cut (a skip connection that leads over it).
    """

    def __init__(
        self, arch: Any, body: nn.Module, cuts: Mapping[str, str | None], heads: Mapping[str, nn.Module]
    ) -> None:
        super().__init__(arch)
        if arch.views != 1:
            raise GraphError(f"{type(self).__name__} takes one view, not {arch.views}")
        names = list(cuts)
        self.blocks = nn.ModuleDict(dict(zip(names, split(body, list(cuts.values())[:-1]), strict=True)))
        self.heads = nn.ModuleDict(heads)
        segments = []
        for number, name in enumerate(names):
            take = Take(names[number - 1]) if number else Take(INPUT)
            exit_name = name if name in heads or number == len(names) - 1 else None
            segments.append(Segment(name, (take,), exit=exit_name, scores=exit_name is not None))
        self.graph = Graph(1, (3, *arch.view), segments, arch.classes)

    def run(self, part: Part, given: Sequence[Given]) -> Output:
        """Run a block, and the head behind it."""
        made: Tensor = self.blocks[part.segment](given[0].values[:, 0])
        if part.segment in self.heads:
            return Output(made, self.heads[part.segment](made))
        return Output(None, made) if part.segment == list(self.blocks)[-1] else Output(made)

    def module(self, part: Part) -> nn.Module:
        """The block, with the head behind it."""
        block = self.blocks[part.segment]
        return nn.ModuleList([block, self.heads[part.segment]]) if part.segment in self.heads else block


def split(body: nn.Module, cuts: Sequence[str | None]) -> list[nn.Module]:
    """The body as a chain of modules that end behind the modules named in `cuts`, and the rest. Raises GraphError."""
    traced = fx.symbolic_trace(body)
    owners = [_owner(node) for node in traced.graph.nodes]
    ends = []
    for cut in cuts:
        inside = [n for n, owner in enumerate(owners) if cut is not None and f"{owner}.".startswith(f"{cut}.")]
        if not inside:
            raise GraphError(f"there is no module {cut!r} behind which to cut")
        ends.append(inside[-1])
    if ends != sorted(set(ends)):
        raise GraphError(f"the cuts {', '.join(map(str, cuts))} are not in the order of the network")
    place = {node: sum(number > end for end in ends) for number, node in enumerate(traced.graph.nodes)}
    whole = split_module(traced, body, lambda node: place[node])
    parts: list[nn.Module] = [getattr(whole, f"submod_{number}") for number in range(len(ends) + 1)]
    for node in whole.graph.nodes:
        if node.op == "call_module" and len(node.args) != 1:
            raise GraphError(f"more than one value crosses the cut before {node.target}: cut elsewhere")
    return parts


def _owner(node: fx.Node) -> str:
    """The dotted name of the innermost module that a traced operation belongs to."""
    stack = node.meta.get("nn_module_stack") or {}
    return str(node.target) if node.op == "call_module" else list(stack)[-1] if stack else ""
