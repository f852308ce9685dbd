"""Numbers and names are what the user wrote: in scenario files, files they refer to, and values of the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mistakes import changed

import simnet
from simnet.language.errors import ScenarioError
from simnet.scenario import load_scenario
from simnet.times import ticks

GOOD = """\
name: good
data: plaza
samples: 10
workload: {every: 200 ms}
nodes:
  camera[1..6]: {tier: device, preset: raspberry-pi-4}
  edge: {tier: edge, preset: jetson-orin-nano}
  cloud: {tier: cloud, speed: 10 TFLOP/s}
links:
  - {between: [camera*, edge], preset: wifi}
  - {between: [edge, cloud], bandwidth: 50 Mbit/s, latency: 20 ms}
systems:
  ddnn: {}
faults:
  - {at: 40 s, for: 20 s, node: camera3, is: down}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "x.yaml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def refused(path: Path, *overrides: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path, overrides)
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "line", "key"),
    [
        ("samples: 10", "samples: 0100", 3, "samples"),
        ("samples: 10", "samples: 1:30", 3, "samples"),
        ("samples: 10", "samples: 1_0", 3, "samples"),
        ("data: plaza", "data: plaza\nseed: 010", 3, "seed"),
        ("TFLOP/s}", "TFLOP/s, workers: 04}", 8, "nodes.cloud.workers"),
        ("TFLOP/s}", "TFLOP/s, load: 0:30}", 8, "nodes.cloud.load"),
        ("TFLOP/s}", "TFLOP/s, queue: 012}", 8, "nodes.cloud.queue"),
        ("TFLOP/s}", "TFLOP/s, batch: {size: 010}}", 8, "nodes.cloud.batch.size"),
        ("ddnn: {}", "ddnn: {thresholds: 00}", 13, "systems.ddnn.thresholds"),
        ("is: down", "slow: 02", 15, "faults[0].slow"),
        ("name: good", "name: 007", 1, "name"),
    ],
)
def test_an_ambiguous_number_is_refused_wherever_it_stands(file: Path, old: str, new: str, line: int, key: str) -> None:
    message = refused(changed(file, old, new))
    assert message.startswith(f"{file}:{line}: {key}: ") and "to other readers of YAML" in message


@pytest.mark.parametrize("value", ["010", "1:30", "0b11", "1_0"])
def test_an_ambiguous_number_of_the_command_line_is_refused(file: Path, value: str) -> None:
    assert refused(file, f"samples={value}").startswith(f"--set samples={value}: {value} is another number")
    assert "another number" in refused(file, f"nodes.cloud={{tier: cloud, speed: 1 GFLOP/s, workers: {value}}}")


@pytest.mark.parametrize(
    ("value", "found"), [("1e3", 1000), ("1.5e2", 150), ("0x10", 16), ("1_000", 1000), ("10.0", 10)]
)
def test_a_whole_number_may_be_written_as_everybody_reads_it(file: Path, value: str, found: int) -> None:
    assert load_scenario(file, [f"samples={value}"]).samples == found
    assert load_scenario(changed(file, "samples: 10", f"samples: {value}")).samples == found


@pytest.mark.parametrize(("value", "found"), [("1e-3", 0.001), ("5e-1", 0.5), ("1E-1", 0.1), (".5", 0.5), ("1", 1.0)])
def test_powers_of_ten_are_numbers(file: Path, value: str, found: float) -> None:
    assert load_scenario(file, [f"systems.ddnn.thresholds={value}"]).systems["ddnn"].thresholds == found
    efficient = load_scenario(file, [f"nodes.cloud.batch={{size: 2, efficiency: {{2: {value}}}}}"])
    assert efficient.nodes["cloud"].batch is not None and efficient.nodes["cloud"].batch.efficiency == {2: found}


@pytest.mark.parametrize(
    "size", ["010", "1_0", "+8", " 8 ", "٨", "1e1", "0x8", "8.0", "0", "-1", "1" * 400, "1" * 5000]
)
def test_a_batch_size_is_written_in_plain_digits(file: Path, size: str) -> None:
    """As a key it is text, of which Python's own `int` would make 10, 10, 8, 8, 8 …"""
    for key, value in (
        ("batch", {"size": 8, "efficiency": {size: 0.5}}),
        ("profile", {"w": {"cloud": {size: "3 ms"}}}),
    ):
        with pytest.raises(ScenarioError):
            simnet.load(file, {f"nodes.cloud.{key}": value})
    profile = file.with_name("p.json")
    profile.write_text(json.dumps({"weights": {"ddnn-plaza": {"cloud": {size: 0.003}}}}), encoding="utf-8")
    assert "a batch size is a whole number from 1 on" in refused(file, "nodes.cloud.profile=p.json")


