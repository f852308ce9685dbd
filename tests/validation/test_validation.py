"""`simnet validate`: its statistics, that sound checks pass, that broken simulators fail, what is skipped and why."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from math import nan
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from paths import ROOT
from typer.testing import CliRunner

from simnet.cli.app import app
from simnet.network import topology
from simnet.network.nodes.plain import Node
from simnet.validation import ciw_reference, queueing, simgrid_reference, tcp_reference
from simnet.validation.base import Check, Result, Settings, Unavailable
from simnet.validation.checks import ALL, carry_out, chosen
from simnet.validation.lab import Lab
from simnet.validation.links import burst
from simnet.validation.queueing import Size

EXACT = ["burst", "fair-burst", "filling", "uplinks", "lot", "weights", "departures", "bytes", "energy"]
STATISTICAL = ["mm1", "md1", "mmc", "tandem", "mm1k"]
CIW = ["ciw-mm2", "ciw-mg2", "ciw-limit"]


SIZES = [
    (size(settings), least)
    for size in (Size.of, ciw_reference.size_of)
    for settings, least in ((Settings(), 10), (Settings(full=True), 30))
]
"""Of what a user runs, before `small` makes it quick, and the fewest replications."""


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten short replications, with intervals as wide as these give."""
    monkeypatch.setattr(Size, "of", classmethod(lambda cls, settings: Size(10, 4_000, 0.2)))
    monkeypatch.setattr(ciw_reference, "size_of", lambda settings: Size(10, 2_000, 0.4))


def verdict(name: str) -> str:
    (check,) = chosen([name])
    return carry_out(check, Settings()).status


@pytest.mark.parametrize(
    ("simulated", "tolerance", "widest", "passed"),
    [
        (1.0, 0.1, 0.2, True),
        (1.2, 0.1, 0.2, False),  # outside the interval
        (1.0, 0.3, 0.2, False),  # inside, but the interval is too wide to prove anything
        (1.2, 0.3, 0.2, False),
        (nan, 0.1, 0.2, False),
        (1.0, nan, 0.2, False),
        (1.05, 0.1, None, True),
        (1.15, 0.1, None, False),
        (nan, 0.1, None, False),
    ],
)
def test_when_a_value_passes(simulated: float, tolerance: float, widest: float | None, passed: bool):
    assert Result("x", "s", simulated, 1.0, tolerance, widest).passed is passed


# a sound simulator


@pytest.mark.parametrize("name", [*EXACT, *STATISTICAL])
def test_a_sound_simulator_passes(name: str):
    (check,) = chosen([name])
    finding = carry_out(check, Settings())
    assert finding.results and finding.status == "passed", [one for one in finding.results if not one.passed]


@pytest.mark.parametrize("name", CIW)
def test_ciw_agrees(name: str):
    pytest.importorskip("ciw")
    assert verdict(name) == "passed"


def test_the_burst_is_that_of_the_hand_worked_times():
    assert sorted(burst("ab", 3).ended.values()) == pytest.approx([0.013, 0.021, 0.029], abs=1e-12)
    assert sorted(burst("ab", 3, "fair").ended.values()) == pytest.approx([0.029] * 3, abs=1e-12)


def test_closed_forms_by_hand():
    """M/M/1 is M/M/c with c = 1; for c = 2 and 1 erlang, C = 1/3."""
    assert queueing.erlang_c(1, 0.7) == pytest.approx(0.7)
    assert queueing.erlang_c(2, 1.0) == pytest.approx(1 / 3)


def test_utilisation_counts_what_lies_between_warm_up_and_last_arrival():
    """Served from 1 to 3 and from 4 to 9, looked at from 2 (first arrival kept) to 6: 1 + 2 of 4 s."""
    spans = [(0, "x", "compute", 2.0, 1.0, 3.0, 0, "ok"), (1, "x", "compute", 4.0, 4.0, 9.0, 0, "ok")]
    served = queueing.served_at("x", spans, 2, 6.0)
    assert served.utilisation(1) == pytest.approx(0.75)
    assert served.stays.tolist() == [1.0, 5.0]


@pytest.mark.parametrize(("size", "least"), SIZES)
def test_a_user_gets_ten_seeds_at_least_and_narrow_intervals(size: Size, least: int):
    assert size.replications >= least and size.customers >= 8000 and size.widest <= 0.12


def test_other_seeds_draw_other_replications():
    assert not set(Size.of(Settings(seed=1)).seeds(Settings(seed=1))) & set(
        Size.of(Settings(seed=2)).seeds(Settings(seed=2))
    )


# a broken simulator


def slow_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every link of a network has a tenth less bandwidth than its scenario says."""
    make = topology.make_link

    def slower(env: Any, record: Any, spec: Any, *args: Any, **values: Any) -> Any:
        return make(env, record, spec.model_copy(update={"bandwidth": spec.bandwidth * 0.9}), *args, **values)

    monkeypatch.setattr(topology, "make_link", slower)


def slow_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every node of a network is a tenth slower than its scenario says."""
    make = topology.make_node

    def slower(env: Any, record: Any, name: str, spec: Any, *args: Any, **values: Any) -> Any:
        return make(env, record, name, spec.model_copy(update={"speed": spec.speed * 0.9}), *args, **values)

    monkeypatch.setattr(topology, "make_node", slower)


