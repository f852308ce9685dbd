"""`simnet trace` writes what viewers read: the trace-event format, slices that nest, sums that are the tables'."""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from fake_run import write_fake
from lived import lived, step

from simnet.analysis.traces.account import life_of
from simnet.analysis.traces.critical import critical_path
from simnet.analysis.traces.events import micro
from simnet.analysis.traces.file import write_trace
from simnet.analysis.traces.setting import Setting
from simnet.analysis.traces.steps import Step, by_sample, steps_of
from simnet.analysis.traces.tracks import tracks_of
from simnet.results.run import RunError, read_run
from simnet.times import ticks

KEYS = {
    "M": {"name", "pid", "tid", "args"},
    "B": {"name", "cat", "pid", "tid", "ts", "args"},
    "E": {"pid", "tid", "ts"},
    "s": {"name", "cat", "id", "pid", "tid", "ts"},
    "t": {"name", "cat", "id", "pid", "tid", "ts"},
    "f": {"name", "cat", "id", "pid", "tid", "ts", "bp"},
    "b": {"name", "cat", "id2", "pid", "tid", "ts", "args"},
    "e": {"name", "cat", "id2", "pid", "tid", "ts"},
    "C": {"name", "pid", "ts", "args"},
    "i": {"name", "cat", "pid", "tid", "ts", "s", "args"},
}
"""What an event of each phase must have (Trace Event Format of Chrome)."""

Event = dict[str, Any]


