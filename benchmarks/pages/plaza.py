"""What both editions of `plaza` tell of their labels to rules that recognise nothing: a table of docs/plaza.md.

    python -m benchmarks.pages.plaza [--train 6000] [--test 2000]

The views of both are rendered, or read where they are kept; `plaza2` once more without its objects.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simnet.models.cards.markdown import filled, table
from simnet.models.data.plaza.plaza import Plaza
from simnet.models.data.plaza.second.plaza2 import Empty, Plaza2
from simnet.models.data.plaza.shortcuts import PROBES
from simnet.statistics.proportions import wilson

PAGE = Path("docs/plaza.md")
KINDS: dict[str, type[Plaza]] = {"`plaza`": Plaza, "`plaza2`": Plaza2, "`plaza2` without its objects": Empty}


def found(kind: type[Plaza], train: int, test: int) -> list[str]:
    """What each probe is right for, in %, with its 95 % interval."""
    known, asked = kind("train", train), kind("test", test)
    pixels = [data.pixels(np.arange(len(data))) for data in (known, asked)]
    return [_told(probe(pixels[0], known.labels, pixels[1], asked.labels), asked.labels) for probe in PROBES.values()]


def _told(share: float, labels: NDArray[np.int64]) -> str:
    low, high = wilson(round(share * len(labels)), len(labels))
    return f"{100 * share:.1f} ({100 * low:.1f}–{100 * high:.1f})"


def main() -> None:
    """Ask all probes of all kinds, and write the table."""
    what = (__doc__ or "").split("\n", 1)[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages.plaza", description=what)
    parser.add_argument("--train", type=int, default=6000, help="samples to learn from")
    parser.add_argument("--test", type=int, default=2000, help="samples that are asked for")
    chosen = parser.parse_args()
    rows = [(name, *found(kind, chosen.train, chosen.test)) for name, kind in KINDS.items()]
    text = table(("right for, %", *PROBES), rows)
    text += (
        f"\n\nOf {chosen.test:,} test samples, after {chosen.train:,} training samples; 95 % intervals. Chance is 10 %."
    )
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), {"shortcuts": text}), encoding="utf-8")


if __name__ == "__main__":
    main()
