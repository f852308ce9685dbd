"""What a run did as trace events: slices, flows, counters, instants, and the names of processes and threads.

The format is the JSON Trace Event Format of Chrome, which Perfetto reads. Slices are pairs of begin and end (`B`, `E`):
with complete events (`X`) a viewer rounds start and duration each by itself, and slices that follow each other overlap.
Times are microseconds, written to the picosecond.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple

from simnet.analysis.timeline.lanes import slots
from simnet.analysis.traces.account import life_of
from simnet.analysis.traces.critical import critical_path
from simnet.analysis.traces.setting import Setting
from simnet.analysis.traces.steps import Step, by_sample, steps_of
from simnet.analysis.traces.tracks import one_batch, tracks_of
from simnet.language.names import LINK_ARROW
from simnet.results.run import Results
from simnet.times import ticks

FAULTS = 10_000
"""Thread of a process's first fault; above all others."""


TOLD = ("sample", "image", "outcome", "exit", "reason", "label", "prediction", "correct", "entropy", "bytes", "site")
"""What is told of a sample."""


class Event(NamedTuple):
    """An event as it is written, and when, in picoseconds; names of processes and threads come before all others."""

    time: int
    text: str


class Ids:
    """Numbers of processes and flows, each given once in a trace."""

    def __init__(self) -> None:
        self.process, self.flow = count(1), count(1)


def micro(time: int) -> str:
    """Picoseconds as microseconds, to the last digit."""
    whole, part = divmod(time, 10**6)
    return f"{whole}.{part:06d}".rstrip("0") if part else str(whole)


def events_of(run: Results, system: str, ids: Ids) -> Iterator[Event]:
    """All events of one system: a process for the whole and one for each node, with its links as threads.

    Those of a track are in their order where times are equal, so that sorting by time keeps slices whole.

    Raises:
        RunError: no such system, or its tables are damaged.
    """
    setting, steps = Setting.of(run.scenario), steps_of(run.spans(system))
    samples = run.samples(system).to_pylist()
    whole = next(ids.process)
    processes = {name: next(ids.process) for name in setting.nodes}
    for name, process in {"samples": whole, **processes}.items():
        yield _named("process_name", process, f"{system}: {name}")
        yield _meta("process_sort_index", process, 0, {"sort_index": process})
    flows = _flows(steps, samples, setting, ids)
    for place, those in _by_place(steps, setting).items():
        process, first, called = _thread(place, setting, processes)
        for number, track in enumerate(tracks_of(those)):
            thread = first + number
            yield from _thread_named(process, thread, called + (f" ({number + 1})" if number else ""))
            yield from _slices(track, process, thread, flows)
    yield from _lives(samples, whole, system)
    yield from _accuracy(samples, whole)
    yield from _usage(run, system, processes, whole)
    end = ticks(run.summary["systems"][system].get("simulated_time") or 0.0)
    yield from _faults(run, system, processes, end)


def _by_place(steps: Iterable[Step], setting: Setting) -> dict[str, list[Step]]:
    """The steps of each place; nodes in the scenario's order, then links in that of their first use."""
    found: dict[str, list[Step]] = {name: [] for name in setting.nodes}
    for step in steps:
        found.setdefault(step.place, []).append(step)
    return {place: those for place, those in found.items() if those}


def _thread(place: str, setting: Setting, processes: Mapping[str, int]) -> tuple[int, int, str]:
    """Process and first thread of a place, and the thread's name. Threads of one link have a thousand numbers."""
    node, _, target = place.partition(LINK_ARROW)
    if not target:
        return processes[node], 1, "worker" if setting.workers.get(node, 1) == 1 else "workers"
    return processes[node], 1000 * (1 + setting.nodes.index(target)), f"{LINK_ARROW} {target}"


def _slices(track: Sequence[Step], process: int, thread: int, flows: Mapping[int, str]) -> Iterator[Event]:
    where = f'"pid":{process},"tid":{thread}'
    at = 0
    while at < len(track):
        after = at + 1
        while after < len(track) and one_batch(track[at], track[after]):
            after += 1
        for step in track[at:after]:
            yield Event(step.started, _slice(step, where))
            if id(step) in flows:
                yield Event(step.started, f'{{{flows[id(step)]},{where},"ts":{micro(step.started)}}}')
        for step in track[at:after]:
            yield Event(step.ended, f'{{"ph":"E",{where},"ts":{micro(step.ended)}}}')
        at = after


def _slice(step: Step, where: str) -> str:
    name = step.sample if step.sample >= 0 else "heartbeat"
    told = f'"sample":{step.sample}'
    if step.started > step.queued:
        told += f',"waited_us":{micro(step.started - step.queued)}'
    if step.transfer:
        told += f',"bytes":{step.bytes}'
        if step.message != step.place:
            told += f',"message":{_json(step.message)}'
    if step.status != "ok":
        told += f',"status":"{step.status}"'
    kind = "transfer" if step.transfer else "compute"
    return f'{{"ph":"B","cat":"{kind}","name":"{name}",{where},"ts":{micro(step.started)},"args":{{{told}}}}}'


