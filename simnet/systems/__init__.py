"""Inference systems, one file each; `SYSTEMS` maps the name used in a scenario to the class."""

from __future__ import annotations

from simnet.systems.ada_ddnn import AdaDdnn
from simnet.systems.base import System
from simnet.systems.ddnn import Ddnn
from simnet.systems.ddnn_2017 import Ddnn2017

SYSTEMS: dict[str, type[System]] = {"ddnn": Ddnn, "ada-ddnn": AdaDdnn, "ddnn-2017": Ddnn2017}
