"""The report without a browser: what it holds, what it leaves alone, and that its packed columns are the tables."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import shutil
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_run import write_fake
from hostile import ENDS, SCRIPT, hostile_run
from paths import SCENARIOS
from PIL import Image
from typer.testing import CliRunner

import simnet
from simnet.analysis.faults import faults_of
from simnet.analysis.style import exit_ranks
from simnet.cli.app import app
from simnet.models.data import open_dataset
from simnet.report.charts import linear, logarithmic
from simnet.report.html import data, tag, text
from simnet.report.opinions import opinions
from simnet.report.packed import pack
from simnet.report.report import report, write_report
from simnet.report.timeline import timeline
from simnet.report.views import seen, telling
from simnet.report.words import sentence
from simnet.results.run import Results, RunError, read_run
from simnet.testbed.calibrate import keep


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "six"
    write_fake(folder, samples=150)
    return folder


@pytest.fixture
def run(folder: Path) -> Results:
    return read_run(folder)


def unpacked(packed: dict[str, Any]) -> dict[str, np.ndarray]:
    """As `assets/unpack.js` reads it."""
    content, at, found = zlib.decompress(base64.b64decode(packed["data"])), 0, {}
    for name, kind in packed["columns"]:
        width, rows = int(kind[1]), packed["rows"]
        planes = np.frombuffer(content, np.uint8, rows * width, at).reshape(width, rows)
        found[name] = np.frombuffer(planes.T.tobytes(), f"<{kind}")
        at += rows * width
    assert at == len(content)
    return found


def test_packed_columns_come_back() -> None:
    columns = {
        "small": np.array([0, 255, 3]),
        "middle": np.array([0, 256, 65_535]),
        "large": np.array([0, 1, 2**32 - 1]),
        "signed": np.array([-1, 0, 2**31 - 1]),
        "float": np.array([0.5, np.nan, -2.0]),
    }
    packed = pack(columns)
    assert [kind for _, kind in packed["columns"]] == ["u1", "u2", "u4", "i4", "f4"]
    for name, values in unpacked(packed).items():
        np.testing.assert_array_equal(values, columns[name].astype(values.dtype))
    with pytest.raises(ValueError, match="no four bytes hold numbers from 0 to 4294967296"):
        pack({"large": np.array([0, 2**32])})


def test_the_timeline_holds_every_span_of_the_tables(run: Results) -> None:
    drawn = timeline(run, faults_of(run), exit_ranks([one["exits"] for one in run.summary["systems"].values()]))
    assert drawn["shown"] == drawn["total"] == 150
    for one in drawn["systems"]:
        spans, samples, tick = unpacked(one["spans"]), unpacked(one["samples"]), one["tick"]
        captured = np.cumsum(samples["captured"].astype(np.int64)) * tick
        number = np.cumsum(spans["sample"].astype(np.int64)) - 1
        queued = captured[number] + spans["delay"] * tick
        started = queued + spans["wait"] * tick
        ended = started + spans["work"] * tick
        places = np.array(drawn["places"])[spans["place"]]
        words = np.array(one["words"]["status"])[spans["status"]]
        found = sorted(zip(number.tolist(), places.tolist(), spans["bytes"].tolist(), words.tolist(), strict=True))
        rows = run.spans(one["name"]).to_pylist()
        assert found == sorted((row["sample"], row["place"], row["bytes"], row["status"]) for row in rows)
        table = sorted((row["queued_at"], row["started_at"], row["ended_at"]) for row in rows)
        np.testing.assert_allclose(sorted(zip(queued, started, ended, strict=True)), table, atol=4 * tick + 150 * tick)
        answered = run.samples(one["name"]).to_pylist()
        exits = [row["exit"] for row in answered]
        assert [None if not at else one["exits"][at - 1] for at in samples["exit"].tolist()] == exits
        assert (samples["right"] == 2).tolist() == [row["correct"] is True for row in answered]
        assert (samples["prediction"].astype(int) - 1).tolist() == [row["prediction"] for row in answered]


def test_what_does_not_fit_on_a_page_is_the_samples_that_come_last(run: Results) -> None:
    counts = np.zeros(150, int)
    for name in run.systems:
        counts += np.bincount(run.spans(name).column("sample").to_numpy(), minlength=150)
    most = int(counts[:40].sum())
    drawn = timeline(run, [], {"edge-1": 2, "edge": 1, "edge-2": 1, "cloud": 0}, most)
    assert drawn["shown"] == 40
    assert sum(one["spans"]["rows"] for one in drawn["systems"]) == most


class Reader(HTMLParser):
    """Elements, attributes and the content of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.code: dict[str, list[str]] = {"script": [], "style": []}
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] in self.code and self.cdata_elem:
            self.code[self.elements[-1][0]].append(data)
        else:
            self.words.append(data)


