"""The gallery shows every figure of a run, with commands that there are; page and pictures are those of its script."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from paths import ROOT
from PIL import Image

from benchmarks.pages import gallery
from simnet.api import FigureKind
from simnet.scenario.load import load


def test_the_page_is_what_its_script_makes_of_its_parts() -> None:
    assert (ROOT / gallery.PAGE).read_text(encoding="utf-8") == gallery.page()


def test_every_kind_of_figure_is_in_it() -> None:
    """Under its own name, but for the exit shares; waterfall and comparison come from other commands."""
    names = {plate.name for plate in gallery.PLATES}
    assert len(names) == len(gallery.PLATES)
    assert {"exit_shares" if kind == "exits" else kind for kind in get_args(FigureKind)} <= names
    assert {"waterfall", "comparison"} <= names


def test_pictures_are_there_and_small() -> None:
    """Two columns of a paper at the page's dots per inch; under a megabyte in all."""
    files = [ROOT / gallery.IMAGES / f"{plate.name}.png" for plate in gallery.PLATES]
    for file in files:
        with Image.open(file) as image:
            assert image.format == "PNG" and image.width in (int(7.16 * gallery.DPI), int(3.5 * gallery.DPI)), file
    assert sum(file.stat().st_size for file in files) < 1_000_000


@pytest.mark.parametrize("plate", gallery.PLATES, ids=lambda plate: plate.name)
def test_what_is_run_is_shipped(plate: gallery.Plate) -> None:
    """One sentence, and scenarios that load with the changes of their commands."""
    assert plate.shows.endswith(".") and plate.shows.count(". ") == 0
    for run in plate.runs:
        scenario = load(ROOT / run.split()[0])
        for change in re.findall(r'--set "(.*?)"', run):
            assert scenario.with_(change) != scenario
