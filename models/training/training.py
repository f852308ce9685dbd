"""Training: joint weighted loss over all exits, SGD or Adam with warm-up and cosine, checkpoints that resume.

Joint loss: ADA-DDNN, eq. 2 (a weighted sum of softmax cross-entropies over all exits; the weights are not given, ours
are in `Recipe`). SGD and cosine annealing are the paper's; Nesterov momentum, warm-up and weight decay are ours.
"""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from simnet.models.cards.card import read_card
from simnet.models.cards.weights import load_network
from simnet.models.data import open_dataset
from simnet.models.data.base import Dataset
from simnet.models.evaluation.scores import exit_scores, seen_by, segment_scores, view_segment
from simnet.models.networks import NETWORKS
from simnet.models.networks.base import Architecture, Network
from simnet.models.networks.objective import ITSELF
from simnet.models.training.whitening import whiten

PLAIN_BATCH = 500
"""Training images that are served at a time without augmentation."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; kept in its card. Loss weights are per classifier, of the devices for their average."""

    epochs: int = 20
    batch: int = 250
    optimizer: Literal["sgd", "adam"] = "sgd"
    rate: float = 0.1
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 5e-4
    decay_all: bool = False
    """Weight decay on biases and batch norms, too."""
    warm_up: float = 2.0
    """Epochs of linear warm-up before cosine annealing to zero."""
    anneal: bool = True
    """Without it the rate stays after the warm-up."""
    mixed_precision: bool = True
    """Forward passes in bfloat16 where PyTorch holds that safe and the processor has units for it."""
    label_smoothing: float = 0.0
    """Share of the target that is spread over all classes, in the edge's and the cloud's loss."""
    whitening: bool = False
    """Begin with a first layer that whitens its input, see `simnet.models.training.whitening`."""
    view_dropout: float = 0.0
    """Probability with which each view of a sample is missing in training; one is always left."""
    start: str | None = None
    """Weights, by name, that training begins with (fine-tuning); None: random ones."""
    average: float = 0.0
    """Decay per step of the exponential moving average of the weights, which is then the result; 0: none."""
    loss_weights: dict[str, float] = field(default_factory=lambda: {"device": 0.6, "edge": 1.0, "cloud": 1.0})
    """A classifier that is not named counts 1."""
    sum_devices: bool = False
    """The devices' losses are summed, not averaged."""
    only_seen: bool = False
    """A device's loss leaves out the samples of which its view is black (DDNN 2017 [R])."""
    shift: int = 4
    """Largest random shift of the augmentation, in pixels."""
    flip: bool = True
    """Half of the images mirrored."""
    teacher: str | None = None
    """Weights, by name, that a kind with an objective of its own learns from; "itself": its own last exit."""
    objective: dict[str, float] = field(default_factory=dict)
    """Values of the kind's own objective; those that are not named are as usual."""
    border: Literal["repeat", "zeros"] = "repeat"
    """What a shifted image has at the sides that it left: its edges again, or zeros."""
    seed: int = 1


