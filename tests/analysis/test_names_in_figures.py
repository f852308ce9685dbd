"""Names in figures are what the user wrote; whatever goes wrong while one is drawn costs that one only."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from fake_run import write_fake
from matplotlib.figure import Figure
from matplotlib.text import Text
from paths import ROOT

from simnet.analysis import figures as drawings
from simnet.analysis.exits.shares import draw_exits
from simnet.analysis.figures import draw_all
from simnet.analysis.latency import draw_latency
from simnet.analysis.style import label, look, readable, save, unreadable
from simnet.analysis.timeline.figure import draw_timeline
from simnet.api import load_run
from simnet.results.run import Results, read_run

ODD = ["a $x_1$ b", "$\\frac$ [bold]", "_hidden 100 $", "tab\there"]


def odd_run(folder: Path, name: str, samples: int = 60) -> Results:
    """A run whose scenario, systems, exits and places are all called so."""
    write_fake(folder / "run", samples=samples, systems=("ddnn", "ada-ddnn"))
    run = read_run(folder / "run")

    def renamed(table: pa.Table, column: str, old: str, new: str) -> pa.Table:
        words = [new if word == old else word for word in table[column].to_pylist()]
        return table.set_column(table.schema.get_field_index(column), column, pa.array(words).dictionary_encode())

    summary = {**run.summary, "scenario": name, "systems": {}}
    made = {}
    for old, system in run.summary["systems"].items():
        exits = {name if place == "cloud" else place: numbers for place, numbers in system["exits"].items()}
        own = name if old == "ddnn" else old
        summary["systems"][own] = {**system, "exits": exits}
        made[own] = {
            "samples.parquet": renamed(run.samples(old), "exit", "cloud", name),
            "spans.parquet": renamed(run.spans(old), "place", "cloud", name),
        }
    nodes = {name if node == "cloud" else node: value for node, value in run.scenario["nodes"].items()}
    return replace(run, summary=summary, tables=made, scenario={**run.scenario, "nodes": nodes})


def rendered(figure: Figure) -> set[str]:
    """The words as they are drawn: "\\$" is matplotlib's way to write a "$" that begins no formula."""
    figure.canvas.draw()
    texts = [text for text in figure.findobj(Text) if text.get_text()]
    for text in texts:
        assert text._preprocess_math(text.get_text())[1] is False, text  # no formula
    return {text._preprocess_math(text.get_text())[0] for text in texts}


@pytest.mark.parametrize("name", ODD)
def test_a_name_is_drawn_as_it_was_written(name: str, tmp_path: Path) -> None:
    run, seen = odd_run(tmp_path, name), name.replace("\t", r"\t")
    words = {one: rendered(draw(run)) for one, draw in (("t", draw_timeline), ("e", draw_exits), ("l", draw_latency))}
    stripped = {one: {word.strip() for word in found} for one, found in words.items()}
    assert seen in stripped["t"], "a system's and a node's name"
    assert f"exit {seen}" in stripped["t"] or f"exit  {seen}" in stripped["t"]
    assert any(word.startswith(f"{seen}: samples") for word in stripped["t"])
    assert seen in stripped["e"], "a system's name, or an exit's in the legend"
    assert seen in stripped["l"] and any(word.startswith(f"{seen}: p50") for word in stripped["l"])


def test_a_formula_is_none_and_a_marker_of_a_legend_is_no_name() -> None:
    assert label("$a$") == r"\$a\$" and label(r"a\$") == r"a\\$" and label("_x") == " _x" and label("\x1b") == r"\x1b"