def read(path: Path) -> list[Event]:
    """A trace's events, numbers as they are written."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        found: list[Event] = json.load(file, parse_float=Decimal)["traceEvents"]
    return found


@cache
def events() -> list[Event]:
    """Of a run with two sites, a router, faults and queues."""
    with TemporaryDirectory() as folder:
        return read(write_trace(lived(), Path(folder) / "run.json.gz").path)


def slices_of(found: Sequence[Event]) -> dict[tuple[int, int], list[tuple[Decimal, Decimal, Event]]]:
    """Begin, end and begin event of every slice of each thread; fails where begins and ends are no brackets."""
    open_ones = defaultdict[tuple[int, int], list[Event]](list)
    slices = defaultdict[tuple[int, int], list[tuple[Decimal, Decimal, Event]]](list)
    for event in found:
        thread = event["pid"], event["tid"]
        if event["ph"] == "B":
            open_ones[thread].append(event)
        elif event["ph"] == "E":
            begin = open_ones[thread].pop()
            slices[thread].append((Decimal(begin["ts"]), Decimal(event["ts"]), begin))
    assert not any(open_ones.values())
    return dict(slices)


def names_of(found: Sequence[Event]) -> tuple[dict[int, str], dict[tuple[int, int], str]]:
    processes = {e["pid"]: e["args"]["name"] for e in found if e["name"] == "process_name"}
    threads = {(e["pid"], e["tid"]): e["args"]["name"] for e in found if e["name"] == "thread_name"}
    return processes, threads


def named(found: Sequence[Event]) -> list[Event]:
    return [event for event in found if event["ph"] == "M"]


def test_every_event_has_the_keys_of_its_phase_in_order_of_time() -> None:
    assert {event["ph"] for event in events()} == set(KEYS)
    for event in events():
        assert KEYS[event["ph"]] <= set(event), event
        assert all(isinstance(event[key], int) for key in ("pid", "tid"))
        if event["ph"] == "C":
            assert all(isinstance(value, int | Decimal) for value in event["args"].values())
    times = [event["ts"] for event in events() if event["ph"] != "M"]
    assert times == sorted(times) and times[0] == 0
    assert [event["ph"] for event in events()[: len(named(events()))]] == ["M"] * len(named(events()))


def test_slices_of_a_thread_follow_or_contain_each_other() -> None:
    """No two cross; those that a link carries at the same time are on tracks of their own."""
    for slices in slices_of(events()).values():
        slices.sort(key=lambda one: (one[0], -one[1]))
        inside: list[Decimal] = []
        for begin, end, _ in slices:
            assert end >= begin
            while inside and inside[-1] <= begin:
                inside.pop()
            assert not inside or end <= inside[-1]
            inside.append(end)
    _, threads = names_of(named(events()))
    assert any(name.endswith("(2)") for name in threads.values()), "nothing of this run has overlapped"


@pytest.mark.parametrize("system", ["ddnn", "ada-ddnn"])
def test_sums_of_every_place_are_those_of_the_spans(system: str) -> None:
    """Slices, their bytes and their time, to the picosecond."""
    processes, threads = names_of(named(events()))
    told: dict[str, list[Any]] = defaultdict(lambda: [0, 0, 0])
    for thread, slices in slices_of(events()).items():
        owner, _, node = processes[thread[0]].partition(": ")
        for begin, end, event in slices:
            if owner == system and event["cat"] in ("compute", "transfer"):
                place = (
                    node if event["cat"] == "compute" else f"{node}{threads[thread].split(' (')[0].replace('→ ', '→')}"
                )
                told[place][0] += 1
                told[place][1] += (end - begin) * 10**6
                told[place][2] += event["args"].get("bytes", 0)
    wanted: dict[str, list[Any]] = defaultdict(lambda: [0, 0, 0])
    for row in lived().spans(system).to_pylist():
        wanted[row["place"]][0] += 1
        wanted[row["place"]][1] += ticks(row["ended_at"]) - ticks(row["started_at"])
        wanted[row["place"]][2] += row["bytes"]
    assert told == wanted and len(told) > 12


def test_arrows_follow_the_critical_path_of_each_sample() -> None:
    """A flow begins once, ends once, and each of its events lies on a slice of its sample that begins then."""
    begins = {
        (e["pid"], e["tid"], e["ts"]): e["args"]["sample"] for e in events() if e["ph"] == "B" and "sample" in e["args"]
    }
    flows = defaultdict(list)
    for event in events():
        if event["ph"] in "stf":
            flows[event["id"]].append(event)
    for chain in flows.values():
        assert [e["ph"] for e in chain] == ["s", *["t"] * (len(chain) - 2), "f"]
        assert len({begins[e["pid"], e["tid"], e["ts"]] for e in chain}) == 1
    setting = Setting.of(lived().scenario)
    lengths = Counter[int]()
    for system in lived().systems:
        steps = by_sample(steps_of(lived().spans(system)))
        for row in lived().samples(system).to_pylist():
            life = life_of(row)
            assert life is not None
            parts = critical_path(steps.get(row["sample"], []), setting, life)
            lengths[len({id(part.step) for part in parts if part.step})] += 1
    assert Counter(len(chain) for chain in flows.values()) == Counter({n: k for n, k in lengths.items() if n > 1})


def test_counters_are_the_windows_of_use_and_the_accuracy_so_far() -> None:
    processes, _ = names_of(named(events()))
    for system in lived().systems:
        mine = [event for event in events() if event["ph"] == "C" and processes[event["pid"]].startswith(f"{system}: ")]
        usage = lived().usage(system)
        assert usage is not None
        names = Counter(event["name"].split(" →")[0] for event in mine)
        known = usage.num_rows - usage.column("utilisation").null_count
        assert (names["queue length"], names["utilisation"]) == (usage.num_rows, known)
        last = [event for event in mine if event["name"] == "accuracy so far"][-1]
        assert float(last["args"]["value"]) == pytest.approx(lived().summary["systems"][system]["accuracy"], abs=1e-6)


def test_faults_are_instants_and_slices_at_their_node() -> None:
    processes, _ = names_of(named(events()))
    instants = [e for e in events() if e["ph"] == "i" and processes[e["pid"]].startswith("ddnn: ")]
    incidents = lived().incidents("ddnn")
    assert incidents is not None
    assert [(e["name"], e["args"]["target"], e["ts"]) for e in instants if e["name"] == "eye"] == [
        ("eye", "south2", 300_000)
    ]
    assert processes[next(e for e in instants if e["name"] == "eye")["pid"]] == "ddnn: south2"
    lasting = [s for slices in slices_of(events()).values() for s in slices if s[2]["cat"] == "fault"]
    mine = [s for s in lasting if processes[s[2]["pid"]].startswith("ddnn: ")]
    assert len(instants) == len(mine) == incidents.num_rows
    assert {(begin, end) for begin, end, event in mine if event["name"] == "eye"} == {(300_000, 900_000)}


def test_samples_live_from_capture_to_outcome() -> None:
    begun = {e["id2"]["local"]: e for e in events() if e["ph"] == "b"}
    ended = {e["id2"]["local"]: e for e in events() if e["ph"] == "e"}
    assert set(begun) == set(ended) and len(begun) == 2 * 60
    for system in lived().systems:
        for row in lived().samples(system).to_pylist():
            one, other = (events_by[f"{system}/{row['sample']}"] for events_by in (begun, ended))
            assert (one["ts"], other["ts"]) == (us(row["captured_at"]), us(row["ended_at"]))


def us(time: float) -> Decimal:
    return Decimal(ticks(time)) / 10**6


def test_messages_that_propagate_together_have_tracks_of_their_own() -> None:
    """On the wire 1 ms apart, 20 ms under way: three at once; the fourth takes the first's track."""
    steps = [step("a→b", start, start, start + 20, sample=number) for number, start in enumerate((0, 1, 2, 20))]
    assert [[one.sample for one in track] for track in tracks_of(steps)] == [[0, 3], [1], [2]]


