"""The door through which text leaves: what a user wrote arrives as it was written, and harms no terminal."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest
from paths import ROOT
from rich.table import Table

from simnet.terminal.output import console, say, shown


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("edge [bold] :smile: $x$", "edge [bold] :smile: $x$"),
        ("摄像机 é →", "摄像机 é →"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x9b31m", r"\x9b31m"),
        ("a\rb\tc\x00\x7f", r"a\rb\tc\x00\x7f"),
        ("fdp\u202ecod.exe", r"fdp\u202ecod.exe"),
        ("two\nlines", r"two\nlines"),
        ("run-\udcff", r"run-\xff"),
        ("\ud800", r"\ud800"),
        (None, "None"),
    ],
)
def test_text_is_shown_as_it_is_and_what_steers_is_written_out(text: object, wanted: str) -> None:
    assert shown(text) == wanted


def test_only_our_own_line_breaks_break_a_line() -> None:
    assert shown("a\nb\x1b", lines=True) == "a\nb\\x1b"


@pytest.mark.parametrize("name", ["[bold]", "[/]", "[/x]", "a[1]b", "[link=x]y", ":smile:", r"\[x", "[", "摄像机"])
def test_a_table_holds_names_as_they_were_written(name: str) -> None:
    """Rich's markup would swallow some of these, and end in an exception for others."""
    table = Table(name, title=f"title {name}")
    table.add_row(f"cell {name}")
    file = io.StringIO()
    where = console(file=file, width=60)
    where.print(table)
    where.print(f"line {name}")
    printed = file.getvalue()
    for what in ("title", "cell", "line"):
        assert f"{what} {name}" in printed
    assert printed.count(name) == 4


def test_a_table_steers_no_terminal() -> None:
    table = Table("\x1b]0;owned\x07")
    table.add_row("\x1b[2Jgone")
    file = io.StringIO()
    console(file=file, width=60).print(table)
    assert "\x1b" not in file.getvalue() and "\x07" not in file.getvalue()
    assert r"\x1b[2Jgone" in file.getvalue() and r"\x1b]0;owned\x07" in file.getvalue()


SAYS = """
from simnet.terminal.output import console, prepare, say
from rich.table import Table
prepare()
say("camera→edge 5 ± 1 摄 \\udcff")
say("error →", error=True)
table = Table("摄→")
table.add_row("–")
console(width=40).print(table)
"""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_a_stream_that_cannot_hold_a_sign_gets_another_one_for_it(encoding: str) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", SAYS], capture_output=True, env=environment, check=True)
    out, err = done.stdout.decode(encoding), done.stderr.decode(encoding)
    lines = {
        "ascii": r"camera->edge 5 +- 1 \u6444 \xff",
        "latin-1": r"camera->edge 5 ± 1 \u6444 \xff",
        "cp1252": r"camera->edge 5 ± 1 \u6444 \xff",
        "utf-8": r"camera→edge 5 ± 1 摄 \xff",
    }
    assert out.splitlines()[0] == lines[encoding]
    assert err.strip() == ("error →" if encoding == "utf-8" else "error ->")
    if encoding != "utf-8":
        assert r"\u6444->" in out
    rows = [line.rstrip() for line in out.splitlines()[1:] if line.strip()]
    assert encoding == "utf-8" or len({len(row) for row in rows}) == 1, "the columns were measured as they are printed"


def test_where_there_is_no_stream_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    say("nobody hears")
