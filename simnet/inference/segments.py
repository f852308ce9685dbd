"""The segments themselves, run in batches on CPU or CUDA. The only module of simnet that imports torch."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.cards import Card, WeightsError
from models.data.base import VIEWS, ViewDataset
from models.device import pick_device
from models.networks import normalize
from models.weights import load_network

FEATURE_BYTES = 512 * 2**20
"""Features kept for deeper segments; beyond it the oldest go, and are computed again if they are asked for."""

SMALLEST_BATCH = 32
"""Smaller batches are filled up with repetitions: below it the libraries choose other kernels, whose last bits differ.

So a sample gets the same bits alone as among others (on one machine; seen on an x86-64 CPU from 32 upward).
"""


class Segments:
    """A trained network's device, edge and cloud segments over a data set; results are float32 class scores.

    Raises WeightsError when the weights are damaged or do not cost what their card says, DeviceError as `pick_device`.
    """

    def __init__(self, card: Card, data: ViewDataset, device: str, batch: int) -> None:
        self.device, self.batch = pick_device(device), batch
        if self.device == "cuda":
            torch.backends.cudnn.allow_tf32 = False  # float32 as on a CPU: answers must not depend on the device
        self.batches = 0
        self.samples = 0
        self._network = load_network(card, self.device)
        self._card = card
        for name, module in (
            ("device", self._network.devices[0]),
            ("edge", self._network.edge),
            ("cloud", self._network.cloud),
        ):
            self._agree(name, "parameters", sum(p.numel() for p in module.parameters()))
        self._data = data
        self._features: OrderedDict[tuple[str, int, int], Tensor] = OrderedDict()
        self._held = 0

    def _agree(self, segment: str, key: str, found: object) -> None:
        """Check a cost that the simulation charges against the real one; FLOP are counted when a card is written."""
        if (told := self._card.segments[segment][key]) != found:
            raise WeightsError(f"{self._card.path}: {segment} costs are not the network's: {key} {told}, not {found}")

    def run(self, segment: str, views: int, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Class scores of `rows`: `[n, classes]`; of `device` `[n, 6, classes]`, `[n, 0]` if it has no classifier.

        `views` is the bit mask of the views that take part in the fusion (the devices run on every view).
        """
        parts = np.split(rows, range(self.batch, len(rows), self.batch))
        return np.concatenate([self._run_batch(segment, views, part) for part in parts])

    @torch.inference_mode()
    def _run_batch(self, segment: str, views: int, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        self.batches += 1
        self.samples += len(rows)
        asked, rows = len(rows), np.resize(rows, max(len(rows), SMALLEST_BATCH))
        if segment == "device":
            pixels = normalize(torch.from_numpy(self._data.views(rows)).to(self.device))
            reports = [device(pixels[:, view]) for view, device in enumerate(self._network.devices)]
            self._keep("device", 0, rows, torch.stack([features for features, _ in reports], dim=1))
            scores = [s for _, s in reports if s is not None]
            found = torch.stack(scores, dim=1) if scores else torch.zeros(len(rows), 0)
        elif segment == "edge":
            present = torch.tensor([bool(views >> view & 1) for view in range(VIEWS)], device=self.device)
            features = self._input("device", 0, rows)
            fused, found = self._network.edge(features, present.expand(len(rows), -1))
            self._keep("edge", views, rows, fused)
        else:
            found = self._network.cloud(self._input("edge", views, rows))
        return found[:asked].float().cpu().numpy()

    def _input(self, segment: str, views: int, rows: NDArray[np.int64]) -> Tensor:
        """Features that `segment` gave for `rows`; computed now where they are not held (their scores were known)."""
        wanted = [(segment, views, row) for row in rows.tolist()]
        held = {key: self._features[key] for key in wanted if key in self._features}
        if missing := [row for _, _, row in dict.fromkeys(wanted) if (segment, views, row) not in held]:
            self._run_batch(segment, views, np.array(missing, np.int64))
            held |= {(segment, views, row): self._features[segment, views, row] for row in missing}
        return torch.stack([held[key] for key in wanted])

    def _keep(self, segment: str, views: int, rows: NDArray[np.int64], features: Tensor) -> None:
        self._agree(segment, "features", list(features.shape[-3:]))
        size = features[0].numel() * features.element_size()
        while self._features and self._held + size * len(rows) > FEATURE_BYTES:
            _, oldest = self._features.popitem(last=False)
            self._held -= oldest.numel() * oldest.element_size()
        for row, one in zip(rows.tolist(), features, strict=True):
            if (segment, views, row) not in self._features:
                self._features[segment, views, row] = one.clone()  # or it would keep its whole batch alive
                self._held += size