def test_calls_of_one_batch_share_a_track_and_others_of_two_workers_do_not() -> None:
    steps = [step("edge", 0, 5, 9, sample=0), step("edge", 2, 5, 9, sample=1), step("edge", 6, 6, 8, sample=2)]
    assert [[one.sample for one in track] for track in tracks_of(steps)] == [[0, 1], [2]]
    moments: list[Step] = [step("edge", 5, 5, 5, sample=number) for number in range(3)]
    assert len(tracks_of(moments)) == 1, "what takes no time follows each other"


def test_microseconds_are_written_to_the_picosecond() -> None:
    assert [micro(time) for time in (0, 1, 10**6, 1_500_000, 10**18 + 1)] == [
        "0",
        "0.000001",
        "1",
        "1.5",
        f"{10**12}.000001",
    ]


def test_the_same_run_gives_the_same_bytes_gzipped_or_not(tmp_path: Path) -> None:
    """A run of a former kind, without use over time and without links in its scenario, has a trace, too."""
    write_fake(tmp_path / "run", samples=40)
    run = read_run(tmp_path / "run")
    one, other, plain = (write_trace(run, tmp_path / name) for name in ("a.json.gz", "b.json.gz", "c.json"))
    assert one.path.read_bytes() == other.path.read_bytes()
    assert gzip.decompress(one.path.read_bytes()) == plain.path.read_bytes()
    assert plain.events == len(read(plain.path)) and one.size == one.path.stat().st_size < plain.size / 5
    slices_of(read(plain.path))
    assert {path.name for path in tmp_path.iterdir()} == {"run", "a.json.gz", "b.json.gz", "c.json"}


def test_signs_are_written_as_they_are_since_perfetto_shows_an_escaped_one_as_it_stands(tmp_path: Path) -> None:
    """But for half a surrogate pair, which is no text, quotes and control characters."""
    write_fake(tmp_path / "run", samples=5)
    run = read_run(tmp_path / "run")
    run.summary["scenario"] = 'a"b\n\ud800'
    path = write_trace(run, tmp_path / "t.json").path
    text = path.read_bytes().decode("utf-8")
    assert '"name":"→ edge"' in text and "u2192" not in text
    assert json.loads(text)["otherData"]["scenario"] == 'a"b\n\ud800'


def test_one_system_alone_and_none_of_another_name(tmp_path: Path) -> None:
    write_fake(tmp_path / "run", samples=5)
    run = read_run(tmp_path / "run")
    found = read(write_trace(run, tmp_path / "t.json", ["ada-ddnn"]).path)
    assert {name.split(":")[0] for name in names_of(named(found))[0].values()} == {"ada-ddnn"}
    with pytest.raises(RunError, match="no system 'ada'; this run has ddnn, ada-ddnn"):
        write_trace(run, tmp_path / "u.json", ["ada"])
    assert not (tmp_path / "u.json").exists()
    empty = write_fake(tmp_path / "empty", samples=0)
    assert empty["samples"] == 0
    assert {event["ph"] for event in read(write_trace(read_run(tmp_path / "empty"), tmp_path / "e.json").path)} >= {"M"}
