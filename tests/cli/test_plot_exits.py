"""`simnet plot RUN --what exits`: figures of what the exits said, and one message for what is wrong."""

from __future__ import annotations

import shutil
import subprocess
import sys
from math import floor
from pathlib import Path

import pytest
import yaml
from fake_run import write_fake
from matplotlib.figure import Figure
from matplotlib.text import Text
from paths import ROOT
from small import SCENARIO

import simnet as public
from simnet.analysis.exits.confidence import draw_confidence
from simnet.analysis.exits.fronts import draw_fronts
from simnet.analysis.exits.histograms import draw_histograms
from simnet.analysis.exits.over_time import draw_over_time
from simnet.analysis.exits.probability import draw_probability

NAMES = ["exit_probability", "exits_over_time", "exit_entropy", "exit_reliability", "exit_fronts"]
DRAWINGS = (draw_probability, draw_over_time, draw_histograms, draw_confidence, draw_fronts)
PLAZA = SCENARIO.replace("DDNN", "ddnn-plaza").replace("ADA", "ada-ddnn-plaza").replace("0.9", "calibrated")
ALL_DOWN = PLAZA.replace("at: 3 s, for: 1 s, node: camera2", "at: 0 s, for: 1 h, node: camera*")


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exits")
    (folder / "small.yaml").write_text(PLAZA)
    public.run(folder / "small.yaml", out=folder / "run")
    return folder / "run"


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def test_five_figures_in_three_formats_the_same_every_time(run_folder: Path, tmp_path: Path, simnet):
    magic = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    for ending, begins in magic.items():
        for folder in ("one", "two"):
            status, out, err = simnet(
                "plot", run_folder, "--what", "exits", "--format", ending, "--out", tmp_path / folder
            )
            assert (status, err) == (0, "")
            assert [Path(line).name for line in out.split()] == [f"{name}.{ending}" for name in NAMES]
        for name in NAMES:
            one, two = ((tmp_path / folder / f"{name}.{ending}").read_bytes() for folder in ("one", "two"))
            assert one == two and one.startswith(begins) and len(one) > 5000


def test_the_figures_come_from_stored_scores_alone(run_folder: Path, tmp_path: Path):
    """Neither torch nor the engine is imported, and there are no data to look at."""
    code = (
        "import sys; from pathlib import Path; from simnet.analysis.figures import draw_exit_figures\n"
        "from simnet.results.run import read_run\n"
        f"drawn = draw_exit_figures(read_run(Path({str(run_folder)!r})), Path({str(tmp_path)!r}))\n"
        "print(len(drawn.files), drawn.problems, {'torch', 'simpy', 'simnet.world.run'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "5 [] set()"


def test_where_a_curve_is_not_exact_the_figure_says_so(run_folder: Path):
    run = public.load_run(run_folder)
    left = {row["sample"]: row["exit"] for row in run.samples("ada-ddnn").to_pylist()}
    least = dict.fromkeys([sample for sample, name in left.items() if name != "cloud"], 1.0)
    for row in run.scores("ada-ddnn").to_pylist():
        if row["sample"] in least and row["exit"] in ("edge-1", "edge-2") and row["asked"]:
            least[row["sample"]] = min(least[row["sample"]], row["measure"])
    # Below the greatest of these some sample would go on to the cloud, which it never met. T has steps of 0.01.
    exact = floor(100 * max(least.values()) + 1) / 100
    text = words(draw_probability(run))
    assert (
        f"ada-ddnn: exact from T = {exact:.2f} on; grey: samples that would go on to exits which nobody asked" in text
    )
    assert "with the queues as they were in the run" in words(draw_fronts(run))
    assert "fault A, 3 to 4 s: camera2 down" in words(draw_over_time(run))


def test_a_run_without_an_answer_says_so_in_every_panel():
    run = public.run(public.load(yaml.safe_load(ALL_DOWN)))
    assert run.summary["systems"]["ddnn"]["finished"] == 0
    said = ["no sample was answered"] * 2 + ["no sample was asked here"] * 2 + ["no sample was answered"]
    for draw, sentence in zip(DRAWINGS, said, strict=True):
        assert sentence in words(draw(run)), draw


def test_one_exit_and_one_colour_in_all_figures(run_folder: Path):
    """DDNN's edge and ADA-DDNN's edge-2 stand before the cloud: they look alike, as in the figure of exit shares."""
    legends = [
        {text.get_text() for text in draw(public.load_run(run_folder)).legends[0].get_texts()} for draw in DRAWINGS[:4]
    ]
    assert all({"edge-1", "edge or edge-2", "cloud"} <= found for found in legends)


def test_what_cannot_be_is_one_message(run_folder: Path, tmp_path: Path, simnet):
    write_fake(tmp_path / "old", samples=20)
    for arguments, message in (
        ((tmp_path / "old", "--what", "exits"), "ddnn: of a version that kept no scores of its exits; make it anew:"),
        ((run_folder, "--what", "exits", "--from", 3), "--what exits shows all samples"),
        ((run_folder, "--what", "exit"), "'exit' is not one of 'overview', 'exits'"),
        ((tmp_path / "none", "--what", "exits"), "no such run folder"),
    ):
        status, out, err = simnet("plot", *arguments)
        assert status == 2 and out == "" and message in " ".join(err.split()) and "Traceback" not in err


def test_damaged_scores_are_one_message(run_folder: Path, tmp_path: Path, simnet):
    shutil.copytree(run_folder, tmp_path / "run")
    (tmp_path / "run" / "ddnn" / "scores.parquet").write_bytes(b"no table")
    status, _, err = simnet("plot", tmp_path / "run", "--what", "exits")
    assert status == 2 and err.count("error:") == 1 and "scores.parquet: missing or damaged" in " ".join(err.split())
