"""What happened to one sample in one system, with all that explains it: its path, missing views, faults at the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simnet.analysis.faults import Fault, faults_of
from simnet.analysis.traces.critical import WAIT, Life, Part, critical_path, tier_of
from simnet.analysis.traces.setting import Setting
from simnet.analysis.traces.steps import Step, of_sample
from simnet.results.run import Results, RunError
from simnet.times import PER_SECOND, seconds, ticks


@dataclass(frozen=True)
class Account:
    """One sample in one system.

    Attributes:
        system: Its name.
        row: The sample's row of ``samples.parquet``.
        life: When it began and ended, in picoseconds; of one without an outcome, to the end of the run.
        steps: Its steps, in the order in which they ended.
        parts: Where its time went: together exactly from the capture to the end.
        rule_limit: T of its exit at the run's begin; None where it has none.
        missing: Nodes whose views took no part in the answer, each with why.
        faults: Those in effect between capture and end.
    """

    system: str
    row: Mapping[str, Any]
    life: Life
    steps: Sequence[Step]
    parts: Sequence[Part]
    rule_limit: float | None
    missing: Mapping[str, str]
    faults: Sequence[Fault]

    @property
    def latency(self) -> int:
        """Picoseconds from capture to end."""
        return self.life.ended - self.life.captured


def life_of(row: Mapping[str, Any], end: int | None = None) -> Life | None:
    """When a sample of ``samples.parquet`` lived; of one without an outcome to `end`, or None."""
    at = row["finished_at"] if row["ended_at"] is None else row["ended_at"]
    ended = end if at is None else ticks(at)
    if ended is None:
        return None
    return Life(row["site"], ticks(row["captured_at"]), ended, row["outcome"], row["exit"])


def accounts_of(run: Results, sample: int, systems: Sequence[str] = ()) -> list[Account]:
    """What happened to a sample in each of some systems (none: all).

    Raises:
        RunError: no such sample or system, or a table is damaged.
    """
    setting, faults = Setting.of(run.scenario), faults_of(run)
    return [_account(run, sample, system, setting, faults) for system in systems or run.systems]


def _account(run: Results, sample: int, system: str, setting: Setting, faults: Sequence[Fault]) -> Account:
    table, spans, told = run.samples(system), run.spans(system), run.summary["systems"][system]
    if not 0 <= sample < table.num_rows:
        there = f"this run has 0 to {table.num_rows - 1}" if table.num_rows else "this run has none"
        raise RunError(f"{run.place}: no sample {sample}; {there}")
    row = table.slice(sample, 1).to_pylist()[0]
    life = life_of(row, ticks(told.get("simulated_time") or row["captured_at"]))
    assert life is not None
    steps = of_sample(spans, sample)
    active = [fault for fault in faults if fault.overlaps(life.captured / PER_SECOND, life.ended / PER_SECOND)]
    exits = list(told["exits"])
    parts = [_named(part, life, exits, setting) for part in critical_path(steps, setting, life)]
    missing = {
        node: _why(node, steps, active, life)
        for node in setting.devices(life.site)
        if life.exit is not None and not row["views"] >> (setting.views[node] - 1) & 1
    }
    limit = told["thresholds"].get(life.exit)
    return Account(system, row, life, steps, parts, limit, missing, active)


def _named(part: Part, life: Life, exits: Sequence[str], setting: Setting) -> Part:
    """A wait of a forced sample for what nobody could be asked: it was for the nodes of the last exit."""
    if part.kind != WAIT or part.awaited or life.outcome != "forced":
        return part
    beyond = tier_of(exits[-1])
    return part._replace(awaited=tuple(node for node in setting.nodes if setting.tiers[node] == beyond))


def _why(node: str, steps: Sequence[Step], faults: Sequence[Fault], life: Life) -> str:
    """Why a node's view took no part, as far as the tables tell."""
    down = any(fault.down and fault.hits(node) for fault in faults)
    mine = [step for step in steps if step.source == node]
    if not mine:
        return "down" if down else "sent nothing"
    last = max(mine, key=lambda step: (step.ended, step.queued))
    what = "message" if last.transfer else "computing"
    if last.status == "ok":
        if not last.transfer:
            return "its message could not leave"
        if last.ends_at != last.target:
            return f"its message got as far as {last.ends_at}"
        return f"its message came {format_span(last.ended - life.captured)} after the capture: too late"
    return f"its {what} was {last.status}" if last.status != "unfinished" else f"its {what} had not ended"


def format_span(time: int) -> str:
    """A length of time in picoseconds for a reader, to a microsecond or four digits."""
    from simnet.language.units import format_time

    return format_time(round(seconds(time), 6) if time >= PER_SECOND // 1000 else seconds(time), 6)
