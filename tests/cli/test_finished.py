"""`simnet explain`, `trace` and `plot` on a finished run: what they say, and what they refuse in one message."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_run import reseal, write_fake
from paths import ROOT

from simnet.results.run import read_run
from simnet.times import ticks

Simnet = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    write_fake(tmp_path / "run", samples=60)
    return tmp_path / "run"


def test_a_sample_is_told_in_every_system(simnet: Simnet, run: Path) -> None:
    """Sample 45 is captured while camera 3 is down; its parts are its latency."""
    status, out, err = simnet("explain", str(run), "45", "--steps")
    assert status == 0, err
    row = read_run(run).samples("ddnn").to_pylist()[45]
    assert f"sample 45 (image 45, class {row['label']})" in out
    for words in ("ddnn: ", "ada-ddnn: ", "compute", "camera1→edge", "faults: camera3 down", "path"):
        assert words in out
    told = json.loads(simnet("explain", str(run), "45", "--json")[1])["systems"]
    for system in ("ddnn", "ada-ddnn"):
        row = read_run(run).samples(system).to_pylist()[45]
        assert sum(part["picoseconds"] for part in told[system]["path"]) == told[system]["picoseconds"]
        assert told[system]["picoseconds"] == ticks(row["ended_at"]) - ticks(row["captured_at"])
        assert told[system]["exit"] == row["exit"] and told[system]["entropy"] == row["entropy"]
        assert told[system]["faults"] == ["camera3 down"]


def test_the_slowest_and_the_wrong_ones_are_found(simnet: Simnet, run: Path) -> None:
    rows = read_run(run).samples("ada-ddnn").to_pylist()
    slowest = max(rows, key=lambda row: row["latency"] or 0)["sample"]
    wrong = [row["sample"] for row in rows if row["correct"] is False]
    both = max((row for row in rows if row["correct"] is False), key=lambda row: row["latency"])["sample"]
    for options, sample in ((["--slowest"], slowest), (["--wrong"], wrong[0]), (["--slowest", "--wrong"], both)):
        status, out, _ = simnet("explain", str(run), *options, "--system", "ada-ddnn", "--json")
        assert status == 0 and json.loads(out)["sample"] == sample
        assert list(json.loads(out)["systems"]) == ["ada-ddnn"]
    listed = simnet("explain", str(run), "--wrong", "--system", "ada-ddnn")[1].splitlines()[0]
    assert listed == "next of them: " + ", ".join(map(str, wrong[1:13])) + (
        f", and {len(wrong) - 13} more" if len(wrong) > 13 else ""
    )


def test_a_waterfall_is_drawn(simnet: Simnet, run: Path, tmp_path: Path) -> None:
    status, out, err = simnet("explain", str(run), "45", "--figure", str(tmp_path / "w.png"))
    assert status == 0 and out.rstrip().endswith("w.png"), err
    assert (tmp_path / "w.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("explain", "RUN", "60"), "no sample 60; this run has 0 to 59"),
        (("explain", "RUN"), "give a sample's number, or --slowest, --wrong or both"),
        (("explain", "RUN", "3", "--wrong"), "give a sample's number, or --slowest, --wrong or both"),
        (("explain", "RUN", "3", "--system", "dnn"), "no system 'dnn'"),
        (("explain", "nowhere", "3"), "no such run folder"),
        (("trace", "RUN", "--system", "dnn"), "no system 'dnn'"),
        (("trace", "nowhere"), "no such run folder"),
        (("plot", "RUN", "--from", "3", "--to", "9", "--samples", "7"), "give two of --from, --to and --samples"),
        (("plot", "RUN", "--from", "9", "--to", "3"), "no samples 9 to 3; this run has 0 to 59"),
        (("plot", "RUN", "--to", "99"), "this run has 0 to 59"),
        (("plot", "RUN", "--systems", "ddnn,dnn"), "no system 'dnn'"),
        (("plot", "RUN", "--nodes", "camera*,egde"), "did you mean 'edge'"),
    ],
)
def test_what_there_is_not_is_one_message(simnet: Simnet, run: Path, words: tuple[str, ...], message: str) -> None:
    status, _, err = simnet(*(str(run) if word == "RUN" else word for word in words))
    assert status == 2 and message in " ".join(err.replace("│", " ").split()) and "Traceback" not in err


def test_a_damaged_table_is_one_message(simnet: Simnet, run: Path) -> None:
    spans = run / "ddnn" / "spans.parquet"
    spans.write_bytes(spans.read_bytes()[:-20])
    for words in (("trace", str(run)), ("explain", str(run), "3")):
        status, _, err = simnet(*words)
        assert status == 2 and "spans.parquet: missing or damaged" in err and err.count("\n") == 1
    reseal(run)
    assert simnet("trace", str(run))[0] == 2
    assert not (run / "trace.json.gz").exists()


def test_neither_needs_torch_nor_the_engine(run: Path) -> None:
    code = (
        "import sys; from simnet.cli.app import app\n"
        f"for words in (['trace', {str(run)!r}], ['explain', {str(run)!r}, '3']): app(words, standalone_mode=False)\n"
        "print({'torch', 'simpy', 'simnet.world.run', 'simnet.models.data'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.rstrip().endswith("set()")