@pytest.mark.parametrize("rows", ["[[0, 010 %]]", "- [0 s, 0:10]\n", "- [0 s, 10 %]\n- [1:30, 20 %]\n", "[[00, 1 %]]"])
def test_a_trace_in_yaml_has_no_ambiguous_numbers(file: Path, rows: str) -> None:
    """010 % has a unit and is 10 %; a bare 1:30 or 00 is refused."""
    file.with_name("load.yaml").write_text(rows, encoding="utf-8")
    if "010 %" in rows:
        load = load_scenario(file, ["nodes.edge.load=load.yaml"]).nodes["edge"].load
        assert load is not None and load.values == (0.1,)
    else:
        assert "YAML's readers do not agree about" in refused(file, "nodes.edge.load=load.yaml")


def test_times_of_a_trace_are_the_floats_nearest_to_what_is_written(file: Path) -> None:
    file.with_name("a.csv").write_text("time_ms\n0.7\n4.9\n123456789.1\n", encoding="utf-8")
    workload = load_scenario(file, ["workload={trace: a.csv}", "samples=3"]).workload
    assert workload.model_dump()["trace"] == (0.0007, 0.0049, 123456.7891)
    assert load_scenario(file, ["workload.every=0.7 ms"]).workload.model_dump()["every"] == 0.0007


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("is: down", "is: off", ":15: faults[0].is: unknown value False (allowed: up, down); YAML reads off as false"),
        (
            "[edge, cloud], b",
            "[edge, on], b",
            ":11: links[1].between[1]: must be text, found True; YAML reads on as true",
        ),
        (
            "name: good",
            "name: 2024-01-01",
            "; YAML reads 2024-01-01 as a date: write '2024-01-01', in quotes, for the text",
        ),
        (
            "[edge, cloud], b",
            "[edge, ~], b",
            ":11: links[1].between[1]: must be text, found None; YAML reads ~ as nothing",
        ),
        (
            "data: plaza",
            "data: no",
            ":2: data: must be the name of a data set (plaza, plaza2, cifar10, mvmc, folder, parquet, npz), "
            "found False; YAML",
        ),
    ],
)
def test_who_wanted_a_word_is_told_what_yaml_made_of_it(file: Path, old: str, new: str, says: str) -> None:
    assert says in refused(changed(file, old, new))


def test_who_wanted_a_word_on_the_command_line_is_told_as_well(file: Path) -> None:
    assert refused(file, "faults.0.is=off").endswith("YAML reads off as false: write 'off', in quotes, for the text")
    message = refused(file, "links.1={between: [edge, no], preset: wan}")
    assert "links[1].between[1]: must be text, found False; YAML reads no as false" in message


def test_a_note_of_the_file_does_not_follow_what_replaced_the_value(file: Path) -> None:
    assert "YAML reads" not in refused(changed(file, "is: down", "is: off"), "faults.0.is=dwon")


def test_mappings_that_merge_are_shared_by_alias_and_own_keys_may_hold_them(file: Path) -> None:
    camera = "x-node: &node {tier: device}\nx-pi: &pi {<<: *node, preset: raspberry-pi-4}\nnodes:\n"
    text = GOOD.replace("nodes:\n", camera).replace(
        "  camera[1..6]: {tier: device, preset: raspberry-pi-4}\n",
        "  camera1: *pi\n  camera2: *pi\n  camera[3..6]: {<<: *pi, overhead: 1 ms}\n",
    )
    file.write_text(text, encoding="utf-8")
    scenario = load_scenario(file)
    assert scenario.nodes["camera1"] == scenario.nodes["camera2"].model_copy(update={"view": 1})
    assert (
        scenario.nodes["camera6"].overhead == 0.001
        and scenario.nodes["camera2"].overhead == scenario.nodes["camera1"].overhead
    )
    assert simnet.load(scenario.to_yaml()) == scenario
    assert simnet.load({"x-mine": [1], **load_plain(text)}) == scenario


def load_plain(text: str) -> dict[str, object]:
    from simnet.language.source import Source, parse

    return {key: value for key, value in parse(text, Source()).items() if not key.startswith("x-")}


def test_only_keys_at_the_top_may_be_of_ones_own(file: Path) -> None:
    assert "unknown key 'x-note'" in refused(changed(file, "speed: 10 TFLOP/s", "speed: 10 TFLOP/s, x-note: 1"))
    assert "unknown key 'xnote'" in refused(changed(file, "name: good", "name: good\nxnote: 1"))


@pytest.mark.parametrize(
    "name", ["1e3", "0100", "1:30", "1_0", ".5", "0b1", "yes", "~", "2024-01-01", "=", "<<", "1.5", "+1", "0x1F"]
)
def test_a_name_that_looks_like_a_number_stays_a_name(file: Path, name: str) -> None:
    scenario = load_scenario(changed(file, "name: good", f"name: '{name}'"))
    assert scenario.name == name
    assert simnet.load(scenario.to_yaml()) == scenario


@pytest.mark.parametrize(
    ("override", "node", "send", "busy"),
    [
        ("nodes.camera*.power.send=200 nJ/B", "camera4", 2e-7, 6.4),
        ("nodes.edge.power.send=50 pJ/bit", "edge", 4e-10, 15.0),
        ("nodes.cloud.power.send=1 uJ/B", "cloud", 1e-6, 0.0),
    ],
)
def test_a_value_below_a_presets_can_be_set(file: Path, override: str, node: str, send: float, busy: float) -> None:
    power = load_scenario(file, [override]).nodes[node].power
    assert power is not None and (power.send, power.busy) == (send, busy)


