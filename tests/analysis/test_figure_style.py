"""One style for all figures: as large as they are printed, nothing small or cut off, colours that are told apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from fake_run import write_fake
from matplotlib.figure import Figure
from matplotlib.text import Text
from paths import ROOT

from simnet.analysis.exits.shares import draw_exits
from simnet.analysis.latency import draw_latency
from simnet.analysis.style import COLUMN, EXITS, FAULT, PAGE, SAMPLES, SMALL, WIDTH, exit_colours
from simnet.analysis.timeline.figure import draw_timeline
from simnet.analysis.words import fitted, legend_columns, width_of
from simnet.api import load_run

LONG = "a-system-with-a-name-that-is-longer-than-any-column-of-a-paper-could-hold"
MANY = ("ddnn", LONG, "ada-ddnn", "d", "e", "neurosurgeon", f"{LONG}-2", "h", "oracle")

# Machado, Oliveira and Fernandes (2009), of linear RGB: what someone sees who lacks one kind of cones.
SEEN = {
    "all cones": np.eye(3),
    "no red": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "no green": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    ),
    "no blue": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]]
    ),
}


def lab(colour: str, eyes: str) -> np.ndarray:
    """CIELAB of "#RRGGBB" as these eyes see it."""
    rgb = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
    xyz = np.array(to_xyz) @ np.clip(SEEN[eyes] @ linear, 0, 1) / [0.95047, 1.0, 1.08883]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_lightness_and_difference_of_black_and_white() -> None:
    assert lab("#FFFFFF", "all cones")[0] == pytest.approx(100, abs=0.1) and lab("#000000", "no red")[0] == 0
    assert np.linalg.norm(lab("#FF0000", "no green") - lab("#00AA00", "no green")) < 60, "red and green come closer"


@pytest.mark.parametrize("eyes", SEEN)
@pytest.mark.parametrize("palette", [SAMPLES, [*(colour for colour, _ in EXITS[:6]), FAULT]], ids=["systems", "exits"])
def test_colours_are_told_apart_by_all_eyes(palette: list[str], eyes: str) -> None:
    """15 in CIELAB is more than six times what is just seen (2.3); two of the former colours were 6 apart."""
    close = {
        pair: distance
        for pair in combinations(palette, 2)
        if (distance := float(np.linalg.norm(lab(pair[0], eyes) - lab(pair[1], eyes)))) < 15
    }
    assert close == {}


def test_exits_look_as_in_the_report() -> None:
    style = (ROOT / "simnet" / "report" / "assets" / "report.css").read_text(encoding="utf-8")
    light = dict(re.findall(r"--(e\d): (#[0-9a-f]{6})", style.partition("@media")[0]))
    assert list(light.values()) == [colour.lower() for colour, _ in EXITS]
    assert len({marker for _, marker in EXITS}) == len(EXITS)
    assert list(exit_colours([["edge-1", "edge-2", "cloud"]]).values()) == [EXITS[2][0], EXITS[1][0], EXITS[0][0]]


def figures(folder: Path, systems: tuple[str, ...]) -> Iterator[tuple[str, Figure]]:
    write_fake(folder / "run", samples=60, systems=systems)
    run = load_run(folder / "run")
    yield "timeline", draw_timeline(run)
    yield "exits", draw_exits(run)
    yield "latency", draw_latency(run)
    yield "comparison", run.compare(systems=[f"{systems[0]}={other}" for other in systems[1:4]]).figure()


@pytest.mark.parametrize("systems", [("ddnn", "ada-ddnn"), MANY], ids=["two", "nine with long names"])
def test_figures_fit_a_paper_and_are_read_there(systems: tuple[str, ...], tmp_path: Path) -> None:
    """Two columns wide, no higher than a page, at 7 points or more, and no word is cut off at the figure's rim."""
    for name, figure in figures(tmp_path, systems):
        assert figure.get_figwidth() == WIDTH and figure.get_figheight() <= PAGE + 0.5, name
        figure.canvas.draw()
        wide, high = figure.bbox.width, figure.bbox.height
        for text in figure.findobj(Text):
            if not text.get_text().strip() or not text.get_visible():
                continue
            assert text.get_fontsize() >= SMALL, (name, text)
            box = text.get_window_extent()
            inside = box.x0 > -2 and box.x1 < wide + 2 and box.y0 > -2 and box.y1 < high + 2
            clipped = text.get_clip_on() or "annotation_clip" in vars(text)
            assert inside or clipped or not shown(text, figure), (name, text.get_text(), box)


def shown(text: Text, figure: Figure) -> bool:
    """Whether it is drawn: labels of ticks out of an axis' limits are not."""
    ax = text.axes
    if ax is None:
        return True
    ticks = [tick for axis in (ax.xaxis, ax.yaxis) for tick in axis.get_major_ticks() + axis.get_minor_ticks()]
    labels = {id(one) for tick in ticks for one in (tick.label1, tick.label2)}
    return id(text) not in labels


def test_one_system_is_a_column(tmp_path: Path) -> None:
    write_fake(tmp_path / "run", samples=20, systems=("ddnn",))
    assert draw_latency(load_run(tmp_path / "run")).get_figwidth() == COLUMN


def test_of_many_systems_a_timeline_shows_what_a_page_holds(tmp_path: Path) -> None:
    write_fake(tmp_path / "run", samples=60, systems=MANY)
    run = load_run(tmp_path / "run")
    some = draw_timeline(run)
    assert 1 <= len(some.axes) < 9
    assert any(text.get_text().endswith(f"; {len(some.axes)} of 9 systems shown") for text in some.texts)
    from simnet.analysis.timeline.selection import Selection

    assert len(draw_timeline(run, Selection(systems=MANY)).axes) == 9, "whoever names systems gets them"


def test_words_are_measured_and_long_ones_lose_their_middle() -> None:
    """Of DejaVu Sans an "m" is 0.974 of the size wide, so ten at 72 points take 9.74 inches, plus what hinting adds."""
    assert width_of("m" * 10, 72) == pytest.approx(9.74 * 1.05, rel=0.02)
    assert fitted("short", 2.0) == "short"
    cut = fitted(LONG, 1.0)
    assert width_of(cut) <= 1.0 and re.fullmatch(r"a-system.*….*hold", cut)
    assert fitted("$x$", 1.0) == r"\$x\$" and fitted("", 0.1) == ""


def test_a_legend_has_as_many_columns_as_fit() -> None:
    """Entries of 0.47 inches and their words: three of 1 inch in all fit 3 inches, and 2.9 have room for two."""
    words = "x" * 9
    one = 0.47 + width_of(words)
    assert legend_columns([words] * 3, 3 * one + 0.01) == 3 and legend_columns([words] * 3, 3 * one - 0.01) == 2
    assert legend_columns([words, words, "x", "x"], one * 1.9) == 2, "long ones below each other, short ones beside"
    assert legend_columns([words], 0.1) == 1
