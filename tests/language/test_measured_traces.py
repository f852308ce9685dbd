# ruff: noqa: E501
"""Traces as they were measured, against values worked out by hand."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simnet.language.checks import Checks
from simnet.language.schedule import Steps
from simnet.language.source import Source
from simnet.language.traces import Traces, columns

PLACE = ("links", 0, "trace")
Read = Callable[..., Any]


class WrongError(Exception):
    """The problems that were noted."""


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """What a trace of this text says: `read(text, key=value, …)`; what is wrong with it is a WrongError."""

    def read(text: str, kind: str = "bandwidth", name: str = "x.csv", **keys: Any) -> Any:
        (tmp_path / name).write_text(text, encoding="utf-8")
        checks = Checks(Source(str(tmp_path / "scenario.yaml")))
        found = getattr(Traces(checks), kind)({"file": name, **keys}, PLACE)
        if checks.problems:
            raise WrongError("\n".join(map(str, checks.problems)).replace(f"{tmp_path}{os.sep}", ""))
        return found

    return read


def steps(*pairs: tuple[float, float], repeat: float | None = None) -> Steps:
    return Steps(times=tuple(time for time, _ in pairs), values=tuple(value for _, value in pairs), repeat=repeat)


@pytest.mark.parametrize(
    ("text", "keys", "found"),
    [
        # 8 Mbit/s are 1e6 bytes/s.
        ("time_s,throughput_Mbps\n0,8\n1.5,16\n", {}, [(0, 1e6), (1.5, 2e6)]),
        ("time (ms);rate [kbps]\n0;8\n250;16\n", {"delimiter": ";"}, [(0, 1e3), (0.25, 2e3)]),
        ("t s\tv MBps\n0 s\t1\n2 s\t0\n", {"delimiter": "\t", "unit": "MB/s"}, [(0, 1e6), (2, 0)]),
        ("0.0   8\n  1.5\t 16\n", {"delimiter": " ", "time_unit": "s", "unit": "Mbps"}, [(0, 1e6), (1.5, 2e6)]),
        # Epochs and late beginnings count from the first row, without what floats would lose.
        ("time_s,x_B/s\n1480000000.1,8\n1480000000.4,16\n", {}, [(0, 8), (0.3, 16)]),
        ("time_ms,x_B/s\n1480000000100,8\n1480000000107,16\n", {}, [(0, 8), (0.007, 16)]),
        ("2024-02-29T23:59:59,8 B/s\n2024-03-01 00:00:00.25,0 B/s\n", {}, [(0, 8), (1.25, 0)]),
        (
            "when,x\n2024-03-31T01:30:00+01:00,8\n2024-03-31T03:30:00+02:00,16\n2024-03-31T02:00:00Z,4\n",
            {"unit": "B/s"},
            [(0, 8), (3600, 16), (5400, 4)],
        ),
        # Columns by name and by number; what else is there does not matter.
        ("id,t_s,up_B/s,down_B/s\na,0,1,2\nb,5,3,4\n", {"time": "t_s", "value": "down_B/s"}, [(0, 2), (5, 4)]),
        ("a,0,1,2\nb,5,3,4\n", {"time": 2, "value": 3, "time_unit": "s", "unit": "B/s"}, [(0, 1), (5, 3)]),
        ("v_B/s,t_s\n7,0\n9,2\n", {"time": "t_s", "value": 1}, [(0, 7), (2, 9)]),
        # Units that do not say a time: what passed until the next row; the last row is as long as the one before.
        ("time_s,bytes\n0,100\n2,300\n5,600\n", {}, [(0, 50), (2, 100), (5, 200)]),
        ("time_s,bytes\n0,100\n2,300\n5,600\n", {"repeat": "10 s"}, [(0, 50), (2, 100), (5, 120)]),
        ("time_s,x (kbit)\n10,8\n12,0\n", {}, [(0, 500), (2, 0)]),
        # As HSDPA logs: epoch, ms, latitude, longitude, bytes, ms that they took.
        (
            "1289406399 549 59.85 10.78 248456 990\n1289406400 1609 59.85 10.78 0 1060\n"
            "1289406401 2599 59.85 10.78 500 250\n",
            {"delimiter": " ", "interval": 6, "time_unit": "ms", "value": 5, "unit": "bytes"},
            [(0, 248456 / 0.99), (0.99, 0), (2.05, 2000)],
        ),
        ("v_kB\n3\n0\n6\n", {"interval": "500 ms"}, [(0, 6000), (0.5, 0), (1, 12000)]),
        ("n,v_B/s\n1,3\n2,0\n", {"interval": "500 ms", "value": "v_B/s"}, [(0, 3), (0.5, 0)]),
        # Scaled; begun later, with what was before at the end of the round; between points on a line.
        ("time_s,x_B/s\n5,8\n6,0\n", {"scale": 0.25}, [(0, 2), (1, 0)]),
        ("time_s,x_B/s\n5,8\n6,0\n9,4\n", {"offset": "2 s"}, [(0, 0), (2, 4)]),
        ("time_s,x_B/s\n5,8\n6,0\n9,4\n", {"offset": "1 s"}, [(0, 0), (3, 4)]),
        ("time_s,x_B/s\n5,8\n6,0\n9,4\n", {"offset": "2 s", "repeat": "5 s"}, [(0, 0), (2, 4), (3, 8), (4, 0)]),
        ("time_s,x_B/s\n5,8\n6,0\n9,4\n", {"offset": "1 s", "repeat": "5 s"}, [(0, 0), (3, 4), (4, 8)]),
        ("time_s,x_B/s\n0,8\n1,0\n1.5,4\n", {"interpolate": "250 ms"},
         [(0, 7), (0.25, 5), (0.5, 3), (0.75, 1), (1.25, 3), (1.5, 4)]),
        ("time_s,x_B/s\n0,8\n1,0\n", {"interpolate": "1 min"}, [(0, 4), (1, 0)]),
        ("time_s,x_B/s\n0,8\n1,0\n", {"interpolate": False}, [(0, 8), (1, 0)]),
    ],
)  # fmt: skip
def test_measured_bandwidths(read: Read, text: str, keys: dict[str, Any], found: list[tuple[float, float]]) -> None:
    repeat = {"10 s": 10.0, "5 s": 5.0, None: None}[keys.get("repeat")]
    expected = steps(*found, repeat=repeat)
    assert read(text, **keys) == expected
    assert read(text, name="x.log", format="csv", **keys) == expected


def test_what_passes_between_two_points_is_that_of_the_line_between_them(read: Read) -> None:
    """From 8 to 0 in 1 s and on to 4 in half a second 4 + 1 bytes pass, in steps of whatever width."""
    for width in ("1 ms", "7 ms", "333 ms"):
        made = read("time_s,x_B/s\n0,8\n1,0\n1.5,4\n", interpolate=width)
        ends = made.times[1:]
        passed = sum((end - begin) * value for begin, end, value in zip(made.times, ends, made.values, strict=False))
        assert passed == pytest.approx(5, rel=1e-12)


def test_loads_take_the_same_keys(read: Read) -> None:
    text = "t_ms;busy_%\n100;50\n300;0\n"
    assert read(text, "load", delimiter=";", scale=0.5) == steps((0, 0.25), (0.2, 0))
    with pytest.raises(WrongError, match=r"links\[0\]\.trace\.scale: 2 makes a load of 1$"):
        read(text, "load", delimiter=";", scale=2)


@pytest.mark.parametrize("text", ["0 1\n1 2\n3 4\n", "10.5\t1\n11.5\t2\n13.5\t4\n"])
def test_pensieve_plays_each_bandwidth_until_its_time_and_begins_anew(read: Read, text: str) -> None:
    """Row i holds from the time of row i − 1 to its own (Mao et al. 2017, the simulator); the first only begins."""
    found = read(text, name="bus", format="pensieve")
    assert found == steps((0, 250_000), (1, 500_000), repeat=3)


def test_mahimahi_is_1500_bytes_in_each_millisecond_that_is_named(read: Read) -> None:
    found = read("0\n2\n2\n3\n7\n", name="x.up", format="mahimahi")
    assert found == steps(
        (0, 1.5e6), (0.001, 0), (0.002, 3e6), (0.003, 1.5e6), (0.004, 0), (0.007, 1.5e6), repeat=0.008
    )
    # In bins of 5 ms: four packets, then one in the three ms that are left.
    found = read("0\n2\n2\n3\n7\n", name="x.up", format="mahimahi", bin="5 ms")
    assert found == steps((0, 1.2e6), (0.005, 500_000), repeat=0.008)
    # One that begins late, as it comes: nothing passes before.
    assert read("3\n", name="x.up", format="mahimahi") == steps((0, 0), (0.003, 1.5e6), repeat=0.004)
    assert read("0\n", name="x.up", format="mahimahi", interpolate=False) == steps((0, 1.5e6), repeat=0.001)
    # Repeated later than it ends: nothing passes between.
    found = read("0\n", name="x.up", format="mahimahi", repeat="1 s")
    assert found == steps((0, 1.5e6), (0.001, 0), repeat=1)


def passed(trace: Steps, begin: float, end: float) -> float:
    """Bytes of a trace, played once, between two times."""
    ends = (*trace.times[1:], trace.repeat)
    return sum(
        value * max(0.0, min(end, last) - max(begin, first))
        for first, last, value in zip(trace.times, ends, trace.values, strict=True)
    )


@pytest.mark.parametrize("width", ["1 ms", "100 ms", "250 ms"])
def test_mahimahi_of_a_drive_has_the_bytes_of_every_second(width: str) -> None:
    data = os.environ.get("SIMNET_DATA")
    file = Path(data or "") / "traces" / "att-lte-driving-2016.up"
    if not data or not file.is_file():
        pytest.skip("needs the measured traces, in the folder that SIMNET_DATA names")
    checks = Checks(Source(str(file.with_name("scenario.yaml"))))
    trace = Traces(checks).bandwidth({"file": file.name, "format": "mahimahi", "bin": width}, PLACE)
    assert trace is not None and trace.repeat == 120.003
    in_second = Counter(int(line) // 1000 for line in file.read_text().split())
    assert [passed(trace, second, second + 1) for second in range(121)] == pytest.approx(
        [1500 * in_second[second] for second in range(121)], abs=1e-3
    )


def test_columns_read_at_once_and_row_by_row_are_the_same(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(1)
    rows = [(n / 7, draw.random() * 10 ** draw.randint(-3, 3)) for n in range(500)]
    text = "time_ms,x_Mbps\n" + "".join(f"{time!r},{value!r}\n" for time, value in rows)
    stamps = "t,x_B/s\n" + "".join(f"2024-05-01T12:{n // 60:02}:{n % 60:02}.{n:06},{n}\n" for n in range(500))
    at_once = [read(text), read(stamps)]
    monkeypatch.setattr(columns, "_at_once", lambda *_: None)
    assert at_once == [read(text), read(stamps)]
    assert at_once[1].times[100] == 100.0001


def test_a_hundred_thousand_rows_are_no_matter(read: Read) -> None:
    text = "time_s,x_Mbps\n" + "".join(f"{1_480_000_000 + n / 10},{n % 50}\n" for n in range(100_000))
    found = read(text)
    assert (found.times[-1], found.values[-1]) == (9999.9, 49 * 125_000)


WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "no column of that name": ("t_s,up_B/s\n0,1\n", {"value": "upp_B/s"}, "x.csv:1: links[0].trace.file: the first line names no column 'upp_B/s'; did you mean 'up_B/s'?"),
    "a name that is there twice": ("t_s,v,v\n0,1,1\n", {"value": "v"}, "x.csv:1: links[0].trace.file: the first line names two columns 'v'"),
    "a column beyond": ("0 s,1 B/s\n", {"value": 3}, "x.csv:1: links[0].trace.file: needs 3 columns, found 2 columns"),
    "a short row": ("t_s,a,v_B/s\n0,1,1\n\n1,1\n", {"value": 3}, "x.csv:4: links[0].trace.file: needs 3 columns, found 2 columns"),
    "column 0": ("0 s,1 B/s\n", {"value": 0}, "scenario.yaml: links[0].trace.value: must be a column's name, or its number from 1, found 0"),
    "an unknown unit": ("0,1\n", {"unit": "Mbits/s"}, "scenario.yaml: links[0].trace.unit: unknown unit 'Mbits/s'; did you mean 'Mbit/s'? (allowed: bit/s, "),
    "an unknown unit of time": ("0,1\n", {"time_unit": "sec"}, "scenario.yaml: links[0].trace.time_unit: unknown unit 'sec'"),
    "no unit at all": ("0 s,1\n", {}, "x.csv:1: links[0].trace.file: '1' has no unit; write e.g. '1 Mbit/s'; or name the units in the first line: time_s,bandwidth_Mbit/s, or by 'time_unit' and 'unit'"),
    "an unknown format": ("0,1\n", {"format": "mahi"}, "scenario.yaml: links[0].trace.format: unknown value 'mahi'; did you mean 'mahimahi'? (allowed: csv, yaml, mahimahi, pensieve)"),
    "an unknown key": ("0,1\n", {"delimeter": ";"}, "scenario.yaml: links[0].trace.delimeter: unknown key 'delimeter'; did you mean 'delimiter'?"),
    "two delimiters": ("0,1\n", {"delimiter": "ab"}, "scenario.yaml: links[0].trace.delimiter: must be one character, or ' ' for any white space, found 'ab'"),
    "columns of Mahimahi": ("0\n", {"format": "mahimahi", "value": 1}, "scenario.yaml: links[0].trace.value: goes with format csv, not with mahimahi"),
    "bins of CSV": ("0 s,1 B/s\n", {"bin": "1 ms"}, "scenario.yaml: links[0].trace.bin: goes with format mahimahi, not with csv"),
    "a bin of half a millisecond": ("0\n", {"format": "mahimahi", "bin": "500 us"}, "scenario.yaml: links[0].trace.bin: must be whole milliseconds, found 500 us"),
    "times and intervals": ("0,1\n", {"time": 1, "interval": 2}, "scenario.yaml: links[0].trace.interval: give either 'time' or 'interval'"),
    "an interval of nothing": ("i_s,v_B\n1,1\n0,1\n", {"interval": 1}, "x.csv:3: links[0].trace.file: '0 s' is no interval: it must be more than 0"),
    "intervals of next to nothing": ("i_s,v_B/s\n1,1\n1e-30,2\n1e-30,3\n", {"interval": 1}, "scenario.yaml: links[0].trace: some of its times are too close to one another to be told apart"),
    "a scale beyond all numbers": ("t_s,v_B/s\n0,1e10\n", {"scale": 1e300}, "scenario.yaml: links[0].trace.scale: 1e+300 makes a bandwidth of inf"),
    "one amount": ("t_s,v_B\n0,1\n", {}, "scenario.yaml: links[0].trace: one row of an amount says no interval: give 'interval' or 'repeat'"),
    "an amount that is negative": ("t_s,v_B\n0,1\n1,-1\n", {}, "x.csv:3: links[0].trace.file: '-1 B' is negative"),
    "an amount that is a rate": ("t_s,v_B\n0,1\n1,1 B/s\n", {}, "x.csv:3: links[0].trace.file: '1 B/s' is no number of B"),
    "an offset beyond": ("t_s,v_B/s\n5,1\n7,1\n", {"offset": "3 s"}, "scenario.yaml: links[0].trace.offset: offset (3 s) lies after the end of the trace"),
    "an offset of a whole round": ("t_s,v_B/s\n5,1\n7,1\n", {"offset": "4 s", "repeat": "4 s"}, "scenario.yaml: links[0].trace.offset: offset (4 s) lies after"),
    "repeated too soon": ("t_s,v_B/s\n5,1\n7,1\n", {"repeat": "2 s"}, "scenario.yaml: links[0].trace.repeat: repeat (2 s) must be later than the last time (2 s)"),
    "amounts repeated too soon": ("t_s,v_B\n5,1\n7,1\n", {"repeat": "2 s"}, "scenario.yaml: links[0].trace.repeat: repeat (2 s) must be later than the last time (2 s)"),
    "a line between amounts": ("t_s,v_B\n5,1\n7,1\n", {"interpolate": "1 s"}, "scenario.yaml: links[0].trace.interpolate: this trace has what passed in intervals, and nothing between them"),
    "a line of unknown width": ("t_s,v_B/s\n5,1\n", {"interpolate": True}, "scenario.yaml: links[0].trace.interpolate: say how long the steps are that make a line; write e.g. interpolate: 100 ms"),
    "a line of endless steps": ("t_s,v_B/s\n0,1\n7,2\n", {"interpolate": "1 us"}, "scenario.yaml: links[0].trace.interpolate: makes 7000000 steps of the trace; at most 1000000"),
    "a scale of nothing": ("t_s,v_B/s\n0,1\n7,2\n", {"scale": 0}, "scenario.yaml: links[0].trace.scale: must be more than 0, found 0"),
    "a stamp that is none": ("2024-01-01,1 B/s\n2024-13-01,1 B/s\n", {}, "x.csv:2: links[0].trace.file: this is no time stamp; write e.g. 2024-05-01T12:00:00"),
    "stamps of two kinds": ("2024-01-01T00:00Z,1 B/s\n2024-01-02,1 B/s\n", {}, "x.csv:2: links[0].trace.file: time stamps must all have a zone, or none"),
    "stamps that go back": ("2024-01-02,1 B/s\n2024-01-01,1 B/s\n", {}, "x.csv:2: links[0].trace.file: times must ascend: 2024-01-01 comes after 2024-01-02"),
    "Mahimahi in words": ("0\nfive\n", {"format": "mahimahi"}, "x.csv:2: links[0].trace.file: this is no line of Mahimahi, a whole number of milliseconds"),
    "Mahimahi that goes back": ("5\n3\n", {"format": "mahimahi"}, "x.csv:2: links[0].trace.file: times must ascend: 3 comes after 5"),
    "no Mahimahi": ("\n", {"format": "mahimahi"}, "x.csv:1: links[0].trace.file: the trace has no rows; each is a whole number of milliseconds"),
    "half of Pensieve": ("0 1\n", {"format": "pensieve"}, "x.csv:1: links[0].trace.file: one row of pensieve says no interval"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_one_message_with_its_place(case: str, read: Read) -> None:
    text, keys, says = WRONG[case]
    with pytest.raises(WrongError) as caught:
        read(text, **keys)
    (message,) = str(caught.value).splitlines()
    assert message.startswith(says)


def test_a_load_or_a_rate_is_no_mahimahi(read: Read) -> None:
    with pytest.raises(WrongError, match="format: a file of mahimahi has bandwidths, no load"):
        read("0\n", "load", format="mahimahi")


SECRET = "horse:9:x"


@pytest.mark.parametrize(
    "text", [f"{SECRET}\n", f"{SECRET},{SECRET}\n{SECRET},{SECRET}\n", f"a,{SECRET},3\n", f"1 {SECRET}\n1 {SECRET}\n"]
)
@pytest.mark.parametrize(
    "keys",
    [{}, {"format": "mahimahi"}, {"format": "pensieve"}, {"delimiter": ":"}, {"value": "x"}, {"interval": "1 s"}],
)
@pytest.mark.parametrize("kind", ["bandwidth", "load", "rate", "captures"])
def test_of_a_file_that_is_no_trace_nothing_is_shown(text: str, keys: dict[str, Any], kind: str, read: Read) -> None:
    keys = {key: value for key, value in keys.items() if kind != "captures" or key == "delimiter"}
    with pytest.raises(WrongError) as caught:
        read(text, kind, **keys)
    assert "horse" not in str(caught.value)


def test_captures_from_a_column_of_a_log(read: Read) -> None:
    log = "id;when\na;2024-05-01T12:00:00Z\nb;2024-05-01T12:00:01.5Z\nc;2024-05-01T12:00:01.5Z\n"
    assert read(log, "captures", delimiter=";", time="when") == (0, 1.5, 1.5)
    assert read(log, "captures", delimiter=";", time=2, offset="1 s") == (0.5, 0.5)
    assert read("5\n7\n", "captures", time_unit="ms") == (0.005, 0.007)  # numbers count as they are …
    assert read("5\n7\n", "captures", time_unit="ms", offset="0 s") == (0, 0.002)  # … but from an offset on


def test_rates_are_counts_per_interval_or_rates(read: Read) -> None:
    assert read("2024-05-01T12:00,30\n2024-05-01T12:01,0\n", "rate", unit="count") == steps((0, 0.5), (60, 0))
    assert read("n_count\n3\n0\n", "rate", interval="2 s") == steps((0, 1.5), (2, 0))
    assert read("time_min,x (/min)\n0,30\n10,6\n", "rate") == steps((0, 0.5), (600, 0.1))
