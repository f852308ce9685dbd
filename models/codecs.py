"""Codecs: how features are written for the way from one tier to the next, and what the receiver makes of them.

`Codec.transmit` gives exactly the values that arrive; in training its gradient is that of the identity
(straight-through estimator), so that a network can be fine-tuned for a codec. Kinds and layout of ours are our choice,
after usual practice:

- `fp32`: four bytes a value.
- `fp16`: two bytes a value, rounded to the nearest; values beyond its range are sent as its largest.
- `int8`: one byte a value, uniform between the channel's least and greatest value of this sample; each channel also
  sends these two as fp16.
- `1bit`: one bit a value, whether it lies above the channel's mean of this sample; each channel also sends as fp16 the
  mean of the values above and of those not above, which the receiver puts in their place (block truncation).
- `binary`: one bit a value and nothing else, for features that are ±1 (DDNN of 2017).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from simnet.registry import PluginError, Registry

if TYPE_CHECKING:  # sizes are asked for where torch is not worth loading
    from torch import Tensor

Written = bytes
"""Features as they go over a link; in a codec `bytes` is how many."""
_HALF = 2
"""Bytes of an fp16 value."""
_FP16_MAX = 65504.0


class Codec(ABC):
    """How features travel: their size on the wire, and what the receiver gets.

    To add a kind: derive a class, give it a `name`, and write `bytes` and `arrived`; one that loses nothing says
    `lossless = True` and needs no `arrived`. It is made without arguments and holds no state: what arrives of a sample
    depends on this sample alone. Import torch only inside of `arrived`. Name it in a scenario as
    ``file.py:Class`` or ``module:Class``, or register it as an entry point of the group ``simnet.codecs``.
    """

    name: ClassVar[str]
    """How tables and messages call it."""
    lossless: ClassVar[bool] = False
    """What arrives is exactly what was sent: answers do not depend on whether features travelled this way."""

    @abstractmethod
    def bytes(self, shape: Sequence[int]) -> int:
        """Bytes of one sample's features of `shape` (channels first), headers of links not counted."""

    def arrived(self, sent: Tensor) -> Tensor:
        """What the receiver has of `sent` `[..., c, h, w]` float32 without gradient, in the same shape and type.

        Asked for only where the codec is not `lossless`.
        """
        return sent

    def encode(self, sent: Tensor) -> Written | None:
        """One sample's features `[c, h, w]` as they go over a link, `bytes` of their shape; None: it does not say how.

        A simulation needs their number only; this is for scenarios that are executed (``simnet live``).
        """
        return None

    def decode(self, data: Written, shape: Sequence[int]) -> Tensor:
        """What arrives of features of `shape` that `encode` has written: the values of `arrived`, to the last bit."""
        raise PluginError(f"codec {self.name!r} does not say how it reads what it writes: it has no 'decode'")

    def transmit(self, features: Tensor) -> Tensor:
        """What arrives of `features` `[..., c, h, w]`, in their own type; each sample stands alone.

        Raises PluginError when the codec gives another shape than it was given.
        """
        if self.lossless:
            return features
        made = self.arrived(features.detach().float())
        shape = getattr(made, "shape", None)
        if shape != features.shape:
            found = type(made).__name__ if shape is None else f"the shape {tuple(shape)}"
            raise PluginError(f"codec {self.name!r}: features arrive as {found}, not of shape {tuple(features.shape)}")
        if not type(self).__module__.startswith("simnet.") and features.ndim > 3 and len(features) > 1:
            self._alone(features.detach().float(), made)
        arrived = made.to(features.dtype)
        return features + (arrived - features).detach() if features.requires_grad else arrived

    def _alone(self, sent: Tensor, made: Tensor) -> None:
        """Raise PluginError where the last of several samples would arrive clearly otherwise alone."""
        alone, among = self.arrived(sent[-1:].clone()).float(), made[-1:].float()
        if not alone.isfinite().all() or not among.isfinite().all():
            return  # told elsewhere
        if (alone - among).abs().max() > 1e-3 * max(1.0, float(sent[-1:].abs().max())):
            raise PluginError(f"codec {self.name!r}: a sample arrives otherwise alone than among {len(sent)} of them")


class Fp32(Codec):
    """Values as they are."""

    name = "fp32"
    lossless = True

    def bytes(self, shape: Sequence[int]) -> int:
        """Four a value."""
        return 4 * prod(shape)

    def encode(self, sent: Tensor) -> Written:
        """Little-endian."""
        return _bytes(sent, "<f4")

    def decode(self, data: Written, shape: Sequence[int]) -> Tensor:
        """As they were."""
        return _values(data, "<f4", shape)


class Fp16(Codec):
    """Half precision."""

    name = "fp16"

    def bytes(self, shape: Sequence[int]) -> int:
        """Two a value."""
        return _HALF * prod(shape)

    def arrived(self, sent: Tensor) -> Tensor:
        """Rounded to the nearest."""
        return _fp16(sent)

    def encode(self, sent: Tensor) -> Written:
        """Little-endian."""
        return _bytes(_fp16(sent), "<f2")

    def decode(self, data: Written, shape: Sequence[int]) -> Tensor:
        """As float32."""
        return _values(data, "<f2", shape)


