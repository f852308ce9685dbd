"""A long run in parts: what is counted over parts and files is what is counted over all of it at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from simnet.network import spans as engine
from simnet.network.addressed import addressed
from simnet.network.line import Span
from simnet.network.nodes.spec import Node
from simnet.network.spans import Spans
from simnet.network.spool import Spool
from simnet.results.kept import places
from simnet.results.kept.endings import Ending, Endings
from simnet.results.kept.places import AtPlaces
from simnet.results.kept.recorded import Recorded
from simnet.results.kept.stored import StoredTable
from simnet.results.ledger import Ledger
from simnet.results.steps import Steps
from simnet.systems.base import Decision
from simnet.times import PER_SECOND

HELD = 4


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four rows are many."""
    monkeypatch.setattr(engine, "HELD", HELD)
    monkeypatch.setattr(places, "HELD", HELD)


def some(count: int) -> Iterator[Span]:
    """Spans at three places in turn, the second of them a link, every other message of a longer way."""
    for n in range(count):
        place, kind = (("a", "compute"), ("a→b", "transfer"), ("b", "compute"))[n % 3]
        sample = addressed(n, "a→c") if n % 6 == 1 else n
        yield sample, place, kind, n, n + 1, n + 2, 10 * n, "lost" if n == 4 else "ok"


def recorded(count: int) -> Spans:
    """Each folded when it comes, so that every fourth goes to the file with the three before it."""
    found = Spans()
    for span in some(count):
        found.append(span)
        found.fold(least=1)
    return found


def test_spans_in_a_file_are_those_that_were_recorded() -> None:
    """Ten: two parts of four in the file, two rows in memory; as spans, from a number on, and as columns."""
    found, expected = recorded(10), list(some(10))
    assert [len(part) for part in found.chunks()] == [4, 4, 2] and not found.whole
    assert len(found) == 10 and list(found) == expected and found.since(7) == expected[7:]
    assert [*found.columns().size] == [10 * n for n in range(10)]
    assert [span[0].ends for span in found if type(span[0]) is not int] == ["a→c", "a→c"]  # type: ignore[attr-defined]


def test_times_beyond_64_bits_stay_in_memory() -> None:
    """A year in picoseconds is larger than any int64; it comes back to the last digit."""
    year, found = 366 * 86_400 * PER_SECOND, Spans()
    for _ in range(HELD):
        found.append((0, "a", "compute", year, year + 1, year + 2, 1, "ok"))
    found.fold(least=1)
    assert not found.whole and [span[5] for span in found] == [year + 2] * HELD


def test_a_batch_is_not_divided() -> None:
    """Of ten numbers 4, 5 and 8 ran with the one before: 4 and 5 go with 3, and 8 with 7."""
    parts = [*Recorded(recorded(10), [4, 5, 8]).parts()]
    assert [part.sample.tolist() for part in parts] == [[0, 1, 2, 3, 4, 5], [6, 7, 8], [9]]
    assert [part.joined.tolist() for part in parts] == [[False] * 4 + [True] * 2, [False, False, True], [False]]


def test_a_batch_longer_than_a_part_is_one_part() -> None:
    """All ten are one call."""
    parts = [*Recorded(recorded(10), [*range(1, 10)]).parts()]
    assert [len(part) for part in parts] == [10] and parts[0].joined.sum() == 9


def test_parts_are_the_whole() -> None:
    """Column by column."""
    found = Recorded(recorded(11), [5])
    parts, whole = [*found.parts()], Steps.of([*some(11)], [5])
    for name in ("sample", "place", "queued", "lasted", "size", "status", "message", "joined"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        assert joined.tolist() == getattr(whole, name).tolist(), name
    assert {(part.places, part.ends) for part in parts} == {(whole.places, whole.ends)}


def test_steps_by_place_come_from_groups() -> None:
    """Twelve, four at each place: each is a group of its own; a place where nothing happened has none."""
    at = AtPlaces(Recorded(recorded(12)), ["a", "nowhere", "b", "a→b"])
    for name, expected in (("a", [0, 3, 6, 9]), ("nowhere", None), ("b", [2, 5, 8, 11]), ("a→b", [1, 4, 7, 10])):
        found = at.get(name)
        assert (None if found is None else found.sample.tolist()) == expected


def test_a_node_pays_in_parts_what_it_pays_at_once() -> None:
    """To the last bit, a batch of two over the end of a part included."""
    power = {"idle": "1 W", "busy": "3.3 W", "send": "1 nJ/B", "receive": "0.7 nJ/B"}
    node = Node.model_validate({"tier": "edge", "speed": "1 GFLOP/s", "power": power})
    nodes, up = {"a": node, "b": node}, {"a": 1.0, "b": 1.0}
    once, parts = (Ledger(nodes, steps, up, 12) for steps in (Steps.of([*some(12)], [4]), Recorded(recorded(12), [4])))
    assert once.nodes == parts.nodes and once.samples.tolist() == parts.samples.tolist()
    assert once.nodes["a"]["busy"] > 0 < once.nodes["b"]["received"]


def test_a_table_in_a_file_is_read_again() -> None:
    """Two row groups, whose words differ."""
    schema = pa.schema([("n", pa.int64()), ("word", pa.dictionary(pa.int32(), pa.string()))])

    def part(numbers: list[int], words: list[str]) -> pa.Table:
        return pa.table([pa.array(numbers), pa.array(words).dictionary_encode()], schema=schema)

    found = StoredTable(schema, iter([part([1, 2], ["x", "y"]), part([3], ["z"])]))
    assert found.num_rows == 3 and [one.num_rows for one in found.parts()] == [2, 1]
    for _ in range(2):
        table = found.read()
        assert table.schema == schema and table.to_pydict() == {"n": [1, 2, 3], "word": ["x", "y", "z"]}


def test_a_folder_that_takes_no_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file itself has no name."""
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    with pytest.raises(OSError, match="No such file") as told:
        Spool().put([np.zeros(1)])
    assert told.value.filename == "/nowhere (temporary files)"


LATE = 400 * 86_400 * PER_SECOND
ENDINGS = [
    Ending(5, Decision("edge", 3, 0.25, 0b11)),
    None,
    Ending(7, None, "link down"),
    Ending(LATE, Decision("cloud", 0, 0.5, 1 << 90, forced=True)),
]


def test_endings_are_as_they_were_put() -> None:
    """Answered, still under way, dropped, and forced after more than a year with a mask of 91 arcs."""
    found = Endings.of(ENDINGS)
    assert [*found] == ENDINGS == found and found[1:3] == ENDINGS[1:3]
    assert found.how.tolist() == [2, 0, 1, 3] and found.at.tolist() == [5, 0, 7, LATE]


def test_endings_of_another_run_keep_their_words() -> None:
    """In which exits and reasons came in another order."""
    mine = Endings(4)
    mine[0], mine[1] = Ending(1, Decision("cloud", 1, 0.0, 4)), Ending(2, None, "edge down")
    mine.copy(slice(2, None), Endings.of(ENDINGS))
    assert [*mine] == [Ending(1, Decision("cloud", 1, 0.0, 4)), Ending(2, None, "edge down"), *ENDINGS[2:]]
    mine.copy(slice(0, 2), Endings.of(ENDINGS))
    assert [*mine] == ENDINGS
