"""Codecs: how features are written for the way from one tier to the next, and what the receiver makes of them.

`transmit` gives exactly the values that arrive; in training its gradient is that of the identity (straight-through
estimator), so that a network can be fine-tuned for a codec. Kinds and layout are our choice, after usual practice:

- `fp32`: four bytes a value.
- `fp16`: two bytes a value, rounded to the nearest; values beyond its range are sent as its largest.
- `int8`: one byte a value, uniform between the channel's least and greatest value of this sample; each channel also
  sends these two as fp16.
- `1bit`: one bit a value, whether it lies above the channel's mean of this sample; each channel also sends as fp16 the
  mean of the values above and of those not above, which the receiver puts in their place (block truncation).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:  # sizes are asked for where torch is not worth loading
    from torch import Tensor

Codec = Literal["fp32", "fp16", "int8", "1bit"]
CODECS: tuple[Codec, ...] = get_args(Codec)

_HALF = 2
"""Bytes of an fp16 value."""
_FP16_MAX = 65504.0


def encoded_bytes(codec: Codec, shape: Sequence[int]) -> int:
    """Bytes of one sample's features of `shape` (channels first). Raises ValueError for an unknown codec."""
    values = prod(shape)
    match codec:
        case "fp32":
            return 4 * values
        case "fp16":
            return _HALF * values
        case "int8":
            return values + 2 * _HALF * shape[0]
        case "1bit":
            return (values + 7) // 8 + 2 * _HALF * shape[0]
    raise ValueError(f"unknown codec {codec!r}; known: {', '.join(CODECS)}")


def transmit(features: Tensor, codec: Codec) -> Tensor:
    """What arrives of `features` `[..., c, h, w]` sent with `codec`, in their own type; each sample stands alone.

    Raises ValueError for an unknown codec.
    """
    if codec == "fp32":
        return features
    sent = features.detach().float()
    match codec:
        case "fp16":
            arrived = _fp16(sent)
        case "int8":
            low, high = _fp16(sent.amin((-2, -1), keepdim=True)), _fp16(sent.amax((-2, -1), keepdim=True))
            step = (high - low) / 255
            level = ((sent - low) / step.clamp(min=1e-12)).round().clamp(0, 255)
            arrived = low + level * step
        case "1bit":
            above = sent > sent.mean((-2, -1), keepdim=True)
            count = above.sum((-2, -1), keepdim=True)
            values = sent.shape[-2] * sent.shape[-1]
            high = (sent * above).sum((-2, -1), keepdim=True) / count.clamp(min=1)
            low = (sent * ~above).sum((-2, -1), keepdim=True) / (values - count)  # the mean is never below all values
            arrived = _fp16(low) + above * (_fp16(high) - _fp16(low))
        case _:
            raise ValueError(f"unknown codec {codec!r}; known: {', '.join(CODECS)}")
    return (
        features + (arrived.to(features.dtype) - features).detach()
        if features.requires_grad
        else arrived.to(features.dtype)
    )


def _fp16(values: Tensor) -> Tensor:
    return values.clamp(-_FP16_MAX, _FP16_MAX).half().float()
