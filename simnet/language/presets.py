"""Named node and link values with the source of every number.

What a node's call takes is fitted to published times of networks where there are any (docs/presets.md). Latencies are
one way: half of a measured round trip. `power` is what the whole board or card draws, and no link's energy per byte:
that depends on its radio.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Preset:
    """`values` in the scenario file's own keys and notation, and where they come from."""

    values: Mapping[str, Any]
    source: str
