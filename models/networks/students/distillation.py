"""The joint loss of DistrEE: labels, distillation and transfer of features at every stage, nodes that drop out.

Joint end-to-end training is the paper's [S], distillation and feature transfer are named in its abstract pages, the
partition of the teacher's channels is its lineage's [R: NoNN]; weights, equal groups and node dropout are ours [I].
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from simnet.models.networks.base import Network
from simnet.models.networks.objective import ITSELF, Objective, Plain
from simnet.models.networks.passes import Pass

GROUPING = 2_000
"""Training images on whose activations the teacher's channels are grouped."""
RIDGE = 10.0
"""λ of the maps into the teacher's space."""


@dataclass(frozen=True)
class DistillationSettings:
    """`objective` of a recipe. Raises ValueError for values outside their range."""

    distillation: float = 0.5
    """α: share of the teacher's word against the labels'."""
    temperature: float = 3.0
    """t, by which both class scores are divided."""
    transfer: float = 0.05
    """β: weight of the distance of features."""
    node_dropout: float = 0.15
    """Probability with which a node is missing, in all stages; one always stays."""

    def __post_init__(self) -> None:
        if not (0 <= self.distillation <= 1 and 0 <= self.node_dropout < 1):
            raise ValueError("objective: 'distillation' and 'node_dropout' are shares from 0 to 1")
        if not (self.temperature > 0 and self.transfer >= 0):
            raise ValueError("objective: 'temperature' must be positive, 'transfer' not negative")


class Students(Protocol):
    """What the loss needs of a network of several nodes."""

    heads: Any
    """One module a stage, F_e `[n, D]` to class scores."""
    aligned: Any
    """One affine map a stage, with buffers `weight` `[D, D]` and `bias` `[D]`."""

    def joined(self, views: Tensor, present: Tensor | None = None) -> list[Tensor]:
        """F_e `[n, D]` of every stage."""


class Lesson:
    """What the teacher says of a batch: class scores `[n, classes]`, features `[n, D]`."""

    def __init__(self, scores: Tensor, features: Tensor) -> None:
        self.scores, self.features = scores, features


