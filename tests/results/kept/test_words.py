"""Columns of words are what Arrow makes of the same words, without its compute module."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from paths import ROOT
from small import SCENARIO

from simnet.results.kept.words import coded, encoded, floats, numbered


@pytest.mark.parametrize("words", [["b", None, "a", "b"], ["a"], [None, None], []])
def test_words_are_encoded_as_arrow_does(words: list[str | None]) -> None:
    """The first word is number 0; none has no number."""
    expected = pa.array(words, pa.string()).dictionary_encode()
    for given in (words, iter(words), np.array(words, object)):
        assert encoded(given).equals(expected)
    assert encoded(np.broadcast_to(np.array(words[:1], object), 3 * bool(words))).equals(
        pa.array(words[:1] * 3, pa.string()).dictionary_encode()
    )


def test_numbers_of_words_and_back() -> None:
    """Of a column with a dictionary and of one without; −1 is none."""
    for column in (pa.array(["x", None, "y", "x"]), coded(np.array([0, -1, 1, 0], np.int32), ["x", "y"])):
        numbers, words = numbered(pa.table({"word": column}), "word")
        assert numbers.tolist() == [0, -1, 1, 0] and words == ["x", "y"]


def test_numbers_and_truth_values_are_floats() -> None:
    table = pa.table({"right": [True, None, False], "n": pa.array([3, None, 1], pa.int16()), "x": [0.5, None, 2.0]})
    assert str([floats(table, name).tolist() for name in table.column_names]) == str(
        [[1.0, float("nan"), 0.0], [3.0, float("nan"), 1.0], [0.5, float("nan"), 2.0]]
    )


def test_a_run_and_its_report_need_no_compute_module(tmp_path: Path) -> None:
    """Its import takes as long as writing all tables: nothing that a default run does may ask for it."""
    text = SCENARIO.replace("DDNN", "ddnn-plaza").replace("ADA", "ada-ddnn-plaza")
    (tmp_path / "small.yaml").write_text(text.replace("thresholds: 0.9", "thresholds: calibrated"))
    code = (
        "import sys; sys.modules['pyarrow.compute'] = None\n"
        "import simnet\n"
        "run = simnet.run(sys.argv[1], out=sys.argv[2], report=True)\n"
        "assert not [note for note in run.notes if 'report' in note], run.notes"
    )
    given = [str(tmp_path / "small.yaml"), str(tmp_path / "run")]
    done = subprocess.run([sys.executable, "-c", code, *given], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
