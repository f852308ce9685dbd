"""The public API: what `import simnet` costs and gives, and that it does what the command line does."""

from __future__ import annotations

import ast
import contextlib
import importlib
import io
import json
import pickle
import pkgutil
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from fake_run import write_fake
from paths import ROOT, SCENARIOS
from small import SCENARIO

import simnet as package
from simnet.language.errors import Problem
from simnet.scenario.files import beside

HEAVY = ("torch", "numpy", "pyarrow", "networkx", "simpy", "pydantic", "yaml", "matplotlib")


@pytest.fixture
def text(random_weights: Callable[..., Path]) -> str:
    return SCENARIO.replace("DDNN", str(random_weights("ddnn"))).replace("ADA", str(random_weights("ada-ddnn")))


@pytest.fixture
def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def results(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


# what there is, and what it costs


def test_the_import_loads_nothing() -> None:
    """Which is why it takes milliseconds."""
    code = "import sys; before = set(sys.modules); import simnet; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = done.stdout.split()
    assert not {name.partition(".")[0] for name in loaded} & set(HEAVY)
    assert {name for name in loaded if name.startswith("simnet")} == {"simnet"}


def test_all_public_names_are_there_and_type_checkers_know_them() -> None:
    for name in package.__all__:
        assert getattr(package, name) is not None
        assert name in dir(package)
    (block,) = (
        node for node in ast.parse((ROOT / "simnet" / "__init__.py").read_text()).body if isinstance(node, ast.If)
    )
    told = {}
    for line in block.body:
        assert isinstance(line, ast.ImportFrom)
        told.update({alias.asname: f"{line.module}.{alias.name}" for alias in line.names})
    assert set(told) == set(package.__all__)
    for name, place in told.items():
        module, _, attribute = place.rpartition(".")
        assert getattr(importlib.import_module(module), attribute) is getattr(package, name)
    with pytest.raises(AttributeError, match="nonesuch"):
        package.nonesuch  # noqa: B018


def modules() -> Iterator[Any]:
    """All modules of the package but those that start something, or need what is not installed."""
    for found in pkgutil.walk_packages(package.__path__, "simnet."):
        if found.name.rpartition(".")[2] in ("__main__", "simgrid_peer", "tcp_peer"):
            continue
        try:
            yield importlib.import_module(found.name)
        except ModuleNotFoundError as missing:
            if (missing.name or "").startswith("simnet"):
                raise


def test_every_error_survives_pickling() -> None:
    kinds = {
        value
        for module in modules()
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, BaseException) and value.__module__.startswith("simnet")
    }
    assert {"ScenarioError", "RunError", "PluginError", "DataError", "WeightsError", "DeviceError"} <= {
        kind.__name__ for kind in kinds
    }
    problems = [Problem("a.yaml", 3, "nodes.edge", "is no good"), Problem("a.yaml", None, "", "neither")]
    for kind in kinds:
        error = kind(problems if kind.__name__ == "ScenarioError" else "what is wrong")
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is kind and str(again) == str(error) and vars(again) == vars(error)


# loading and changing


def test_a_file_a_text_and_a_mapping_are_the_same_scenario(text: str, in_tmp: Path) -> None:
    (in_tmp / "scenario.yaml").write_text(text, encoding="utf-8")
    content = yaml.safe_load(text)
    loaded = package.load("scenario.yaml")
    assert loaded == package.load(Path("scenario.yaml")) == package.load(text) == package.load(content)
    assert loaded.name == "scenario"
    assert content == yaml.safe_load(text)  # not changed


def test_a_mapping_may_have_what_python_has(text: str, tmp_path: Path) -> None:
    content = yaml.safe_load(text)
    content["samples"] = np.int64(12)
    content["links"][0]["between"] = ("camera*", "edge")
    content["systems"]["ddnn"]["weights"] = Path(content["systems"]["ddnn"]["weights"])
    content["nodes"]["edge"]["batch"] = {"size": 2, "efficiency": {1: 1, 2: np.float64(1.5)}}
    loaded = package.load(content)
    assert loaded.samples == 12 and loaded.nodes["edge"].batch is not None
    assert loaded.nodes["edge"].batch.efficiency == {1: 1.0, 2: 1.5}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: c["nodes"]["edge"].update(wokers=1), "scenario: nodes.edge.wokers: unknown key 'wokers'"),
        (lambda c: c.update(samples={1, 2}), "scenario: samples: must be text, a number"),
        (lambda c: c["nodes"].update({True: {}}), "scenario: nodes: a key must be text, found True"),
        (lambda c: c["nodes"]["edge"].update({1: 1, "1": 2}), "scenario: nodes.edge: '1' is given twice"),
        (lambda c: c.update(nodes=c), "scenario: nodes: nested without end"),
        (lambda c: c.clear(), "scenario: "),
    ],
)
def test_a_mistake_in_a_mapping_names_the_key(text: str, change: Callable[[dict], object], says: str) -> None:
    content = yaml.safe_load(text)
    change(content)
    with pytest.raises(package.ScenarioError) as caught:
        package.load(content)
    assert str(caught.value).startswith(says)


