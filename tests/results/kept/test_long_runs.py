"""A long run keeps its samples in parts and files, and tells what a short one does, which has all in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small import SCENARIO

import simnet
from simnet.network import spans, topology
from simnet.network.line import Span
from simnet.report.timeline import timeline
from simnet.results.kept.constant import once, where
from simnet.results.kept.stored import StoredTable
from simnet.results.run import SAMPLES, SCORES, SPANS
from simnet.times import PER_SECOND
from simnet.world import asked, recording, scored
from simnet.world.asked import Questions

YEAR = 366 * 86_400 * PER_SECOND


class Folding(spans.Spans):
    """Does so at every tenth span."""

    def __init__(self) -> None:
        super().__init__()
        take = self.append

        def append(span: Span) -> None:
            take(span)
            self.fold(10)

        self.append = append


def test_one_of_equal_entries_is_kept() -> None:
    """Numbers, none that are numbers, words and no words; entries that differ stay as they are."""
    for same in (np.full(5, 7), np.full(5, np.nan), np.array(["x"] * 5, object), np.array([None] * 5, object)):
        found = once(same)
        assert found.strides == (0,) and str(found.tolist()) == str(same.tolist())
    for mixed in (np.array([7, 7, 8]), np.array([7.0, np.nan]), np.array([np.nan, 7.0]), np.zeros(0)):
        assert once(mixed) is mixed


def test_what_is_true_everywhere_is_not_copied() -> None:
    values = np.array([1.0, 2.0])
    assert where(np.array([True, True]), values, 0.0) is values
    assert where(np.array([True, False]), values, -1.0).tolist() == [1.0, -1.0]


def test_questions_in_a_file_are_those_that_were_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two are many: sample 1 is asked in the first part and in the last, which counts; sample 2 never is."""
    monkeypatch.setattr(asked, "HELD", 2)
    questions = Questions()
    questions.add(1, 1 << 90, 1 * PER_SECOND, (3, 0.25))
    questions.add(0, 0b1, 2 * PER_SECOND, (4, 0.5))
    questions.add(3, 0b1, YEAR, (5, 0.75))  # more than 64 bits hold
    questions.add(3, 0b11, 2 * YEAR, (6, 0.0))
    questions.add(1, 0b1, 5 * PER_SECOND, (7, 1.0))
    those, upstream, at, predictions, measures = questions.last(4)
    assert those.tolist() == [0, 1, 3] and [questions.upstreams.name(n) for n in upstream[those]] == [0b1, 0b1, 0b11]
    assert upstream[2] == -1 and np.isnan(at[2]) and at[those].tolist() == [2.0, 5.0, 2 * 366 * 86_400.0]
    assert predictions.tolist() == [4, 7, 6] and measures.tolist() == [0.5, 1.0, 0.0]


@pytest.mark.parametrize("forced", [False, True])
def test_a_run_in_parts_is_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forced: bool) -> None:
    """Forty samples, of which seven are many; so are thirty spans, nine questions and five scores of each class."""
    file = tmp_path / "small.yaml"
    text = SCENARIO.replace("DDNN", "ddnn-plaza").replace("ADA", "ada-ddnn-plaza")
    file.write_text(text.replace("thresholds: 0.9", "thresholds: calibrated"))
    whole = simnet.run(file, forced=forced)
    for where_, name, value in (
        (recording, "MOST_SAMPLES", 7),
        (recording, "MOST_ROWS", 70),
        (spans, "HELD", 30),
        (topology, "Spans", Folding),
        (asked, "HELD", 9),
        (scored, "AT_ONCE", 5),
    ):
        monkeypatch.setattr(where_, name, value)
    parts = simnet.run(file, forced=forced)
    assert parts.summary == whole.summary
    for system in whole.systems:
        for table in (SAMPLES, SPANS, SCORES):
            assert isinstance(parts.tables[system][table], StoredTable)
            assert len(list(parts.parts(system, table))) >= 2
            assert parts._table(system, table).to_pylist() == whole._table(system, table).to_pylist(), table
            names = ["sample", whole.tables[system][table].column_names[3]]
            assert [r for p in parts.parts(system, table, names) for r in p.to_pylist()] == whole._table(
                system, table
            ).select(names).to_pylist()
    exits = dict.fromkeys(("edge", "edge-1", "edge-2", "cloud"), 0)
    for most in (300_000, 200):  # of the first samples the whole's page may have words that do not occur
        drawn, expected = (timeline(run, [], exits, most) for run in (parts, whole))
        assert drawn["shown"] == expected["shown"] and (drawn["shown"] < 40) == (most == 200)
        for one, other in zip(drawn["systems"], expected["systems"], strict=True):
            assert [one[key] for key in ("samples", "spans", "scores")] == [
                other[key] for key in ("samples", "spans", "scores")
            ]
    parts.save(tmp_path / "parts")
    whole.save(tmp_path / "whole")
    again, other = simnet.load_run(tmp_path / "parts"), simnet.load_run(tmp_path / "whole")
    for system in whole.systems:
        assert again.samples(system).to_pylist() == other.samples(system).to_pylist()
