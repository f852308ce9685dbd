"""The cache of answers: bounded, safe for many at once, told, verified and cleared."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simnet.inference import bound, kept
from simnet.inference.memo import Memo, Table
from simnet.models.data import open_dataset
from simnet.models.data.cache import ANSWERS, RENDERED
from simnet.models.graph import Part

KEY = Part("edge"), 0b11


def table_at(folder: Path, name: str = "edge", rows: int = 4) -> Path:
    table = Table((Part(name), 1), rows, 2, folder)
    table.put(np.arange(rows), np.ones((rows, 2), np.float32))
    table.save()
    return folder / f"{name}-0-1.npz"


def test_answers_of_many_writers_at_once_are_all_kept(tmp_path: Path):
    """Eight read an empty file, then each writes its own row eight times: nobody's is lost."""
    tables = [Table(KEY, 64, 2, tmp_path / "a") for _ in range(8)]
    begin = threading.Barrier(8)

    def write(number: int) -> None:
        begin.wait()
        for row in range(number, 64, 8):
            tables[number].put(np.array([row]), np.full((1, 2), row, np.float32))
            tables[number].save()

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = Table(KEY, 64, 2, tmp_path / "a")
    assert found.known.all() and (found.scores[:, 0] == np.arange(64)).all()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["edge-0-3.npz"]


def test_what_nobody_has_used_for_longest_goes_first(tmp_path: Path):
    files = [table_at(tmp_path / "net", name) for name in ("a", "b", "c", "d")]
    size = files[0].stat().st_size
    for age, file in zip((40, 10, 30, 20), files, strict=True):
        os.utime(file, (1e9 - age, 1e9 - age))
    assert bound.trim(tmp_path, 4 * size) == 0 and all(file.exists() for file in files)
    assert bound.trim(tmp_path, 3 * size) == 2 * size, "to nine tenths of three: two stay"
    assert [file.stem[0] for file in files if file.exists()] == ["b", "d"]


def test_to_be_read_is_to_be_used(tmp_path: Path):
    old, new = table_at(tmp_path / "net", "old"), table_at(tmp_path / "net", "new")
    os.utime(old, (1e9, 1e9))
    os.utime(new, (2e9 - 1e9 + 5, 1e9 + 5))
    Table((Part("old"), 1), 4, 2, tmp_path / "net")
    bound.trim(tmp_path, int(1.2 * old.stat().st_size))
    assert old.exists() and not new.exists()


def test_the_limit_is_what_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv(bound.VARIABLE, "500 MB")
    assert bound.limit() == 500_000_000
    monkeypatch.setenv(bound.VARIABLE, "plenty")
    assert bound.limit() == bound.LIMIT
    monkeypatch.setenv(bound.VARIABLE, "1 B")
    memo = Memo(4, 2, tmp_path / "net")
    memo.table(KEY).put(np.array([0]), np.ones((1, 2), np.float32))
    memo.save()
    assert not list((tmp_path / "net").glob("*.npz"))
    assert memo.table(KEY).known[0], "what is in use stays in memory"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SIMNET_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_command_tells_verifies_and_clears(cache: Path, simnet: Callable[..., Any]):
    memo = Memo(4, 2, cache / "answers" / "abc", {"weights": "w", "data": "plaza", "split": "test", "codec": "int8"})
    memo.table(KEY).put(np.array([0]), np.ones((1, 2), np.float32))
    memo.save()
    size = kept.shelves(ANSWERS)[0].bytes
    status, printed, _ = simnet("cache", "info")
    assert status == 0 and "w on plaza (test), int8: 1 file, " in printed and f"{cache} (SIMNET_CACHE)" in printed
    assert simnet("cache", "verify")[:2] == (0, "1 sound, 0 damaged\n")

    good = cache / "answers" / "abc" / "edge-0-3.npz"
    foreign = good.with_name("edge-0-7.npz")
    foreign.write_bytes(good.read_bytes())
    broken = good.with_name("device-0-1.npz")
    broken.write_bytes(good.read_bytes()[:-30])
    status, printed, err = simnet("cache", "verify")
    assert status == 1 and printed == "1 sound, 2 damaged\n"
    assert f"damaged: {foreign}" in err and f"damaged: {broken}" in err
    assert simnet("cache", "verify", "--remove")[0] == 0 and [*good.parent.glob("*.npz")] == [good]

    (cache / "answers" / "mine").mkdir()
    (cache / "answers" / "mine" / "letter.txt").write_text("dear")
    status, printed, _ = simnet("cache", "clear", "--answers")
    assert status == 0 and printed.startswith("removed ") and size > 0
    assert not good.parent.exists() and (cache / "answers" / "mine" / "letter.txt").exists()
    assert simnet("cache", "verify")[:2] == (0, "0 sound, 0 damaged\n")


def test_a_limit_that_is_no_size_is_told(cache: Path, simnet: Callable[..., Any], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(bound.VARIABLE, "5")
    status, printed, err = simnet("cache", "info")
    assert status == 0 and "of at most 2 GB" in printed
    assert err == f"note: {bound.VARIABLE}: '5' has no unit; write e.g. '5 kB'; runs take no notice of it\n"
    monkeypatch.setenv(bound.VARIABLE, "5 kB")
    assert simnet("cache", "info")[1:] == (printed.replace("2 GB", "5 kB"), "")


def test_a_link_in_the_cache_leads_to_what_is_somebody_s(cache: Path, tmp_path: Path, simnet: Callable[..., Any]):
    mine = table_at(tmp_path / "mine")
    (cache / "answers").mkdir(parents=True)
    (cache / "answers" / "abc").symlink_to(mine.parent)
    (cache / "answers" / "empty").mkdir()
    assert kept.shelves(ANSWERS) == [] and "last used" not in simnet("cache", "info")[1]
    assert simnet("cache", "verify")[1] == "0 sound, 0 damaged\n"
    assert simnet("cache", "clear")[1] == "removed 0 B\n" and mine.exists()


def test_both_editions_of_generated_pixels_are_counted_and_removed(cache: Path, simnet: Callable[..., Any]):
    """250 test samples of one camera, 32 × 32 × 3 bytes each, and what surrounds them: one block of each edition."""
    for name in ("plaza", "plaza2"):
        open_dataset(f"{{set: {name}, cameras: 1, samples: {{test: 250}}}}", "test", None).pixels(np.arange(250))
    found = kept.shelves(RENDERED)
    assert len(found) == 2 and all(shelf.bytes > 250 * 32 * 32 * 3 for shelf in found)
    assert simnet("cache", "verify")[1] == "2 sound, 0 damaged\n"
    assert simnet("cache", "clear", "--views")[0] == 0 and kept.shelves(RENDERED) == []
