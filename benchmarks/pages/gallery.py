"""The gallery: every figure of a run, of shipped scenarios. Makes docs/gallery.md and its pictures.

    python -m benchmarks.pages.gallery [NAME...]

Needs no data set. With names it draws these pictures again only; the page has all of them in any case.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import simnet
from simnet.analysis.drawing import png
from simnet.analysis.traces.account import accounts_of
from simnet.analysis.traces.waterfall import draw_waterfall

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCENARIOS = Path("scenarios")
PAGE = Path("docs/gallery.md")
IMAGES = Path("docs/img")
DPI, COLOURS = 150, 96
"""Of the page's pictures; files that `simnet plot` writes have 300 dots per inch and all colours."""

HEAD = """# Gallery

Every figure of a run, of scenarios that are shipped, with the commands that make it. Figures are as wide as one or
two columns of a paper (3.5 or 7.16 inches), with text of 7 points or more, as PNG with 300 dpi or with `--format pdf`
or `svg`; the pictures here are smaller. An exit has one colour in all of them, and in the [report](report.md). What
each shows in detail: [results.md](results.md#figures). From Python: `run.figure("timeline")`.

Made by `python -m benchmarks.pages.gallery`.
"""


@dataclass(frozen=True)
class Plate:
    """A figure: its file, what it shows in one sentence, what is run for it, the command that draws it, and how."""

    name: str
    shows: str
    runs: tuple[str, ...]
    command: str
    draw: Callable[[], Figure]

    @property
    def text(self) -> str:
        """Its part of the page."""
        lines = "\n".join([*(f"python -m simnet run {one}" for one in self.runs), f"python -m simnet {self.command}"])
        return f"\n![{self.shows}](img/{self.name}.png)\n\n{self.shows}\n\n```sh\n{lines}\n```\n"


@cache
def made(scenario: str, *changes: str) -> simnet.Run:
    """A run of a shipped scenario, made once."""
    return simnet.run(simnet.load(SCENARIOS / scenario).with_(*changes), progress=True)


def plain(
    kind: str, shows: str, scenario: str, *options: str, what: str = "", name: str = "", **asked: object
) -> Plate:
    """The figure of one kind, of one run."""
    command = " ".join(["plot", f"runs/{Path(scenario).stem}", *([f"--what {what}"] if what else []), *options])
    return Plate(
        name or kind, shows, (f"scenarios/{scenario}",), command,
        lambda: made(scenario).figure(kind, **asked),  # type: ignore[arg-type]
    )  # fmt: skip


def waterfall() -> Figure:
    """The sample that took longest in the first system, in all systems."""
    run = made("six_cameras.yaml")
    table = run.samples(run.systems[0])
    latency = table.column("latency").to_pylist()
    slowest = max(range(len(latency)), key=lambda n: latency[n] or 0.0)
    return draw_waterfall(run, accounts_of(run, slowest))


SLOW = "links.1.bandwidth=3 Mbit/s"


def compared() -> Figure:
    """The default run and one with a slow uplink, called as the page's commands call them."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        runs = [Path(folder) / name for name in ("six_cameras", "slow")]
        made("six_cameras.yaml").save(runs[0])
        made("six_cameras.yaml", SLOW).save(runs[1])
        first, second = map(simnet.load_run, runs)
        return first.compare(second).figure()


PLATES = (
    plain(
        "timeline",
        "Eight samples around the moment when camera 3 fails: what every node and link did for them.",
        "six_cameras.yaml",
    ),
    plain(
        "timeline",
        "Four hundred samples of two sites that share a cloud: exits, latency, and how much each place was used.",
        "two_sites.yaml", "--from 0", "--samples 400", "--systems ada-ddnn",
        name="timeline_bands", first=0, samples=400, systems=["ada-ddnn"],
    ),
    Plate(
        "waterfall",
        "Where the latency of one sample went: an answer that never came from the cloud, beside a local one.",
        ("scenarios/six_cameras.yaml",),
        "explain runs/six_cameras --slowest --figure waterfall.png",
        waterfall,
    ),
    plain(
        "exits",
        "Where the samples left and how good the answers were, of six systems on the same captures.",
        "baselines.yaml",
        name="exit_shares",
    ),
    plain(
        "latency",
        "Share of answers given within a time: all systems in one axis, then each with its exits.",
        "baselines.yaml",
    ),
    plain(
        "exits_over_time",
        "Shares of the exits and accuracy over time, while first the uplink and then the cloud is away.",
        "cloud_outage.yaml",
        what="exits",
    ),
    plain(
        "exit_probability",
        "What another T would have done: the share of samples that leave at each exit, and how many are right.",
        "six_cameras.yaml",
        what="exits",
    ),
    plain(
        "exit_entropy",
        "How well each exit's entropy tells right answers from wrong ones.",
        "six_cameras.yaml",
        what="exits",
    ),
    plain(
        "exit_reliability",
        "How far the confidence of each exit can be believed.",
        "six_cameras.yaml",
        what="exits",
    ),
    plain(
        "exit_fronts",
        "Accuracy against latency, bytes and energy, from the run itself to where all samples leave at the first exit.",
        "baselines.yaml",
        what="exits",
    ),
    plain(
        "faults",
        "Around each fault: right answers, latency, exits and bytes, dotted the same samples without that fault.",
        "six_cameras.yaml",
        what="faults",
    ),
    plain(
        "fault_effects",
        "What each fault changed, paired with the same samples without it, and how long service took to recover.",
        "failures.yaml",
        what="faults",
    ),
    Plate(
        "comparison",
        "Two uplinks set against each other on the same samples: differences with their intervals, latency, exits.",
        ("scenarios/six_cameras.yaml", f'scenarios/six_cameras.yaml --set "{SLOW}" --out runs/slow'),
        "compare runs/six_cameras runs/slow --figure comparison.png",
        compared,
    ),
)  # fmt: skip


def page() -> str:
    """The page, of its parts."""
    return HEAD + "".join(plate.text for plate in PLATES)


def picture(figure: Figure) -> bytes:
    """A PNG of few colours, so that all of them together stay small."""
    from PIL import Image

    small = io.BytesIO()
    image = Image.open(io.BytesIO(png(figure, DPI))).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    image.save(small, format="png", optimize=True)
    return small.getvalue()


def main() -> None:
    """Draw the pictures and write the page."""
    what = (__doc__ or "").split("\n", 1)[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages.gallery", description=what)
    parser.add_argument("names", nargs="*", metavar="NAME", help="pictures; none: all")
    chosen = parser.parse_args().names
    if unknown := sorted({*chosen} - {plate.name for plate in PLATES}):
        parser.error(f"no such picture: {', '.join(unknown)}")
    for plate in PLATES:
        if not chosen or plate.name in chosen:
            file = IMAGES / f"{plate.name}.png"
            file.write_bytes(picture(plate.draw()))
            print(f"wrote {file}, {file.stat().st_size / 1e3:.0f} kB", flush=True)
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
