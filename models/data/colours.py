"""Image files as red, green and blue of eight bits each."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image


class ImageError(ValueError):
    """An image that Pillow reads and that is of no use here; the message says what it has, and what to do."""


def read_colours(file: Path | IO[bytes]) -> Image:
    """The image in RGB, standing upright as its file says; transparency is left out.

    Raises ImageError for more than eight bits a channel, which Pillow would cut off at white, and for one of so many
    pixels that it warns of an attack; else whatever Pillow raises. What else Pillow warns of changes no pixel.
    """
    from PIL import Image, ImageOps

    most = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(file) as opened:
                if opened.mode.startswith(("I", "F")):
                    raise ImageError("has more than 8 bits a channel; save it with 8")
                return ImageOps.exif_transpose(opened).convert("RGB")
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            raise ImageError(f"has more than {most:,} pixels; make it smaller") from None
