"""How a command ends that is stopped: at any moment one line and the signal's status; what was ignored stays so."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from paths import ROOT

from simnet.terminal.stopping import Stopped, at_once, gently, message, status

EARLY = """
import builtins, signal, sys, time
for number in ({own}):
    signal.signal(number, {former})  # whatever a parent has told us
honest = builtins.__import__
def importing(name, *rest):
    if name == {module!r}:
        print("importing", flush=True)
        time.sleep({seconds})
    return honest(name, *rest)
builtins.__import__ = importing
sys.argv = ["simnet", {arguments}]
from simnet.__main__ import main
main()
"""


def early(module: str, *arguments: str, ignored: bool = False) -> str:
    own = "signal.SIGINT, signal.SIGTERM, signal.SIGHUP"
    former, seconds = ("signal.SIG_IGN", 0.5) if ignored else ("signal.default_int_handler", 60)
    words = ", ".join(map(repr, arguments))
    return EARLY.format(own=own, former=former, module=module, seconds=seconds, arguments=words)


def stopped(code: str, number: int, folder: Path) -> tuple[int, str, str]:
    command, environment = [sys.executable, "-c", code], {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, env=environment
    ) as child:
        assert child.stdout is not None and child.stdout.readline() == "importing\n"
        child.send_signal(number)
        out, err = child.communicate(timeout=60)
    return child.returncode, out, err


@pytest.mark.parametrize("module", ["simnet.cli.app", "simnet.scenario", "simnet.world.plan"])
@pytest.mark.parametrize(
    ("number", "wanted"),
    [(signal.SIGINT, "stopped"), (signal.SIGTERM, "stopped by SIGTERM"), (signal.SIGHUP, "stopped by SIGHUP")],
)
def test_a_signal_while_everything_is_still_imported(module: str, number: int, wanted: str, tmp_path: Path) -> None:
    code = early(module, "run", str(ROOT / "scenarios" / "six_cameras.yaml"))
    assert stopped(code, number, tmp_path) == (128 + number, "", f"{wanted}; nothing was written\n")
    assert list(tmp_path.iterdir()) == []


def test_what_a_parent_told_to_ignore_is_ignored(tmp_path: Path) -> None:
    code = early("simnet.scenario", "check", str(ROOT / "scenarios" / "six_cameras.yaml"), ignored=True)
    returned, out, err = stopped(code, signal.SIGHUP, tmp_path)
    assert (returned, err) == (0, "") and out.rstrip().endswith("ok")


def test_the_line_says_by_what_and_the_status_is_the_signals() -> None:
    assert message(KeyboardInterrupt(), "x") == "stopped; x" and status(KeyboardInterrupt()) == 130
    assert message(Stopped(signal.SIGTERM), "") == "stopped by SIGTERM" and status(Stopped(signal.SIGTERM)) == 143


@pytest.fixture
def handled() -> object:
    """A process that is not told to ignore the signals, as a test's may be."""
    former = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGINT, signal.SIGTERM)}
    yield former
    for number, handler in former.items():
        signal.signal(number, handler)


def test_a_block_raises_what_stopped_it_and_then_all_is_as_before(handled: object) -> None:
    with gently():
        with pytest.raises(Stopped) as stop:
            signal.raise_signal(signal.SIGTERM)
        assert stop.value.number == signal.SIGTERM
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, "a second one ends it at once"
    with at_once():
        assert signal.getsignal(signal.SIGINT) is not signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) is signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_other_threads_leave_signals_alone(handled: object) -> None:
    found = []

    def inside() -> None:
        with gently():
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert found == [signal.SIG_DFL]
