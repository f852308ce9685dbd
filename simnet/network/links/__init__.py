"""Links, of several kinds; a name leads to its class, which is imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simnet.registry import Registry

if TYPE_CHECKING:
    from simnet.network.links.base import Carrier

LINKS: Registry[Carrier] = Registry(
    "simnet.links",
    "link kind",
    "simnet.network.links.base:Carrier",
    {"fifo": "simnet.network.links.kinds:Fifo", "fair": "simnet.network.links.fair:FairLink"},
    "simnet.network.links.section:check_kind",
)
