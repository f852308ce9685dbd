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
        arrived = made.to(features.dtype)
        return features + (arrived - features).detach() if features.requires_grad else arrived


class Fp32(Codec):
    """Values as they are."""

    name = "fp32"
    lossless = True

    def bytes(self, shape: Sequence[int]) -> int:
        """Four a value."""
        return 4 * prod(shape)


class Fp16(Codec):
    """Half precision."""

    name = "fp16"

    def bytes(self, shape: Sequence[int]) -> int:
        """Two a value."""
        return _HALF * prod(shape)

    def arrived(self, sent: Tensor) -> Tensor:
        """Rounded to the nearest."""
        return _fp16(sent)


class Int8(Codec):
    """256 levels between the channel's least and greatest value."""

    name = "int8"

    def bytes(self, shape: Sequence[int]) -> int:
        """One a value, and two fp16 a channel."""
        return prod(shape) + 2 * _HALF * shape[0]

    def arrived(self, sent: Tensor) -> Tensor:
        """Rounded to the nearest level."""
        low, high = _fp16(sent.amin((-2, -1), keepdim=True)), _fp16(sent.amax((-2, -1), keepdim=True))
        step = (high - low) / 255
        level = ((sent - low) / step.clamp(min=1e-12)).round().clamp(0, 255)
        return low + level * step


class OneBit(Codec):
    """Two levels a channel: block truncation."""

    name = "1bit"

    def bytes(self, shape: Sequence[int]) -> int:
        """One bit a value, and two fp16 a channel."""
        return _bits(shape) + 2 * _HALF * shape[0]

    def arrived(self, sent: Tensor) -> Tensor:
        """The mean of the values above the channel's mean, and that of the others."""
        above = sent > sent.mean((-2, -1), keepdim=True)
        count = above.sum((-2, -1), keepdim=True)
        values = sent.shape[-2] * sent.shape[-1]
        high = (sent * above).sum((-2, -1), keepdim=True) / count.clamp(min=1)
        low = (sent * ~above).sum((-2, -1), keepdim=True) / (values - count)  # the mean is never below all values
        return _fp16(low) + above * (_fp16(high) - _fp16(low))


class Binary(Codec):
    """Signs, for features that are ±1 already; of other values it would lose all but the sign."""

    name = "binary"
    lossless = True

    def bytes(self, shape: Sequence[int]) -> int:
        """One bit a value."""
        return _bits(shape)


def _bits(shape: Sequence[int]) -> int:
    return (prod(shape) + 7) // 8


def _fp16(values: Tensor) -> Tensor:
    return values.clamp(-_FP16_MAX, _FP16_MAX).half().float()


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
