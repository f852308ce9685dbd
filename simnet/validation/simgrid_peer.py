"""Plays flows in SimGrid and prints when they ended; run by path, in a process of its own, since SimGrid is global.

Standard input: JSON with `platform` (path of an XML file), `options` (SimGrid's), `flows` (each `host` to `peer`,
`size` in bytes, `at` in s) and `off` (pairs of a link and the time in s at which it is turned off). Standard output,
last line: JSON with `version`, and for every flow its time in `ended`, or null if it was lost, then its time in `lost`.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any

simgrid: Any = import_module("simgrid")


def main() -> None:
    """Read what to play, play it, print what happened."""
    asked = json.load(sys.stdin)
    flows: list[dict[str, Any]] = asked["flows"]
    engine = simgrid.Engine(["simgrid_peer", *(f"--cfg={option}" for option in asked["options"])])
    engine.load_platform(asked["platform"])
    ended: list[float | None] = [None] * len(flows)
    lost: list[float | None] = [None] * len(flows)

    def actor(name: str, host: str, act: Any, *args: Any) -> None:
        there = engine.host_by_name(host)
        if hasattr(there, "add_actor"):  # from SimGrid 4 on
            there.add_actor(name, act, *args)
        else:
            simgrid.Actor.create(name, there, act, *args)

    def send(number: int) -> None:
        flow = flows[number]
        simgrid.this_actor.sleep_until(flow["at"])
        ends = engine.host_by_name(flow["host"]), engine.host_by_name(flow["peer"])
        try:
            simgrid.Comm.sendto(*ends, flow["size"])
            ended[number] = engine.clock
        except simgrid.NetworkFailureException:
            lost[number] = engine.clock

    def turn_off(link: str, time: float) -> None:
        simgrid.this_actor.sleep_until(time)
        next(one for one in engine.all_links if one.name == link).turn_off()

    for number, flow in enumerate(flows):
        actor(f"flow {number}", flow["host"], send, number)
    for link, time in asked["off"]:
        actor(f"{link} off", flows[0]["host"], turn_off, link, time)
    engine.run()
    version = str(getattr(simgrid, "simgrid_version", "?"))
    print("\n" + json.dumps({"version": version, "ended": ended, "lost": lost}), flush=True)


if __name__ == "__main__":
    main()
