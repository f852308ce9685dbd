"""Links, of several kinds; a name leads to its class, which is imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simnet.registry import Registry

if TYPE_CHECKING:
    from simnet.network.links.base import Carrier


def _check(kind: type[Carrier]) -> None:
    from simnet.language.kinds import check_options
    from simnet.network.links.section import LinkEntry

    check_options(kind, LinkEntry)


LINKS: Registry[Carrier] = Registry(
    "simnet.links",
    "link kind",
    "simnet.network.links.base:Carrier",
    {"fifo": "simnet.network.links.kinds:Fifo", "fair": "simnet.network.links.fair:FairLink"},
    _check,
)
