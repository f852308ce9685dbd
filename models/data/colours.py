"""Image files as red, green and blue of eight bits each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image


class DeepImageError(ValueError):
    """An image of more than eight bits a channel, which Pillow would cut off at white."""


def in_colours(image: Image) -> Image:
    """The image in RGB, standing upright as its file says. Raises DeepImageError, and whatever Pillow raises."""
    from PIL import ImageOps

    if image.mode.startswith(("I", "F")):
        raise DeepImageError("has more than 8 bits a channel; save it with 8")
    return ImageOps.exif_transpose(image).convert("RGB")
