"""One end of TCP connections; run by path inside a network namespace, without the rest of simnet.

`tcp_peer.py receive ADDRESS TRIALS SIZES` prints its port; in each trial it accepts a connection and reads messages of
these sizes (a JSON list of bytes). In the end it prints, as JSON, when each trial's last message was complete.
`tcp_peer.py send ADDRESS TRIALS SIZES PORT` connects and writes the messages one after another as fast as the
connection takes them, in each trial; in the end it prints when each began. Times are those of the monotonic clock,
which all processes of a machine share.
"""

from __future__ import annotations

import json
import socket
import sys
import time

PATIENCE = 5.0
"""Seconds without any progress after which both give up."""


def receive(address: str, trials: int, sizes: list[int]) -> list[float]:
    """Accept one connection after another; note when the last message of each is complete."""
    ended = []
    with socket.create_server((address, 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        listening.settimeout(PATIENCE)
        for _ in range(trials):
            connection, _ = listening.accept()
            with connection:
                connection.settimeout(PATIENCE)
                for size in sizes:
                    left = size
                    while left:
                        got = len(connection.recv(min(left, 1 << 16)))
                        if not got:
                            raise ConnectionError("the sender has hung up")
                        left -= got
                ended.append(time.monotonic())
    return ended


def send(address: str, trials: int, sizes: list[int], port: int) -> list[float]:
    """Connect and send all messages, again and again; note when each trial began."""
    began = []
    for _ in range(trials):
        with socket.create_connection((address, port), timeout=PATIENCE) as connection:
            began.append(time.monotonic())
            for size in sizes:
                connection.sendall(bytes(size))
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)  # until the receiver has read all and hung up
    return began


if __name__ == "__main__":
    _, part, where, how_often, lengths, *ports = sys.argv
    asked = where, int(how_often), json.loads(lengths)
    times = receive(*asked) if part == "receive" else send(*asked, int(ports[0]))
    print(json.dumps(times), flush=True)
