"""The segments themselves, run in batches on CPU or CUDA. The only module that a run imports torch with."""

from __future__ import annotations

from collections import OrderedDict
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from simnet.models import codecs
from simnet.models.cards.card import Card, WeightsError
from simnet.models.cards.weights import load_network
from simnet.models.data.base import Dataset, check_pixels
from simnet.models.device import pick_device
from simnet.models.networks.ddnn_2017 import Ddnn2017
from simnet.models.networks.early_exit import normalize

FEATURE_BYTES = 512 * 2**20
"""Features kept for deeper segments; beyond it the oldest go, and are computed again if they are asked for."""

SMALLEST_BATCH = 32
"""Smaller batches are filled up with repetitions: below it the libraries choose other kernels, whose last bits differ.

So a sample gets the same bits alone as among others (on one machine; seen on an x86-64 CPU from 32 upward).
"""


class Segments:
    """A trained network's segments over a data set; results are float32 class scores.

    A segment is given what arrived of the features: `codec` is how they travelled. `zero_input` puts what a device
    gives for a black view in the place of a view that is missing, instead of zeros.
    Raises WeightsError when the weights are damaged or do not cost what their card says, DeviceError as `pick_device`.
    """

    def __init__(
        self,
        card: Card,
        data: Dataset,
        device: str,
        batch: int,
        codec: str = "fp32",
        zero_input: bool = False,
    ) -> None:
        self.device, self.batch = pick_device(device), batch
        if self.device == "cuda":
            torch.backends.cudnn.allow_tf32 = False  # float32 as on a CPU: answers must not depend on the device
        self.batches = 0
        self.samples = 0
        self._network = network = load_network(card, self.device)
        self._views = network.arch.devices
        self._card, self._codec, self._zero_input = card, codecs.codec(codec), zero_input
        parts: dict[str, nn.Module] = {"device": network.devices[0], "cloud": network.cloud}
        if not isinstance(network, Ddnn2017):
            parts["edge"] = network.edge
        else:
            parts["local"] = network.local
            if network.arch.edges:
                parts["edge"] = network.edge.edges[0]
        for name, module in parts.items():
            self._agree(name, "parameters", sum(p.numel() for p in module.parameters()))
        self._data = data
        self._features: OrderedDict[tuple[str, int, int], Tensor] = OrderedDict()
        self._held = 0

    def _agree(self, segment: str, key: str, found: object) -> None:
        """Check a cost that the simulation charges against the real one; FLOP are counted when a card is written."""
        if (told := self._card.segments[segment][key]) != found:
            raise WeightsError(f"{self._card.path}: {segment} costs are not the network's: {key} {told}, not {found}")

    def run(self, segment: str, views: int, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Class scores of `rows`: `[n, classes]`; of `device` `[n, d, classes]`, `[n, 0]` if it has no classifier.

        `views` is the bit mask of the views that take part in the fusion (the devices run on every view).
        """
        parts = np.split(rows, range(self.batch, len(rows), self.batch))
        return np.concatenate([self._run_batch(segment, views, part) for part in parts])

    @torch.inference_mode()
    def local(self, views: int, classified: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores `[n, classes]` of the local aggregator, from the devices' `[n, d, classes]` of DDNN of 2017."""
        assert isinstance(self._network, Ddnn2017)
        self.batches += 1
        self.samples += len(classified)
        enough = np.resize(np.arange(len(classified)), max(len(classified), SMALLEST_BATCH))
        scores = torch.from_numpy(classified[enough]).to(self.device)
        found: Tensor = self._network.local(*self._completed(scores, views, 1))
        return found[: len(classified)].float().cpu().numpy()

    @torch.inference_mode()
    def _run_batch(self, segment: str, views: int, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        self.batches += 1
        self.samples += len(rows)
        asked, rows = len(rows), np.resize(rows, max(len(rows), SMALLEST_BATCH))
        if segment == "device":
            pixels = torch.from_numpy(check_pixels(self._data, rows)).to(self.device)
            features, scores = self._on_devices(normalize(pixels))
            self._keep("device", 0, rows, features)
            found = torch.zeros(len(rows), 0) if scores is None else scores
        elif segment == "edge":
            fused, found = self._network.edge(*self._completed(self._input("device", 0, rows), views, 0))
            self._keep("edge", views, rows, self._codec.transmit(fused))
        elif not isinstance(self._network, Ddnn2017):
            found = self._network.cloud(self._input("edge", views, rows))
        elif self._network.arch.edges:
            reporting = self._network.edge.present(self._present(views, len(rows)))
            found = self._network.cloud(self._input("edge", views, rows), reporting)
        else:
            found = self._network.cloud(*self._completed(self._input("device", 0, rows), views, 0))
        return found[:asked].float().cpu().numpy()

    def _on_devices(self, pixels: Tensor) -> tuple[Tensor, Tensor | None]:
        """What arrives of the devices' features `[n, d, c, h, w]`, and their class scores `[n, d, classes]` or None."""
        reports = [device(pixels[:, view]) for view, device in zip(self._views, self._network.devices, strict=True)]
        scores = [s for _, s in reports if s is not None]
        features = torch.stack([self._codec.transmit(f) for f, _ in reports], dim=1)
        return features, torch.stack(scores, dim=1) if scores else None

    def _present(self, views: int, count: int) -> Tensor:
        """Which devices' views there are, `[count, d]`; with `zero_input` there is something for each."""
        here = [self._zero_input or bool(views >> view & 1) for view in self._views]
        return torch.tensor(here, device=self.device).expand(count, -1)

    def _completed(self, values: Tensor, views: int, what: int) -> tuple[Tensor, Tensor]:
        """Features (`what` 0) or scores (1) of all devices `[n, d, ...]` as the fusion takes them, and who is present.

        Views that are missing hold what a black view gives, if that is asked for.
        """
        if self._zero_input:
            values = values.clone()
            for number, view in enumerate(self._views):
                if not views >> view & 1:
                    values[:, number] = self._black[what][number]
        return values, self._present(views, len(values))

    @cached_property
    def _black(self) -> tuple[Tensor, Tensor]:
        """What arrives of each device's features and its class scores for a black view."""
        height, width = self._network.arch.view
        shape = (SMALLEST_BATCH, max(self._views) + 1, 3, height, width)
        pixels = normalize(torch.zeros(shape, dtype=torch.uint8, device=self.device))
        features, scores = self._on_devices(pixels)
        return features[0], features[0] if scores is None else scores[0]

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
