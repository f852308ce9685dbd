"""What all models of a scenario have in common: they write themselves as a file says them, and describe their keys."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated

import pytest
import yaml
from paths import ROOT, SCENARIOS
from pydantic import Field

from simnet.language.quantities import FROM_FILE, Bandwidth, Energy, Model, Share, Size, Time, descriptions
from simnet.language.schedule import LONG, Steps
from simnet.network.nodes.spec import Node
from simnet.workloads.recorded import Recorded


class Window(Model):
    """When a satellite is in sight."""

    opens: Time
    """How late."""
    lasts: Annotated[Time, Field(gt=0)] | None = None
    """How long."""


class Orbit(Window):
    """As a user's kind may have it."""

    quiet = ("tries",)
    internal = ("place",)

    rate: Bandwidth = 1.25e6
    """How fast.

    While it is in sight.
    """
    charge: Energy = 0.1 + 0.2
    buffer: Size = 8192
    """How much waits."""
    loss: Share = 0.01
    """How much is lost."""
    tries: int = 3
    """How often."""
    steps: tuple[Window, ...] = ()
    """One after another."""
    place: str = ""
    """Where it is."""


def test_a_model_writes_itself_as_a_file_says_it() -> None:
    """Quantities as texts to the last digit, without what has no value, is usual and quiet, or no key at all."""
    orbit = Orbit(opens=0.0015, steps=(Window(opens=90, lasts=1e-9),), place="here")
    written = orbit.model_dump(mode="json")
    assert written == {
        "opens": "1.5 ms",
        "rate": "10 Mbit/s",
        "charge": "300.00000000000004 mJ",
        "buffer": "8 KiB",
        "loss": 0.01,
        "steps": [{"opens": "90 s", "lasts": "1 ns"}],
    }
    assert "tries" in orbit.model_copy(update={"tries": 4}).model_dump(mode="json")
    again = Orbit.model_validate(yaml.safe_load(yaml.safe_dump(written)), context=FROM_FILE)
    assert again == orbit.model_copy(update={"place": ""})


def test_in_python_the_values_are_numbers() -> None:
    values = Orbit(opens=1).model_dump()
    assert (values["opens"], values["lasts"], values["rate"], values["place"]) == (1.0, None, 1.25e6, "")
    assert Orbit.model_validate(values) == Orbit(opens=1)


@pytest.mark.parametrize("rows", [2, LONG, LONG + 1])
def test_a_long_trace_is_one_text_and_a_short_one_a_list(rows: int) -> None:
    times = tuple(number / 3 for number in range(rows))
    load = Steps(times=times, values=(0.25,) * rows, repeat=1e6)
    written = Node(tier="edge", speed=1e9, load=load).written()["load"]
    assert written["repeat"] == "1000000 s"
    trace = Recorded(trace=times).written()["trace"]
    if rows > LONG:
        assert written["steps"].splitlines()[:3] == ["time_s,load", "0.0,0.25", f"{1 / 3!r},0.25"]
        assert trace.splitlines()[:2] == ["time_s", "0.0"]
    else:
        assert written["steps"][1][1] == 0.25 and written["steps"][0] == ["0 s", 0.25]
        assert len(trace) == rows and trace[0] == "0 s"


def test_a_load_that_stays_is_a_number() -> None:
    assert Node(tier="edge", load=Steps(times=(0,), values=(0.3,))).written()["load"] == 0.3


def test_what_a_preset_has_and_a_node_not_is_said() -> None:
    node = Node(tier="edge", preset="jetson-nano", speed=1e9)
    assert node.written()["power"] is None and node.written()["memory"] is None
    assert "power" not in Node(tier="edge", speed=1e9).written()


def test_keys_are_described_by_the_docstrings_below_them() -> None:
    """Also inherited ones; a key without one is not, and a field that is no key is not in the schema."""
    schema = Orbit.model_json_schema()["properties"]
    assert schema["opens"]["description"] == "How late."
    assert schema["rate"]["description"] == "How fast.\n\nWhile it is in sight."
    assert "place" not in schema
    assert "charge" not in descriptions(Orbit)


def test_a_model_without_a_source_has_no_descriptions() -> None:
    made: dict[str, type[Model]] = {}
    exec('from simnet.language.quantities import Model\nclass Made(Model):\n    a: int = 1\n    """A number."""', made)
    assert descriptions(made["Made"]) == {}
    assert made["Made"].model_json_schema()["properties"]["a"]["default"] == 1


def test_reading_a_scenario_reads_no_docstrings() -> None:
    """They are for schemas: to find them in the sources of all models takes an eighth of the time of a check."""
    code = (
        "from pathlib import Path; from simnet.scenario import load_scenario; "
        "from simnet.language.quantities import descriptions; "
        f"load_scenario(Path({str(SCENARIOS / 'six_cameras.yaml')!r})); print(descriptions.cache_info().currsize)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"
