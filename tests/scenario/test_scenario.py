"""What a good scenario file resolves to: units, ranges, globs, presets, overrides, and the way back to YAML."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from paths import ROOT

from simnet.language import names, units
from simnet.language.checks import keys_of
from simnet.language.schedule import Steps
from simnet.language.source import Source, parse
from simnet.language.traces import TraceEntry
from simnet.network.faults.section import FaultEntry
from simnet.network.faults.spec import Fault
from simnet.network.links.presets import LINK_PRESETS
from simnet.network.links.section import LinkEntry
from simnet.network.links.spec import Link, Loss
from simnet.network.networking import Networking
from simnet.network.nodes.presets import NODE_PRESETS
from simnet.network.nodes.spec import Batching, Jitter, Node, NodeEntry, PowerModel, Queue
from simnet.scenario import Scenario, ScenarioError, load_scenario
from simnet.scenario.header import Header
from simnet.systems import SYSTEMS
from simnet.systems.ada_ddnn import AdaOptions
from simnet.systems.options import OneEdgeOptions
from simnet.systems.policies.breaker import Breaker
from simnet.systems.policies.heartbeat import Heartbeat
from simnet.systems.policies.retry import Retry
from simnet.workloads.changing import Changing
from simnet.workloads.diurnal import Day, Diurnal
from simnet.workloads.mmpp import Bursty, Phase
from simnet.workloads.periodic import Periodic
from simnet.workloads.poisson import Poisson
from simnet.workloads.recorded import Recorded
from simnet.workloads.spec import SampleClass
from simnet.world.captures import arrivals

SHIPPED = sorted(path for path in (ROOT / "scenarios").rglob("*.yaml") if path.parent.name != "sweeps")

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
    edge = scenario.nodes["edge"]  # the preset's speed and overheads, its own memory
    assert (edge.speed, edge.overhead_per_op, edge.memory) == (70.8e9, 150e-6, 2 * 1024**3)
    assert scenario.nodes["cloud"].workers == 4
    assert scenario.systems["ddnn"] == OneEdgeOptions(system="ddnn", weights="ddnn-plaza")
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
    assert scenario.systems["strict"] == AdaOptions(
        system="ada-ddnn", weights="ada-ddnn-plaza", thresholds={"edge-1": 0.1, "edge-2": 0.0}, wait=0.02
    )


def test_what_a_node_may_have_beside_its_speed(write):
    write("time_s,load_%\n0,10\n30,60\n", "load.csv")
    write('{"weights": {"ddnn-plaza": {"edge": {"1": 0.003, "8": 1e-02}}}, "provenance": {"host": "x"}}', "edge.json")
    text = SMALL.replace(
        "preset: jetson-nano, memory: 2 GiB",
        "preset: jetson-nano, queue: {order: priority, limit: 50}, batch: {size: 8, wait: 5 ms, efficiency: {8: 3.2}}, "
        "profile: edge.json, load: {file: load.csv, repeat: 60 s}, power: {send: 1 uJ/B}, battery: 20 Wh, warm_up: 5 s",
    ).replace("workers: 4", "queue: 50, load: 30 %, profile: {ddnn-plaza: {cloud: {1: 3 ms}}}")
    nodes = load_scenario(write(text)).nodes
    edge, cloud = nodes["edge"], nodes["cloud"]
    assert edge.queue == Queue(order="priority", limit=50)
    assert edge.batch == Batching(size=8, wait=0.005, efficiency={8: 3.2})
    assert edge.profile == {"ddnn-plaza": {"edge": {1: 0.003, 8: 0.01}}}
    assert edge.load == Steps(times=(0, 30), values=(0.1, 0.6), repeat=60)
    assert edge.power == PowerModel(idle=2, busy=10, send=1e-6)  # the preset's, and its own
    assert (edge.battery, edge.warm_up) == (72_000, 5)
    assert cloud.queue == Queue(limit=50)
    assert cloud.load == Steps(times=(0,), values=(0.3,))
    assert cloud.profile == {"ddnn-plaza": {"cloud": {1: 0.003}}}


def test_a_preset_brings_its_power_and_null_takes_it_away(write):
    text = SMALL.replace("cam[1..2]: {tier: device, speed: 1 GFLOP/s}", "cam1: {tier: device, preset: raspberry-pi-4}")
    assert load_scenario(write(text)).nodes["cam1"].power == PowerModel(idle=2.7, busy=6.4)
    scenario = load_scenario(write(text), ["nodes.cam1.power=null"])
    assert scenario.nodes["cam1"].power is None
    assert load_scenario(write(scenario.to_yaml())) == scenario


def test_what_a_link_may_have_beside_its_bandwidth(write):
    text = SMALL.replace(
        "latency: 5 ms}",
        "latency: 5 ms, medium: cell, mtu: 1500 B, attempts: 3, jitter: {up: 2 ms, down: 0}, "
        "queue: {up: 64 kB, down: null}, "
        "loss: {up: 1 %, down: {good: 0.1 %, bad: 0.2, good_for: 10 s, bad_for: 500 ms}}}",
    ).replace("preset: 4g", "preset: 4g, sharing: fair")
    links = {(link.source, link.target): link for link in load_scenario(write(text)).links}
    base = {"bandwidth": 1.25e6, "latency": 0.005, "medium": "cell", "mtu": 1500, "attempts": 3}
    up = Link(source="cam1", target="hub", **base, jitter=0.002, queue=64_000, loss=Loss(good=0.01))
    burst = Loss(good=0.001, bad=0.2, good_for=10, bad_for=0.5)
    assert links["cam1", "hub"] == up
    assert links["hub", "cam1"] == Link(source="hub", target="cam1", **base, loss=burst)
    assert links["hub", "edge"].sharing == links["edge", "hub"].sharing == "fair"


def test_a_bandwidth_trace_stands_in_place_of_a_bandwidth(write):
    write("# measured on a tram\ntime_s,bandwidth_Mbit/s\n\n0,10\n30,2.5\n", "up.csv")
    write("- [0 s, 8 Mbit/s]\n- [1 min, 16 Mbit/s]\n", "down.yaml")
    text = SMALL.replace("preset: 4g", "preset: 4g, trace: {up: up.csv, down: null}")
    text = text.replace(
        "bandwidth: {up: 1 MB/s, down: 16 Mbit/s}", "trace: {up: {file: up.csv, repeat: 60 s}, down: down.yaml}"
    )
    links = {(link.source, link.target): link for link in load_scenario(write(text)).links}
    up = Steps(times=(0, 30), values=(1.25e6, 312_500))
    assert (links["hub", "edge"].trace, links["hub", "edge"].bandwidth) == (up, 1.25e6)  # the preset gives way
    assert links["edge", "hub"].trace is None
    assert links["edge", "hub"].bandwidth == pytest.approx(14.7e6 / 8)
    assert links["edge", "cloud"].trace == up.model_copy(update={"repeat": 60})
    assert links["cloud", "edge"].trace == Steps(times=(0, 60), values=(1e6, 2e6))


@pytest.mark.parametrize(
    "content",
    [
        "0 s,10 Mbit/s\n500 ms,1 MB/s\n",
        "time_s,bandwidth_Mbit/s\n0,10\n0.5,8\n",
        "time (ms), bandwidth (kbit/s)\n0, 10000\n500, 8000\n",
        'time [s],bandwidth [MB/s]\n"0","1.25"\n"0.5","1"\n',
        "time,bandwidth\n# from the tram\n0,10 Mbit/s\n\n0.5 s,8 Mbit/s",
        "\ufefftime_s,bandwidth_Mbit/s\r\n0,10\r\n5e-1,8 Mbit/s\r\n",
    ],
)
def test_csv_traces_are_read_with_and_without_headings(content, write):
    write(content, "up.CSV")
    text = SMALL.replace("bandwidth: 10 Mbit/s", "trace: up.CSV")
    assert load_scenario(write(text)).links[0].trace == Steps(times=(0, 0.5), values=(1.25e6, 1e6))


@pytest.mark.parametrize(
    ("written", "workload"),
    [
        (
            "mmpp: [{rate: 2 /s, stay: 10 s}, {rate: 0, stay: 2 s}]",
            Bursty(mmpp=(Phase(rate=2, stay=10), Phase(rate=0, stay=2))),
        ),
        (
            "diurnal: {mean: 30 /min, swing: 80 %, period: 1 h, peak: 15 min}",
            Diurnal(diurnal=Day(mean=0.5, swing=0.8, period=3600, peak=900)),
        ),
        ("diurnal: {mean: 5 /s}", Diurnal(diurnal=Day(mean=5, swing=0.5, period=86_400, peak=0))),
        ("trace: [0.5 s, 0.5 s, 2 s], repeat: 3 s", Recorded(trace=(0.5, 0.5, 2), repeat=3)),
        ("trace: a.csv, repeat: 3 s", Recorded(trace=(0.5, 0.5, 2), repeat=3)),
        (
            "poisson: 5 /s, deadline: 200 ms, skew: 20 ms, "
            "classes: {a: {share: 10 %, priority: 1, deadline: 0.1 s}, b: {share: 0.9}}",
            Poisson(
                poisson=5,
                deadline=0.2,
                skew=0.02,
                classes={"a": SampleClass(share=0.1, priority=1, deadline=0.1), "b": SampleClass(share=0.9)},
            ),
        ),
    ],
)  # fmt: skip
def test_workloads_of_every_kind(written, workload, write):
    write("time_ms\n500\n500\n2000\n", "a.csv")
    scenario = load_scenario(write(SMALL.replace("every: 200 ms", written)))
    assert scenario.workload == workload
    assert load_scenario(write(scenario.to_yaml())) == scenario


SITES = """
data: plaza
samples: 10
workload: {every: 200 ms}
sites: {south: {poisson: 2 /s}}
nodes:
  n[1..6]: {tier: device, speed: 1 GFLOP/s, site: north}
  s[1..2]: {tier: device, speed: 1 GFLOP/s, site: south}
  hut:  {tier: edge, speed: 1 GFLOP/s, site: north}
  edge: {tier: edge, speed: 1 GFLOP/s}
  cloud: {tier: cloud, speed: 1 GFLOP/s}
