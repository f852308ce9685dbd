"""`simnet schema`: says of every key what it means, accepts what `check` accepts and refuses what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import yaml
from paths import SCENARIOS

from simnet.json_schema import schema

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")

FILES = sorted(SCENARIOS.glob("*.yaml"))


@pytest.fixture(scope="module")
def form() -> dict[str, Any]:
    return schema()


@pytest.fixture(scope="module")
def validator(form: dict[str, Any]) -> Any:
    jsonschema.Draft202012Validator.check_schema(form)
    return jsonschema.Draft202012Validator(form)


def six_cameras() -> dict[str, Any]:
    given: dict[str, Any] = yaml.safe_load((SCENARIOS / "six_cameras.yaml").read_text(encoding="utf-8"))
    return given


def keys(form: Any, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key of every object, with its schema."""
    if isinstance(form, list):
        for one in form:
            yield from keys(one, at)
    elif isinstance(form, dict):
        for name, one in form.items():
            if name == "properties":
                for key, value in one.items():
                    yield f"{at}.{key}", value
                    yield from keys(value, f"{at}.{key}")
            elif name not in ("const", "enum", "examples", "default"):
                yield from keys(one, at)


def test_every_key_says_what_it_means(form: dict[str, Any]) -> None:
    found = [(at, one) for at, one in keys(form) if "pattern" not in one]  # a pattern: the key that names an own kind
    assert [at for at, one in found if not one.get("description")] == []
    assert len(found) > 150


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_shipped_scenarios_are_of_this_form(file: Any, validator: Any) -> None:
    given = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert [problem.message for problem in validator.iter_errors(given)] == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("sampels",), 3),
        (("samples",), "many"),
        (("data",), "plazza"),
        (("data",), {"set": "plaza", "camera": 3}),
        (("nodes", "edge", "preset"), "jetson"),
        (("nodes", "edge", "quue"), 3),
        (("nodes", "edge", "workers"), 1.5),
        (("links", 0, "bandwith"), "1 Mbit/s"),
        (("links", 0, "preset"), "carrier-pigeon"),
        (("systems", "ddnn"), {"wiat": "1 s"}),
        (("systems", "mine"), {"system": "dnn"}),
        (("systems", "ddnn"), {"upload": "on_request"}),
        (("faults", 0, "lasts"), "1 s"),
        (("workload",), {"evry": "1 s"}),
    ],
    ids=str,
)
def test_mistakes_are_seen(place: tuple[Any, ...], value: Any, validator: Any) -> None:
    given = deepcopy(six_cameras())
    *way, last = place
    target: Any = given
    for key in way:
        target = target[key]
    target[last] = value
    assert list(validator.iter_errors(given))


def test_a_users_own_kinds_are_of_this_form(validator: Any) -> None:
    given = six_cameras()
    given["nodes"]["edge"] = {"tier": "edge", "kind": "mine.py:Mine", "speed": "1 GFLOP/s", "turbo": 3}
    given["links"].append({"between": ["edge", "cloud"], "sharing": "sat:Satellite", "window": "3 s"})
    given["systems"]["own"] = {"system": "mine.py:Mine", "turbo": 3}
    given["data"] = {"set": "mine.py:Photos", "colour": "red"}
    given["workload"] = {"kind": "mine:Tide", "height": 3}
    given["systems"]["ddnn"] = {"policies": {"mine.py:Ration": {"most": 3}}}
    del given["name"]
    assert [problem.message for problem in validator.iter_errors(given)] == []


def test_the_command_prints_it(simnet: Any, form: dict[str, Any]) -> None:
    status, printed, errors = simnet("schema")
    assert (status, errors) == (0, "")
    assert json.loads(printed) == form


def test_keys_of_ones_own_are_allowed_at_the_top_only(validator: Any) -> None:
    validator.validate({**six_cameras(), "x-camera": {"tier": "device"}})
    inside = six_cameras()
    inside["nodes"]["edge"]["x-note"] = 1
    assert not validator.is_valid(inside)
    assert not validator.is_valid({**six_cameras(), "y-camera": 1})
