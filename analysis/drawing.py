"""A figure that notebooks show, whatever they did with matplotlib before."""

from __future__ import annotations

from io import BytesIO

from matplotlib.figure import Figure

from simnet.analysis.style import FORMATS, look

SCREEN = 100
"""Dots per inch on a screen; files have more."""


class Drawing(Figure):
    """A matplotlib figure in the project's look. It belongs to no window, and pyplot knows nothing of it."""

    def _repr_png_(self) -> bytes:
        """What a notebook shows."""
        return png(self)


def png(figure: Figure, dpi: float = SCREEN) -> bytes:
    """A figure as a PNG file's bytes, which depend on the picture alone."""
    stream = BytesIO()
    with look():
        figure.savefig(stream, format="png", dpi=dpi, **FORMATS[".png"])
    return stream.getvalue()