class Distillation(Objective):
    """L = Σ_e w_e·[(1−α)·CE + α·t²·KL(σ(s_T/t) ‖ σ(s_e/t))] + β·Σ_e w_e·mean((F_e − F_T/std(F_T))²).

    Without a teacher's weights the last stage teaches the others and learns from the labels alone; without any teacher
    the loss is Σ_e w_e·CE. Raises ValueError for unknown settings, or a teacher that does not fit.
    """

    def __init__(self, network: Any, nodes: int, recipe: Any, teacher: Network | None, plain: Plain) -> None:
        known = [field.name for field in fields(DistillationSettings)]
        if unknown := [name for name in recipe.objective if name not in known]:
            raise ValueError(f"objective: there is no {unknown[0]!r}; known: {', '.join(known)}")
        self.settings = DistillationSettings(**recipe.objective)
        self.network: Students = network
        self.nodes, self.teacher = nodes, teacher
        self.itself = recipe.teacher == ITSELF
        self.weights = [recipe.loss_weights.get(f"head-{number}", 1.0) for number in range(1, len(network.heads) + 1)]
        self.channels = torch.arange(0)
        self.spread = 1.0
        if teacher is not None:
            self._share_out(teacher, network.heads[-1], plain)

    def _share_out(self, teacher: Network, head: Any, plain: Plain) -> None:
        """Which channel of the teacher's features each place of F_e learns."""
        found: list[Tensor] = []
        for views in plain():
            found.append(_lesson(teacher, views).features)
            if sum(map(len, found)) >= GROUPING:
                break
        features = torch.cat(found)[:GROUPING]
        wanted = head.in_features, head.out_features
        its = features.shape[1], teacher.graph.classes
        if its != wanted:
            raise ValueError(f"the teacher has {its[0]} features and {its[1]} classes, not {wanted[0]} and {wanted[1]}")
        self.channels = torch.tensor([c for group in grouped(features, self.nodes) for c in group])
        self.spread = max(float(features.std()), 1e-6)

    def loss(self, views: Tensor, labels: Tensor, random: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """The formula of the class; parts are `head-e` (cross-entropy), `distillation` and `transfer`."""
        set_to, last = self.settings, len(self.weights) - 1
        present = _kept(len(views), self.nodes, set_to.node_dropout, random).to(views.device)
        joined = self.network.joined(views, present)
        scores = [head(features).float() for head, features in zip(self.network.heads, joined, strict=True)]
        lesson = self._lesson(views, scores, joined)
        parts = {f"head-{n}": F.cross_entropy(s, labels) for n, s in enumerate(scores, start=1)}
        if lesson is None:
            return torch.stack([w * p for w, p in zip(self.weights, parts.values(), strict=True)]).sum(), parts
        total, distilled, moved = (torch.zeros((), device=views.device) for _ in range(3))
        for number, (weight, ce, s, features) in enumerate(
            zip(self.weights, list(parts.values()), scores, joined, strict=True)
        ):
            alpha = 0.0 if self.itself and number == last else set_to.distillation
            t = set_to.temperature
            taught = F.kl_div((s / t).log_softmax(1), (lesson.scores / t).log_softmax(1), reduction="batchmean",
                              log_target=True)  # fmt: skip
            distilled = distilled + weight * alpha * t * t * taught
            moved = moved + weight * (features.float() - lesson.features).square().mean()
            total = total + weight * (1 - alpha) * ce
        total = total + distilled + set_to.transfer * moved
        return total, {**parts, "distillation": distilled, "transfer": moved}

    def _lesson(self, views: Tensor, scores: Sequence[Tensor], joined: Sequence[Tensor]) -> Lesson | None:
        if self.teacher is not None:
            given = _lesson(self.teacher, views)
            return Lesson(given.scores, given.features[:, self.channels.to(views.device)] / self.spread)
        if self.itself:
            own = joined[-1].detach().float()
            return Lesson(scores[-1].detach(), own / own.std().clamp(min=1e-6))
        return None

    @torch.no_grad()
    def conclude(self, network: Students, plain: Plain) -> None:
        """Fit a ridge map of each stage's features to the teacher's, or to the last stage's without one."""
        ways: list[Ridge] = []
        for views in plain():
            joined = [features.double() for features in network.joined(views)]
            target = joined[-1] if self.teacher is None else _lesson(self.teacher, views).features.double()
            ways = ways or [Ridge(features.shape[1], target.shape[1]) for features in joined]
            for way, features in zip(ways, joined, strict=True):
                way.add(features, target)
        for way, place in zip(ways, network.aligned, strict=True):
            weight, bias = way.solve(RIDGE)
            place.weight.copy_(weight)
            place.bias.copy_(bias)


class Ridge:
    """Ridge regression of targets `[n, m]` on `[inputs; 1]`, from sums over batches in double precision."""

    def __init__(self, inputs: int, targets: int) -> None:
        self.square = torch.zeros(inputs + 1, inputs + 1, dtype=torch.float64)
        self.product = torch.zeros(inputs + 1, targets, dtype=torch.float64)

    def add(self, inputs: Tensor, targets: Tensor) -> None:
        """A batch of `[n, inputs]` and `[n, targets]`."""
        whole = torch.cat([inputs, torch.ones_like(inputs[:, :1])], 1)
        self.square += (whole.T @ whole).cpu()
        self.product += (whole.T @ targets).cpu()

    def solve(self, strength: float) -> tuple[Tensor, Tensor]:
        """Weight `[targets, inputs]` and bias `[targets]` of least squares plus `strength` · their squares."""
        made = torch.linalg.solve(
            self.square + strength * torch.eye(len(self.square), dtype=torch.float64), self.product
        )
        return made[:-1].T, made[-1]


def grouped(features: Tensor, groups: int) -> Iterator[list[int]]:
    """Channels of `[n, D]` in `groups` of equal size, those that vary together in one (absolute correlation).

    Each group begins with the pair most alike of those that are left, and takes the channel that is on average most
    like its members until it is full (equal size is our choice).
    """
    count = features.shape[1]
    centred = features.double() - features.double().mean(0)
    norms = centred.norm(dim=0).clamp(min=1e-12)
    alike = ((centred.T @ centred) / norms / norms[:, None]).abs().fill_diagonal_(0)
    left = torch.ones(count, dtype=torch.bool)
    for _ in range(groups):
        open_pairs = alike.masked_fill(~(left[:, None] & left), -1.0).fill_diagonal_(-1.0)
        first = int(open_pairs.amax(1).masked_fill(~left, -1.0).argmax())
        members = [first]
        left[first] = False
        while len(members) < count // groups:
            nearest = int(alike[members].mean(0).masked_fill(~left, -1.0).argmax())
            members.append(nearest)
            left[nearest] = False
        yield sorted(members)


@torch.no_grad()
def _lesson(teacher: Network, views: Tensor) -> Lesson:
    """What the teacher's last exit says, and the features that its segment gives beside the scores."""
    teacher.eval()
    walk = Pass(teacher, views)
    (part,) = teacher.graph.parts_of(list(teacher.graph.exits.values())[-1].name)
    made = walk.output(part, walk.usual)
    if made.features is None or made.scores is None or made.features.dim() != 2:
        raise ValueError("a teacher's last exit must give features [n, D] beside its class scores")
    return Lesson(made.scores.float(), made.features.float())


def _kept(n: int, nodes: int, probability: float, random: torch.Generator) -> Tensor:
    """Presence `[n, nodes]` bool: each node missing with `probability`, but a random one of every sample is kept."""
    present = torch.rand((n, nodes), generator=random) >= probability
    present[torch.arange(n), torch.randint(nodes, (n,), generator=random)] = True
    return present
