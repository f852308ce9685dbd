"""Figures of faults: windows worked out by hand, what stands in a figure, and one message for what is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fake_run import write_fake
from matplotlib.figure import Figure
from matplotlib.text import Text
from paths import ROOT

import simnet as public
from simnet.analysis.stories.effects import draw_effects
from simnet.analysis.stories.figure import draw_faults
from simnet.analysis.stories.record import Record, record_of, without_each
from simnet.analysis.stories.scenes import ENOUGH, scene_of, selected
from simnet.analysis.stories.windows import Windows
from simnet.results.run import Results, RunError, read_run
from simnet.statistics.proportions import wilson

SMALL = """
data: plaza
samples: 120
workload: {every: 100 ms}
nodes:
  camera[1..6]: {tier: device, preset: raspberry-pi-4}
  edge: {tier: edge, preset: jetson-orin-nano}
  cloud: {tier: cloud, speed: 10 TFLOP/s}
links:
  - {between: [camera*, edge], preset: wifi}
  - {between: [edge, cloud], preset: wan}
systems: {ddnn: {wait: 80 ms, cloud_limit: 300 ms}, ada-ddnn: {wait: 80 ms}}
faults:
  - {at: 4 s, for: 4 s, node: camera*, is: down, name: all}
  - {at: 9 s, for: 1 s, node: camera1, is: down, name: first camera}
  - {at: 100 s, node: camera1, is: down, name: late}
