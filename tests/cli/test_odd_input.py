"""What the command line does with input that nobody should give it: one message and status 2, no traceback, no wait."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from paths import ROOT, SCENARIOS

Simnet = Callable[..., tuple[int, str, str]]
SIX = SCENARIOS / "six_cameras.yaml"


def call(*arguments: str | bytes) -> subprocess.CompletedProcess[bytes]:
    """In a process of its own, whose arguments may be no text; output must be UTF-8, strictly."""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8:strict", "PYTHONPATH": str(ROOT)}
    command = [os.fsencode(sys.executable), b"-m", b"simnet", *map(os.fsencode, arguments)]
    return subprocess.run(command, capture_output=True, env=environment, timeout=120, check=False)


def refused(*arguments: str | bytes) -> str:
    done = call(*arguments)
    message = done.stderr.decode()
    assert done.returncode == 2 and "Traceback" not in message, message
    return message


@pytest.mark.parametrize("device", ["/dev/full", "/dev/zero", "/dev/null"])
def test_a_device_is_no_scenario(device: str) -> None:
    if not Path(device).exists():
        pytest.skip(f"no {device} here")
    assert refused("check", device) == f"error: {device}: cannot be read: it is no regular file\n"


def test_a_pipe_is_no_scenario_no_trace_and_no_card(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes here")
    for name in ("pipe.yaml", "pipe.csv", "pipe.json"):
        os.mkfifo(tmp_path / name)
    assert "it is no regular file" in refused("check", str(tmp_path / "pipe.yaml"))
    for change in ("nodes.edge.load={}.csv", "nodes.edge.profile={}.json", "systems.ddnn.weights={}.json"):
        assert "it is no regular file" in refused("check", str(SIX), "--set", change.format(tmp_path / "pipe"))


def test_names_of_files_need_not_be_text(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/\xff folder"
    try:
        os.mkdir(folder)  # noqa: PTH102 - bytes
    except OSError:
        pytest.skip("this file system has text only")
    file = folder + b"/a\xfe.yaml"
    Path(os.fsdecode(file)).write_bytes(SIX.read_bytes())
    done = call("check", file, "--samples", "5")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(b": ok\n") and b"\\udcfe.yaml: 5 samples of plaza" in done.stdout
    out = folder + b"/out"
    assert "a name that is no UTF-8 text" in refused("run", file, "--samples", "5", "--out", out, "--no-figures")
    assert "no such file" in refused("check", folder + b"/b\xfe.yaml")
    for change in (b"name=\xff", b"n\xff=1", b"nodes.edge.load=\xff.csv", b"systems.ddnn.weights=\xff.json"):
        refused("check", file, "--set", change)


def test_one_long_argument_is_not_printed_whole(simnet: Simnet) -> None:
    long = "x" * 50_000
    for change in (f"name={long}", long, f"nodes.{long}.speed=1", "links." + "1" * 5000 + ".x=1"):
        status, _, message = simnet("check", SIX, "--set", change)
        assert status == 2 and message.startswith("error: ") and len(message) < 9000


def test_samples_and_seed_of_400_digits_are_one_message(simnet: Simnet) -> None:
    for option in ("--samples", "--seed"):
        status, _, message = simnet("check", SIX, option, "9" * 400)
        assert status == 2 and "a number of more than 40 digits is too long" in message
        assert simnet("check", SIX, option, "9" * 5000)[0] == 2
