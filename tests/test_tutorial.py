"""The tutorial's commands run as printed, one after the other, and print what the page says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from paths import ROOT
from typer.testing import CliRunner

from simnet.cli.app import app

PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_tutorial_prints_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line of a `text` block occurs in what the commands before it print; YAML blocks are added to the file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    printed, shown = "", 0
    for kind, block in re.findall(r"```(yaml|sh|text)\n(.*?)```", PAGE, re.DOTALL):
        if kind == "yaml":
            with (tmp_path / "crossing.yaml").open("a", encoding="utf-8") as file:
                file.write(block)
        elif kind == "sh":
            printed = ""
            for line in block.splitlines():
                name, *arguments = shlex.split(line)
                assert name == "simnet"
                if arguments[0] == "run":
                    arguments += ["--no-figures", "--no-report"]  # they cost more than all else and print nothing
                done = CliRunner().invoke(app, arguments)
                assert done.exit_code == 0, done.output
                printed += done.output
        else:
            for line in filter(str.strip, block.splitlines()):
                assert words(line) in words(printed), line
                shown += 1
    assert shown >= 20