def test_the_page_asks_nobody_and_runs_only_its_own_script(run: Results) -> None:
    page = report([run])
    assert not re.search(r"https?://(?!www\.w3\.org/(2000/svg|1999/xhtml)')", page)
    read = Reader(page)
    for name, attributes in read.elements:
        assert not {"src", "srcset", "action", "style"} & set(attributes), (name, attributes)
        assert not [key for key in attributes if key.startswith("on")]
        assert attributes.get("href", "#").startswith("#"), "links lead within the page"
    policy = next(attributes["content"] for name, attributes in read.elements if attributes.get("http-equiv"))
    for kind in ("script", "style"):
        code = read.code[kind][-1 if kind == "script" else 0]
        digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in str(policy)
    assert str(policy).startswith("default-src 'none';")


def test_every_link_leads_to_an_element_and_every_name_is_given_once(run: Results) -> None:
    read = Reader(report([run, run]))
    names = [str(attributes["id"]) for _, attributes in read.elements if "id" in attributes]
    assert len(names) == len(set(names))
    asked = [attributes[key] for _, attributes in read.elements for key in
             ("aria-labelledby", "aria-describedby", "for") if attributes.get(key)]  # fmt: skip
    asked += [str(attributes["href"])[1:] for _, attributes in read.elements if "href" in attributes]
    assert asked and set(asked) <= set(names)


def test_hostile_names_are_words(tmp_path: Path) -> None:
    run = hostile_run(tmp_path / "run")
    page = report([run])
    read = Reader(page)
    assert [name for name, _ in read.elements].count("script") == 2, "the data and our own"
    assert "img" not in {name for name, _ in read.elements}
    assert any(SCRIPT in words for words in read.words)
    (block,) = [code for code in read.code["script"] if code.startswith("{")]
    held = json.loads(block)
    assert SCRIPT in held["places"] and ENDS.replace("\u2028", "\\u2028") in held["systems"][1]["exits"]


def test_text_is_written_as_it_is_and_markup_once() -> None:
    assert text("<b> & \"q\" 'a'\x1b\u202e") == "&lt;b&gt; &amp; &quot;q&quot; &#x27;a&#x27;\\x1b\\u202e"
    assert tag("p", "1 < 2", tag("b", "&"), class_="a", title='"', hidden=False, aria_label=None) == (
        '<p class="a" title="&quot;">1 &lt; 2<b>&amp;</b></p>'
    )
    block = data("key", {"</script>": ["<!--", "\u2028", 1.5, None]})
    assert block.count("<") == 2 and json.loads(block[block.index(">") + 1 : block.rindex("<")])
    with pytest.raises(ValueError, match="not JSON compliant"):
        data("key", float("nan"))


def test_key_numbers_stand_on_the_page_with_their_intervals(run: Results) -> None:
    words = " ".join(Reader(report([run])).words)
    for system in run.summary["systems"].values():
        ends = system["intervals"]["accuracy"]
        assert f"{100 * system['accuracy']:.1f} %" in words
        assert f"{100 * ends['low']:.1f} % to {100 * ends['high']:.1f} %" in words
    assert sentence(run) == (
        "150 samples of plaza, each answered by ddnn and ada-ddnn, on 8 nodes, with 3 faults; 16 s of simulated time, "
        "seed 1."
    )
    assert sentence(run) in words
    assert "camera3 down" in words
    assert run.scenario_yaml.splitlines()[0] in words


