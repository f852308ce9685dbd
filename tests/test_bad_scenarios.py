"""Every way to get a scenario wrong ends in one `ScenarioError` that names file, line, key and a way out."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from simnet.scenario import ScenarioError, load_scenario

GOOD = """\
name: good
data: plaza
samples: 10
workload: {every: 200 ms, jitter: 10 ms}
nodes:
  camera[1..6]: {tier: device, preset: raspberry-pi-4}
  edge: {tier: edge, preset: jetson-orin-nano}
  cloud: {tier: cloud, speed: 10 TFLOP/s}
links:
  - {between: [camera*, edge], preset: wifi}
  - {between: [edge, cloud], bandwidth: 50 Mbit/s, latency: 20 ms}
systems:
  ddnn: {}
  ada-ddnn: {thresholds: calibrated}
faults:
  - {at: 40 s, for: 20 s, node: camera3, is: down}
  - {at: 90 s, for: 10 s, link: [edge, cloud], bandwidth: 1 Mbit/s}
"""

# One case a line: what is replaced, by what, the line the message points at, what it says.
# ruff: noqa: E501
CASES = {
    "unknown key": ("samples: 10", "sample: 10", 3, "sample: unknown key 'sample'; did you mean 'samples'?"),
    "unknown key in a link": (
        "bandwidth: 50 Mbit/s", "bandwith: 50 Mbit/s", 11,
        "links[1].bandwith: unknown key 'bandwith'; did you mean 'bandwidth'?",
    ),
    "unknown key in a node": ("{tier: cloud,", "{teir: cloud,", 8, "nodes.cloud.teir: unknown key 'teir'; did you mean 'tier'?"),
    "unknown key in a fault": ("for: 20 s", "lasts: 20 s", 16, "faults[0].lasts: unknown key 'lasts'"),
    "wrong unit": (
        "50 Mbit/s", "10 MHz", 11, "links[1].bandwidth: '10 MHz' is no bandwidth; write e.g. '10 Mbit/s'",
    ),
    "near miss of a unit": ("50 Mbit/s", "10 Mbps", 11, "did you mean '10 Mbit/s'?"),
    "wrong case of a unit": ("10 TFLOP/s", "10 tflops", 8, "nodes.cloud.speed: '10 tflops' is no speed; did you mean '10 TFLOP/s'?"),
    "missing unit": ("latency: 20 ms", "latency: 20", 11, "links[1].latency: 20 has no unit; write e.g. '20 ms'"),
    "missing unit in quotes": ("every: 200 ms", "every: '200'", 4, "'200' has no unit"),
    "negative time": ("every: 200 ms", "every: -5 ms", 4, "workload.every: '-5 ms' is negative"),
    "negative number": ("samples: 10", "samples: -3", 3, "samples: must be 1 or more, found -3"),
    "not finite": ("at: 40 s", "at: .nan", 16, "faults[0].at: nan is no time: it must be finite"),
    "infinite": ("at: 40 s", "at: .inf", 16, "faults[0].at: inf"),
    "overflow": ("at: 40 s", "at: 1e999 s", 16, "faults[0].at: '1e999 s' is too large"),
    "gigantic exponent": ("at: 40 s", "at: 1e9999999999999999999 s", 16, "is too large"),
    "no bandwidth at all": ("50 Mbit/s", "0 Mbit/s", 11, "links[1].bandwidth: must be more than 0"),
    "link without bandwidth": ("bandwidth: 50 Mbit/s, ", "", 11, "links[1]: needs a bandwidth"),
    "one direction missing": ("50 Mbit/s", "{up: 1 Mbit/s}", 11, "links[1].bandwidth: gives no 'down'"),
    "unknown direction": ("50 Mbit/s", "{up: 1 Mbit/s, down: 1 Mbit/s, dwn: 1 Mbit/s}", 11, "did you mean 'down'?"),
    "dangling link": ("[edge, cloud], bandwidth: 50", "[edge, clod], bandwidth: 50", 11, "links[1].between[1]: unknown node 'clod'; did you mean 'cloud'?"),
    "glob that matches nothing": ("[camera*, edge]", "[kamera*, edge]", 10, "links[0].between[0]: unknown node 'kamera*'; did you mean 'camera"),
    "link with itself": ("[edge, cloud], bandwidth: 50", "[edge, edge], bandwidth: 50", 11, "links 'edge' with itself"),
    "between one": ("[camera*, edge]", "[camera*]", 10, "links[0].between"),
    "unknown node in a fault": ("node: camera3", "node: camera7", 16, "faults[0].node: unknown node 'camera7'; did you mean 'camera"),
    "fault of a link that is none": ("link: [edge, cloud]", "link: [camera1, cloud]", 17, "faults[1].link: unknown link 'camera1 - cloud'"),
    "fault of nothing": ("node: camera3, ", "", 16, "faults[0]: needs exactly one of 'node', 'link', 'site' and 'partition', found none"),
    "fault that does nothing": (", is: down", "", 16, "one of 'is', 'slow'; found nothing"),
    "slow link": ("bandwidth: 1 Mbit/s", "slow: 4", 17, "a fault of a link says one of 'is', 'bandwidth', 'loss'; found 'slow'"),
    "unknown state": ("is: down", "is: dwon", 16, "faults[0].is: unknown value 'dwon'; did you mean 'down'?"),
    "YAML's own truth": ("is: down", "is: off", 16, "faults[0].is: unknown value False"),
    "up for a while": ("is: down", "is: up", 16, "faults[0].for: 'is: up' ends outages and does not last"),
    "direction of a node": ("is: down", "is: down, direction: up", 16, "only a link has directions"),
    "faster than it is": ("is: down", "slow: 0.5", 16, "faults[0].slow: must be 1 or more"),
    "unreachable cloud": ("  - {between: [edge, cloud], bandwidth: 50 Mbit/s, latency: 20 ms}\n", "", 8, "nodes.cloud: unreachable"),
    "device off the net": ("[camera*, edge]", "['camera[1..5]', edge]", 6, "no path of links leads from 'camera6' to the edge 'edge'"),
    "link twice": ("[edge, cloud], bandwidth: 50", "[edge, 'c*1'], bandwidth: 50", 11, "links[1]: 'edge' and 'camera1' are linked already, by links[0]"),
    "key twice": ("samples: 10", "samples: 10\nseed: 1\nseed: 2", 5, "seed: 'seed' is given twice (first on line 4)"),
    "node twice": ("  edge: {tier", "  edge: {tier: edge}\n  edge: {tier", 8, "nodes.edge: 'edge' is given twice"),
    "node in a range too": ("  edge: {tier", "  camera2: {tier: device}\n  edge: {tier", 7, "nodes.camera2: 'camera2' is given twice: by 'camera[1..6]' and by 'camera2'"),
    "range backwards": ("[1..6]", "[6..1]", 6, "range [6..1] must run upwards"),
    "range without end": ("[1..6]", "[1..60000000]", 6, "at most 1000 names"),
    "seven cameras": ("[1..6]", "[1..7]", 6, "nodes.camera7: one device too many"),
    "view twice": ("raspberry-pi-4}", "raspberry-pi-4, view: 1}", 6, "nodes.camera2.view: view 1 is already seen by 'camera1'"),
    "view of an edge": ("jetson-orin-nano}", "jetson-orin-nano, view: 1}", 7, "only devices have a view"),
    "view out of range": ("raspberry-pi-4}", "raspberry-pi-4, view: 7}", 6, "view: must be 6 or less, found 7"),
    "two edges": ("  cloud: {tier: cloud,", "  edge2: {tier: edge, speed: 1 FLOP/s}\n  cloud: {tier: cloud,", 5, "exactly one node of tier 'edge', found 2: edge, edge2"),
    "no device": ("  camera[1..6]: {tier: device, preset: raspberry-pi-4}\n", "", 5, "at least one node of tier 'device'"),
    "no nodes": (GOOD[GOOD.index("nodes:"):GOOD.index("links:")], "nodes: {}\n", 5, "needs at least one node of tier 'device'"),
    "neither edge nor cloud": (GOOD[GOOD.index("  edge: {"):GOOD.index("links:")], "", 5, "needs exactly one node of tier 'cloud', found none"),
    "no edge": ("  edge: {tier: edge, preset: jetson-orin-nano}\n", "", 5, "needs exactly one node of tier 'edge', found none (for ddnn, ada-ddnn)"),
    "codec that is none": ("  ddnn: {}", "  ddnn: {codec: 8bit}", 13, "systems.ddnn.codec: unknown codec of ddnn '8bit'; did you mean '1bit'? (allowed: fp32, fp16, int8, 1bit)"),
    "codec a number": ("  ddnn: {}", "  ddnn: {codec: 8}", 13, "systems.ddnn.codec: unknown codec of ddnn 8"),
    "unknown upload": ("{thresholds: calibrated}", "{upload: onrequest}", 14, "systems.ada-ddnn.upload: unknown value 'onrequest'; did you mean 'on_request'?"),
    "unknown substitute": ("  ddnn: {}", "  ddnn: {missing: zeros}", 13, "systems.ddnn.missing: unknown value 'zeros'"),
    "no speed": ("speed: 10 TFLOP/s", "workers: 2", 8, "nodes.cloud: needs a speed"),
    "workers a text": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, workers: '2'", 8, "nodes.cloud.workers: must be a whole number, found '2'"),
    "bad name": ("  edge: {tier", "  my edge: {tier", 7, "'my edge' is no name"),
    "unknown tier": ("tier: cloud", "tier: clouds", 8, "nodes.cloud.tier: unknown value 'clouds'; did you mean 'cloud'?"),
    "unknown node preset": ("jetson-orin-nano", "jetson-orin", 7, "nodes.edge.preset: unknown preset 'jetson-orin'; did you mean 'jetson-orin-nano'?"),
    "part of a preset's name": ("jetson-orin-nano", "orin", 7, "did you mean 'jetson-orin-nano'?"),
    "preset a list": ("jetson-orin-nano", "[a]", 7, "nodes.edge.preset: unknown preset ['a']"),
    "unknown link preset": ("preset: wifi", "preset: wi-fi", 10, "links[0].preset: unknown preset 'wi-fi'; did you mean 'wifi'?"),
    "unknown system": ("  ddnn: {}", "  dnn: {}", 13, "systems.dnn: unknown system 'dnn'; did you mean 'ddnn'?"),
    "unknown system by key": ("  ddnn: {}", "  mine: {system: addnn}", 13, "systems.mine.system: unknown system 'addnn'"),
    "system that would lie in the figures' place": ("  ddnn: {}", "  figures: {system: ddnn}", 13, "systems.figures: 'figures' is taken"),
    "system named like a file": ("  ddnn: {}", "  summary.json: {system: ddnn}", 13, "'summary.json' is no name"),
    "no system": ("  ddnn: {}\n  ada-ddnn: {thresholds: calibrated}", "  {}", 12, "systems: needs at least one system"),
    "unknown data": ("data: plaza", "data: plazza", 2, "data: unknown value 'plazza'; did you mean 'plaza'?"),
    "unknown split": ("data: plaza", "data: plaza\nsplit: tset", 3, "split: unknown value 'tset'; did you mean 'test'?"),
    "threshold for an unknown exit": ("thresholds: calibrated", "thresholds: {edge-1: 0.1, edge-3: 0.1}", 14, "systems.ada-ddnn.thresholds.edge-3: unknown exit 'edge-3'; did you mean 'edge-"),
    "threshold for the last exit": ("thresholds: calibrated", "thresholds: {edge-1: 0.1, edge-2: 0.1, cloud: 1}", 14, "'cloud' is the last exit"),
    "exit without a threshold": ("thresholds: calibrated", "thresholds: {edge-1: 0.1}", 14, "gives no threshold for exit 'edge-2'"),
    "threshold above 1": ("thresholds: calibrated", "thresholds: {edge-1: 0.1, edge-2: 1.1}", 14, "thresholds.edge-2: must be a number from 0 to 1, found 1.1"),
    "misspelt threshold": ("thresholds: calibrated", "thresholds: calibratd", 14, "found 'calibratd'; did you mean 'calibrated'?"),
    "threshold nan": ("thresholds: calibrated", "thresholds: .nan", 14, "found nan"),
    "jitter too large": ("jitter: 10 ms", "jitter: 200 ms", 4, "workload: jitter (200 ms) must be smaller than every (200 ms)"),
    "two workloads": ("every: 200 ms, jitter: 10 ms", "every: 200 ms, poisson: 5 /s", 4, "workload.every: unknown key 'every'"),
    "workload a text": ("{every: 200 ms, jitter: 10 ms}", "200 ms", 4, "workload: must be keys and values, found '200 ms'"),
    "samples and duration": ("samples: 10", "samples: 10\nduration: 5 s", 4, "duration: give either 'samples' or 'duration', not both"),
    "neither samples nor duration": ("samples: 10\n", "", 1, "needs 'samples' (a number) or 'duration' (a time)"),
    "section missing": ("data: plaza\n", "", 1, "data: is missing"),
    "entry a text": ("{tier: cloud, speed: 10 TFLOP/s}", "fast", 8, "nodes.cloud: expected keys and values"),
    "not YAML": ("samples: 10", "samples: [10", 4, "not YAML:"),
    "a tab": ("samples: 10", "\tsamples: 10", 3, "not YAML:"),
    "key that is no text": ("samples: 10", "[1, 2]: 10", 3, "not YAML: a key must be text"),
    "python object": ("samples: 10", "samples: !!python/object:os.system 10", 3, "not YAML:"),
    "anchor inside itself": ("samples: 10", "samples: &a [*a]", 3, "not YAML: nested without end"),
}  # fmt: skip


def complaint(path: Path, *overrides: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path, overrides)
    return str(caught.value)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_the_scenario_that_the_cases_break_is_good(file):
    assert len(load_scenario(file).nodes) == 8


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_named_with_file_line_key_and_a_way_out(case, file):
    old, new, line, says = CASES[case]
    assert GOOD.count(old) == 1
    file.write_text(GOOD.replace(old, new), encoding="utf-8")
    message = complaint(file)
    hit = [text for text in message.splitlines() if says in text]
    assert hit, message
    assert hit[0].startswith(f"{file}:{line}: "), message


def test_the_message_has_exactly_the_documented_form(file):
    file.write_text(GOOD.replace("50 Mbit/s", "10 MHz"), encoding="utf-8")
    assert complaint(file).startswith(
        f"{file}:11: links[1].bandwidth: '10 MHz' is no bandwidth; write e.g. '10 Mbit/s'"
    )


def test_several_mistakes_are_reported_together_in_the_order_of_the_file(file):
    text = GOOD.replace("samples: 10", "samples: 0").replace("20 ms", "20").replace("camera3", "camera9")
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file)
    assert [(problem.line, problem.key) for problem in caught.value.problems] == [
        (3, "samples"), (11, "links[1].latency"), (16, "faults[0].node"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        ("# nothing\n", "is empty"),
        ("- a\n- b\n", "is a mapping of keys (name: …, nodes: …), not a list"),
        ("hello\n", "not 'hello'"),
        ("a: 1\n---\nb: 2\n", "not YAML"),
        (b"\xff\xfe\x00", "it is not UTF-8 text"),
        ("a: \x07", "not YAML"),
    ],
)
def test_a_file_that_holds_no_scenario_says_so(file, content, says):
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    message = complaint(file)
    assert message.startswith(str(file))
    assert says in message


def test_a_missing_file_names_the_scenarios_beside_it(file):
    assert (
        complaint(file.with_name("y.yaml")) == f"{file.with_name('y.yaml')}: no such file; {file.parent} holds x.yaml"
    )
    assert complaint(Path("no/such/folder/y.yaml")).endswith("y.yaml: no such file")


def test_a_directory_is_not_a_scenario(tmp_path):
    assert "is a directory" in complaint(tmp_path)


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("nodes.camra3.speed=1 GFLOP/s", "in nodes: unknown key 'camra3'; did you mean 'camera3'?"),
        ("nods.camera3.speed=1 GFLOP/s", "unknown key 'nods'; did you mean 'nodes'?"),
        ("nodes.cam?.speed=1 GFLOP/s", "in nodes: unknown key 'cam?'"),
        ("links.2.bandwidth=1 Mbit/s", "in links: no entry '2': it has 2, counted from 0"),
        ("faults.x.at=1 s", "in faults: no entry 'x'"),
        ("name.x=1", "name is 'good' and has no keys"),
        ("nodes.edge.sped=1 GFLOP/s", "nodes.edge.sped: unknown key 'sped'; did you mean 'speed'?"),
        ("links.1.bandwidth=10 MHz", "links[1].bandwidth: '10 MHz' is no bandwidth"),
        ("nodes.camera*.workers=0", "nodes.camera1.workers: must be 1 or more, found 0"),
        ("systems.ddnn.thresholds={edge-9: 1}", "unknown exit 'edge-9'"),
        ("nodes={1: {}}", "'1' is no name"),
        ("nodes.edge={speed: 1, speed: 2}", "'speed' is given twice"),
        ("seed", "write KEY=VALUE"),
        ("nodes..x=1", "write KEY=VALUE"),
        ("seed=[", "not YAML"),
    ],
)
def test_a_bad_override_is_named_as_it_was_written(file, override, says):
    message = complaint(file, override)
    assert message.startswith(f"--set {override}: "), message
    assert says in message


def test_a_bad_samples_option_is_named_as_it_was_written(file):
    with pytest.raises(ScenarioError, match=r"^--samples 0: samples: must be 1 or more, found 0$"):
        load_scenario(file, samples=0)


def places(value: object, path: tuple = ()) -> list[tuple]:
    """Every key and list position inside `value`."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in inner for place in [(*path, key), *places(item, (*path, key))]]


NONSENSE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "x", "1 ms", "*", "edge", "a[1..2]"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "tier", "up", "at"]), inner),
    max_leaves=5,
)


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_nonsense_anywhere_is_a_scenario_error_and_never_another_exception(tmp_path_factory, data):
    """Any value of the good file replaced by anything: it loads or it says what is wrong with file and place."""
    content = yaml.safe_load(GOOD)
    *parents, last = data.draw(st.sampled_from(places(content)))
    holder = content
    for key in parents:
        holder = holder[key]
    holder[last] = data.draw(NONSENSE)
    path = tmp_path_factory.mktemp("nonsense") / "x.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    try:
        load_scenario(path)
    except ScenarioError as error:
        assert error.problems
        assert all(problem.file == str(path) and problem.line for problem in error.problems)


@pytest.mark.parametrize("text", ["[" * 200_000, "a: " + "[" * 500 + "]" * 500, "{a: " * 200 + "}" * 200])
def test_bottomless_nesting_is_refused(file, text):
    file.write_text(text, encoding="utf-8")
    assert "not YAML" in complaint(file)


def test_a_small_file_that_unfolds_into_millions_of_values_is_refused(file):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    file.write_text("\n".join(lines), encoding="utf-8")
    assert "nested without end" in complaint(file)