def test_signs_that_no_font_has_are_one_note(tmp_path: Path) -> None:
    """The last plane is for private use. Matplotlib says nothing of its own, and the figures are there."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        files, problems, notes = draw_all(odd_run(tmp_path, "\U0010abcd\U0010abce x"), tmp_path)
    assert len(files) == 3 and problems == []
    assert notes == ["no font on this machine has \U0010abcd\U0010abce: boxes stand for them in the figures"]


def test_a_font_of_this_machine_helps_out(tmp_path: Path) -> None:
    """STIX comes with matplotlib and has signs that DejaVu Sans lacks."""
    from matplotlib.font_manager import findfont, get_font

    ours, other = (set(get_font(findfont(name)).get_charmap()) for name in ("DejaVu Sans", "STIXGeneral"))
    sign = chr(max(code for code in other - ours if 0x2000 < code < 0xE000))
    with look():
        figure = Figure()
        figure.text(0, 0, f"name {sign}")
    assert unreadable(figure) == sign
    assert unreadable(readable(figure)) == ""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save(figure, tmp_path / "x.png")


@pytest.mark.parametrize("name", ["timeline", "exits", "latency"])
def test_a_figure_that_fails_is_named_and_costs_no_other(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_fake(tmp_path / "run", samples=20)

    def fail(*_: object) -> Figure:
        raise ZeroDivisionError("so it goes\nand more")

    monkeypatch.setattr(drawings, f"draw_{name}", fail)
    files, problems, _ = draw_all(read_run(tmp_path / "run"), tmp_path / "figures")
    file = {"exits": "exit_shares"}.get(name, name) + ".png"
    assert problems == [f"figure {file} is missing: ZeroDivisionError: so it goes"]
    assert len(files) == 2 and file not in {path.name for path in (tmp_path / "figures").iterdir()}


def test_from_python_a_figure_that_fails_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_fake(tmp_path / "run", samples=20)

    def fail(*_: object) -> Figure:
        raise ZeroDivisionError("so it goes")

    monkeypatch.setattr(drawings, "draw_exits", fail)
    with pytest.warns(UserWarning, match=r"figure exit_shares\.png is missing: ZeroDivisionError: so it goes"):
        load_run(tmp_path / "run").save(tmp_path / "again", figures=True)
    assert load_run(tmp_path / "again").samples("ddnn").num_rows == 20


def test_a_full_disk_is_named_by_the_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_fake(tmp_path / "run", samples=20)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", full)
    _, problems, _ = draw_all(read_run(tmp_path / "run"), tmp_path / "figures")
    all_three = "timeline.png, exit_shares.png, latency.png"
    assert problems == [f"figures {all_three} are missing: No space left on device"]
    assert list((tmp_path / "figures").iterdir()) == []


RC = {
    "no UTF-8": b"font.size: 10\n# \xff\xfe\n",
    "TeX": b"text.usetex: True\n",
    "tight": b"savefig.bbox: tight\nsavefig.dpi: 20\nfigure.dpi: 20\n",
    "others": b"axes.formatter.use_mathtext: True\nlines.linewidth: 9\nfont.family: nonesuch\nsavefig.format: svg\n",
    "bad values": b"savefig.dpi: many\nxtick.nonesuch: 1\n",
}
DRAWS = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from fake_run import collect, fake_system, manifest, scenario
from simnet.api import Run
text = scenario()
run = collect("six", text, [fake_system("ddnn", 30, [])], manifest(text, 1, {}, {}, []), Run)
run.save(Path("run"), figures=True)
from simnet.results.run import read_run
print(*read_run(Path("run")).manifest.get("notes", []), sep="\\n")
"""


def drawn_under(content: bytes, folder: Path) -> tuple[dict[str, bytes], str]:
    """The figures of a run under a matplotlibrc, and the run's notes."""
    folder.mkdir()
    (folder / "matplotlibrc").write_bytes(content)
    command, environment = [sys.executable, "-c", DRAWS, str(ROOT / "tests")], {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=True, env=environment)
    assert (folder / "run" / "ddnn" / "samples.parquet").is_file()
    return {file.name: file.read_bytes() for file in (folder / "run" / "figures").glob("*.png")}, done.stdout.strip()


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    made, notes = drawn_under(b"", tmp_path_factory.mktemp("rc") / "usual")
    assert len(made) == 3 and notes == ""
    return made


@pytest.mark.parametrize("case", RC)
def test_a_users_settings_of_matplotlib_change_no_figure_and_cost_no_table(
    case: str, usual: dict[str, bytes], tmp_path: Path
) -> None:
    """Where matplotlib cannot even be imported under them, the run is kept and says which figures are missing."""
    made, notes = drawn_under(RC[case], tmp_path / "own")
    if case == "no UTF-8":
        assert made == {}
        assert notes.startswith("figures timeline.png, exit_shares.png, latency.png are missing: Unicode")
    else:
        assert made == usual and notes == ""
