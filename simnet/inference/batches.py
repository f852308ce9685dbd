"""The network itself, run part by part in batches on CPU or CUDA. The only module that a run imports torch with."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from simnet.inference.features import Features, Kept
from simnet.inference.window import FEATURE_BYTES
from simnet.models.cards.card import Card, WeightsError
from simnet.models.cards.weights import load_network
from simnet.models.codecs import codec as codec_named
from simnet.models.data.base import Dataset, check_pixels
from simnet.models.device import pick_device, sent_to
from simnet.models.graph import INPUT, Arc, Part
from simnet.models.networks.base import Output
from simnet.models.networks.passes import SMALLEST_BATCH, Blank, Pass
from simnet.registry import PluginError

Scores = Mapping[Part, NDArray[np.float32]]


class Batches:
    """A trained network's parts over a data set; results are float32 class scores.

    `codec` is how features travel over the arcs that a question says are coded. `zero_input` puts what a part gives for
    a black view in the place of one that is missing, where the graph allows it, instead of zeros. Features are held in
    `room` bytes.
    Raises WeightsError when the weights are damaged, do not cost what their card says, or a part does not keep the
    contract of `Network.run`; DataError when the data set breaks its own; DeviceError as `pick_device`.
    """

    def __init__(
        self,
        card: Card,
        data: Dataset,
        device: str,
        codec: str = "fp32",
        zero_input: bool = False,
        *,
        room: int = FEATURE_BYTES,
    ) -> None:
        self.device = pick_device(device)
        if self.device == "cuda":
            torch.backends.cudnn.allow_tf32 = False  # float32 as on a CPU: answers must not depend on the device
        _settle_memory()
        self.batches = 0
        """How often a part has run."""
        self.samples = 0
        """How many samples were in these batches."""
        self.network = load_network(card, self.device)
        self.card, self.graph, self.data, self.zero_input = card, card.graph, data, zero_input
        self.codec = codec_named(codec, card.path.parent)
        self.blank = Blank(self.network)
        for name, segment in self.graph.segments.items():
            module: object = self.network.module(Part(name))
            if not isinstance(module, nn.Module | None):
                raise WeightsError(
                    f"{self._called}: module of segment {name!r} gives {module!r}, not nn.Module or None"
                )
            found = 0 if module is None else sum(p.numel() for p in module.parameters())
            self._agree(name, "parameters", segment.parameters, found)
        self.held = Features(room)
        """Features for deeper segments."""
        self._pixels: tuple[bytes, Tensor] | None = None

    @property
    def _called(self) -> str:
        return f"{self.card.path}: network {self.card.network!r}"

    def _agree(self, segment: str, key: str, told: object, found: object) -> None:
        """Check a cost that the simulation charges against the real one; FLOP are counted when a card is written."""
        if told != found:
            raise WeightsError(f"{self.card.path}: {segment} costs are not the network's: {key} {told}, not {found}")

    @torch.inference_mode()
    def run(self, part: Part, upstream: int, rows: NDArray[np.int64], scores: Scores) -> NDArray[np.float32]:
        """Class scores `[n, classes]` of a part for `rows`, of what arrived; `scores` are those that it is given.

        Of a part that gives none its features, `[n, their number]`.
        """

        def told(walk: _Walk) -> Tensor | None:
            made = walk.output(part, upstream)
            return made.features if made.scores is None else made.scores

        found = self._told(told, part, rows, scores)
        assert found is not None  # checked
        return found.reshape(len(rows), -1)

    @torch.inference_mode()
    def read(self, part: Part, upstream: int, rows: NDArray[np.int64], scores: Scores) -> NDArray[np.float32] | None:
        """What an exit rule may read at a part for `rows`, `[n, ...]`; see `Pass.features`."""
        return self._told(lambda walk: walk.features(part, upstream), part, rows, scores)

    def _told(
        self, told: Callable[[_Walk], Tensor | None], part: Part, rows: NDArray[np.int64], scores: Scores
    ) -> NDArray[np.float32] | None:
        """What a walk over `rows` tells of a part; batches that are too small are filled up."""
        if scores and len(rows) > 1 and self.network.module(part) is not None:
            # A layer on a few scores: its last bits depend on the sample's place in the batch, so each goes alone.
            each = [np.array([place]) for place in range(len(rows))]
            found = [self._told(told, part, rows[one], _rows_of(scores, one)) for one in each]
            self.batches -= len(each) - 1
            good = [one for one in found if one is not None]
            return np.concatenate(good) if good else None
        asked = len(rows)
        enough = np.resize(np.arange(asked), max(asked, 1 if scores else SMALLEST_BATCH))
        filled = {source: sent_to(self.device, given) for source, given in _rows_of(scores, enough).items()}
        values = told(_Walk(self, rows[enough], asked, filled))
        return None if values is None else values[:asked].float().cpu().numpy()

    def features(self, arc: Arc, upstream: int, coded: bool, rows: NDArray[np.int64]) -> Tensor:
        """What an arc's source sends of `rows`, a batch; computed now where it is not held."""
        part = arc.source
        kept = part, self.graph.key(part, upstream), coded
        held = self.held.has(kept, rows)
        if held.all():
            return self.held.get(kept, rows)
        before = self.held.get(kept, rows[held]) if held.any() else None  # what comes may push it out
        unknown = np.unique(rows[~held])
        walk = _Walk(self, np.resize(unknown, max(len(unknown), SMALLEST_BATCH)), len(unknown), {})
        made = walk.sent(arc, upstream, coded).contiguous()[np.searchsorted(unknown, rows[~held])]
        if before is None:
            return made
        whole = made.new_empty((len(rows), *made.shape[1:]))
        whole[torch.from_numpy(held)], whole[torch.from_numpy(~held)] = before, made
        return whole

    def keep(self, kept: Kept, rows: NDArray[np.int64], features: Tensor) -> None:
        """Hold features of `rows`, the first of `features`, for deeper segments."""
        self.held.put(kept, rows, features[: len(rows)])

    def check(self, part: Part, made: Output, rows: NDArray[np.int64]) -> None:
        """Refuse what does not keep the contract of a network: shapes as the graph says, and finite scores."""
        segment, count = self.graph.segments[part.segment], len(rows)
        if not isinstance(made, Output):
            raise WeightsError(f"{self._called}: segment {part.segment!r} gives {type(made).__name__}, no Output")
        wanted = {"scores": (self.graph.classes,) if segment.scores else None, "features": segment.sends}
        for what, shape in wanted.items():
            found = getattr(made, what, None)
            if shape is None:
                continue
            if not isinstance(found, Tensor):
                raise WeightsError(f"{self.card.path}: segment {part.segment!r} gives no {what}, as its graph says")
            if tuple(found.shape) != (count, *shape):
                shapes = f"{list(found.shape)} for {count} samples, not {[count, *shape]}"
                raise WeightsError(f"{self.card.path}: segment {part.segment!r} gives {what} of shape {shapes}")
        if segment.scores and made.scores is not None and not (fine := made.scores.isfinite().all(1)).all():
            sample = int(rows[int((~fine).nonzero()[0, 0])])
            raise WeightsError(
                f"{self.card.path}: segment {part.segment!r} gives scores that are not finite for sample {sample} of "
                f"{self.data.name} ({self.data.split})"
            )

    def view(self, rows: NDArray[np.int64], number: int) -> Tensor:
        """A prepared view `[n, 3, h, w]` of `rows`. Of the last batch all pixels are at hand, a byte for each."""
        name = rows.tobytes()
        if self._pixels is None or self._pixels[0] != name:
            self._pixels = name, sent_to(self.device, check_pixels(self.data, rows))
        pixels = self._pixels[1][:, number : number + 1]
        views: object = self.network.prepare(pixels)
        if not isinstance(views, Tensor) or views.shape[:2] != pixels.shape[:2]:
            found = list(views.shape) if isinstance(views, Tensor) else type(views).__name__
            raise WeightsError(f"{self._called}: prepare gives {found}, not a tensor [{len(rows)}, 1, …]")
        return views[:, 0]