def one_more_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue with a limit holds one more than it should."""
    make = topology.make_node

    def roomier(env: Any, record: Any, name: str, spec: Any, *args: Any, **values: Any) -> Any:
        limit = None if spec.queue.limit is None else spec.queue.limit + 1
        queue = spec.queue.model_copy(update={"limit": limit})
        return make(env, record, name, spec.model_copy(update={"queue": queue}), *args, **values)

    monkeypatch.setattr(topology, "make_node", roomier)


def awake_while_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that is down is booked as if it were up."""
    monkeypatch.setattr(Node, "up_time", property(lambda node: node.env.s))


@pytest.mark.parametrize(
    ("broken", "names"),
    [
        (slow_links, ["burst", "fair-burst", "filling", "uplinks", "lot", "weights", "departures", "tandem", "bytes"]),
        (slow_nodes, ["mm1", "md1", "mmc", "energy"]),
        (one_more_place, ["mm1k"]),
        (awake_while_down, ["energy"]),
    ],
)
def test_a_broken_simulator_fails(
    broken: Callable[[pytest.MonkeyPatch], None], names: list[str], monkeypatch: pytest.MonkeyPatch
):
    broken(monkeypatch)
    assert {name: verdict(name) for name in names} == dict.fromkeys(names, "failed")


