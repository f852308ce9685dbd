"""A run folder's checksums: whatever is changed, swapped, damaged, added or missing is one message."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fake_run import reseal, write_fake

from simnet.results.run import RunError, read_run

PLACES = [f"{system}/{table}.parquet" for system in ("ddnn", "ada-ddnn") for table in ("samples", "spans", "incidents")]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    write_fake(tmp_path / "run", samples=12)
    return tmp_path / "run"


def test_the_manifest_holds_a_checksum_of_every_file(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    assert sorted(manifest["files"]) == sorted(["summary.json", "scenario.yaml", *PLACES])
    import hashlib

    for place, digest in manifest["files"].items():
        assert hashlib.sha256((run / place).read_bytes()).hexdigest() == digest


def read_all(run: Path) -> None:
    found = read_run(run)
    for system in found.systems:
        found.samples(system), found.spans(system), found.incidents(system)


def swap(run: Path, one: str, other: str) -> None:
    first, second = (run / one).read_bytes(), (run / other).read_bytes()
    (run / one).write_bytes(second)
    (run / other).write_bytes(first)


def edit(run: Path, place: str, old: bytes, new: bytes) -> None:
    content = (run / place).read_bytes()
    assert old in content
    (run / place).write_bytes(content.replace(old, new, 1))


def flip(run: Path, place: str) -> None:
    content = bytearray((run / place).read_bytes())
    content[len(content) // 3] ^= 1
    (run / place).write_bytes(content)


DAMAGES: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a number in the summary": (
        "summary.json", lambda run: edit(run, "summary.json", b'"captured": 12', b'"captured": 13')
    ),
    "a word in the scenario": (
        "scenario.yaml", lambda run: edit(run, "scenario.yaml", b"plaza", b"palza")
    ),
    "a seed in the manifest": (
        "manifest.json", lambda run: edit(run, "manifest.json", b'"seed": 1', b'"seed": 2')
    ),
    "tables of two systems": (
        "ddnn/samples.parquet", lambda run: swap(run, "ddnn/samples.parquet", "ada-ddnn/samples.parquet")
    ),
    "two tables of a system": (
        "ddnn/samples.parquet", lambda run: swap(run, "ddnn/samples.parquet", "ddnn/spans.parquet")
    ),
    "one bit": ("ada-ddnn/spans.parquet", lambda run: flip(run, "ada-ddnn/spans.parquet")),
    "an empty table": ("ddnn/incidents.parquet", lambda run: (run / "ddnn/incidents.parquet").write_bytes(b"")),
    "no table": ("ddnn/incidents.parquet", lambda run: (run / "ddnn/incidents.parquet").unlink()),
    "a folder for a table": (
        "ddnn/spans.parquet",
        lambda run: [(run / "ddnn/spans.parquet").unlink(), (run / "ddnn/spans.parquet").mkdir()],
    ),
    "no manifest": ("manifest.json", lambda run: (run / "manifest.json").write_text("{}")),
    "a list": ("manifest.json", lambda run: (run / "manifest.json").write_text("[]")),
    "nesting without end": ("summary.json", lambda run: (run / "summary.json").write_text("[" * 100_000)),
    "bytes": ("summary.json", lambda run: (run / "summary.json").write_bytes(b"\xff\xfe\x00")),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("command", ["compare", "plot"])
def test_damage_is_one_message_with_the_file(damage: str, command: str, run: Path, simnet, tmp_path: Path) -> None:
    place, change = DAMAGES[damage]
    change(run)
    with pytest.raises(RunError):
        read_all(run)
    if place.endswith(".parquet") and command == "compare":
        return  # it reads the summary only, which is as it was
    more = ("--out", tmp_path / "figures") if command == "plot" else ()
    status, out, err = simnet(command, run, *more)
    assert (status, out) == (2, "") and err.startswith("error: ") and err.count("\n") == 1 and str(run) in err
    assert place in err or damage == "no manifest"
    assert not (tmp_path / "figures").exists() or not list((tmp_path / "figures").iterdir())


def test_a_table_of_another_run_is_not_believed(run: Path, tmp_path: Path) -> None:
    write_fake(tmp_path / "other", samples=12, seed=2)
    shutil.copy(tmp_path / "other" / "ddnn" / "samples.parquet", run / "ddnn" / "samples.parquet")
    with pytest.raises(RunError, match=r"ddnn/samples\.parquet: missing or damaged \(its checksum is not the one in"):
        read_run(run).samples("ddnn")
    assert read_run(run).spans("ddnn").num_rows


def test_a_table_that_was_added_is_none_of_the_run(tmp_path: Path) -> None:
    write_fake(tmp_path / "calm", samples=12, faults=[])
    write_fake(tmp_path / "run", samples=12)
    shutil.copy(tmp_path / "run" / "ddnn" / "incidents.parquet", tmp_path / "calm" / "ddnn")
    assert read_run(tmp_path / "calm").incidents("ddnn") is None


def test_columns_that_are_missing_are_not_filled_with_nothing(run: Path) -> None:
    """Even where the checksum is right: a folder of another version."""
    file = run / "ddnn" / "samples.parquet"
    table: pa.Table = pq.read_table(file, partitioning=None)
    pq.write_table(table.drop_columns(["exit", "latency"]), file)
    reseal(run)
    with pytest.raises(RunError, match=r"samples\.parquet: missing or damaged \(lacks exit, latency\)"):
        read_run(run).samples("ddnn")


def test_a_folder_without_checksums_is_to_be_made_anew(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    del manifest["sha256"], manifest["files"]
    (run / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(RunError, match=r"kept no checksums; make it anew: simnet run .*scenario\.yaml"):
        read_run(run)