class Int8(Codec):
    """256 levels between the channel's least and greatest value."""

    name = "int8"

    def bytes(self, shape: Sequence[int]) -> int:
        """One a value, and two fp16 a channel."""
        return prod(shape) + 2 * _HALF * shape[0]

    def arrived(self, sent: Tensor) -> Tensor:
        """Rounded to the nearest level."""
        low, step, level = self._levels(sent)
        return low + level * step

    def encode(self, sent: Tensor) -> Written:
        """All least values, all greatest, then the levels."""
        low, high = self._ends(sent)
        return _bytes(low, "<f2") + _bytes(high, "<f2") + _bytes(self._levels(sent)[2], "u1")

    def decode(self, data: Written, shape: Sequence[int]) -> Tensor:
        """As `arrived`."""
        low, high, rest = _ends_of(data, shape)
        return low + _values(rest, "u1", shape) * ((high - low) / 255)

    @staticmethod
    def _ends(sent: Tensor) -> tuple[Tensor, Tensor]:
        return _fp16(sent.amin((-2, -1), keepdim=True)), _fp16(sent.amax((-2, -1), keepdim=True))

    def _levels(self, sent: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        low, high = self._ends(sent)
        step = (high - low) / 255
        return low, step, ((sent - low) / step.clamp(min=1e-12)).round().clamp(0, 255)


class OneBit(Codec):
    """Two levels a channel: block truncation."""

    name = "1bit"

    def bytes(self, shape: Sequence[int]) -> int:
        """One bit a value, and two fp16 a channel."""
        return _bits(shape) + 2 * _HALF * shape[0]

    def arrived(self, sent: Tensor) -> Tensor:
        """The mean of the values above the channel's mean, and that of the others."""
        low, high, above = self._levels(sent)
        return low + above * (high - low)

    def encode(self, sent: Tensor) -> Written:
        """All lower means, all upper ones, then the bits."""
        low, high, above = self._levels(sent)
        return _bytes(low, "<f2") + _bytes(high, "<f2") + _packed(above)

    def decode(self, data: Written, shape: Sequence[int]) -> Tensor:
        """As `arrived`."""
        low, high, rest = _ends_of(data, shape)
        return low + _unpacked(rest, shape) * (high - low)

    @staticmethod
    def _levels(sent: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        above = sent > sent.mean((-2, -1), keepdim=True)
        count = above.sum((-2, -1), keepdim=True)
        values = sent.shape[-2] * sent.shape[-1]
        high = (sent * above).sum((-2, -1), keepdim=True) / count.clamp(min=1)
        low = (sent * ~above).sum((-2, -1), keepdim=True) / (values - count)  # the mean is never below all values
        return _fp16(low), _fp16(high), above


class Binary(Codec):
    """Signs, for features that are ±1 already; of other values it would lose all but the sign."""

    name = "binary"
    lossless = True

    def bytes(self, shape: Sequence[int]) -> int:
        """One bit a value."""
        return _bits(shape)

    def encode(self, sent: Tensor) -> Written:
        """1 for +1."""
        return _packed(sent > 0)

    def decode(self, data: Written, shape: Sequence[int]) -> Tensor:
        """±1."""
        return 2 * _unpacked(data, shape) - 1


def _bits(shape: Sequence[int]) -> int:
    return (prod(shape) + 7) // 8


def _fp16(values: Tensor) -> Tensor:
    return values.clamp(-_FP16_MAX, _FP16_MAX).half().float()


def _bytes(values: Tensor, kind: str) -> bytes:
    return values.numpy().astype(kind).tobytes()


def _values(data: bytes, kind: str, shape: Sequence[int]) -> Tensor:
    """As float32."""
    import numpy as np
    import torch

    return torch.from_numpy(np.frombuffer(data, kind, prod(shape)).astype(np.float32)).reshape(tuple(shape))


def _packed(bits: Tensor) -> bytes:
    import numpy as np

    return np.packbits(bits.numpy()).tobytes()


def _unpacked(data: bytes, shape: Sequence[int]) -> Tensor:
    """As float32, 0 and 1."""
    import numpy as np

    bits = np.unpackbits(np.frombuffer(data, np.uint8), count=prod(shape))
    return _values(bits.tobytes(), "u1", shape)


def _ends_of(data: bytes, shape: Sequence[int]) -> tuple[Tensor, Tensor, bytes]:
    """Two fp16 values of each channel, and what follows."""
    channels = shape[0]
    each = (channels, *(1 for _ in shape[1:]))
    half = _HALF * channels
    return _values(data[:half], "<f2", each), _values(data[half:], "<f2", each), data[2 * half :]


def _check(kind: type[Codec]) -> None:
    if not isinstance(getattr(kind, "name", None), str):
        raise ValueError(f"{kind.__name__} has no name")
    if not kind.lossless and kind.arrived is Codec.arrived:
        raise ValueError(f"{kind.__name__} lacks arrived, which every codec needs that is not lossless")
    shape = (2, 3, 5)
    try:
        size = kind().bytes(shape)
    except Exception as error:  # whatever a user's code raises
        raise ValueError(f"{kind.__name__} cannot tell its bytes ({type(error).__name__}: {error})") from error
    if type(size) is not int or size < 0:
        raise ValueError(f"{kind.__name__}.bytes({shape}) gives {size!r}, not a whole number of bytes")


CODECS: Registry[Codec] = Registry(
    "simnet.codecs",
    "codec",
    "simnet.models.codecs:Codec",
    {
        "fp32": "simnet.models.codecs:Fp32",
        "fp16": "simnet.models.codecs:Fp16",
        "int8": "simnet.models.codecs:Int8",
        "1bit": "simnet.models.codecs:OneBit",
        "binary": "simnet.models.codecs:Binary",
    },
    _check,
)

REAL_VALUED: tuple[str, ...] = tuple(name for name in CODECS if name != "binary")
"""Names of ours that carry features of any value."""


def codec(name: str, folder: Path | None = None) -> Codec:
    """The codec of this name; `folder` is where a user's file is looked for, see `Registry.get`.

    Raises ValueError for an unknown name, PluginError for a user's codec that cannot be used.
    """
    try:
        return CODECS.get(name, folder)()
    except KeyError:
        raise ValueError(f"unknown codec {name!r}; known: {', '.join(CODECS)}") from None