def test_a_mistake_in_a_text_has_its_line(text: str) -> None:
    with pytest.raises(package.ScenarioError, match=r"^scenario:6: nodes\.edge\.wokers: unknown key"):
        package.load(text.replace("{tier: edge,", "{tier: edge, wokers: 2,"))
    with pytest.raises(package.ScenarioError, match=r"^nowhere\.yaml: no such file"):
        package.load("nowhere.yaml")


@pytest.mark.parametrize("file", sorted(SCENARIOS.glob("*.yaml")), ids=lambda file: file.stem)
def test_a_copy_without_a_change_is_equal_and_changes_are_those_of_loading(file: Path) -> None:
    scenario = package.load(file)
    assert scenario.with_() == scenario
    assert pickle.loads(pickle.dumps(scenario)).with_() == scenario
    overrides = ["nodes.*.overhead=3 ms", {"workload.deadline": "2 s", "description": "changed"}]
    changed = package.load(file, overrides, samples=7, seed=9)
    assert changed != scenario
    assert scenario.with_(*overrides, samples=7, seed=9) == changed
    assert scenario.with_(overrides[0], samples=7).with_(overrides[1], seed=9) == changed
    assert scenario == package.load(file)


def test_changes_act_on_what_the_file_says(text: str) -> None:
    """A preset can be changed; `samples` drops `duration`; a single override need not stand in a list."""
    scenario = package.load(text)
    other = scenario.with_({"nodes.edge.preset": "jetson-nano"})
    assert (
        other.nodes["edge"].speed == package.load(text.replace("jetson-orin-nano", "jetson-nano")).nodes["edge"].speed
    )
    lasting = package.load(text, "duration=3 s")
    assert (lasting.samples, lasting.duration) == (None, 3.0)
    again = lasting.with_(samples=5)
    assert (again.samples, again.duration) == (5, None)
    assert package.load(text, {"nodes.camera[1..2].workers": 3}).nodes["camera2"].workers == 3


def test_what_was_changed_in_python_is_not_lost(text: str) -> None:
    made = package.load(text).model_copy(update={"seed": 5})
    assert made.with_(samples=3).seed == 5
    nodes = dict(made.nodes)
    made.nodes["edge"] = nodes["edge"].model_copy(update={"workers": 7})
    assert made.with_("nodes.cloud.workers=2").nodes["edge"].workers == 7


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("nodes.edge.workers=0", "override nodes.edge.workers=0: nodes.edge.workers: must be 1 or more, found 0"),
        ({"nodes.edge.workers": 0}, "override nodes.edge.workers=0: nodes.edge.workers: must be 1 or more, found 0"),
        (
            {"nodes.edgy.workers": 1},
            "override nodes.edgy.workers=1: in nodes: unknown key 'edgy'; did you mean 'edge'?",
        ),
        ("nodes.edge.workers", "override nodes.edge.workers: write KEY=VALUE with a dotted key"),
        ({"nodes..workers": 1}, "override nodes..workers=1: write KEY=VALUE with a dotted key"),
        ({"samples": object}, "override samples=<class 'object'>: must be text, a number"),
        (4, "override 4: is no override; write KEY=VALUE"),
    ],
)
def test_a_bad_override_is_named(text: str, override: Any, says: str) -> None:
    scenario = package.load(text)
    with pytest.raises(package.ScenarioError) as caught:
        scenario.with_(override)
    assert str(caught.value).startswith(says) and "--set" not in str(caught.value)
    with pytest.raises(package.ScenarioError, match=r"^samples=0: samples: must be 1 or more"):
        scenario.with_(samples=0)