def test_axes_have_round_ticks_and_places_in_order() -> None:
    axis = linear(0.0, 50.0, lambda value: f"{value:g}")
    assert [word for _, word in axis.ticks] == ["0", "10", "20", "30", "40", "50"]
    assert axis.at(25.0) == 0.5 and axis.at(60.0) == 1.0
    axis = logarithmic(0.007, 0.9, lambda value: f"{value:g}")
    assert (axis.low, axis.high) == pytest.approx((0.005, 1.0))
    assert [word for _, word in axis.ticks] == ["0.01", "0.1", "1"], "powers of ten where all marks are too many"
    few = logarithmic(0.01, 0.09, lambda value: f"{value:g}")
    assert [word for _, word in few.ticks] == ["0.01", "0.02", "0.05", "0.1"]
    assert axis.at(0.0707106) == pytest.approx(0.5, abs=1e-3)  # the geometric mean of the ends


def test_a_page_of_ten_thousand_samples_is_small(tmp_path: Path) -> None:
    write_fake(tmp_path / "run", samples=10_000, systems=("ddnn",))
    run = read_run(tmp_path / "run")
    assert run.spans("ddnn").num_rows > 70_000
    assert write_report([run], tmp_path / "report.html").stat().st_size < 3_000_000


@pytest.mark.parametrize("dropped", [False, True])
def test_runs_without_samples_answers_or_faults_have_a_page(tmp_path: Path, dropped: bool) -> None:
    write_fake(tmp_path / "run", samples=5 if dropped else 0, faults=[], all_dropped=dropped)
    words = " ".join(Reader(report([read_run(tmp_path / "run")])).words)
    assert "without faults" in words and "No sample was answered." in words
    assert ("The run has no samples." in words) != dropped