"""
MANY = [{"at": f"{n} s", "for": "500 ms", "node": f"camera{n % 6 + 1}", "is": "down"} for n in range(1, 13)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("stories") / "run"
    public.run(public.load(SMALL), out=place)
    return place


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def record() -> Record:
    """Two samples in the first second, one of them unanswered, and four in the third."""
    return Record(
        captured=np.array([0.0, 0.5, 2.0, 2.2, 2.4, 2.6]),
        correct=np.array([True, False, True, True, False, True]),
        exit=np.array(["edge", None, "cloud", "edge", "cloud", "cloud"], object),
        latency=np.array([0.1, np.nan, 0.3, 0.1, 0.4, 0.2]),
        bytes=np.array([100.0, 0.0, 10.0, 20.0, 30.0, 40.0]),
    )


def test_windows_by_hand() -> None:
    found = Windows(record(), np.array([0.0, 1.0, 2.0, 3.0]))
    assert found.captured.tolist() == [2, 0, 4]
    right = found.right()
    assert right.value.tolist()[::2] == [0.5, 0.75] and np.isnan(right.value[1])  # who has no answer is not right
    assert (right.low[2], right.high[2]) == pytest.approx(wilson(3, 4))
    assert found.exit("cloud").value.tolist()[::2] == [0.0, 0.75]
    middle = found.latency(0.5)
    assert middle.value.tolist()[::2] == pytest.approx([0.1, 0.25])
    assert (middle.low[2], middle.high[2]) == (-np.inf, np.inf)  # of four values the median has no limits
    sizes = found.bytes()
    assert sizes.value.tolist()[::2] == [50.0, 25.0]
    # deviations −15, −5, 5, 15: s² = 500/3; t of 95 % and 3 degrees is 3.182: 3.182 · √(500/12) = 20.5
    assert sizes.high[2] - 25.0 == pytest.approx(20.54, abs=0.01)


def test_a_median_of_many_has_its_order_statistics() -> None:
    n = 10
    values = np.arange(1.0, n + 1)
    one = Record(np.zeros(n), np.ones(n, bool), np.full(n, "edge", object), values, values)
    middle = Windows(one, np.array([0.0, 1.0])).latency(0.5)
    assert (middle.low[0], middle.value[0], middle.high[0]) == (2.0, 5.5, 9.0)


def test_windows_begin_and_end_with_the_fault(tmp_path: Path) -> None:
    """1,000 samples 0.1 s apart: 40 take 4 s; a fault of 9 s has two windows of 4.5 s, and as long before and after."""
    write_fake(tmp_path / "run", 1000, [{"at": "40 s", "for": "9 s", "node": "camera3", "is": "down"}])
    run = read_run(tmp_path / "run")
    scene = scene_of(run, "camera3 down", record_of(run, "ddnn").captured, 0.0)
    assert ENOUGH == 40
    assert scene.spells == ((40.0, 49.0),) and scene.others == ()
    inside = scene.edges[(scene.edges >= 39.9) & (scene.edges <= 49.1)]
    assert inside == pytest.approx([40.0, 44.5, 49.0])
    assert scene.edges[0] <= 40 - 4 * 4 and scene.edges[-1] >= 49 + 4 * 4
    assert np.diff(scene.edges) == pytest.approx(4.5)


def test_the_same_without_the_fault(folder: Path) -> None:
    """Without the outage of all cameras every sample has its answer; with it none that was captured meanwhile."""
    run = read_run(folder)
    for system in run.systems:
        real = record_of(run, system)
        other = without_each(run, system, real)
        assert set(other) == {"all", "first camera"}  # the late one never struck
        hit = (real.captured >= 4.0) & (real.captured < 7.9)
        assert not real.correct[hit].any() and np.isnan(real.latency[hit]).all()
        assert np.isfinite(other["all"].latency[hit]).all()
        untouched = real.captured > 10.5
        assert untouched.any() and (other["all"].latency[untouched] == real.latency[untouched]).all()
        told = run.summary["systems"][system]["faults"]["all"]["during"]
        touched = np.flatnonzero(other["all"].correct & ~real.correct)
        assert told["without"]["right"] - told["right"] == len(touched)


def test_what_stands_in_the_figures(folder: Path) -> None:
    run = read_run(folder)
    text = words(draw_faults(run))
    for name in ("all", "first camera"):
        assert sum(line.split("\n")[0] == name for line in text) == 1  # named once
    assert {"ddnn", "ada-ddnn", "without the fault", "another fault"} <= set(text)
    assert {"right, %", "latency, ms", "kB per sample", "captured at, s"} <= set(text)
    assert "late" not in " ".join(line for line in text if line != "latency, ms")
    only = words(draw_faults(run, ["all"], ["ada-ddnn"]))
    assert "ddnn" not in only and not any("first camera" in line for line in only)
    effects = words(draw_effects(run))
    assert {"all", "first camera", "right answers, points", "latency, ms", "recovers after, s"} <= set(effects)
    assert "late" not in effects


def test_of_twelve_faults_three_are_told_and_nine_are_named_below(tmp_path: Path) -> None:
    write_fake(tmp_path / "run", 200, MANY, ("ddnn",))
    run = read_run(tmp_path / "run")
    shown, left = selected(run, (), 3)
    assert len(shown) == 3 and len(left) == 3  # six cameras: a fault is all that has its name
    assert any(line.startswith("3 more faults (--faults NAMES): ") for line in words(draw_faults(run)))
    assert not any("more faults" in line for line in words(draw_effects(run)))
    assert any("not known without the fault" in line for line in words(draw_faults(run)))  # of a run that kept nothing


def test_nothing_to_be_seen_is_said_in_the_figure(tmp_path: Path) -> None:
    write_fake(tmp_path / "none", 0, MANY, ("ddnn",))
    assert "no sample was captured here" in words(draw_faults(read_run(tmp_path / "none")))
    write_fake(tmp_path / "dropped", 60, MANY, ("ddnn",), all_dropped=True)
    assert "no sample was answered here" in words(draw_faults(read_run(tmp_path / "dropped")))


def test_what_is_wrong_is_one_message(folder: Path, tmp_path: Path, simnet) -> None:
    write_fake(tmp_path / "calm", 20, [])
    for arguments, told in (
        ([tmp_path / "calm"], "calm: a run without faults"),
        ([folder, "--faults", "al"], "unknown fault 'al'; did you mean 'all'?"),
        ([folder, "--faults", "late"], "unknown fault 'late'"),
        ([folder, "--systems", "ddn"], "unknown system 'ddn'; did you mean 'ddnn'?"),
        ([folder, "--samples", 3], "--what faults takes --faults"),
        ([tmp_path / "nowhere"], "no such run folder"),
    ):
        status, out, err = simnet("plot", arguments[0], "--what", "faults", *arguments[1:])
        assert status == 2 and out == "" and told in err and len(err.splitlines()) == 1, err
    status, _, err = simnet("plot", folder, "--faults", "all")
    assert status == 2 and "--faults is of --what faults" in err
    run = public.load_run(folder)
    with pytest.raises(RunError, match="the figure 'exits' takes no faults"):
        run.figure("exits", faults=["all"])
    with pytest.raises(RunError, match="takes faults and systems"):
        run.figure("faults", first=3)
    assert isinstance(run.figure("fault_effects", faults=["a*"]), Figure)


def test_neither_torch_nor_engine_nor_data_are_needed(folder: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from simnet.analysis.figures import draw_fault_figures\n"
        "from simnet.results.run import read_run\n"
        f"drawn = draw_fault_figures(read_run(Path({str(folder)!r})), Path({str(tmp_path)!r}), ending='svg')\n"
        "print(len(drawn.files), drawn.problems, {'torch', 'simpy', 'simnet.world.run'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "2 [] set()"


def test_a_run_of_a_former_version_is_told_without_it(folder: Path) -> None:
    run: Results = read_run(folder)
    former = {
        name: {"samples.parquet": run.samples(name), "incidents.parquet": run.incidents(name)} for name in run.systems
    }
    old = Results(None, run.summary, run.manifest, run.scenario, run.scenario_yaml, former)
    assert any("not known without the fault: all, first camera" in line for line in words(draw_faults(old)))
