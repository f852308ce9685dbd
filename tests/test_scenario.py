"""What a good scenario file resolves to: units, ranges, globs, presets, overrides, and the way back to YAML."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from simnet.scenario import Scenario, ScenarioError, load_scenario, names, units
from simnet.scenario.entries import FaultEntry, Header, LinkEntry
from simnet.scenario.presets import LINK_PRESETS, NODE_PRESETS
from simnet.scenario.schema import Fault, Link, Node, Periodic, Poisson, SystemSpec

ROOT = Path(__file__).parent.parent
SHIPPED = sorted((ROOT / "scenarios").rglob("*.yaml"))

SMALL = """
data: plaza
samples: 10
workload: {every: 200 ms}
nodes:
  cam[1..2]: {tier: device, speed: 1 GFLOP/s}
  hub: {tier: router}
  edge: {tier: edge, preset: jetson-nano, memory: 2 GiB}
  cloud: {tier: cloud, speed: 10 TFLOP/s, workers: 4, overhead: 1 ms}
links:
  - {between: [cam*, hub], bandwidth: 10 Mbit/s, latency: 5 ms}
  - {between: [hub, edge], preset: 4g}
  - {between: [edge, cloud], bandwidth: {up: 1 MB/s, down: 16 Mbit/s}, latency: 0, header: 40 B}
systems:
  ddnn:
