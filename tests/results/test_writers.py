"""Several writers of one folder, writers that were killed, disks that are full: whole runs, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from fake_run import write_fake
from paths import ROOT

from simnet import locks
from simnet.results.run import RunError, read_run

PRELUDE = f"""
import os, sys, time
from pathlib import Path
sys.path.insert(0, {str(ROOT / "tests")!r})
from fake_run import write_fake
"""


def child(code: str, *arguments: object, **how: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PRELUDE + textwrap.dedent(code), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment, **how
    )  # type: ignore[call-overload, no-any-return]


HANG = """
def hang(folder):
    print("writing", flush=True)
    time.sleep(60)
write_fake(Path(sys.argv[1]), samples=4, figures=hang)
"""


def writing(out: Path) -> subprocess.Popen[str]:
    started = child(HANG, out)
    assert started.stdout is not None and started.stdout.readline() == "writing\n"
    return started


def partial(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if ".partial-" in path.name]


def test_what_a_killed_writer_left_goes_with_the_next_run_and_a_living_one_keeps_its_own(tmp_path: Path) -> None:
    out = tmp_path / "run [1]*"  # signs of a glob
    with writing(out) as dead:
        dead.send_signal(signal.SIGKILL)
    assert len(partial(tmp_path)) == 1
    with writing(out) as alive:
        assert len(partial(tmp_path)) == 1, "it has removed what was left"
        mine = partial(tmp_path)
        write_fake(out, samples=3)
        assert partial(tmp_path) == mine, "its writer is alive"
        alive.kill()
    write_fake(out, samples=3)
    assert [path.name for path in tmp_path.iterdir()] == ["run [1]*"]


def test_leftovers_of_other_folders_and_machines_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(tmp_path / "run.partial-x") as dead:
        dead.kill()
    with monkeypatch.context() as patch:
        patch.setattr(locks, "sha256", lambda _: type("Other", (), {"hexdigest": lambda self: "0123abcd" * 8})())
        assert locks.machine() == "0123abcd"
    (tmp_path / ".run.partial-0123abcd-xyz12345").mkdir()
    before = sorted(partial(tmp_path))
    write_fake(tmp_path / "run", samples=3)
    assert sorted(partial(tmp_path)) == before and len(before) == 2
    os.utime(tmp_path / ".run.partial-0123abcd-xyz12345", (0, 0))  # nobody writes for so long
    write_fake(tmp_path / "run", samples=3)
    assert len(partial(tmp_path)) == 1


LOOP = """
done = 0
for number in range(25):
    write_fake(Path(sys.argv[1]), samples=2, faults=[], systems=("ddnn",))
    done += 1
print(done)
"""


def test_four_writers_of_one_folder_all_succeed(tmp_path: Path) -> None:
    """Between two renames of one must not fall those of another; the last whole run stays."""
    writers = [child(LOOP, tmp_path / "run") for _ in range(4)]
    ended = [(*writer.communicate(timeout=300), writer.returncode) for writer in writers]
    assert ended == [("25\n", "", 0)] * 4
    assert read_run(tmp_path / "run").samples("ddnn").num_rows == 2
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


FULL = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
from simnet.results.run import RunError
try:
    write_fake(Path(sys.argv[1]), samples=300)
except RunError as error:
    print(error)
"""


def test_a_disk_that_is_full_names_the_file_and_leaves_the_former_run(tmp_path: Path) -> None:
    """The system refuses files of more than 2 kB: the first table has more."""
    write_fake(tmp_path / "run", samples=4)
    out, err = child(FULL, tmp_path / "run", 2000).communicate(timeout=120)
    assert err == "" and out == (
        f"{tmp_path / 'run' / 'ddnn' / 'samples.parquet'}: cannot be written (File too large); "
        "nothing was changed there\n"
    )
    assert read_run(tmp_path / "run").samples("ddnn").num_rows == 4
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_figures_that_fail_cost_nothing_else(tmp_path: Path) -> None:
    write_fake(tmp_path / "run", samples=4, figures=lambda folder: ["figure timeline.png is missing: why"])
    run = read_run(tmp_path / "run")
    assert run.manifest["notes"] == ["figure timeline.png is missing: why"] and run.samples("ddnn").num_rows == 4


def test_without_locks_writers_go_by_age(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "fcntl", None)
    write_fake(tmp_path / "run", samples=4)
    (tmp_path / f".run.partial-{locks.machine()}-abcdefgh").mkdir()
    write_fake(tmp_path / "run", samples=4)
    assert len(partial(tmp_path)) == 1
    os.utime(tmp_path / partial(tmp_path)[0], (0, 0))
    write_fake(tmp_path / "run", samples=4)
    assert partial(tmp_path) == []


def test_a_table_that_cannot_be_read_is_no_run(tmp_path: Path) -> None:
    write_fake(tmp_path / "run", samples=4)
    (tmp_path / "run" / "ddnn" / "samples.parquet").unlink()
    with pytest.raises(RunError, match=r"samples\.parquet: missing or damaged \(No such file"):
        read_run(tmp_path / "run").samples("ddnn")
