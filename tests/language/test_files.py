"""What may be named as a file: regular ones of a bearable size; devices, pipes and endless ones are refused at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simnet.language import files
from simnet.language.files import UnreadableError, text_of


def test_a_regular_file_is_read_with_its_line_ends_made_alike(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes("\ufeffä\r\nb\rc\n".encode())
    assert text_of(file, "utf-8-sig") == "ä\nb\nc\n"


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full", "/dev/null"])
def test_a_device_is_no_file(device: str, tmp_path: Path) -> None:
    if not Path(device).exists():
        pytest.skip(f"no {device} here")
    link = tmp_path / "x.yaml"
    link.symlink_to(device)
    for path in (Path(device), link):
        with pytest.raises(UnreadableError, match=r"^it is no regular file$"):
            text_of(path)


def test_a_pipe_is_no_file_and_is_not_waited_for(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes here")
    os.mkfifo(tmp_path / "x.yaml")
    with pytest.raises(UnreadableError, match=r"^it is no regular file$"):
        text_of(tmp_path / "x.yaml")


def test_a_large_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 10)
    file = tmp_path / "x.yaml"
    file.write_text("x" * 10)
    assert text_of(file) == "x" * 10
    file.write_text("x" * 11)
    with pytest.raises(UnreadableError, match=r"^it has 11 bytes; at most 10 are read$"):
        text_of(file)


def test_a_file_that_says_it_is_empty_and_never_ends_is_not_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of /proc have no size."""
    if not Path("/proc/self/maps").is_file():
        pytest.skip("no /proc here")
    monkeypatch.setattr(files, "MOST_BYTES", 10)
    with pytest.raises(UnreadableError, match=r"^it has more than 10 bytes$"):
        text_of(Path("/proc/self/maps"))


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("there-is-none", FileNotFoundError),
        (".", IsADirectoryError),
        ("file/below", FileNotFoundError),
        ("a\0b", UnreadableError),
        ("x" * 5000, UnreadableError),
        ("bytes", UnreadableError),
    ],
)
def test_what_cannot_be_read_is_told_apart(name: str, error: type[Exception], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(error):
        text_of(tmp_path / name)