"""


@pytest.fixture
def write(tmp_path):
    def write(text: str, name: str = "small.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_defaults_units_ranges_and_presets_resolve_to_si_values(write):
    scenario = load_scenario(write(SMALL))
    assert (scenario.name, scenario.seed, scenario.split) == ("small", 1, "test")
    assert (scenario.samples, scenario.duration) == (10, None)
    assert scenario.workload == Periodic(every=0.2, jitter=0.0)
    assert list(scenario.nodes) == ["cam1", "cam2", "hub", "edge", "cloud"]
    assert scenario.nodes["cam2"] == Node(tier="device", speed=1e9, view=2)
    assert scenario.nodes["hub"].speed == 0
    edge = scenario.nodes["edge"]  # the preset's speed and overhead, its own memory
    assert (edge.speed, edge.overhead, edge.memory) == (70.8e9, 0.001, 2 * 1024**3)
    assert scenario.nodes["cloud"].workers == 4
    assert scenario.systems["ddnn"] == SystemSpec(system="ddnn", weights="ddnn-plaza")
    assert scenario.faults == []


def test_a_link_becomes_two_directions_with_their_own_values(write):
    links = {(link.source, link.target): link for link in load_scenario(write(SMALL)).links}
    assert len(links) == 2 * (2 + 1 + 1)
    assert links["cam1", "hub"] == Link(source="cam1", target="hub", bandwidth=1.25e6, latency=0.005)
    assert links["edge", "cloud"].bandwidth == 1e6
    assert links["cloud", "edge"].bandwidth == 2e6
    assert links["cloud", "edge"].header == 40
    assert links["hub", "edge"].bandwidth == pytest.approx(13.6e6 / 8)  # up: from the first name to the second
    assert links["edge", "hub"].bandwidth == pytest.approx(14.7e6 / 8)


def test_faults_resolve_globs_and_both_directions(write):
    text = SMALL + (
        "faults:\n"
        "  - {at: 1 s, for: 2 s, node: 'cam*', is: down}\n"
        "  - {at: 0, node: edge, slow: 4}\n"
        "  - {at: 1 min, link: [edge, cloud], bandwidth: 1 Mbit/s}\n"
        "  - {at: 3 s, link: ['cam[1..2]', hub], direction: down, is: up}\n"
    )
    assert load_scenario(write(text)).faults == [
        Fault(name="cam* down", at=1, lasts=2, node="cam1", action="down"),
        Fault(name="cam* down", at=1, lasts=2, node="cam2", action="down"),
        Fault(name="edge slow", at=0, node="edge", action="slow", value=4),
        Fault(name="edge–cloud bandwidth", at=60, link=("edge", "cloud"), action="bandwidth", value=125_000),
        Fault(name="edge–cloud bandwidth", at=60, link=("cloud", "edge"), action="bandwidth", value=125_000),
        Fault(name="hub→cam[1..2] up", at=3, link=("hub", "cam1"), action="up"),
        Fault(name="hub→cam[1..2] up", at=3, link=("hub", "cam2"), action="up"),
    ]


def test_poisson_workload_duration_and_named_system_instances(write):
    text = SMALL.replace("samples: 10", "duration: 2 min").replace("every: 200 ms", "poisson: 300 /min")
    text = text.replace("  ddnn:", "  strict: {system: ada-ddnn, thresholds: {edge-1: 0.1, edge-2: 0}, wait: 20 ms}")
    scenario = load_scenario(write(text))
    assert scenario.workload == Poisson(poisson=5.0)
    assert (scenario.samples, scenario.duration) == (None, 120.0)
    assert scenario.systems["strict"] == SystemSpec(
        system="ada-ddnn", weights="ada-ddnn-plaza", thresholds={"edge-1": 0.1, "edge-2": 0.0}, wait=0.02
    )


def test_views_may_be_chosen_and_cameras_left_out(write):
    text = SMALL.replace(
        "cam[1..2]: {tier: device,", "cam1: {tier: device, view: 6, speed: 1 FLOP/s}\n  cam2: {tier: device,"
    )
    nodes = load_scenario(write(text)).nodes
    assert [nodes[name].view for name in ("cam1", "cam2")] == [6, 2]


def test_overrides_reach_nodes_globs_links_faults_and_systems(write):
    text = SMALL + "faults:\n  - {at: 1 s, node: cam1, is: down}\n"
    scenario = load_scenario(
        write(text),
        [
            "nodes.cam2.speed=3 GFLOP/s",
            "nodes.cam*.workers=2",
            "nodes.cam[1..2].overhead=1 ms",
            "links.0.bandwidth=1 Mbit/s",
            "faults.0.at=5 s",
            "systems.ddnn.wait=20 ms",
            "systems.ada-ddnn={thresholds: 0.5}",
            "workload={poisson: 5 /s}",
        ],
    )
    cams = [scenario.nodes[name] for name in ("cam1", "cam2")]
    assert [cam.speed for cam in cams] == [1e9, 3e9]
    assert {(cam.workers, cam.overhead) for cam in cams} == {(2, 0.001)}
    assert scenario.links[0].bandwidth == 125_000
    assert scenario.faults[0].at == 5
    assert scenario.systems["ddnn"].wait == 0.02
    assert scenario.systems["ada-ddnn"].thresholds == 0.5
    assert scenario.workload == Poisson(poisson=5)


def test_samples_and_seed_arguments_win_and_samples_drop_the_duration(write):
    path = write(SMALL.replace("samples: 10", "duration: 5 s"))
    scenario = load_scenario(path, ["seed=2"], samples=7, seed=3)
    assert (scenario.samples, scenario.duration, scenario.seed) == (7, None, 3)
    assert load_scenario(path, ["samples=4"]).duration is None


def test_later_stages_can_raise_errors_that_point_at_the_line(write):
    scenario = load_scenario(write(SMALL), ["systems.ddnn.wait=1 s"])
    error = scenario.error(("nodes", "cam2", "speed"), "too slow")
    assert isinstance(error, ScenarioError)
    assert str(error).endswith("small.yaml:6: nodes.cam2.speed: too slow")
    assert (
        str(scenario.error(("systems", "ddnn", "wait"), "no")) == "--set systems.ddnn.wait=1 s: systems.ddnn.wait: no"
    )
    assert str(scenario.error(("systems", "ddnn", "weights"), "none")).endswith(
        "small.yaml:15: systems.ddnn.weights: none"
    )


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_scenarios_load_survive_yaml_and_their_faults_fall_inside_the_run(path, write):
    scenario = load_scenario(path)
    assert load_scenario(write(scenario.to_yaml())) == scenario
    assert {spec.system for spec in scenario.systems.values()} <= {"ddnn", "ada-ddnn", "ddnn-2017"}
    assert isinstance(scenario.workload, Periodic)
    end = scenario.samples * scenario.workload.every
    for fault in scenario.faults:
        assert fault.at + fault.lasts < end


def test_loading_imports_nothing_heavy():
    """Start-up stays quick: no torch, no networkx for reading a file."""
    code = (
        "import sys; from pathlib import Path; from simnet.scenario import load_scenario; "
        f"load_scenario(Path({str(SHIPPED[0])!r})); "
        "print(sorted({'torch', 'networkx', 'pandas', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


QUANTITIES = [units.TIME, units.BANDWIDTH, units.SPEED, units.SIZE, units.RATE]


@pytest.mark.parametrize(
    ("quantity", "text", "value"),
    [
        (units.TIME, "9 ms", 0.009),
        (units.TIME, "1.5min", 90),
        (units.TIME, "3 us", 3e-6),
        (units.TIME, "2 h", 7200),
        (units.TIME, 0, 0),
        (units.BANDWIDTH, "10 Mbit/s", 1.25e6),
        (units.BANDWIDTH, "1e3 kB/s", 1e6),
        (units.BANDWIDTH, "1 MiB/s", 1024**2),
        (units.SPEED, "2 TFLOP/s", 2e12),
        (units.SIZE, "1.5 GiB", 1.5 * 1024**3),
        (units.RATE, "30 /min", 0.5),
    ],
)
def test_quantities_are_read_in_every_unit(quantity, text, value):
    assert quantity.parse(text) == value


@pytest.mark.parametrize("quantity", QUANTITIES, ids=lambda quantity: quantity.name)
@given(value=st.floats(min_value=0, max_value=1e18, allow_subnormal=False))
@settings(max_examples=60, deadline=None)
def test_formatting_a_quantity_loses_no_digit(quantity, value):
    assert quantity.parse(quantity.format(value)) == value


def test_quantities_are_printed_in_handy_units():
    assert units.format_time(0.0123456, digits=3) == "12.3 ms"
    assert units.format_bandwidth(1.25e6) == "10 Mbit/s"
    assert units.format_size(8 * 1024**3) == "8 GiB"
    assert units.format_speed(3.84e11) == "384 GFLOP/s"
    assert units.format_rate(0.5) == "0.5 /s"
    assert units.format_time(0) == "0 s"


def test_ranges_and_globs_stand_for_names():
    assert names.expand("cam[08..10]") == ["cam08", "cam09", "cam10"]
    assert names.expand("a[1..2]-[1..2]") == ["a1-1", "a1-2", "a2-1", "a2-2"]
    assert names.match("cam[1..2]", ["cam.", "cam1", "cam2", "cam3"]) == ["cam1", "cam2"]
    assert names.match("c?m*", ["cam1", "edge", "com"]) == ["cam1", "com"]


def times(most: float = 1e4) -> st.SearchStrategy[float]:
    return st.floats(min_value=1e-6, max_value=most)


@st.composite
def scenarios(draw) -> Scenario:
    """Scenarios as a program might build them: any floats, any texts, one to six devices in a star."""
    devices = [f"cam{number}" for number in range(1, draw(st.integers(1, 6)) + 1)]
    speed = st.floats(min_value=1, max_value=1e15)
    nodes = {
        name: Node(tier="device", speed=draw(speed), overhead=draw(times()), view=view)
        for view, name in enumerate(devices, start=1)
    }
    nodes["edge"] = Node(
        tier="edge", preset="jetson-nano", speed=draw(speed), memory=draw(st.none() | st.integers(1, 2**40))
    )
    nodes["cloud"] = Node(tier="cloud", speed=draw(speed), workers=draw(st.integers(1, 9)))
    links = []
    for source, target in [*((device, "edge") for device in devices), ("edge", "cloud")]:
        for one, other in ((source, target), (target, source)):
            rate, header = draw(st.floats(min_value=1, max_value=1e12)), draw(st.integers(0, 1500))
            links.append(Link(source=one, target=other, bandwidth=rate, latency=draw(times()), header=header))
    fault = st.one_of(
        st.builds(Fault, at=times(), lasts=st.none() | times(), node=st.sampled_from(devices), action=st.just("down")),
        st.builds(Fault, at=times(), node=st.just("edge"), action=st.just("slow"), value=st.floats(1, 100)),
        st.builds(
            Fault, at=times(), link=st.just(("cloud", "edge")), action=st.just("bandwidth"), value=st.floats(1, 1e9)
        ),
    )
    text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=30)
    every = draw(st.floats(min_value=0.01, max_value=10))
    return Scenario(
        name="x" + draw(text),
        description=draw(text),
        data="plaza",
        samples=draw(st.integers(1, 10**6)),
        workload=draw(st.sampled_from([Periodic(every=every, jitter=every / 3), Poisson(poisson=every)])),
        nodes=nodes,
        links=links,
        systems={"ddnn": SystemSpec(system="ddnn", weights="a: b", thresholds=draw(st.floats(0, 1)))},
        faults=draw(st.lists(fault, max_size=3)),
    )


@given(scenario=scenarios())
@settings(max_examples=40, deadline=None)
def test_any_scenario_survives_the_way_through_yaml(tmp_path_factory, scenario):
    path = tmp_path_factory.mktemp("round") / "x.yaml"
    path.write_text(scenario.to_yaml(), encoding="utf-8")
    assert load_scenario(path) == scenario


@pytest.mark.parametrize("name", ["on", "no", "null", "y", "True"])
def test_a_name_that_yaml_reads_as_something_else_stays_a_name(name, write):
    quoted = SMALL.replace("hub", f"'{name}'").replace("ddnn:", f"'{name}': {{system: ddnn}}")
    scenario = load_scenario(write(quoted))
    text = scenario.to_yaml()
    assert list(yaml.safe_load(text)["nodes"]) == list(scenario.nodes)
    assert list(yaml.safe_load(text)["systems"]) == [name]
    assert load_scenario(write(text)) == scenario


def test_scenarios_differ_when_a_value_does(write):
    path = write(SMALL)
    assert load_scenario(path) != load_scenario(path, seed=2)


def test_the_reference_names_every_key_preset_and_unit():
    """docs/scenario.md cannot fall behind the schema: every key, preset and unit appears in it as code."""
    text = (ROOT / "docs" / "scenario.md").read_text(encoding="utf-8")
    keys = {
        field.alias or name
        for model in (Header, Node, LinkEntry, FaultEntry, SystemSpec, Periodic, Poisson)
        for name, field in model.model_fields.items()
    }
    every_unit = {unit for quantity in QUANTITIES for unit in quantity.units}
    missing = {word for word in {*keys, *NODE_PRESETS, *LINK_PRESETS, *every_unit} if f"`{word}`" not in text}
    assert not missing


def test_examples_in_the_reference_are_valid(write):
    """Every complete YAML example in docs/scenario.md loads."""
    text = (ROOT / "docs" / "scenario.md").read_text(encoding="utf-8")
    blocks = [block.split("```")[0] for block in text.split("```yaml\n")[1:]]
    whole = [block for block in blocks if "nodes" in yaml.safe_load(block)]
    assert whole
    for block in whole:
        load_scenario(write(block))


@pytest.mark.parametrize("name", [*NODE_PRESETS, *LINK_PRESETS])
def test_every_preset_is_valid_and_says_where_its_numbers_come_from(name, write):
    if name in NODE_PRESETS:
        text = SMALL.replace("preset: jetson-nano", f"preset: {name}")
        preset = NODE_PRESETS[name]
    else:
        text = SMALL.replace("preset: 4g", f"preset: {name}")
        preset = LINK_PRESETS[name]
    load_scenario(write(text))
    assert all(key in preset.source for key in preset.values)