def test_ciw_notices_a_broken_simulator(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("ciw")
    one_more_place(monkeypatch)
    assert verdict("ciw-limit") == "failed"


def test_weights_that_are_not_heeded_are_noticed(monkeypatch: pytest.MonkeyPatch):
    """Equal shares where 1 / latency was asked for."""
    from simnet.validation import fairness

    monkeypatch.setattr(fairness, "Networking", lambda weights: None)
    assert verdict("weights") == "failed"


def test_a_check_that_breaks_off_fails_with_its_reason():
    def broken(settings: Settings) -> list[Result]:
        raise ZeroDivisionError("division by zero")

    finding = carry_out(Check("x", "y", "z", "w", broken), Settings())
    assert (finding.status, finding.reason) == ("failed", "broke off: ZeroDivisionError: division by zero")


def test_a_check_without_results_fails():
    assert carry_out(Check("x", "y", "z", "w", lambda settings: []), Settings()).status == "failed"


# references that are not there


def skipped(name: str) -> str:
    (check,) = chosen([name])
    finding = carry_out(check, Settings())
    assert finding.status == "skipped" and not finding.results
    return finding.reason


@pytest.mark.parametrize("name", CIW)
def test_without_ciw(name: str, monkeypatch: pytest.MonkeyPatch):
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(ciw_reference, "import_module", missing)
    assert skipped(name) == "Ciw is not installed (pip install 'simnet[validate]')"


@pytest.mark.parametrize(
    ("stderr", "reason"),
    [
        ("ModuleNotFoundError: No module named 'simgrid'", "SimGrid's Python bindings are not installed"),
        ("ImportError: libsimgrid.so: no such file", "do not work here: ImportError: libsimgrid.so: no such file"),
        ("", "do not work here: no message"),
    ],
)
def test_without_simgrid(stderr: str, reason: str, monkeypatch: pytest.MonkeyPatch):
    told = SimpleNamespace(returncode=1, stdout="", stderr=stderr)
    monkeypatch.setattr(simgrid_reference.subprocess, "run", lambda *args, **values: told)
    assert reason in skipped("simgrid-two")


@pytest.mark.parametrize("name", ["simgrid-two", "simgrid-lot", "simgrid-failure", "simgrid-crowd"])
def test_simgrid_agrees(name: str):
    if find_spec("simgrid") is None:
        pytest.skip("SimGrid's Python bindings are not installed")
    assert verdict(name) == "passed"


def test_what_simgrid_says_is_compared(monkeypatch: pytest.MonkeyPatch):
    """17 and 21 ms by hand; another engine that says 17 and 22 disagrees."""
    for second, status in ((0.021, "passed"), (0.022, "failed")):
        answer = {"version": "?", "ended": [0.017, second], "lost": [None, None]}
        told = SimpleNamespace(returncode=0, stdout="noise\n" + json.dumps(answer) + "\n", stderr="")
        monkeypatch.setattr(simgrid_reference.subprocess, "run", lambda *args, told=told, **values: told)
        assert verdict("simgrid-two") == status


def test_tcp_without_root_or_programs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tcp_reference.sys, "platform", "linux")
    monkeypatch.setattr(tcp_reference.os, "geteuid", lambda: 1000, raising=False)
    assert skipped("tcp") == "needs root, for network namespaces"
    monkeypatch.setattr(tcp_reference.os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(tcp_reference.shutil, "which", lambda program: None)
    assert skipped("tcp") == "needs the programs ip and tc (package iproute2)"


def test_tcp_where_the_kernel_refuses(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tcp_reference.sys, "platform", "linux")
    monkeypatch.setattr(tcp_reference.os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(tcp_reference.shutil, "which", lambda program: program)
    refused = subprocess.CompletedProcess([], 2, "", "Operation not permitted\n")
    monkeypatch.setattr(tcp_reference.subprocess, "run", lambda *args, **values: refused)
    assert skipped("tcp").endswith("was refused: Operation not permitted")


def test_tcp_really_runs_and_leaves_nothing_behind():
    """Its time is not judged here: a busy machine may take any."""
    try:
        assert tcp_reference.measured(12.5e6, [50_000, 20_000]) > 0
    except Unavailable as missing:
        pytest.skip(missing.reason)
    assert not list(Path("/run/netns").glob(f"simnet-{os.getpid()}-*"))


@pytest.mark.parametrize(("slower", "status"), [(0.94, "failed"), (0.96, "passed"), (1.04, "passed"), (1.06, "failed")])
def test_tcp_and_a_link_may_differ_by_a_twentieth(slower: float, status: str, monkeypatch: pytest.MonkeyPatch):
    """The measured time is `slower` times the simulated one; 5 % of the measured one are allowed."""
    simulated = tcp_reference.simulated
    monkeypatch.setattr(tcp_reference, "measured", lambda rate, sizes: simulated(rate, sizes) * slower)
    assert verdict("tcp") == status


def test_the_simulated_side_of_tcp_by_hand():
    """Three segments (1448 + 1448 + 1 B of payload) and one of another message, each with 66 B."""
    assert tcp_reference.simulated(1000.0, [2897, 100]) == pytest.approx((2897 + 100 + 4 * 66) / 1000)


# the command


def invoke(*words: str) -> Any:
    return CliRunner().invoke(app, ["validate", *words])


def test_the_command_prints_values_errors_tolerances_and_passes():
    told = invoke("--only", "burst", "--only", "energy")
    assert told.exit_code == 0
    for text in ("exact times of a burst", "message 3 of 3, s", "0.029", "1e-09", "passed", "2 passed"):
        assert text in told.output


def test_the_command_fails_with_the_simulator(monkeypatch: pytest.MonkeyPatch):
    slow_links(monkeypatch)
    told = invoke("--only", "burst", "--only", "energy")
    assert told.exit_code == 1
    assert "failed" in told.output


def test_what_is_skipped_is_listed_with_its_reason_and_is_no_failure(monkeypatch: pytest.MonkeyPatch):
    told = SimpleNamespace(returncode=1, stdout="", stderr="No module named 'simgrid'")
    monkeypatch.setattr(simgrid_reference.subprocess, "run", lambda *args, **values: told)
    shown = invoke("--only", "simgrid-*", "--only", "lot")
    assert shown.exit_code == 0
    assert "skipped: SimGrid's Python bindings are not installed" in shown.output
    assert "1 passed, 4 skipped" in shown.output


def test_json(tmp_path: Path):
    file = tmp_path / "validation.json"
    assert invoke("--only", "lot", "--seed", "3", "--json", str(file)).exit_code == 0
    told = json.loads(file.read_text(encoding="utf-8"))
    (check,) = told.pop("checks")
    assert {key: told[key] for key in ("seed", "full", "passed", "failed", "skipped")} == {
        "seed": 3, "full": False, "passed": 1, "failed": 0, "skipped": 0,
    }  # fmt: skip
    assert (check["name"], check["status"], check["reason"]) == ("lot", "passed", None)
    assert check["results"][0] == {
        "what": "a to d", "unit": "MB/s", "simulated": 0.5, "reference": 0.5, "error": 0.0, "tolerance": 1e-9,
        "widest": None, "passed": True,
    }  # fmt: skip


def test_what_never_happened_is_null_in_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Links that never deliver: the checks fail, and the file is JSON."""
    monkeypatch.setattr(Lab, "_done", lambda lab, name: None)
    file = tmp_path / "validation.json"
    assert invoke("--only", "fair-burst", "--json", str(file)).exit_code == 1

    def refuse(word: str) -> None:
        raise AssertionError(word)

    (check,) = json.loads(file.read_text(encoding="utf-8"), parse_constant=refuse)["checks"]
    assert check["status"] == "failed" and len(check["results"]) == 3
    assert {(one["simulated"], one["error"], one["passed"]) for one in check["results"]} == {(None, None, False)}


def test_a_name_that_no_check_has(tmp_path: Path):
    told = invoke("--only", "mm2")
    assert told.exit_code == 2
    assert "no check is called 'mm2'; did you mean" in " ".join(told.output.split())
    assert invoke("--only", "lot", "--json", str(tmp_path / "nowhere" / "x.json")).exit_code == 2
    assert "is a folder" in invoke("--only", "lot", "--json", str(tmp_path)).output


def test_names_are_unique_and_documented():
    names = [check.name for check in ALL]
    assert len(set(names)) == len(names)
    page = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
    assert [name for name in names if f"`{name}`" not in page] == []