def joint_loss(
    scores: dict[str, Tensor],
    labels: Tensor,
    recipe: Recipe,
    seen: Tensor | None = None,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Weighted sum of the classifiers' cross-entropies (ADA-DDNN, eq. 2) and its parts.

    `scores` maps a classifier to `[n, classes]`, or `[n, d, classes]` for the devices, whose losses are averaged or
    summed and whose labels are not smoothed (on one view they are unsure enough). With `seen` `[n, d]` each device's
    loss is the mean over the samples that it sees.
    """
    parts = {}
    for name, s in scores.items():
        if s.dim() == 2:
            parts[name] = F.cross_entropy(s.float(), labels, label_smoothing=recipe.label_smoothing)
            continue
        each = F.cross_entropy(s.float().transpose(1, 2), labels[:, None].expand(-1, s.shape[1]), reduction="none")
        counted = torch.ones_like(each) if seen is None else seen.to(each)
        of_device = (each * counted).sum(0) / counted.sum(0).clamp(min=1)
        parts[name] = of_device.sum() if recipe.sum_devices else of_device.mean()
    total = torch.stack([recipe.loss_weights.get(name, 1.0) * part for name, part in parts.items()]).sum()
    return total, parts


def shift_and_flip(
    images: Tensor, shift: int, generator: torch.Generator, flips: bool = True, border: str = "repeat"
) -> Tensor:
    """Shift each image by up to `shift` pixels, flip half of them; `[n, 3, h, w]` uint8.

    At the sides that it left its edges are repeated, or there are `zeros`.
    """
    n, _, h, w = images.shape
    if border == "zeros" and shift:  # as much room as any shift needs, of which the edge is then repeated
        padded = shift_and_flip(F.pad(images, (shift,) * 4), shift, generator, flips)
        return padded[..., shift : shift + h, shift : shift + w]
    dy, dx = (torch.randint(-shift, shift + 1, (n, 1), generator=generator) for _ in range(2))
    flip = torch.rand((n, 1), generator=generator) < 0.5
    rows = (torch.arange(h) + dy).clamp(0, h - 1)
    columns = (torch.arange(w) + dx).clamp(0, w - 1)
    if flips:
        columns = torch.where(flip, columns.flip(1), columns)
    picked = images.permute(0, 2, 3, 1)[torch.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]
    return picked.permute(0, 3, 1, 2)


class TrainingData:
    """The training split in memory, served as augmented batches of views `[n, views, 3, h, w]` uint8.

    What the data set calls `images` is shifted and flipped as one: whole pictures, cut afterwards, or each view.
    """

    def __init__(self, data: Dataset, shift: int, flip: bool = True, border: str = "repeat") -> None:
        everything = np.arange(len(data))
        self.images = torch.from_numpy(data.images(everything))
        self.cut = data.cut
        self.labels = torch.from_numpy(data.labels)
        self.shift, self.flip, self.border = shift, flip, border

    def batches(self, size: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
        """One epoch in the order and with the augmentation that `seed` gives; the last, smaller batch is left out."""
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(self.labels), generator=generator)
        for chosen in torch.split(order[: len(order) // size * size], size):
            images = self.images[chosen]
            each = images.flatten(0, -4)  # one image a sample, or one a view
            shifted = shift_and_flip(each, self.shift, generator, self.flip, self.border).reshape(images.shape)
            yield torch.from_numpy(self.cut(shifted.numpy())), self.labels[chosen]


def dropped_views(n: int, views: int, probability: float, generator: torch.Generator) -> Tensor:
    """Presence `[n, views]` bool: each view missing with `probability`, but a random one of every sample is kept."""
    present = torch.rand((n, views), generator=generator) >= probability
    present[torch.arange(n), torch.randint(views, (n,), generator=generator)] = True
    return present


def _rate(step: int, total: int, warm_up: int, anneal: bool = True) -> float:
    """Factor on the learning rate: linear warm-up, then cosine annealing to zero, or one."""
    if step < warm_up:
        return (step + 1) / warm_up
    if not anneal:
        return 1.0
    return 0.5 * (1 + float(np.cos(np.pi * (step - warm_up) / max(1, total - warm_up))))


class _OtherRunError(ValueError):
    """A checkpoint of another network, whose architecture is not even read."""


class Training:
    """A training run: state that a checkpoint holds whole, advanced one epoch at a time.

    `kind` is the network's, by name or as ``module:Name``; `data_name` names the data set (`options_of`). Raises
    PluginError for a kind that is none, DataError when the data set is missing, WeightsError when the weights to start
    with are, ValueError when these do not fit the network or the training split is smaller than one batch.
    """

    def __init__(
        self, kind: str, arch: Architecture, data_name: str, recipe: Recipe, data_dir: Path | None, device: str
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.kind, self.arch, self.data_name, self.recipe = kind, arch, data_name, recipe
        self.device = torch.device(device)
        self.network: Network = NETWORKS[kind](arch).to(self.device).to(memory_format=torch.channels_last)
        decayed = [p for p in self.network.parameters() if p.dim() > 1 or recipe.decay_all]
        plain = [p for p in self.network.parameters() if p.dim() == 1 and not recipe.decay_all]
        groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": plain, "weight_decay": 0.0}]
        self.optimizer: torch.optim.Optimizer = (
            torch.optim.Adam(groups, lr=recipe.rate)
            if recipe.optimizer == "adam"
            else torch.optim.SGD(groups, lr=recipe.rate, momentum=recipe.momentum, nesterov=recipe.nesterov)
        )
        self._average: AveragedModel | None = None
        self.epoch = 0
        self.log: list[dict[str, Any]] = []
        self.data = TrainingData(open_dataset(data_name, "train", data_dir), recipe.shift, recipe.flip, recipe.border)
        self.validation = open_dataset(data_name, "validation", data_dir)
        self.steps = len(self.data.labels) // recipe.batch
        if self.steps == 0:
            raise ValueError(f"a batch of {recipe.batch} is more than the {len(self.data.labels)} training samples")
        if recipe.start is not None:
            try:
                self.network.load_state_dict(load_network(read_card(recipe.start)).state_dict())
            except RuntimeError as problem:
                raise ValueError(f"{recipe.start} does not fit the network that is to be trained: {problem}") from None
        elif recipe.whitening:
            views, _ = next(self.data.batches(min(1_000, len(self.data.labels)), recipe.seed))
            whiten(self.network, self.network.prepare(views.to(self.device)))
        taught = None if recipe.teacher in (None, ITSELF) else load_network(read_card(recipe.teacher), device)
        self.objective = self.network.objective(recipe, taught, self.plain)
        """What is minimized in the place of the joint loss."""
        if self.objective is None and (recipe.teacher or recipe.objective):
            raise ValueError(f"network {kind!r} has no objective of its own, so 'teacher' and 'objective' do nothing")
        if recipe.average:
            average = get_ema_multi_avg_fn(recipe.average)  # type: ignore[no-untyped-call]
            self._average = AveragedModel(self.network, multi_avg_fn=average, use_buffers=True)

    @property
    def precision(self) -> str:
        """What forward passes are computed in: "bf16" if the recipe mixes and the processor has units for it.

        Without them bfloat16 is emulated, and more than ten times slower than float32.
        """
        quick = self.device.type == "cuda" or torch.ops.mkldnn._is_mkldnn_bf16_supported()
        return "bf16" if self.recipe.mixed_precision and quick else "fp32"

    def plain(self) -> Iterator[Tensor]:
        """Prepared views of the training split as they are, in order."""
        for images in torch.split(self.data.images, PLAIN_BATCH):
            yield self.network.prepare(torch.from_numpy(self.data.cut(images.numpy())).to(self.device))

    @cached_property
    def _own_views(self) -> list[int]:
        """The view of each copy of the segment whose copies classify one view each."""
        name = view_segment(self.network.graph)
        return [] if name is None else seen_by(self.network.graph, name)

    def _trained(self, scores: dict[str, Tensor]) -> dict[str, Tensor]:
        """What the joint loss is of: those of devices with an axis for these, also where there is one device."""
        graph = self.network.graph
        alone = view_segment(graph)
        return {
            name: s[:, None] if name == alone and s.dim() == 2 else s
            for name, s in scores.items()
            if graph.segments[name].trained
        }

    @property
    def result(self) -> Network:
        """The network that the run is about: the averaged one, if there is one."""
        return self.network if self._average is None else cast(Network, self._average.module)

    def _loss(self, views: Tensor, labels: Tensor, random: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """What a step minimizes, and its parts."""
        prepared = self.network.prepare(views.to(self.device))
        if self.objective is not None:
            return self.objective.loss(prepared, labels, random)
        present = dropped_views(len(views), views.shape[1], self.recipe.view_dropout, random).to(self.device)
        scores = self.network(prepared, present)
        seen = views.flatten(2).any(-1)[:, self._own_views].to(self.device) if self.recipe.only_seen else None
        with torch.autocast(self.device.type, enabled=False):
            return joint_loss(self._trained(scores), labels, self.recipe, seen)

    def conclude(self) -> None:
        """Fit what of the result no gradient has; after the last epoch."""
        if self.objective is not None:
            self.objective.conclude(self.result.eval(), self.plain)

    def run_epoch(self, advance: Callable[[], None]) -> dict[str, Any]:
        """Train one epoch, evaluate on validation, append to the log and return its line; `advance` after each step.

        Raises FloatingPointError when the loss is no longer finite.
        """
        self.network.train()
        began = time.perf_counter()
        sums: dict[str, float] = {}
        total, warm_up = self.recipe.epochs * self.steps, round(self.recipe.warm_up * self.steps)
        seed = self.recipe.seed * 10_000 + self.epoch
        dropping = torch.Generator().manual_seed(seed)
        for step, (views, labels) in enumerate(self.data.batches(self.recipe.batch, seed), self.epoch * self.steps):
            for group in self.optimizer.param_groups:
                group["lr"] = self.recipe.rate * _rate(step, total, warm_up, self.recipe.anneal)
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
                loss, parts = self._loss(views, labels.to(self.device), dropping)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
            self.network.after_step()
            if self._average is not None:
                self._average.update_parameters(self.network)
            for name, part in {**parts, "total": loss}.items():
                sums[name] = sums.get(name, 0.0) + part.item()
            if not math.isfinite(sums["total"]):
                raise FloatingPointError(f"the loss is no longer finite in epoch {self.epoch + 1}: lower the rate")
            advance()
        self.epoch += 1
        scores_at = exit_scores(self.result, segment_scores(self.result, self.validation))
        truth = self.validation.labels
        line = {
            "epoch": self.epoch,
            "loss": {name: round(value / self.steps, 5) for name, value in sums.items()},
            "validation_accuracy": {
                name: round(float((s.argmax(-1) == truth).mean()), 5) for name, s in scores_at.items()
            },
            "seconds": round(time.perf_counter() - began, 1),
        }
        self.log.append(line)
        return line

    def save(self, path: Path) -> None:
        """Write a checkpoint; a kill at any moment leaves the former one whole."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        torch.save(
            {
                "kind": self.kind,
                "arch": self.arch.as_dict(),
                "data": self.data_name,
                "recipe": asdict(self.recipe),
                "epoch": self.epoch,
                "log": self.log,
                "network": self.network.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "average": None if self._average is None else self._average.state_dict(),
            },
            partial,
        )
        partial.replace(path)

    def resume(self, path: Path) -> None:
        """Continue from a checkpoint.

        Raises ValueError when it is missing, damaged, or belongs to another network, data set or recipe.
        """
        try:
            saved = torch.load(path, map_location=self.device, weights_only=True)
            kind = saved.get("kind") or saved["arch"]["system"]  # as checkpoints of the first edition have it
            if kind != self.kind:
                raise _OtherRunError(f"its network is {kind}, not {self.kind}")
            found = (saved["data"], type(self.arch).from_dict(saved["arch"]), Recipe(**saved["recipe"]))
            epoch, log, network, optimizer = (saved[key] for key in ("epoch", "log", "network", "optimizer"))
        except _OtherRunError as problem:
            raise ValueError(f"{path} is of another run: {problem}") from None
        except Exception as problem:  # bytes that are no checkpoint make the unpickler raise nearly anything
            reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
            raise ValueError(f"{path} is no readable checkpoint: {reason}") from problem
        if found[0] != self.data_name:
            raise ValueError(f"{path} is of another run: its data set is {found[0]}, not {self.data_name}")
        for its, mine in ((found[1], self.arch), (found[2], self.recipe)):
            for name in (f.name for f in fields(mine)):
                if getattr(its, name) != getattr(mine, name):
                    raise ValueError(
                        f"{path} is of another run: its {name} is {getattr(its, name)}, not {getattr(mine, name)}"
                    )
        self.network.load_state_dict(network)
        self.optimizer.load_state_dict(optimizer)
        if self._average is not None:
            self._average.load_state_dict(saved["average"])
        self.epoch, self.log = epoch, log


def hardware(device: str) -> str:
    """What a card says of the machine: processor, threads and, where used, the GPU."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"
