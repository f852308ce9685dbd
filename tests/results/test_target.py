"""Where a run may go: what cannot be is refused before it starts, in one message that says why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fake_run import write_fake

from simnet.results import target
from simnet.results.run import RunError, read_run
from simnet.results.target import MARKS, check_target, default_target

ROOM = os.pathconf("/", "PC_NAME_MAX") - MARKS  # 255 - 27 on most file systems


def refused(out: Path, *parts: str, systems: tuple[str, ...] = ()) -> None:
    with pytest.raises(RunError) as found:
        check_target(out, systems)
    text = str(found.value)
    assert text.startswith(f"{out}: ") and text.endswith("; choose another --out") and "\n" not in text
    for part in parts:
        assert part in text


def test_roots_and_the_current_directory_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    refused(Path("/"), "is a root")
    refused(Path(), "is the current directory")
    refused(Path(".."), "holds the current directory")
    refused(tmp_path, "holds the current directory")
    check_target(Path("deep"))
    write_fake(Path("deep"), samples=3)
    assert read_run(tmp_path / "here" / "deep").summary["samples"] == 3


def test_a_mount_point_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "disk").mkdir()
    monkeypatch.setattr(os.path, "ismount", lambda place: Path(place) == tmp_path / "disk")
    refused(tmp_path / "disk", "is a mount point", "name a folder in it")
    check_target(tmp_path / "disk" / "run")


def test_names_that_are_too_long_are_refused_and_the_longest_that_can_be_works(tmp_path: Path) -> None:
    write_fake(tmp_path / ("n" * ROOM), samples=3)
    assert read_run(tmp_path / ("n" * ROOM)).summary["samples"] == 3
    refused(tmp_path / ("n" * (ROOM + 1)), f"a name of {ROOM + 1} bytes is too long; at most {ROOM}")
    refused(tmp_path / ("摄" * 80), "a name of 240 bytes")  # three bytes each
    refused(tmp_path / ("n" * 300) / "run", "a name of 300 bytes")
    refused(tmp_path / "run", "name of 256 bytes", systems=("s" * 256,))
    deep = tmp_path.joinpath(*["d" * 200] * 20)
    refused(deep, "the path is too long; at most 4096 bytes")


def test_bytes_that_are_no_text_work_and_a_zero_byte_does_not(tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/r\xff\n[x]$"))
    write_fake(odd, samples=3)
    assert read_run(odd).summary["samples"] == 3 and "r\udcff\n[x]$" in {path.name for path in tmp_path.iterdir()}
    with pytest.raises(RunError, match="zero byte"):
        check_target(Path("a\0b"))


def test_names_that_windows_keeps_are_refused_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("con", "NUL", "lpt1.old"):
        check_target(tmp_path / name)  # elsewhere they are names like others
    monkeypatch.setattr(target, "WINDOWS", True)
    for name in ("con", "NUL", "lpt1.old"):
        refused(tmp_path / name / "run", "Windows keeps this name")
    check_target(tmp_path / "console")


def test_what_others_have_left_in_the_way_is_named_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_fake(tmp_path / "run", samples=3)
    (tmp_path / ".run.former").write_text("a file")
    refused(tmp_path / "run", ".run.former is in the way", "remove it")
    (tmp_path / ".run.former").unlink()
    (tmp_path / ".run.former").mkdir()
    check_target(tmp_path / "run")
    stranger = tmp_path.stat().st_uid + 4711
    monkeypatch.setattr(os, "geteuid", lambda: stranger)
    refused(tmp_path / "run", f"{tmp_path / 'run'} is in the way")  # of another user
    (tmp_path / "run").rename(tmp_path / "else")
    refused(tmp_path / "run", ".run.former is in the way")


def test_a_file_system_that_will_not_have_it_is_asked_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkdtemp", full)
    refused(tmp_path / "new" / "run", f"cannot write in {tmp_path} (No space left on device)")


def test_nothing_is_left_by_asking(tmp_path: Path) -> None:
    check_target(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


def test_a_run_folders_scenario_goes_beside_it(tmp_path: Path) -> None:
    """Each holds a scenario.yaml, and a repetition must not replace what it repeats."""
    write_fake(tmp_path / "rain", samples=3)
    assert default_target(tmp_path / "rain" / "scenario.yaml") == Path("runs/rain-again")
    write_fake(tmp_path / "rain-again", samples=3)
    assert default_target(tmp_path / "rain-again" / "scenario.yaml") == Path("runs/rain-again")
    assert default_target(tmp_path / "scenario.yaml") == Path("runs/scenario")
    assert default_target(Path("scenarios/codecs.yaml")) == Path("runs/codecs")