def _flows(steps: Iterable[Step], samples: Sequence[Mapping[str, Any]], setting: Setting, ids: Ids) -> dict[int, str]:
    """Of the steps on critical paths, by identity, the begin of their flow event: an arrow from each to the next."""
    of, found = by_sample(steps), dict[int, str]()
    for row in samples:
        if (life := life_of(row)) is None:
            continue
        parts = critical_path(of.get(row["sample"], []), setting, life)
        chain = list({id(part.step): part.step for part in parts if part.step is not None})
        if len(chain) > 1:
            number = next(ids.flow)
            for place, step in enumerate(chain):
                phase = '"ph":"s"' if place == 0 else '"ph":"t"' if place < len(chain) - 1 else '"ph":"f","bp":"e"'
                found[step] = f'{phase},"cat":"path","name":"path","id":{number}'
    return found


def _lives(samples: Iterable[Mapping[str, Any]], process: int, system: str) -> Iterator[Event]:
    """Samples from capture to outcome, as nestable asynchronous events: any number may be under way at once."""
    for row in samples:
        life = life_of(row)
        if life is None:
            continue
        name, number = _json(life.outcome if life.exit is None else f"exit {life.exit}"), f"{system}/{row['sample']}"
        # A local id: with one for all processes, Perfetto shows them apart from theirs.
        where = f'"cat":"sample","name":{name},"id2":{{"local":{_json(number)}}},"pid":{process},"tid":0'
        told = {key: row[key] for key in TOLD if row[key] is not None}
        yield Event(life.captured, f'{{"ph":"b",{where},"ts":{micro(life.captured)},"args":{_json(told)}}}')
        yield Event(life.ended, f'{{"ph":"e",{where},"ts":{micro(life.ended)}}}')


def _accuracy(samples: Iterable[Mapping[str, Any]], process: int) -> Iterator[Event]:
    """Right answers among those so far, each time that one is there."""
    answers = sorted((ticks(row["finished_at"]), row["correct"]) for row in samples if row["finished_at"] is not None)
    right = 0
    for number, (time, correct) in enumerate(answers, start=1):
        right += correct
        yield _counter("accuracy so far", process, time, right / number)


def _usage(run: Results, system: str, processes: Mapping[str, int], whole: int) -> Iterator[Event]:
    """Utilisation and queue of every place, at the begin of each window."""
    usage = run.usage(system)
    for row in [] if usage is None else usage.to_pylist():
        node, arrow, target = row["place"].partition(LINK_ARROW)
        process = processes.get(node, whole)
        suffix = f" {arrow} {target}" if arrow else "" if node in processes else f" {node}"
        time = ticks(row["began"])
        if row["utilisation"] is not None:
            yield _counter(f"utilisation{suffix}", process, time, row["utilisation"])
        yield _counter(f"queue length{suffix}", process, time, row["queue_mean"])


def _faults(run: Results, system: str, processes: Mapping[str, int], end: int) -> Iterator[Event]:
    """Each incident as an instant, and as a slice on a thread of its node; of a link, the node that sends."""
    incidents = run.incidents(system)
    of: dict[int, list[tuple[int, int, Mapping[str, Any]]]] = {}
    for row in [] if incidents is None else incidents.to_pylist():
        process = processes[row["target"].partition(LINK_ARROW)[0]]
        began = ticks(row["began"])
        ended = max(end, began) if row["ended"] is None else ticks(row["ended"])
        of.setdefault(process, []).append((began, ended, row))
    for process, spells in of.items():
        spells.sort(key=lambda spell: spell[:2])
        places = slots([spell[0] for spell in spells], [spell[1] for spell in spells])
        for number in sorted(set(places)):
            yield from _thread_named(process, FAULTS + number, "faults" + (f" ({number + 1})" if number else ""))
        for (began, ended, row), number in zip(spells, places, strict=True):
            where = f'"pid":{process},"tid":{FAULTS + number}'
            told = {key: row[key] for key in ("target", "action", "value") if row[key] is not None}
            head = f'"cat":"fault","name":{_json(row["fault"])},{where},"ts":{micro(began)},"args":{_json(told)}'
            yield Event(began, f'{{"ph":"B",{head}}}')
            yield Event(began, f'{{"ph":"i","s":"p",{head}}}')
            yield Event(ended, f'{{"ph":"E",{where},"ts":{micro(ended)}}}')


def _counter(name: str, process: int, time: int, value: float) -> Event:
    told = f'"pid":{process},"tid":0,"ts":{micro(time)},"args":{{"value":{value:.6g}}}'
    return Event(time, f'{{"ph":"C","name":{_json(name)},{told}}}')


def _thread_named(process: int, thread: int, name: str) -> Iterator[Event]:
    yield _named("thread_name", process, name, thread)
    yield _meta("thread_sort_index", process, thread, {"sort_index": thread})


def _named(what: str, process: int, name: str, thread: int = 0) -> Event:
    return _meta(what, process, thread, {"name": name})


def _meta(what: str, process: int, thread: int, told: Mapping[str, Any]) -> Event:
    return Event(-1, f'{{"ph":"M","name":"{what}","pid":{process},"tid":{thread},"ts":0,"args":{_json(told)}}}')


# Signs as they are: Perfetto shows an escaped arrow in the name of a thread or counter as it is written.
_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
