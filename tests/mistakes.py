"""A good scenario file with one thing changed, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from simnet.scenario import ScenarioError, load_scenario


def changed(file: Path, old: str, new: str) -> Path:
    """The file, with `new` for the one `old` in it."""
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")
    return file


def complaint(file: Path, old: str, new: str) -> str:
    """The error of the file so changed."""
    with pytest.raises(ScenarioError) as caught:
        load_scenario(changed(file, old, new))
    return str(caught.value)