links:
  - {between: ["n[1..6]", hut], preset: wifi}
  - {between: ["s[1..2]", edge], preset: wifi}
  - {between: [hut, edge], preset: ethernet-1g}
  - {between: [edge, cloud], preset: wan}
systems: {ddnn: {}}
"""


def test_every_site_has_views_of_its_own_and_may_have_a_workload(write):
    scenario = load_scenario(write(SITES))
    assert [node.view for node in scenario.nodes.values()] == [1, 2, 3, 4, 5, 6, 1, 2, None, None, None]
    assert scenario.sites == {"south": Poisson(poisson=2)}
    assert load_scenario(write(scenario.to_yaml())) == scenario


def test_faults_of_sites_and_partitions_strike_every_member(write):
    text = SITES + (
        "faults:\n"
        "  - {at: 1 s, for: 2 s, site: south, is: down}\n"
        "  - {at: 5 s, for: 2 s, partition: [['n*', hut], [edge, 's[1..2]', cloud]]}\n"
        "  - {mtbf: 1 h, mttr: 30 s, shape: 1.5, site: south, slow: 4}\n"
        "  - {at: 9 s, mtbf: 1 h, mttr: 30 s, node: 's?', is: down}\n"
        "  - {at: 1 s, link: [hut, edge], direction: down, loss: 30 %}\n"
    )
    scenario = load_scenario(write(text))
    random = {"mtbf": 3600, "mttr": 30}
    cut = "n*, hut | edge, s[1..2], cloud cut"
    slow = {"name": "site south slow", "action": "slow", "value": 4, "shape": 1.5, "together": True, **random}
    assert scenario.faults == [
        Fault(name="site south down", at=1, lasts=2, node="s1", action="down"),
        Fault(name="site south down", at=1, lasts=2, node="s2", action="down"),
        Fault(name=cut, at=5, lasts=2, link=("hut", "edge"), action="down"),
        Fault(name=cut, at=5, lasts=2, link=("edge", "hut"), action="down"),
        Fault(node="s1", **slow),
        Fault(node="s2", **slow),
        Fault(name="s? down", at=9, node="s1", action="down", **random),
        Fault(name="s? down", at=9, node="s2", action="down", **random),
        Fault(name="edge→hut loss", at=1, link=("edge", "hut"), action="loss", value=0.3),
    ]
    assert load_scenario(write(scenario.to_yaml())) == scenario


def test_a_site_of_faults_holds_all_its_nodes_and_a_partition_may_end_outages(write):
    text = SITES + "faults: [{at: 0, site: north, is: down}, {at: 1 s, partition: [[hut], [edge]], is: up}]\n"
    faults = load_scenario(write(text)).faults
    assert [fault.node for fault in faults[:-2]] == ["n1", "n2", "n3", "n4", "n5", "n6", "hut"]
    assert [(fault.link, fault.action) for fault in faults[-2:]] == [(("hut", "edge"), "up"), (("edge", "hut"), "up")]


def test_faults_have_names_that_no_other_entry_has_unless_the_file_says_so(write):
    text = SITES + (
        "faults:\n"
        "  - {at: 1 s, for: 1 s, node: n3, is: down}\n"
        "  - {at: 3 s, for: 1 s, node: n3, is: down}\n"
        "  - {at: 5 s, for: 1 s, node: n3, is: down, name: n3 down (2)}\n"
        "  - {at: 1 s, node: hut, slow: 2, name: storm}\n"
        "  - {at: 1 s, link: [hut, edge], bandwidth: 1 Mbit/s, name: storm}\n"
    )
    names_of = [fault.name for fault in load_scenario(write(text)).faults]
    assert names_of == ["n3 down", "n3 down (3)", "n3 down (2)", "storm", "storm", "storm"]


def test_nodes_named_by_one_entry_can_be_made_to_fail_together(write):
    text = SITES + "faults: [{mtbf: 1 h, mttr: 1 s, node: 'n*', is: down, together: true}]\n"
    scenario = load_scenario(write(text))
    assert all(fault.together for fault in scenario.faults)
    assert load_scenario(write(scenario.to_yaml())) == scenario


def test_networking_and_policies(write):
    text = SMALL.replace("  ddnn:", "  ddnn: {heartbeat: {every: 500 ms}, retry: {times: 2, after: 150 ms}, "
                                    "breaker: {failures: 3, rest: 10 s}}\nnetwork: {routing: hops}")  # fmt: skip
    scenario = load_scenario(write(text))
    assert scenario.network == Networking(routing="hops", weights="equal")
    assert scenario.systems["ddnn"] == OneEdgeOptions(
        system="ddnn",
        weights="ddnn-plaza",
        heartbeat=Heartbeat(every=0.5, misses=3, size=8),
        retry=Retry(times=2, after=0.15, factor=2),
        breaker=Breaker(failures=3, rest=10),
    )
    assert load_scenario(write(scenario.to_yaml())) == scenario


def test_a_resolved_scenario_needs_no_other_file(write, tmp_path):
    """Traces of hundreds of rows go as CSV in a text, and come back to the last digit."""
    rows = [(n / 3, 1 + n / 7) for n in range(300)]
    write("time_s,bandwidth_Mbit/s\n" + "".join(f"{time!r},{value!r}\n" for time, value in rows), "up.csv")
    write("time_s\n" + "".join(f"{time!r}\n" for time, _ in rows), "a.csv")
    write('{"weights": {"ddnn-plaza": {"edge": {"1": 1e-05}}}}', "p.json")
    text = SMALL.replace("bandwidth: 10 Mbit/s", "trace: up.csv").replace("every: 200 ms", "trace: a.csv")
    scenario = load_scenario(write(text.replace("preset: jetson-nano", "preset: jetson-nano, profile: p.json")))
    assert len(scenario.links[0].trace.times) == len(scenario.workload.times) == 300
    resolved = tmp_path / "elsewhere" / "x.yaml"
    resolved.parent.mkdir()
    resolved.write_text(scenario.to_yaml(), encoding="utf-8")
    assert load_scenario(resolved) == scenario.model_copy(update={"name": "small"})
    assert load_scenario(resolved).to_yaml() == scenario.to_yaml()


def test_a_link_whose_directions_differ_in_what_a_file_gives_to_both_cannot_be_written(write):
    scenario = load_scenario(write(SMALL))
    links = [scenario.links[0].model_copy(update={"attempts": 3}), *scenario.links[1:]]
    with pytest.raises(ValueError, match="cam1 - hub differs in 'attempts' by direction"):
        scenario.model_copy(update={"links": links}).to_yaml()


def test_a_long_list_is_no_bomb(monkeypatch):
    """The limit on values, which keeps anchors from filling the memory, leaves room for all that a text can hold."""
    monkeypatch.setattr("simnet.language.source._MOST_NODES", 10)
    rows = [[n, 1] for n in range(1000)]
    assert parse(yaml.safe_dump(rows), Source()) == rows
    with pytest.raises(ScenarioError, match="nested without end"):
        parse("a: &a [x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a]\nc: [*b, *b, *b, *b, *b]", Source())


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
    assert {spec.system for spec in scenario.systems.values()} <= {*SYSTEMS}
    end = arrivals(scenario)[-1] if scenario.duration is None else scenario.duration
    for fault in scenario.faults:
        assert fault.at + (fault.lasts or 0) < end


def test_loading_imports_nothing_heavy():
    """Start-up stays quick: no torch, no networkx for reading a file."""
    code = (
        "import sys; from pathlib import Path; from simnet.scenario import load_scenario; "
        f"load_scenario(Path({str(SHIPPED[0])!r})); "
        "print(sorted({'torch', 'networkx', 'pandas', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


QUANTITIES = [
    units.TIME, units.BANDWIDTH, units.SPEED, units.SIZE, units.RATE, units.POWER, units.ENERGY, units.ENERGY_PER_BYTE,
]  # fmt: skip


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
        (units.POWER, "250 mW", 0.25),
        (units.ENERGY, "20 Wh", 72_000),
        (units.ENERGY_PER_BYTE, "1 nJ/bit", 8e-9),
    ],
)
def test_quantities_are_read_in_every_unit(quantity, text, value):
    assert quantity.parse(text) == value


@pytest.mark.parametrize("quantity", QUANTITIES, ids=lambda quantity: quantity.name)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_formatting_a_quantity_loses_no_digit(quantity, data):
    useful = st.floats(min_value=quantity.least, max_value=min(quantity.most, 1e18), allow_subnormal=False)
    value = data.draw(st.just(0.0) | useful)
    assert quantity.parse(quantity.format(value)) == value


def test_quantities_are_printed_in_handy_units():
    assert units.format_time(0.0123456, digits=3) == "12.3 ms"
    assert units.format_bandwidth(1.25e6) == "10 Mbit/s"
    assert units.format_size(8 * 1024**3) == "8 GiB"
    assert units.format_speed(3.84e11) == "384 GFLOP/s"
    assert units.format_time(0) == "0 s"


def test_ranges_and_globs_stand_for_names():
    assert names.expand("cam[08..10]") == ["cam08", "cam09", "cam10"]
    assert names.expand("a[1..2]-[1..2]") == ["a1-1", "a1-2", "a2-1", "a2-2"]
    assert names.match("cam[1..2]", ["cam.", "cam1", "cam2", "cam3"]) == ["cam1", "cam2"]
    assert names.match("c?m*", ["cam1", "edge", "com"]) == ["cam1", "com"]


def times(most: float = 1e4) -> st.SearchStrategy[float]:
    return st.floats(min_value=1e-6, max_value=most)


def shares() -> st.SearchStrategy[float]:
    return st.floats(min_value=0, max_value=0.99)


@st.composite
def steps(draw, values: st.SearchStrategy[float]) -> Steps:
    """Ascending times from 0 on, sometimes so many that they are written as CSV."""
    later = draw(st.lists(times(), max_size=3, unique=True)) or [
        1e5 + n / 3 for n in range(draw(st.sampled_from([0, 300])))
    ]
    moments = (0.0, *sorted(later))
    found = tuple(draw(values) + n / 1e4 for n in range(min(len(moments), 5)))
    found = (found * len(moments))[: len(moments)]
    return Steps(times=moments, values=found, repeat=draw(st.none() | st.floats(1e6, 1e7)))


def demands(every: float) -> st.SearchStrategy[object]:
    """Workloads of every kind, with and without classes."""
    classes = {"a": SampleClass(share=0.25, priority=-1, deadline=every), "b": SampleClass(share=0.75)}
    common = {
        "deadline": st.none() | times(),
        "skew": st.just(0.0) | times(),
        "classes": st.sampled_from([{}, classes]),
    }
    day = st.builds(Day, mean=times(), swing=st.floats(0, 1), period=times(), peak=times())
    phases = st.lists(st.builds(Phase, rate=times(), stay=times()), min_size=2, max_size=3).map(tuple)
    moments = st.lists(times(), min_size=1, max_size=4).map(sorted).map(tuple)
    return st.one_of(
        st.builds(Periodic, every=st.just(every), jitter=st.sampled_from([0.0, every / 3]), **common),
        st.builds(Poisson, poisson=st.just(every), **common),
        st.builds(Bursty, mmpp=phases, **common),
        st.builds(Diurnal, diurnal=day, **common),
        st.builds(Changing, rate=steps(st.floats(1e-3, 1e9)), **common),
        st.builds(Recorded, trace=moments, repeat=st.just(1e5), **common),
    )


def policies() -> dict[str, st.SearchStrategy[object]]:
    short = st.floats(1e-6, 0.9)
    return {
        "heartbeat": st.none()
        | st.builds(Heartbeat, every=st.floats(100, 1e6), misses=st.integers(1, 9), size=st.integers(0, 99)),
        "retry": st.none() | st.builds(Retry, times=st.integers(1, 9), after=short, factor=st.floats(1, 9)),
        "breaker": st.none() | st.builds(Breaker, failures=st.integers(1, 9), rest=times()),
    }


@st.composite
def directions(draw, source: str, target: str) -> list[Link]:
    """A link as a program might build it; what a file cannot give for each direction is the same for both."""
    medium, fair = draw(st.sampled_from([None, "cell"])), draw(st.booleans())
    kind = {"sharing": "fair"} if fair else {"medium": medium}
    burst = st.builds(Loss, good=shares(), bad=shares(), good_for=times(), bad_for=times())
    attempts = draw(st.integers(1, 20))
    links = []
    for one, other in ((source, target), (target, source)):
        pauses = steps(st.just(0.0) | st.floats(1, 1e9)).filter(
            lambda steps: max(steps.values) > 0 and (steps.values[-1] > 0 or steps.repeat is not None)
        )
        trace = draw(st.none() | pauses)
        first = draw(st.floats(min_value=1, max_value=1e12)) if trace is None else next(filter(None, trace.values))
        packets = {} if fair else {
            "loss": draw(st.none() | st.builds(Loss, good=shares()) | burst),
            "jitter": draw(st.just(0.0) | times()),
            "queue": draw(st.none() | st.integers(1, 10**9)),
        }  # fmt: skip
        links.append(
            Link(
                source=one,
                target=other,
                bandwidth=first,
                latency=draw(times()),
                header=draw(st.integers(0, 1500)),
                mtu=draw(st.none() | st.integers(1, 10**6)),
                attempts=attempts,
                trace=trace,
                **kind,
                **packets,
            )
        )
    return links


@st.composite
def scenarios(draw) -> Scenario:
    """Scenarios as a program might build them: any floats, any texts, one to six devices in a star."""
    devices = [f"cam{number}" for number in range(1, draw(st.integers(1, 6)) + 1)]
    speed = st.floats(min_value=1, max_value=1e15)
    site = draw(st.sampled_from([None, "north"]))
    powers = st.builds(PowerModel, idle=st.floats(0, 1), busy=st.floats(1, 9), send=shares(), receive=shares())
    nodes = {
        name: Node(tier="device", speed=draw(speed), overhead=draw(times()), view=view, site=site)
        for view, name in enumerate(devices, start=1)
    }
    nodes[devices[0]] = nodes[devices[0]].model_copy(
        update={"power": draw(powers), "battery": draw(st.none() | times()), "warm_up": draw(times())}
    )
    batch = st.builds(
        Batching, size=st.integers(1, 64), wait=times(), efficiency=st.sampled_from([{}, {1: 1.0, 8: 3.2}])
    )
    nodes["edge"] = Node(
        tier="edge",
        preset="jetson-nano",
        speed=draw(speed),
        memory=draw(st.none() | st.integers(1, 2**40)),
        queue=Queue(order=draw(st.sampled_from(["fifo", "priority"])), limit=draw(st.none() | st.integers(1, 99))),
        batch=draw(st.none() | batch),
        load=draw(st.none() | steps(st.floats(0, 0.9))),
        power=draw(st.none() | powers),
        profile=draw(st.none() | st.just({"ddnn-plaza": {"edge": {1: [1e-5, 1e-4], 8: [0.1, 0.1 + 0.2]}}})),
        overhead_per_op=draw(times()),
        memory_bandwidth=draw(st.none() | st.floats(min_value=1, max_value=1e15)),
        jitter=draw(st.none() | st.builds(Jitter, cv=st.floats(0.01, 10)) | st.just(Jitter(sd=0.002))),
    )
    nodes["cloud"] = Node(tier="cloud", speed=draw(speed), workers=draw(st.integers(1, 9)))
    links = [one for device in devices for one in draw(directions(device, "edge"))] + draw(directions("edge", "cloud"))
    random = st.fixed_dictionaries({"mtbf": times(), "mttr": times(), "shape": st.floats(0.1, 9)})
    fault = st.one_of(
        st.builds(Fault, at=times(), lasts=st.none() | times(), node=st.sampled_from(devices), action=st.just("down")),
        st.builds(Fault, at=times(), node=st.just("edge"), action=st.just("slow"), value=st.floats(1, 100)),
        st.builds(
            Fault, at=times(), link=st.just(("cloud", "edge")), action=st.just("bandwidth"), value=st.floats(1, 1e9)
        ),
        random.map(lambda values: Fault(name="r", node="edge", action="down", **values)),
    )
    struck = draw(random)
    together = [Fault(name="all", together=True, node=name, action="down", **struck) for name in devices]
    text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=30)
    every = draw(st.floats(min_value=0.01, max_value=10))
    return Scenario(
        name="x" + draw(text),
        description=draw(text),
        data="plaza",
        samples=draw(st.integers(1, 10**6)),
        workload=draw(demands(every)),
        sites={} if site is None else {site: draw(demands(every))},
        network=Networking(
            routing=draw(st.sampled_from(["latency", "hops"])), weights=draw(st.sampled_from(["equal", "latency"]))
        ),
        nodes=nodes,
        links=links,
        systems={
            "ddnn": OneEdgeOptions(
                system="ddnn",
                weights="a: b",
                thresholds=draw(st.floats(0, 1)),
                **{key: draw(policy) for key, policy in policies().items()},
            )
        },
        faults=[*draw(st.lists(fault, max_size=3)), *draw(st.sampled_from([[], together]))],
    )


@given(scenario=scenarios())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_any_scenario_survives_the_way_through_yaml(tmp_path_factory, scenario):
    path = tmp_path_factory.mktemp("round") / "x.yaml"
    path.write_text(scenario.to_yaml(), encoding="utf-8")
    try:
        again = load_scenario(path)
    except ScenarioError as problem:
        assume("would come about" not in str(problem))  # so many events that no file may ask for them
        raise
    assert again == scenario


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
        key
        for model in (
            Header,
            NodeEntry,
            LinkEntry,
            FaultEntry,
            OneEdgeOptions,
            Periodic,
            Poisson,
            Bursty,
            Phase,
            Diurnal,
            Day,
            Recorded,
            SampleClass,
            TraceEntry,
            Queue,
            Batching,
            PowerModel,
            Jitter,
            Loss,
            Networking,
            Heartbeat,
            Retry,
            Breaker,
        )
        for key in keys_of(model)
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