def test_the_command_writes_the_page_of_one_run_or_several(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = tmp_path / "one"
    shutil.copytree(folder, one)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["report", str(one)])
    assert (done.exit_code, done.stdout) == (0, f"{one / 'report.html'}\n")
    assert read_run(one).summary["samples"] == 150, "checksums do not count what can be made again"
    first = (one / "report.html").read_text(encoding="utf-8")
    done = CliRunner().invoke(app, ["report", str(one), str(folder)])
    assert (done.exit_code, done.stdout) == (0, "report.html\n")
    both = Reader((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert [name for name, _ in both.elements].count("article") == 2
    words = " ".join(both.words)
    assert str(folder) in words
    assert "The runs compared" in words and "none of 150 samples ended otherwise" in words
    done = CliRunner().invoke(app, ["report", str(one), "--out", "deep/page.html"])
    assert (tmp_path / "deep" / "page.html").read_text(encoding="utf-8") == first
    done = CliRunner().invoke(app, ["report", "nowhere"])
    assert isinstance(done.exception, RunError) and "nowhere: no such run folder" in str(done.exception)
    with pytest.raises(RunError, match="at least one run"):
        report([])


def test_a_run_writes_its_report_unless_it_is_told_not_to(tmp_path: Path) -> None:
    scenario = str(SCENARIOS / "six_cameras.yaml")
    out = tmp_path / "run"
    options = ["--samples", "10", "--no-figures", "--out", str(out)]
    done = CliRunner().invoke(app, ["run", scenario, *options])
    assert (
        done.exit_code == 0
        and f"results: {out}\nreport: {out / 'report.html'}\nfigures: simnet plot {out}" in done.stdout
    )
    run = read_run(out)
    assert (out / "report.html").read_text(encoding="utf-8") == report([run]), "as it is made again"
    for name in run.systems:
        every_answer_is_on_the_page(run, name)
    done = CliRunner().invoke(app, ["run", scenario, *options, "--no-report"])
    assert done.exit_code == 0 and f"results: {out}\nfigures: simnet plot {out}" in done.stdout
    assert not (out / "report.html").exists()


def every_answer_is_on_the_page(run: Results, name: str) -> None:
    exits = list(run.summary["systems"][name]["exits"])
    found = opinions(run.scores(name), exits, 10)
    assert found is not None and [head["name"] for head in found["heads"][: len(exits)]] == exits
    columns = unpacked(found["columns"])
    rows = run.scores(name).to_pylist()
    assert len(rows) == 10 * len(found["heads"])
    for place, row in enumerate(rows):
        number, sample = divmod(place, 10)
        assert row["sample"] == sample and found["heads"][number]["exit"] == (
            None if row["exit"] is None else exits.index(row["exit"])
        )
        assert columns[f"p{number}"][sample] == (0 if row["prediction"] is None else row["prediction"] + 1)
        assert columns[f"a{number}"][sample] == row["asked"]
        said = row["entropy"] if row["measure"] is None else row["measure"]
        bits = np.array(columns[f"m{number}"][sample], np.uint16).view(np.float16)
        assert bits == pytest.approx(np.nan if said is None else said, rel=2**-10, abs=2**-24, nan_ok=True)


def test_views_are_those_of_the_data_set_and_of_no_other() -> None:
    run = simnet.run(simnet.load(SCENARIOS / "six_cameras.yaml", samples=10))
    slowest = int(np.argmax(run.samples("ddnn").column("latency").to_numpy()))
    assert telling(run, 1, 10) == [slowest]
    assert sorted(telling(run, 99, 10)) == list(range(10))
    found = seen(run, 3, 10)
    assert list(found) == [str(sample) for sample in telling(run, 3, 10)]
    pixels = open_dataset("plaza", "test")[run.samples("ddnn").column("image")[slowest].as_py()][0]
    for view, uri in zip(pixels, found[str(slowest)], strict=True):
        kind, _, code = uri.partition(",")
        assert kind == "data:image/png;base64"
        image = np.asarray(Image.open(io.BytesIO(base64.b64decode(code))))
        np.testing.assert_array_equal(image, view.transpose(1, 2, 0))
    page = report([run], views=3)
    assert f"What the cameras saw is shown of samples {', '.join(found)}." in page
    assert found[str(slowest)][0] in page
    other = replace(run, manifest={**run.manifest, "data": {**run.manifest["data"], "sha256": "0" * 64}})
    with pytest.raises(RunError, match="data set 'plaza' is another here than the run's"):
        seen(other, 3, 10)
    with pytest.raises(RunError, match=r"views of data set 'mine[.]py:Mine' are not shown"):
        seen(replace(run, scenario={**run.scenario, "data": {"set": "mine.py:Mine"}}), 3, 10)


def test_a_report_that_cannot_be_written_costs_the_report_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = simnet.run(simnet.load(SCENARIOS / "six_cameras.yaml", samples=5))
    with pytest.raises(RunError, match="in memory only"):
        run.report()
    with pytest.raises(ValueError, match="report goes into the results' folder"):
        simnet.run(simnet.load(SCENARIOS / "six_cameras.yaml", samples=5), report=True)

    def full(path: Path, *_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("simnet.report.report.write_report", full)
    with pytest.warns(UserWarning, match="the report is missing: OSError: .* No space left on device"):
        run.save(tmp_path / "run", report=True)
    assert read_run(tmp_path / "run").manifest["notes"][-1].startswith("the report is missing: ")


def test_an_execution_stands_beside_what_was_simulated_of_it(run: Results, folder: Path, tmp_path: Path) -> None:
    """Before, 0.9 of the measured latencies; calibrated, 0.98: as it says, and as long as the bars are."""
    shutil.copytree(folder, tmp_path / "live")
    place = tmp_path / "live"

    def simulated(factor: float) -> Results:
        def scaled(one: dict[str, Any]) -> dict[str, Any]:
            times = {name: None if value is None else factor * value for name, value in one["latency"].items()}
            return {**one, "latency": times}

        systems = {name: scaled(one) for name, one in run.summary["systems"].items()}
        return replace(run, summary={**run.summary, "systems": systems})

    live = replace(read_run(place), manifest={**run.manifest, "live": {"compute": "model", "systems": {}}})
    assert "simulated before" not in report([live])
    keep(live, simulated(0.9), simulated(0.98))
    page = report([live])
    section = page[page.index("executed, and simulated before and after") :]
    assert len(re.findall(r"simulated before</th>.*?0\.900", section)) == 3 * len(run.systems)  # mean, p50, p95
    assert len(re.findall(r"calibrated</th>.*?0\.980", section)) == 3 * len(run.systems)
    widths = [float(width) for width in re.findall(r'width="([0-9.]+)" height="10"', section)][6:9]  # of p95, the last
    assert widths == pytest.approx([1000, 900, 980])
    assert "of real time" in page
    assert "simulated before" not in report([replace(live, manifest={**live.manifest, "sha256": "another"})])
