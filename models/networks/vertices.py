"""A module's operations, traced by `torch.fx` and grouped into vertices that each give one tensor.

DAPDEE (Ding et al. 2025) and DADS (Hu et al. 2019) see chains and branched networks alike as a directed acyclic graph
of layers [S]. How operations are grouped is ours [I]: what keeps the number of values belongs to what makes its input,
since nobody would cut between them; sizes and parts of a tensor are taken wherever they are needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from torch import fx, nn

from simnet.models.graph import GraphError
from simnet.models.networks.layers import ExitClassifier

ELEMENT_WISE = (
    nn.BatchNorm1d, nn.BatchNorm2d, nn.GroupNorm, nn.LayerNorm, nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.GELU,
    nn.SiLU, nn.Hardswish, nn.Hardsigmoid, nn.Sigmoid, nn.Tanh, nn.Softmax, nn.Dropout, nn.Dropout2d, nn.Flatten,
)  # fmt: skip
"""Modules that keep the number of values."""
ELEMENT_WISE_CALLS = frozenset({
    "add", "iadd", "add_", "sub", "mul", "imul", "mul_", "truediv", "div", "relu", "relu_", "relu6", "leaky_relu",
    "elu", "gelu", "silu", "hardswish", "hardsigmoid", "sigmoid", "tanh", "softmax", "batch_norm", "layer_norm",
    "dropout", "flatten", "view", "reshape", "permute", "transpose", "contiguous", "clone",
})  # fmt: skip
"""Names of functions and methods that keep it."""
SIZES = frozenset(("size", "dim", "shape"))
TAKEN_APART = frozenset(("getitem", "chunk", "split", "unbind"))


@dataclass
class Vertex:
    """Operations that run in one piece.

    Attributes:
        nodes: The operations, in order; the last one's tensor is what the vertex gives.
        inputs: The nodes, of other vertices or the view, whose tensors it takes, in order.
    """

    nodes: list[fx.Node]
    inputs: list[fx.Node]

    @property
    def result(self) -> fx.Node:
        """What it gives."""
        return self.nodes[-1]


class Traced:
    """The operations of a `body` that maps one tensor to one. Raises GraphError where `torch.fx` cannot follow it."""

    def __init__(self, body: nn.Module) -> None:
        self.kind = type(body).__name__
        try:
            self.module = fx.GraphModule(body, _Tracer().trace(body))
        except Exception as problem:  # whatever the user's forward raises on stand-ins for tensors
            raise GraphError(f"torch.fx cannot trace {self.kind}: {problem}") from None
        self.module.graph.eliminate_dead_code()
        self._order = {node: number for number, node in enumerate(self.module.graph.nodes)}
        inputs = [node for node in self._order if node.op == "placeholder"]
        (given,) = (node.args[0] for node in self._order if node.op == "output")
        if len(inputs) != 1 or not isinstance(given, fx.Node) or given.op == "placeholder":
            raise GraphError(
                f"{self.kind} must take one tensor and give one, its class scores; it takes "
                f"{', '.join(node.name for node in inputs) or 'none'} and gives {given}"
            )
        self.view, self.result = inputs[0], given

    def behind(self, name: str) -> fx.Node:
        """The last operation of a module, by its dotted name. Raises GraphError where there is none."""
        owned = [node for node in self._order if f"{_owner(node)}.".startswith(f"{name}.") and node in self._inputs]
        if not name or not owned:
            raise GraphError(f"{self.kind} has no module {name!r} that makes a tensor")
        last: fx.Node = owned[-1]
        return last

    @cached_property
    def _inputs(self) -> dict[fx.Node, list[fx.Node]]:
        """For each operation that makes a tensor of its own the views and operations whose tensors it takes."""
        found: dict[fx.Node, list[fx.Node]] = {}
        sources: dict[fx.Node, list[fx.Node]] = {}
        for node in self._order:
            taken = list(dict.fromkeys(one for before in node.all_input_nodes for one in sources[before]))
            if node.op == "placeholder":
                sources[node] = [node]
            elif self._is_copied(node):
                sources[node] = taken
            elif node.op != "output":
                sources[node], found[node] = [node], taken
        return found

    def _is_copied(self, node: fx.Node) -> bool:
        """Whether a node makes no tensor of its own, but hands one on, or a size, a part or a constant."""
        if node.op in ("placeholder", "output") or node is self.result:
            return False
        if node.op == "call_module":
            return isinstance(self.module.get_submodule(str(node.target)), nn.Identity)
        if node.op == "get_attr":
            return True
        name = _called(node)
        is_size = name in SIZES or (name == "getattr" and node.args[1] in SIZES)
        return is_size or name in TAKEN_APART or all(map(self._is_copied, node.all_input_nodes))

    def vertices(self, taken: Iterable[fx.Node] = ()) -> list[Vertex]:
        """The operations as vertices, each after those whose tensors it takes; those in `taken` are given to others.

        An element-wise operation joins the latest vertex that makes one of its inputs if nobody else takes that. So
        what a vertex takes is made by earlier ones, and there is no circle.
        """
        users: dict[fx.Node, int] = dict.fromkeys(taken, 1)
        for inputs in self._inputs.values():
            for node in inputs:
                users[node] = users.get(node, 0) + 1
        found: list[Vertex] = []
        place: dict[fx.Node, int] = {}
        for node, inputs in self._inputs.items():
            number = max((place[one] for one in inputs if one in place), default=None)
            made = None if number is None else found[number].result
            if number is None or made not in inputs or users[made] > 1 or not self._keeps_number(node):
                number = len(found)
                found.append(Vertex([], []))
            vertex = found[number]
            vertex.inputs += [one for one in inputs if place.get(one) != number and one not in vertex.inputs]
            vertex.nodes.append(node)
            place[node] = number
        return found

    def _keeps_number(self, node: fx.Node) -> bool:
        if node.op == "call_module":
            return isinstance(self.module.get_submodule(str(node.target)), ELEMENT_WISE)
        return _called(node) in ELEMENT_WISE_CALLS

    def runs(self, vertex: Vertex) -> fx.GraphModule:
        """A module that maps the tensors a vertex takes, in order, to the one it gives."""
        graph = fx.Graph()
        made = {node: graph.placeholder(node.name) for node in vertex.inputs}

        def copy(node: fx.Node) -> fx.Node:
            for before in node.all_input_nodes:
                if before not in made:
                    copy(before)
            made[node] = graph.node_copy(node, made.__getitem__)
            return made[node]

        for node in vertex.nodes:
            copy(node)
        graph.output(made[vertex.result])
        return fx.GraphModule(self.module, graph)


class _Tracer(fx.Tracer):
    """Sees a classifier of ours as one operation: the head of an exit is a vertex."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether a module is not looked into."""
        return isinstance(m, ExitClassifier) or super().is_leaf_module(m, module_qualified_name)


def _called(node: fx.Node) -> str:
    """Name of a function or method."""
    return node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")


def _owner(node: fx.Node) -> str:
    """The dotted name of the innermost module that an operation belongs to."""
    stack = node.meta.get("nn_module_stack") or {}
    return str(node.target) if node.op == "call_module" else list(stack)[-1] if stack else ""
