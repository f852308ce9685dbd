"""What was used in worlds drawn at random, against sums over what the engine itself did, moment by moment."""

from __future__ import annotations

import random
from collections import defaultdict
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest import approx
from test_random_worlds import drawn_scenario
from worlds import play

from simnet.clock import PER_SECOND, seconds
from simnet.network.line import FifoLine, Job
from simnet.network.links.lossy import LossyLink
from simnet.network.links.medium import Message
from simnet.network.nodes.queueing import QueueLine
from simnet.results.steps import Steps
from simnet.scenario import Scenario
from simnet.world.aftermath import used
from simnet.world.captures import captures
from simnet.world.world import World

Busy = dict[str, list[tuple[int, int]]]
"""From when to when (ps) each place was occupied, by each of its workers."""


def watched(scenario: Scenario) -> tuple[World, Busy]:
    """Play it, noting where the engine has the end of a service, which spans of links do not have."""
    busy: Busy = defaultdict(list)
    taken: set[int] = set()
    with pytest.MonkeyPatch.context() as patch:
        end, cut, launch, give_up, note = (
            FifoLine.end, FifoLine._cut_short, LossyLink.launch, LossyLink._cut_short, QueueLine._note
        )  # fmt: skip

        def line_ends(self: FifoLine, job: Job) -> None:
            busy[self.place].append((job[1][4], job[2]))
            end(self, job)

        def line_cuts(self: FifoLine, job: Job, status: str) -> Any:
            if job[1][4] < self.env.now:
                busy[self.place].append((job[1][4], min(job[2], self.env.now)))
            return cut(self, job, status)

        def link_launches(self: LossyLink, message: Message) -> None:
            taken.add(id(message))
            kept.append(message)  # so that no other gets its number
            busy[self.place].append((message.started, message.served))
            launch(self, message)

        def link_cuts(self: LossyLink, message: Message, status: str) -> Any:
            if message.event is not None and id(message) not in taken:
                busy[self.place].append((message.started, min(message.served, self._env.now)))
            return give_up(self, message, status)

        def service_ends(self: QueueLine, service: Any, status: str) -> None:
            busy[self.place].append((service.started, self.env.now))
            note(self, service, status)

        kept: list[Message] = []
        patch.setattr(FifoLine, "end", line_ends)
        patch.setattr(FifoLine, "_cut_short", line_cuts)
        patch.setattr(LossyLink, "launch", link_launches)
        patch.setattr(LossyLink, "_cut_short", link_cuts)
        patch.setattr(QueueLine, "_note", service_ends)
        return play(scenario), busy


def inside(intervals: list[tuple[int, int]], low: int, high: int) -> int:
    return sum(max(0, min(end, high) - max(begin, low)) for begin, end in intervals)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_usage_is_what_the_engine_did(seed: int, cut: bool) -> None:
    draw = random.Random(seed)
    scenario = drawn_scenario(draw, "ddnn")
    if cut:
        update = {"samples": None, "duration": draw.uniform(0.05, 1.0)}
        scenario = Scenario.model_validate(scenario.model_dump() | update)
    world, busy = watched(scenario)
    end = world.env.now
    if not end:
        return
    usage = used(
        scenario, world.network, Steps.of(world.network.spans, world.network.joined), captures(scenario), seconds(end)
    )
    spans = world.network.spans
    there = {place for _, place, *_ in spans}
    fair = {f"{one.source}→{one.target}" for one in scenario.links if one.sharing == "fair"}
    names = np.array(usage.columns["place"])
    assert {name for name in usage.places if not name.startswith("medium ")} == there
    for place, numbers in usage.places.items():
        links = [f"{one.source}→{one.target}" for one in scenario.links if f"medium {one.medium}" == place] or [place]
        mine = [span for span in spans if span[1] in links]
        occupied = [one for link in links if link not in fair for one in busy.get(link, [])]
        workers = scenario.nodes[place].workers if place in scenario.nodes else 1
        waits = [(queued, started) for _, _, _, queued, started, *_ in mine]
        rows = np.flatnonzero(names == place)
        edges = [round(one * PER_SECOND) for one in (*np.asarray(usage.columns["began"])[rows].tolist(), seconds(end))]
        columns = {key: np.asarray(usage.columns[key])[rows].tolist() for key in usage.columns if key != "kind"}
        if place not in fair:
            assert numbers["utilisation"] == approx(inside(occupied, 0, end) / (workers * end), abs=1e-4)
        assert numbers["arrivals"] == len(mine) == sum(columns["arrivals"])
        for key in ("lost", "unfinished", "dropped"):
            assert numbers[key] == sum(span[7] == key for span in mine)
        assert numbers["queue_mean"] == approx(inside(waits, 0, end) / end, abs=1e-9)
        if place in scenario.nodes:
            assert numbers["throughput"] == approx(sum(span[7] == "ok" for span in mine) / seconds(end))
        else:
            assert numbers["throughput"] == approx(sum(span[6] for span in mine) / seconds(end))
        for number, (low, high) in enumerate(pairwise(edges)):
            if place not in fair:
                share = inside(occupied, low, high) / (workers * (high - low))
                # A message that was cut short has whole bytes: the last may be part of one, up to 1 B at 0.2 MB/s.
                assert columns["utilisation"][number] == approx(share, abs=1e-6 + 5e6 * 2 / (high - low))
            assert columns["queue_mean"][number] == approx(inside(waits, low, high) / (high - low), abs=1e-6)
            instants = [low, *(at for wait in waits for at in wait if low <= at < high)]
            most = max(sum(queued <= at < started for queued, started in waits) for at in instants)
            assert columns["queue_max"][number] == most
