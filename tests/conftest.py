"""Keeps the tests' derived files out of the user's cache, but for plaza's pixels, which take longest to make."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from paths import ROOT

from simnet.models.data.cache import cache_dir

if "PYTEST_XDIST_WORKER" in os.environ:  # as many of us as there are cores: torch must not take them all for each
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def prepare_cache(folder: Path, pixels: Path) -> Path:
    """An empty cache at `folder` that shares the rendered views of the one at `pixels`."""
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(OSError):  # nowhere to share them: they are rendered again
        pixels.mkdir(parents=True, exist_ok=True)
        (folder / "plaza").symlink_to(pixels.resolve(), target_is_directory=True)
    return folder


UNSEEN = ("Exception ignored in", "Exception in thread", "ResourceWarning:")
"""What Python writes to stderr of an error that changes no exit status."""


def unseen(err: str | bytes | None) -> None:
    """Fail where a process has written such a thing."""
    text = err.decode("utf-8", "replace") if isinstance(err, bytes) else err or ""
    found = [line for line in text.splitlines() if any(words in line for words in UNSEEN)]
    assert not found, text


@pytest.fixture(scope="session", autouse=True)
def processes_hide_no_error() -> Iterator[None]:
    """Every process whose stderr a test reads: `subprocess.run` reads it by `communicate`, too."""
    honest = subprocess.Popen.communicate

    def communicate(self: Any, *arguments: Any, **how: Any) -> tuple[Any, Any]:
        out, err = honest(self, *arguments, **how)
        unseen(err)
        return out, err

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess.Popen, "communicate", communicate)
        yield


@pytest.fixture(scope="session", autouse=True)
def session_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = prepare_cache(tmp_path_factory.mktemp("cache"), cache_dir() / "plaza")
        patch.setenv("SIMNET_CACHE", str(folder))
        yield folder


@pytest.fixture
def fresh_cache(tmp_path: Path, session_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Switches to a cache without any memoized answer; call it with a name."""

    def switch(name: str) -> Path:
        folder = prepare_cache(tmp_path / f"cache-{name}", session_cache / "plaza")
        monkeypatch.setenv("SIMNET_CACHE", str(folder))
        return folder

    return switch


@pytest.fixture
def simnet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs `simnet ARGUMENTS` in this process; returns exit status, stdout and stderr."""
    from simnet.cli import app as cli

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["simnet", *map(str, arguments)])
        capsys.readouterr()
        try:
            cli.main()
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 0
        printed = capsys.readouterr()
        unseen(printed.err)
        return status, printed.out, printed.err

    return call


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """Weight file of an untrained network of a system for a data set."""
    from weights import write_random_weights

    folder = tmp_path_factory.mktemp("weights")
    made: dict[tuple[str, str], Path] = {}

    def weights(system: str, data: str = "plaza") -> Path:
        if (system, data) not in made:
            made[system, data] = write_random_weights(folder, system, data)
        return made[system, data]

    return weights


@pytest.fixture(scope="session")
def cifar10_folder() -> Path:
    """The folder that holds cifar10/test.parquet; skips the test where there is none."""
    for folder in (os.environ.get("SIMNET_DATA"), ROOT.parent / "shared" / "data"):
        if folder and (Path(folder) / "cifar10" / "test.parquet").is_file():
            return Path(folder)
    pytest.skip("no CIFAR-10 data: name their folder in SIMNET_DATA")