def _settle_memory() -> None:
    """Have glibc keep what a batch has used for the next one.

    Its limit for that follows the largest block that was ever freed; without one each batch would give its memory
    back and have it zeroed again, a page at a time. Nothing is written here, so the block takes no memory.
    """
    torch.empty(31 * 2**20, dtype=torch.uint8)  # below 32 MiB, beyond which the limit stays


def _rows_of(scores: Scores, rows: NDArray[np.int64]) -> Scores:
    return {source: given[rows] for source, given in scores.items()}


class _Walk(Pass):
    """A batch on its way: what deeper segments need is taken from what is held, and what is made is held.

    The first `asked` of `rows` are wanted, the others fill the batch up. `scores` are those that its part is given.
    """

    def __init__(self, batches: Batches, rows: NDArray[np.int64], asked: int, scores: Mapping[Part, Tensor]) -> None:
        none = torch.empty(len(rows), 0, device=batches.device)
        super().__init__(batches.network, none, codec=batches.codec, zero_input=batches.zero_input)
        self.graph, self.blanks = batches.graph, batches.blank
        self._batches, self._rows, self._asked, self._scores = batches, rows, asked, scores
        self._carried: dict[bool, Tensor] = {}

    def output(self, part: Part, upstream: int) -> Output:
        """Run a part, and hold its features in the form in which others take them."""
        self._batches.batches += 1
        self._batches.samples += self._asked
        made = super().output(part, upstream)
        self._batches.check(part, made, self._rows)
        taken = {
            self._is_coded(number, arc, upstream)
            for number, arc in enumerate(self.graph.arcs)
            if arc.source == part and arc.what == "features"
        }
        for coded in taken:
            kept = part, self.graph.key(part, upstream), coded
            assert made.features is not None  # checked
            features = self._carried[coded] = self._arrived(made.features) if coded else made.features
            self._batches.keep(kept, self._rows[: self._asked], features)
        return made

    def _arrived(self, features: Tensor) -> Tensor:
        """What the codec makes of features. Raises PluginError where it makes numbers of them that are none."""
        arrived = self.codec.transmit(features)
        if not arrived.isfinite().all() and features.isfinite().all():
            raise PluginError(f"codec {self.codec.name!r}: features arrive as values that are not finite")
        return arrived

    def sent(self, arc: Arc, upstream: int, coded: bool) -> Tensor:
        """What an arc's source sends of the rows that are asked for."""
        self.output(arc.source, upstream)
        return self._carried[coded][: self._asked]

    def _value(self, number: int, arc: Arc, upstream: int) -> Tensor:
        if arc.source.segment == INPUT:
            return self._batches.view(self._rows, arc.source.copy)
        if arc.what == "scores":
            return self._scores[arc.source]
        return self._batches.features(arc, upstream, self._is_coded(number, arc, upstream), self._rows)
