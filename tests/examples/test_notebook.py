"""The example notebook is its script's cells, they run, and what is stored of them is small and tells of no machine."""

from __future__ import annotations

import ast
import json
import re

import pytest
from paths import ROOT

import simnet
from benchmarks.pages import notebook
from simnet.analysis.drawing import Drawing

BOOK = json.loads((ROOT / notebook.NOTEBOOK).read_text(encoding="utf-8"))


def test_cells_are_those_of_the_script() -> None:
    assert [(cell["cell_type"], "".join(cell["source"])) for cell in BOOK["cells"]] == list(notebook.CELLS)


def test_what_the_cells_showed_is_stored_and_small() -> None:
    """Five figures as PNG, the run as a table; executed in order; under 500 kB, without a path of the machine."""
    code = [cell for cell in BOOK["cells"] if cell["cell_type"] == notebook.CODE]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell["outputs"]]
    assert {output["output_type"] for output in outputs} == {"stream", "execute_result"}, "no error, no warning"
    assert all(output["name"] == "stdout" for output in outputs if output["output_type"] == "stream")
    shown = [output["data"] for output in outputs if output["output_type"] == "execute_result"]
    assert sum("image/png" in data for data in shown) == 5 and sum("text/html" in data for data in shown) == 1
    text = (ROOT / notebook.NOTEBOOK).read_text(encoding="utf-8")
    assert len(text.encode()) < 500_000
    assert not re.findall(r"/(?:home|root|tmp|Users|work|usr)/", re.sub(r'"image/png": "[^"]*"', "", text))


def test_the_code_runs_and_shows_what_it_says(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """Without Jupyter: each cell's statements, and then its last expression, which has a way to show itself."""
    monkeypatch.chdir(ROOT / notebook.NOTEBOOK.parent)
    names: dict[str, object] = {}
    shown: list[object] = []
    for kind, source in notebook.CELLS:
        if kind == notebook.CODE:
            *first, last = ast.parse(source).body
            if not isinstance(last, ast.Expr):
                first.append(last)
            exec(compile(ast.Module(first, []), "cell", "exec"), names)
            if isinstance(last, ast.Expr):
                shown.append(eval(compile(ast.Expression(last.value), "cell", "eval"), names))
    run, comparison = names["run"], names["comparison"]
    assert isinstance(run, simnet.Run) and run.summary["samples"] == 300
    assert run in shown and "ada-ddnn" in run._repr_html_()
    figures = [one for one in shown if isinstance(one, Drawing)]
    assert len(figures) == 4 and figures[1]._repr_png_().startswith(b"\x89PNG")
    assert comparison in shown and comparison._repr_png_().startswith(b"\x89PNG")
    assert capsys.readouterr().out.startswith("six cameras ['ddnn', 'ada-ddnn'] 8 nodes\n")
