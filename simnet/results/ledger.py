"""What a run cost in joules: spans tell of computing and bytes, up times of idling (definitions: our choice).

A node with a power model draws `idle` watts while it is up (nothing while it is down), busy − idle more for each worker
that computes, and joules for every byte that it puts on a link or that reaches it. While it sleeps it draws `sleep` in
place of `idle`, and busy − idle more while it wakes. A batch is one call, whose energy its samples share equally;
idling, sleeping and waking belong to no sample.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from simnet.language.names import LINK_ARROW
from simnet.network.nodes.power import standby
from simnet.network.nodes.sleep import Slept
from simnet.network.nodes.spec import Node, PowerModel
from simnet.results.kept.recorded import Recorded
from simnet.results.steps import Mask, Steps


class Ledger:
    """Joules of every node with a power model, by use, and of every sample.

    `steps` are all of a run, counted a part at a time, `up_times` the seconds that each node was up, `samples` their
    number; `cut_off` the joules that nodes paid for what had arrived of messages when their batteries were empty;
    `slept` how those slept that do.

    Who pays what for a step is said in `simnet.network.nodes.power.charges`; here it is done for all steps at once.
    Sums are in the order of the steps, the sending of a message before its receiving.
    """

    def __init__(
        self,
        nodes: Mapping[str, Node],
        steps: Steps | Recorded,
        up_times: Mapping[str, float],
        samples: int,
        cut_off: Mapping[str, float] | None = None,
        slept: Mapping[str, Slept] | None = None,
    ) -> None:
        powered = {name: node.power for name, node in nodes.items() if node.power is not None}
        self.up_times, self.slept = up_times, dict(slept or {})
        self.nodes: dict[str, dict[str, float]] = {}
        for name, power in powered.items():
            always = standby(power, up_times[name], self.slept.get(name))
            self.nodes[name] = {"idle": always.idle, "busy": 0.0, "sent": 0.0, "received": 0.0}
            if name in self.slept:
                self.nodes[name] |= {"asleep": always.asleep, "waking": always.waking}
        for name, arrived in (cut_off or {}).items():
            self.nodes[name]["received"] += arrived
        self.samples: NDArray[np.float64] = np.zeros(samples)
        """Joules that each sample caused: computing, sending and receiving, not idling, sleeping or waking."""
        if powered:
            for part in Recorded.of(steps).parts():
                if len(part):
                    self._add(part, powered)

    def _add(self, steps: Steps, powered: Mapping[str, PowerModel]) -> None:
        names = list(powered)
        computing, received = steps.computing, ~steps.computing & steps.is_("ok")
        places = [place if LINK_ARROW not in place else place.partition(LINK_ARROW)[0] for place in steps.places]
        payer = _numbers(places, names)[steps.place]
        hearer = _numbers([place.partition(LINK_ARROW)[2] for place in steps.places], names)[steps.place]
        busy, send, receive = _rates(powered.values())
        joules = np.zeros((len(steps), 2))
        """Of each step, what who computes or sends pays, and who receives."""
        calls, sent, heard = computing & (payer >= 0), ~computing & (payer >= 0), received & (hearer >= 0)
        joules[calls, 0] = busy[payer[calls]] * steps.lasted[calls] * _shares(steps.joined)[calls]
        joules[sent, 0] = send[payer[sent]] * steps.size[sent]
        joules[heard, 1] = receive[hearer[heard]] * steps.size[heard]
        for use, those, who, column in (
            ("busy", calls, payer, 0),
            ("sent", sent, payer, 0),
            ("received", heard, hearer, 1),
        ):
            before = [self.nodes[name][use] for name in names]
            sums = np.bincount(
                np.concatenate([np.arange(len(names)), who[those]]), np.concatenate([before, joules[those, column]])
            )
            for name, total in zip(names, sums.tolist(), strict=True):
                self.nodes[name][use] = total
        ours = steps.sample >= 0  # heartbeats belong to no sample
        np.add.at(self.samples, np.repeat(steps.sample[ours], 2), joules[ours].ravel())


def _numbers(places: list[str], names: list[str]) -> NDArray[np.int64]:
    """Of each place the number of its name; −1 where it is none of them."""
    known = {name: number for number, name in enumerate(names)}
    return np.array([known.get(place, -1) for place in places], np.int64)


def _rates(models: Iterable[PowerModel]) -> NDArray[np.float64]:
    """Of each node the watts of a worker that computes beside those of idling, and the joules of a byte each way."""
    return np.array([(one.busy - one.idle, one.send, one.receive) for one in models], float).T


def _shares(joined: Mask) -> NDArray[np.float64]:
    """The part of each step in the call of its batch: 1 without company."""
    batch = np.cumsum(~joined)  # the number of the batch, counted from 1
    return np.asarray(1 / np.bincount(batch)[batch])