def test_files_are_seen_from_the_scenario_s_folder_wherever_one_is(
    text: str, in_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by copies, after the current directory has changed; of a text from where it was loaded."""
    (in_tmp / "deep").mkdir()
    (in_tmp / "deep" / "up.csv").write_text("time_s,bandwidth_Mbit/s\n0,10\n5,1\n")
    traced = text.replace(
        "{between: [edge, cloud], preset: wan}", "{between: [edge, cloud], latency: 1 ms, trace: up.csv}"
    )
    (in_tmp / "deep" / "x.yaml").write_text(traced, encoding="utf-8")
    scenario = package.load("deep/x.yaml")
    monkeypatch.chdir(in_tmp / "deep")
    other = package.load(traced)
    monkeypatch.chdir("/")
    assert scenario.with_(samples=3).links == scenario.links == other.with_(samples=3).links
    for one in (scenario, scenario.with_(samples=3), other):
        assert beside(one, "up.csv") == in_tmp / "deep" / "up.csv"
    assert beside(scenario, "/else/where") == Path("/else/where")


# running


def test_a_run_in_memory_writes_nothing_and_has_what_the_command_line_writes(text: str, in_tmp: Path, simnet) -> None:
    (in_tmp / "small.yaml").write_text(text, encoding="utf-8")
    before = {*in_tmp.iterdir()}
    run = package.run("small.yaml")
    assert {*in_tmp.iterdir()} == before and run.path is None
    assert simnet("run", "small.yaml", "--out", "cli", "--no-figures", "--no-report", "--quiet") == (0, "", "")
    assert run.save("saved") == Path("saved")
    read = package.load_run("saved")
    assert read.save(in_tmp / "again") == in_tmp / "again"
    written = {name: results(in_tmp / name) for name in ("cli", "saved", "again")}
    for files in written.values():
        files.pop("manifest.json")
    assert written["cli"] == written["saved"] == written["again"]
    for name in run.systems:
        for table in (package.Run.samples, package.Run.spans, package.Run.incidents):
            assert table(run, name).equals(table(read, name))
    assert (run.summary, run.scenario, run.notes) == (read.summary, read.scenario, read.notes)
    assert run.manifest == {key: value for key, value in read.manifest.items() if key not in ("files", "sha256")}
    assert repr(run) == "<Run 'small': 40 samples, ddnn, ada-ddnn; in memory>"
    assert repr(read) == "<Run 'small': 40 samples, ddnn, ada-ddnn; in saved>"
    assert package.load(read.scenario) == package.load("small.yaml")


def test_a_run_with_out_is_the_folder_of_the_command_line(text: str, in_tmp: Path) -> None:
    made = package.run(text, out="here", forced=True, figures=True, command=["me"])
    assert made.path == Path("here") and (in_tmp / "here" / "figures" / "timeline.png").is_file()
    assert made.manifest["command"] == ["me"] == json.loads((in_tmp / "here" / "manifest.json").read_text())["command"]
    exits = package.load_run("here").summary["systems"]["ddnn"]["exits"].values()
    assert all(0 <= numbers["forced_accuracy"] <= 1 for numbers in exits)
    (in_tmp / "thesis").mkdir()
    (in_tmp / "thesis" / "chapter.tex").write_text("years of work")
    with pytest.raises(package.RunError, match="thesis"):
        package.run(text, out="thesis")
    with pytest.raises(package.RunError, match="thesis"):
        made.save("thesis")


class Told(package.Progress):
    def __init__(self) -> None:
        self.ends: dict[str, tuple[float, float]] = {}
        self.answers: dict[str, list[tuple[int, int]]] = {}
        self.made: list[tuple[int, int]] = []
        self.words: list[str] = []

    def begun(self, what: str) -> None:
        self.words.append(what)

    def rendered(self, data: str, samples: int, most: int) -> None:
        self.made.append((samples, most))

    def evaluated(self, system: str, answers: int, most: int) -> None:
        self.answers.setdefault(system, []).append((answers, most))

    def simulated(self, system: str, time: float, end: float) -> None:
        self.ends[system] = time, end


@pytest.mark.parametrize("progress", [None, False, True])
def test_a_run_is_quiet(text: str, progress: bool | None, capfd: pytest.CaptureFixture[str]) -> None:
    """Progress, where it is asked for, is bars on terminals and else a line for each system, on stderr."""
    package.run(text, progress=progress)
    printed = capfd.readouterr()
    begun = [line.partition(": simulating ")[0] for line in printed.err.splitlines()]
    assert printed.out == "" and begun == (["ddnn", "ada-ddnn"] if progress else [])


def test_a_notebook_shows_a_run_as_tables(text: str) -> None:
    """The systems, and what differs between them."""
    run = package.run(text)
    shown = run._repr_html_()
    assert shown.count("<table") == shown.count("</table>") == 2
    assert f"{100 * run.summary['systems']['ddnn']['accuracy']:.1f} %" in shown and "ada-ddnn vs ddnn" in shown


@pytest.fixture
def nothing_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answers of earlier runs."""
    monkeypatch.setenv("SIMNET_CACHE", str(tmp_path / "cache"))


@pytest.mark.usefixtures("nothing_known")
def test_progress_is_told_to_who_wants_to_hear(text: str) -> None:
    told = Told()
    package.run(text, progress=told)
    assert set(told.ends) == {"ddnn", "ada-ddnn"} and all(time == end for time, end in told.ends.values())
    assert "loading the network of ddnn" in told.words and "playing ddnn without each fault" in told.words
    for answers in told.answers.values():
        assert all(done <= most for done, most in answers)
        mosts = [most for _, most in answers]
        assert mosts == sorted(mosts, reverse=True), "who has left asks no more"


@pytest.mark.usefixtures("nothing_known")
@pytest.mark.parametrize(("threshold", "most"), [(1, [40]), (0, [80, 80])])
def test_the_answers_that_can_still_be_asked_for_are_known(text: str, threshold: float, most: list[int]) -> None:
    """40 samples and two exits: all leave at the first, or all ask both."""
    told = Told()
    scenario = package.load(text).with_(f"systems.ddnn.thresholds={threshold}", "faults=[]")
    package.run(scenario, progress=told)
    assert told.answers["ddnn"] == [(40 * number, each) for number, each in enumerate(most, start=1)]


def test_what_a_data_set_renders_is_told(tmp_path: Path) -> None:
    """The second block of 250 is on disk; of the first all is made, 50 at a time, of the third only what is asked."""
    from simnet.models.data.plaza.plaza import Plaza

    Plaza("test", 500, tmp_path).pixels(np.arange(250, 500))
    data, told = Plaza("test", 750, tmp_path), list[tuple[int, int]]()
    data.expect(np.arange(530), lambda *numbers: told.append(numbers))
    data.pixels(np.arange(530))
    assert told == [(50, 280), (100, 280), (150, 280), (200, 280), (250, 280), (280, 280)]


def test_wrong_arguments_are_refused_before_anything_runs(text: str) -> None:
    with pytest.raises(ValueError, match="batch"):
        package.run(text, batch=0)
    with pytest.raises(ValueError, match="out"):
        package.run(text, figures=True)
    with pytest.raises(package.DeviceError, match="tpu"):
        package.run(text, device="tpu")
    with pytest.raises(package.RunError, match="no such run folder"):
        package.load_run("nowhere")


def test_figures_of_a_run_in_memory_and_of_its_folder(text: str, tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    run = package.run(text)
    run.save(tmp_path / "run")
    for one in (run, package.load_run(tmp_path / "run")):
        for kind in ("timeline", "exits", "latency"):
            figure = one.figure(kind)
            assert isinstance(figure, Figure)
            figure.savefig(tmp_path / f"{kind}.png")
        headings = [found.get_text() for found in one.figure("timeline", first=3, samples=4).texts]
        assert any("samples 3 to 6" in heading for heading in headings)
        with pytest.raises(package.RunError, match="unknown figure 'timline'; did you mean 'timeline'"):
            one.figure("timline")
        with pytest.raises(package.RunError, match="only 'timeline' takes samples, systems and nodes"):
            one.figure("latency", first=3)
        with pytest.raises(package.RunError, match="no samples 40 to"):
            one.figure("timeline", first=40)
        with pytest.raises(
            package.RunError, match=r"no system 'dnn'; this run has ddnn, ada-ddnn; did you mean 'ddnn'"
        ):
            one.samples("dnn")


def test_a_run_without_faults_has_no_incidents(tmp_path: Path) -> None:
    write_fake(tmp_path / "run", samples=20, faults=[])
    assert package.load_run(str(tmp_path / "run")).incidents("ddnn") is None


def test_check_gives_notes_and_refuses_weights_that_do_not_fit(text: str) -> None:
    assert package.check(text) == []
    (note,) = package.check(package.load(text, "systems.ddnn.codec=int8"))
    assert "int8" in note
    with pytest.raises(package.ScenarioError, match=r"scenario:12: systems\.ddnn\.weights: .*nonesuch"):
        package.check(re.sub(r"(ddnn: .*weights: )[^}]*", r"\1nonesuch", text, count=1))
    run = package.run(text, batch=7)
    assert any(note.startswith("computing times do not vary (no 'jitter')") for note in run.notes)
    assert not any("trained" in note for note in run.notes)


# the page


def test_the_page_s_blocks_run_and_print_what_it_says(in_tmp: Path) -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(python|text)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert len(blocks) > 10
    names: dict[str, Any] = {"__name__": "page"}
    printed = ""
    for kind, block in blocks:
        if kind == "text":
            assert printed == block
            continue
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(block, "docs/api.md", "exec"), names)
        printed = out.getvalue()
