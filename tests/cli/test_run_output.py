"""What `simnet run` says and where it writes: before the run, when something fails, and when it is stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_run import write_fake
from paths import ROOT
from small import SCENARIO

from simnet.analysis import figures
from simnet.results.run import read_run


@pytest.fixture
def scenario(tmp_path: Path, random_weights: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small scenario in a folder of its own, which is the current one."""
    file = tmp_path / "rain.yaml"
    named = SCENARIO.replace("DDNN", str(random_weights("ddnn"))).replace("ADA", str(random_weights("ada-ddnn")))
    file.write_text(named.replace("samples: 40", "samples: 6"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return file


def first_line(result: tuple[int, str, str]) -> str:
    assert result[0] == 0, result[2]
    return result[2].splitlines()[0]


def test_where_results_go_is_said_before_with_what_they_replace(scenario: Path, simnet: Callable[..., tuple]) -> None:
    assert first_line(simnet("run", "rain.yaml")) == "results go to runs/rain"
    again = simnet("run", "rain.yaml", "--seed", 2)
    assert first_line(again) == "results go to runs/rain and replace the run that is there"
    assert not Path("runs/rain/figures").exists() and again[1].endswith(
        "results: runs/rain\nreport: runs/rain/report.html\nfigures: simnet plot runs/rain\n"
    )
    assert simnet("run", "rain.yaml", "--figures")[1].endswith("report.html\nfigures: runs/rain/figures\n")
    assert {file.name for file in Path("runs/rain/figures").iterdir()} == {
        "timeline.png", "exit_shares.png", "latency.png"
    }  # fmt: skip
    bare = simnet("run", "rain.yaml")
    assert first_line(bare) == (
        "results go to runs/rain and replace the run that is there, its figures included (--figures draws them again)"
    )
    assert not Path("runs/rain/figures").exists()
    Path("empty").mkdir()
    assert first_line(simnet("run", "rain.yaml", "--no-figures", "--out", "empty")) == "results go to empty"
    repeated = simnet("run", "runs/rain/scenario.yaml", "--no-figures")
    assert first_line(repeated) == "results go to runs/rain-again"
    assert {folder.name for folder in Path("runs").iterdir()} == {"rain", "rain-again"}


def test_quiet_says_nothing(scenario: Path, simnet: Callable[..., tuple]) -> None:
    assert simnet("run", "rain.yaml", "--no-figures", "--quiet") == (0, "", "")


def test_a_target_that_cannot_be_is_refused_before_anything_runs(
    scenario: Path, simnet: Callable[..., tuple], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("it runs")

    monkeypatch.setattr("simnet.world.run.run", never)
    for out, words in ((".", "is the current directory"), ("/", "is a root"), ("n" * 300, "a name of 300 bytes")):
        status, printed, err = simnet("run", "rain.yaml", "--out", out)
        assert (status, printed) == (2, "") and err.startswith(f"error: {out}: {words}") and err.count("\n") == 1


def test_a_figure_that_fails_leaves_tables_and_is_named(
    scenario: Path, simnet: Callable[..., tuple], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no such colour")

    monkeypatch.setattr(figures, "draw_exits", fail)
    status, printed, _ = simnet("run", "rain.yaml", "--figures")
    told = "figure exit_shares.png is missing: RuntimeError: no such colour"
    assert status == 0 and f"note: {told}\n" in printed
    run = read_run(Path("runs/rain"))
    assert told in run.manifest["notes"] and run.samples("ddnn").num_rows == 6
    assert {file.name for file in Path("runs/rain/figures").iterdir()} == {"timeline.png", "latency.png"}
    status, printed, err = simnet("plot", "runs/rain")
    assert status == 2 and err == f"error: {told}\n" and len(printed.splitlines()) == 2


def test_a_run_with_odd_bytes_in_its_names_is_whole(scenario: Path, simnet: Callable[..., tuple]) -> None:
    """Bytes that are no UTF-8 in the file's name, markup and escapes in the folder's."""
    odd = Path(os.fsdecode(b"r\xff[bold]$x$.yaml"))
    scenario.rename(odd)
    out = Path("o\x1b[31m[/x]")
    status, printed, err = simnet("run", odd, "--out", out, "--no-figures")
    assert status == 0 and err.startswith(r"results go to o\x1b[31m[/x]" + "\n")
    assert r"r\xff[bold]$x$: 6 samples" in printed and printed.endswith(
        "results: o\\x1b[31m[/x]\nreport: o\\x1b[31m[/x]/report.html\nfigures: simnet plot 'o\\x1b[31m[/x]'\n"
    )
    assert "\x1b" not in printed + err
    assert read_run(out).summary["scenario"] == r"r\xff[bold]$x$"
    assert json.loads((out / "manifest.json").read_text(encoding="utf-8"))["command"][2] == str(odd)
    status, printed, _ = simnet("compare", out)
    assert status == 0 and r"r\xff[bold]$x$" in printed


@pytest.mark.parametrize(
    "arguments", [("run", "\x1b[31m.yaml"), ("--\x1b[31m",), ("profile", "x", "--batches", "\x1b")]
)
def test_a_message_steers_no_terminal(arguments: tuple[str, ...], simnet: Callable[..., tuple]) -> None:
    status, out, err = simnet(*arguments)
    assert (status, out) == (2, "") and "\x1b" not in err and r"\x1b" in err


STOPPED = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever a parent has told us
signal.signal(signal.SIGTERM, signal.SIG_DFL)
from simnet.analysis import figures
from simnet.__main__ import main
def draw(run, folder, *rest):
    print("writing", flush=True)
    time.sleep(60)
figures.draw_all = draw
sys.argv[0] = "simnet"
main()
"""


@pytest.mark.parametrize(("number", "how"), [(signal.SIGINT, ""), (signal.SIGTERM, " by SIGTERM")])
def test_a_run_that_is_stopped_while_it_writes_leaves_nothing(
    number: int, how: str, scenario: Path, simnet: Callable[..., tuple], tmp_path: Path
) -> None:
    assert simnet("run", "rain.yaml", "--no-figures", "--quiet")[0] == 0  # answers are known: no torch below
    before = (tmp_path / "runs" / "rain" / "summary.json").read_bytes()
    command = [
        sys.executable,
        "-c",
        STOPPED,
        "run",
        "rain.yaml",
        "--seed",
        "1",
        "--samples",
        "5",
        "--figures",
        "--quiet",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment
    ) as child:
        assert child.stdout is not None and child.stdout.readline() == "writing\n"
        assert len(list((tmp_path / "runs").iterdir())) == 2
        child.send_signal(number)
        _, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (128 + number, f"stopped{how}; nothing was written\n")
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["rain"]
    assert (tmp_path / "runs" / "rain" / "summary.json").read_bytes() == before


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_stdout_that_is_no_utf_8_ends_in_no_traceback(encoding: str, tmp_path: Path) -> None:
    write_fake(tmp_path / "run", samples=20)
    for command in (("compare", str(tmp_path / "run")), ("plugins",), ("check", "scenarios/failures.yaml")):
        environment = {**os.environ, "PYTHONIOENCODING": encoding}
        done = subprocess.run(
            [sys.executable, "-m", "simnet", *command], capture_output=True, env=environment, cwd=ROOT
        )  # not checked: the message below says more
        assert (done.returncode, done.stderr) == (0, b"")
        text = done.stdout.decode(encoding)
        assert command[0] != "compare" or "device->edge" in text


def test_a_narrow_terminal_gets_lines_instead_of_broken_words(
    tmp_path: Path, simnet: Callable[..., tuple], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 80 columns the table of exits fits; at 60 each row is told below the other, no word or number broken."""
    write_fake(tmp_path / "run", samples=200)
    exits = read_run(tmp_path / "run").summary["systems"]["ddnn"]["exits"]["cloud"]
    count, share = exits["count"], f"{100 * exits['share']:.1f} %"
    for width in (80, 60, 40):
        monkeypatch.setenv("COLUMNS", str(width))
        _, printed, _ = simnet("compare", tmp_path / "run")
        lines = printed.splitlines()
        assert max(map(len, lines)) <= width
        told = [line.strip() for line in lines if line.strip().startswith("exit cloud")]
        assert bool(told) == (width < 80)
        if told:
            assert told[0].startswith(f"exit cloud, T –, samples {count}")  # and so on, in this line or the next
            assert f"share {share}," in printed
        for word in ("edge-1", "100 %", "accuracy of all"):
            assert word in printed


def test_notes_that_systems_share_are_said_once(scenario: Path, simnet: Callable[..., tuple]) -> None:
    text = scenario.read_text(encoding="utf-8").replace("camera[1..6]", "camera[1..5]")
    scenario.write_text(text, encoding="utf-8")
    _, printed, _ = simnet("run", "rain.yaml", "--no-figures")
    assert printed.count("only 5 of 6 views exist") == 1
    assert sum("5 of 6" in note for note in read_run(Path("runs/rain")).manifest["notes"]) == 1


def test_no_home_and_no_name_in_the_list_of_users(tmp_path: Path) -> None:
    """As in a container that runs as a number: derived files go to a temporary folder of its own."""
    code = """
import os, pwd
def nobody(*_):
    raise KeyError("uid not found")
pwd.getpwuid = pwd.getpwnam = nobody
from simnet.models.data.cache import cache_dir
print(cache_dir(), cache_dir())
"""
    environment = {name: value for name, value in os.environ.items() if name not in ("HOME", "SIMNET_CACHE")}
    environment |= {"TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    folder = str(tmp_path / f"simnet-cache-{os.getuid()}")
    assert (done.stderr, done.stdout.split()) == ("", [folder, folder])
    (tmp_path / f"simnet-cache-{os.getuid()}").rmdir()
    (tmp_path / f"simnet-cache-{os.getuid()}").symlink_to(ROOT)  # somebody else's trap
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    first, second = done.stdout.split()
    assert first == second != folder and Path(first).parent == tmp_path
    done = subprocess.run(
        [sys.executable, "-m", "simnet", "run", "scenarios/six_cameras.yaml", "--out", str(tmp_path / "run")],
        capture_output=True, text=True, cwd=ROOT, env={**environment, "SIMNET_CACHE": "~nonesuch/cache"},
    )  # fmt: skip
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 2 and last.startswith("error: SIMNET_CACHE is '~nonesuch/cache'")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device", "/mnt/x"), "error: /mnt/x: No space left on device"),
        (OSError(28, "No space left on device"), "error: No space left on device"),
        (MemoryError("of 3 TiB"), "error: not enough memory; ask for fewer samples, a shorter time or smaller batches"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you\nand more"), "error: not enough memory"),
        (PermissionError(13, "Permission denied", b"/r\xff"), r"error: /r\xff: Permission denied"),
    ],
)
@pytest.mark.parametrize("app", ["simnet.cli.app", "simnet.cli.models.app"])
def test_what_the_system_refuses_is_one_message_in_both_command_lines(
    app: str, error: Exception, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import typer

    from simnet.cli.entry import run_app

    broken = typer.Typer()

    @broken.command()
    def command() -> None:
        raise error

    from importlib import import_module

    module = import_module(app)
    monkeypatch.setattr(module, "app", broken)
    monkeypatch.setattr(sys, "argv", ["x"])
    assert module.run_app is run_app
    with pytest.raises(SystemExit) as end:
        module.main()
    out, err = capsys.readouterr()
    assert (end.value.code, out) == (2, "") and err.startswith(said) and err.count("\n") == 1
