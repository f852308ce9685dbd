"""Anybody's module as a network whose graph is its DAG of operations, with an exit behind some of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from simnet.models.graph import INPUT, Graph, GraphError, Part, Segment, Take
from simnet.models.networks.base import Given, Network, Output
from simnet.models.networks.vertices import Traced


class DagNetwork(Network):
    """A `body` that maps one view to class scores, each of its vertices a segment, with heads behind named modules.

    Args:
        arch: The architecture; one view.
        body: The module, traceable by `torch.fx`.
        heads: Exit → (dotted name of a module in the body, a module that maps what that gives to class scores), from
            the first exit on. An exit's segment has the exit's name.
        last: Name of the last exit, whose scores the body gives.

    Derive a class with an `__init__(self, arch)` that calls this one. Raises GraphError where `torch.fx` cannot trace
    the body, it takes or gives more than one tensor, a head hangs on no module of it, or a view of the architecture's
    shape makes no class scores.
    """

    def __init__(
        self, arch: Any, body: nn.Module, heads: Mapping[str, tuple[str, nn.Module]], last: str = "last"
    ) -> None:
        super().__init__(arch)
        if arch.views != 1:
            raise GraphError(f"{type(self).__name__} takes one view, not {arch.views}")
        traced = Traced(body)
        hung = {exit_name: traced.behind(module) for exit_name, (module, _) in heads.items()}
        if last in heads:
            raise GraphError(f"the last exit has the body's scores, no head: {last!r}")
        vertices = traced.vertices(hung.values())
        names = {traced.view: INPUT}
        names |= {vertex.result: last if vertex is vertices[-1] else vertex.nodes[0].name for vertex in vertices}
        self.blocks = nn.ModuleDict({names[vertex.result]: traced.runs(vertex) for vertex in vertices})
        self.heads = nn.ModuleDict({exit_name: head for exit_name, (_, head) in heads.items()})
        segments = []
        for vertex in vertices:
            name, takes = names[vertex.result], tuple(Take(names[one]) for one in vertex.inputs)
            segments.append(Segment(name, takes, exit=last if name == last else None, scores=name == last))
            there = [exit_name for exit_name, node in hung.items() if node is vertex.result]
            segments += [Segment(exit_name, (Take(name),), exit=exit_name) for exit_name in there]
        self.graph = Graph(1, (3, *arch.view), segments, arch.classes)
        self._try()

    @torch.no_grad()
    def _try(self) -> None:
        """Raise GraphError where a view of the architecture's shape makes no class scores at an exit."""
        arch, kind = self.arch, type(self).__name__
        try:
            found = self.eval()(torch.zeros(1, 1, 3, *arch.view))
        except (RuntimeError, TypeError, ValueError) as problem:
            reason = str(problem).partition("\n")[0]
            raise GraphError(f"{kind} cannot take views of {arch.view[0]} x {arch.view[1]}: {reason}") from None
        finally:
            self.train()
        for name, scores in found.items():
            if scores.shape != (1, arch.classes):
                shape = " x ".join(map(str, scores.shape[1:]))
                raise GraphError(f"{kind}: exit {name!r} gives {shape} scores, not one for each of {arch.classes}")

    def run(self, part: Part, given: Sequence[Given]) -> Output:
        """Run a vertex or a head."""
        values = [one.values[:, 0] for one in given]
        made: Tensor = self.module(part)(*values)
        return Output(None, made) if self.graph.segments[part.segment].scores else Output(made)

    def module(self, part: Part) -> nn.Module:
        """The vertex, or the head."""
        return self.heads[part.segment] if part.segment in self.heads else self.blocks[part.segment]
