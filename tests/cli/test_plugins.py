"""`simnet plugins`: every kind with its origin, what is broken and why; and `simnet schema`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from paths import SCENARIOS

from simnet.plugins import registries
from simnet.registry import ALL, Registry

GROUP = "simnet.test_codecs"
MODULE = """\
from json import JSONEncoder

class Mine(JSONEncoder):
    pass

class Alien:
    pass
"""
ENTRY_POINTS = """\
[simnet.test_codecs]
mine = my_codecs:Mine
alien = my_codecs:Alien
gone = my_codecs:Gone
absent = no_such_module:Kind
"""


@pytest.fixture
def registry() -> Iterator[Callable[..., Registry[json.JSONEncoder]]]:
    """Makes a registry of JSON encoders with kinds of ours; it is there until the test ends."""

    def make(**ours: str) -> Registry[json.JSONEncoder]:
        return Registry(GROUP, "test codec", "json:JSONEncoder", ours)

    yield make
    ALL.pop(GROUP, None)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package with entry points, as pip would leave it."""
    (tmp_path / "my_codecs.py").write_text(MODULE)
    information = tmp_path / "my_codecs-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: my-codecs\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("my_codecs", None)


def rows(printed: str, group: str = GROUP) -> dict[str, str]:
    """Name → the rest of its line, of one group."""
    lines = printed.split(f"({group})\n", 1)[1].splitlines()
    own = lines[: next((n for n, line in enumerate(lines) if not line.startswith("  ")), len(lines))]
    return {name: rest.strip() for name, rest in (line.split(maxsplit=1) for line in own)}


def test_our_own_kinds_are_whole(simnet) -> None:
    status, printed, err = simnet("plugins")
    assert (status, err) == (0, "")
    for group, found in registries().items():
        assert rows(printed, group) == dict.fromkeys(found, "simnet")


def test_kinds_are_listed_with_their_origin(simnet, registry, installed: None, tmp_path: Path) -> None:
    registry(plain="json:JSONEncoder")
    (tmp_path / "my_codecs-1.0.dist-info" / "entry_points.txt").write_text(ENTRY_POINTS.split("alien")[0])
    status, printed, err = simnet("plugins")
    assert (status, err) == (0, "")
    assert f"test codec ({GROUP})\n" in printed
    assert rows(printed) == {"plain": "simnet", "mine": "my_codecs:Mine"}


def test_what_is_broken_is_told_with_why_and_the_rest_is_listed(simnet, registry, installed: None) -> None:
    registry(plain="json:JSONEncoder")
    status, printed, err = simnet("plugins")
    assert status == 1
    listed = rows(printed)
    assert listed["plain"] == "simnet" and listed["mine"] == "my_codecs:Mine"
    assert {name for name, rest in listed.items() if rest.endswith("broken")} == {"alien", "gone", "absent"}
    told = sorted(err.splitlines())
    assert [line.split("'")[1] for line in told] == ["absent", "alien", "gone"]
    for line, why in zip(
        told, ("no module 'no_such_module'", "no class derived from JSONEncoder", "has no 'Gone'"), strict=True
    ):
        assert line.startswith("broken: test codec ") and why in line


def test_json_has_the_same(simnet, registry, installed: None) -> None:
    registry(plain="json:JSONEncoder")
    status, printed, err = simnet("plugins", "--json")
    found = {kind["name"]: kind for kind in json.loads(printed) if kind["group"] == GROUP}
    assert (status, err) != (0, "") and set(found) == {"plain", "mine", "alien", "gone", "absent"}
    assert found["mine"] == {
        "group": GROUP,
        "sort": "test codec",
        "name": "mine",
        "origin": "my_codecs:Mine",
        "problem": None,
    }
    assert "no class derived from JSONEncoder" in found["alien"]["problem"]


def test_a_plug_in_that_is_broken_is_one_message(simnet, registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever command meets it."""
    broken = registry(lost="no_such_module:Kind")
    monkeypatch.setattr("simnet.world.plan.plans_of", lambda scenario: broken["lost"])
    status, out, err = simnet("check", SCENARIOS / "six_cameras.yaml")
    assert (status, out) == (2, "")
    assert err == "error: test codec 'lost': there is no module 'no_such_module'\n"
