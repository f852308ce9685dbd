"""What every network is: segments that run on a batch, and the data that describe them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import torch
from torch import Tensor, nn

from simnet.models.graph import Graph, Part

if TYPE_CHECKING:
    from simnet.models.data.base import Dataset
    from simnet.models.networks.objective import Objective, Plain


class Given(NamedTuple):
    """What one take of a part brings: values `[n, k, ...]` of k senders, and which of them are there, `[n, k]` bool.

    The values of a sender that is not there are zeros.
    """

    values: Tensor
    present: Tensor


class Output(NamedTuple):
    """What a part gives for n samples: features `[n, ...]` and class scores `[n, classes]`; None: it gives none."""

    features: Tensor | None = None
    scores: Tensor | None = None


@dataclass(frozen=True)
class Architecture:
    """Everything needed to build a network again; kept in the weight file's card.

    Attributes:
        view: Height and width of one view.
        classes: Number of classes.
        views: Views of a sample.
        codec: The codec that the network was trained for; it runs with any.
    """

    view: tuple[int, int]
    classes: int = 10
    views: int = 6
    codec: str = "fp32"

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the card."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Inverse of `as_dict`; JSON turns tuples into lists, this turns them back. Missing fields take their defaults.

        Cards of the first edition name the system here, too. Raises TypeError or ValueError for fields that there are
        not or that make no network.
        """
        return cls(**{name: _tuples(value) for name, value in values.items() if name != "system"})


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


class Network(nn.Module, ABC):
    """A network of segments, whole or in parts the same: `run` is all that ever computes.

    To add a kind: derive from this class in a file of your own, give it an `Architecture` (a frozen dataclass derived
    from ours) and, in `__init__(self, arch)`, `self.arch` and `self.graph`; write `run` and `module`. Register it as an
    entry point of the group ``simnet.networks``, or name it ``module:Name``. `simnet.testing.check_network` tells
    whether the contract is kept.

    Training, evaluation and simulation call `run` for one part after the other in the order of the graph (`Pass`). It
    must treat every sample of a batch alone (no statistics over the batch in eval mode) and must not change what it is
    given.
    """

    Architecture: ClassVar[type[Any]] = Architecture
    """The class of `arch`."""
    usual: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """Fields of the recipe that this kind is trained with by default, whatever the data."""
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType({})
    """What of the architecture goes with a recipe, by the recipe's name, unless it is set otherwise."""
    arch: Any
    graph: Graph
    """Structure; costs are in the graph of a card, measured when it is written."""

    def __init__(self, arch: Any) -> None:
        super().__init__()
        self.arch = arch

    @abstractmethod
    def run(self, part: Part, given: Sequence[Given]) -> Output:
        """What a part makes of what it is given, one entry for each of its segment's takes, in order.

        Returns features and scores as the graph says of the segment.
        """

    @abstractmethod
    def module(self, part: Part) -> nn.Module | None:
        """What holds the weights of a part; None for one without any. It counts parameters and memory."""

    @classmethod
    def for_data(cls, name: str, views: int, view: tuple[int, int], classes: int) -> Any:
        """The architecture that is trained for a data set by default: of these shapes, all else as usual."""
        return cls.Architecture(view=view, classes=classes, views=views)

    def layers(self) -> dict[str, str]:
        """A few words on the layers of each segment, for tables of weights."""
        return {}

    def prepare(self, pixels: Tensor) -> Tensor:
        """Pixels `[..., 3, h, w]` uint8 as the network takes them: float32 in [-1, 1]."""
        return pixels.float().div_(127.5).sub_(1.0)

    def objective(self, recipe: Any, teacher: Network | None, plain: Plain) -> Objective | None:
        """A loss of this kind's own; None: the joint loss of all classifiers.

        `recipe` is the training's; its `objective` holds values for this. `teacher` is the network, in eval mode, whose
        weights the recipe names. `plain` gives the training views as they are. Raises ValueError for a teacher or
        values that do not fit.
        """
        return None

    def own_values(self, graph: Graph, validation: Dataset) -> dict[str, Any]:
        """What else the card of trained weights says, found on validation data; `graph` has the costs of segments."""
        return {}

    def after_step(self) -> None:
        """Called after every training step."""

    def forward(self, views: Tensor, present: Tensor | None = None, codec: str | None = None) -> dict[str, Tensor]:
        """Class scores of every segment that gives some, for prepared views `[n, views, 3, h, w]`.

        `present` `[n, views]` (bool) says which views are there (all). Features travel with `codec`, by default the
        architecture's. Scores are `[n, classes]`, of a segment with several copies `[n, copies, classes]`.
        """
        from simnet.models.networks.passes import Pass

        walk = Pass(self, views, codec=codec, present=present)
        found = {}
        for name, segment in self.graph.segments.items():
            if segment.scores:
                each = [walk.scores(part) for part in self.graph.parts_of(name)]
                found[name] = each[0] if segment.copies == 1 else torch.stack(each, dim=1)
        return found