def test_a_value_below_what_a_file_does_not_say_can_be_set(file: Path) -> None:
    changes = ["links.0={between: [camera*, edge], preset: 4g}", "links.0.bandwidth.up=1 Mbit/s"]
    scenario = load_scenario(file, [*changes, "network.routing=hops", "systems.ddnn.heartbeat.every=1 s"])
    ways = {(link.source, link.target): link.bandwidth for link in scenario.links}
    assert ways["camera1", "edge"] == 1.25e5 and ways["edge", "camera1"] == 14.7e6 / 8
    assert scenario.network.routing == "hops"
    assert scenario.systems["ddnn"].model_dump()["heartbeat"]["every"] == 1.0
    one = "links.1.bandwidth.up=1 Mbit/s"
    assert refused(file, one) == f"--set {one}: links[1].bandwidth is '50 Mbit/s' and has no keys"


def test_what_no_entry_has_is_still_unknown(file: Path) -> None:
    for override, says in {
        "nodes.camera*.powr.send=1 uJ/B": "unknown key 'powr'; did you mean 'power'?",
        "nodes.camera9.power.send=1 uJ/B": "in nodes: unknown key 'camera9'; did you mean 'camera",
        "systems.dnn.heartbeat.every=1 s": "in systems: unknown key 'dnn'; did you mean 'ddnn'?",
        "nods.edge.speed=1 GFLOP/s": "unknown key 'nods'; did you mean 'nodes'?",
        "nodes.edge.power.sned=1 uJ/B": "nodes.edge.power.sned: unknown key 'sned'; did you mean 'send'?",
    }.items():
        message = refused(file, override)
        assert message.startswith(f"--set {override}: ") and says in message


@pytest.mark.parametrize("place", ["0" * 5000, "1" * 5000, "01", "١", "-1", "+0", "1_0", "0x0", " 0"])
def test_a_place_in_a_list_is_written_in_plain_digits(file: Path, place: str) -> None:
    message = refused(file, f"links.{place}.latency=1 ms")
    assert "in links: no entry " in message and len(message) < 3000


SECRET = "root:x:hunter2"


@pytest.mark.parametrize("name", ["s.csv", "s.yaml"])
@pytest.mark.parametrize(
    "text",
    [
        SECRET, f"{SECRET}\n{SECRET}\n", f"a,{SECRET}", f"{SECRET},1,2", f"0 s,{SECRET}", f"time_s,x\n{SECRET},1",
        f'"{SECRET}', f"- {SECRET}", f"- [0 s, {SECRET}]", f"- [{SECRET}]", f"password: {SECRET}", f"*{SECRET}",
        f"- &{SECRET} a\n- *b",
        f"- !{SECRET} a", f"{{{SECRET}: 1, {SECRET}: 2}}", f"[{SECRET}", f"- ['{SECRET}', 0 s]", f"- 0 s {SECRET}",
    ],
)  # fmt: skip
def test_a_file_that_is_no_trace_is_not_quoted(file: Path, name: str, text: str) -> None:
    """Whoever names the wrong file must not find what stands in it in a log."""
    file.with_name(name).write_text(text, encoding="utf-8")
    for override in (
        f"nodes.edge.load={name}",
        f"workload={{trace: {name}}}",
        f"links.1={{between: [edge, cloud], latency: 0 s, trace: {name}}}",
    ):
        message = refused(file, override)
        assert message.startswith(f"{file.with_name(name)}:") and "hunter2" not in message


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("every: 200 ms", "every: 0.0005 ns", "workload.every"),
        ("workload: {every: 200 ms}", "workload: {trace: [0 s], repeat: 0.0001 ns}", "workload.repeat"),
        ("samples: 10", "duration: 0.0004 ns", "duration"),
        ("ddnn: {}", "ddnn: {wait: 1e-300 s}", "systems.ddnn.wait"),
        ("for: 20 s", "for: 0.0002 ns", "faults[0].for"),
        ("latency: 20 ms", "latency: 1e-13 s", "links[1].latency"),
    ],
)
def test_a_time_that_the_clock_would_round_to_none_is_refused(file: Path, old: str, new: str, key: str) -> None:
    """Half a picosecond goes to the even neighbour, which is 0; what is a little more is a picosecond."""
    message = refused(changed(file, old, new))
    assert f": {key}: " in message and "is nothing to the clock, which counts picoseconds" in message


def test_a_little_more_than_half_a_picosecond_is_one(file: Path) -> None:
    found = load_scenario(file, ["systems.ddnn.wait=0.00051 ns", "systems.ddnn.cloud_limit=0 s"]).systems["ddnn"]
    assert (ticks(found.wait), found.cloud_limit) == (1, 0.0)
