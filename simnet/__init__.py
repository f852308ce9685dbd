"""simnet: discrete-event simulation of distributed early-exit inference with the real network in the loop.

What is listed here is imported when it is first used, so that ``import simnet`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the same names as in _HOMES, for type checkers and editors
    from simnet.api import Run as Run
    from simnet.api import Sweep as Sweep
    from simnet.api import Tuning as Tuning
    from simnet.api import check as check
    from simnet.api import live as live
    from simnet.api import load as load
    from simnet.api import load_run as load_run
    from simnet.api import load_sweep as load_sweep
    from simnet.api import load_tuning as load_tuning
    from simnet.api import run as run
    from simnet.api import sweep as sweep
    from simnet.api import tune as tune
    from simnet.clock import ProtocolError as ProtocolError
    from simnet.installation import __version__ as __version__
    from simnet.language.errors import Problem as Problem
    from simnet.language.errors import ScenarioError as ScenarioError
    from simnet.models.cards.card import WeightsError as WeightsError
    from simnet.models.codecs import Codec as Codec
    from simnet.models.data.base import DataError as DataError
    from simnet.models.data.base import Dataset as Dataset
    from simnet.models.data.base import DatasetOptions as DatasetOptions
    from simnet.models.device import DeviceError as DeviceError
    from simnet.models.graph import Graph as Graph
    from simnet.models.graph import GraphError as GraphError
    from simnet.models.graph import Part as Part
    from simnet.models.graph import Segment as Segment
    from simnet.models.graph import Take as Take
    from simnet.models.networks.base import Architecture as Architecture
    from simnet.models.networks.base import Given as Given
    from simnet.models.networks.base import Network as Network
    from simnet.models.networks.base import Output as Output
    from simnet.models.networks.dag import DagNetwork as DagNetwork
    from simnet.models.networks.traced import TracedNetwork as TracedNetwork
    from simnet.models.rules import ExitRule as ExitRule
    from simnet.models.rules import FeatureRule as FeatureRule
    from simnet.models.rules import probabilities as probabilities
    from simnet.registry import PluginError as PluginError
    from simnet.results.run import RunError as RunError
    from simnet.scenario.scenario import Scenario as Scenario
    from simnet.systems.base import Decision as Decision
    from simnet.systems.base import System as System
    from simnet.systems.one_edge import OneEdge as OneEdge
    from simnet.systems.options import EdgeOptions as EdgeOptions
    from simnet.systems.options import SystemOptions as SystemOptions
    from simnet.systems.roles import Role as Role
    from simnet.systems.roles import Roles as Roles
    from simnet.terminal.listener import Progress as Progress

_HOMES = {
    "__version__": "simnet.installation",
    # what one calls
    "load": "simnet.api",
    "check": "simnet.api",
    "run": "simnet.api",
    "live": "simnet.api",
    "load_run": "simnet.api",
    "Run": "simnet.api",
    "sweep": "simnet.api",
    "load_sweep": "simnet.api",
    "Sweep": "simnet.api",
    "tune": "simnet.api",
    "load_tuning": "simnet.api",
    "Tuning": "simnet.api",
    "Scenario": "simnet.scenario.scenario",
    "Progress": "simnet.terminal.listener",
    # what goes wrong
    "Problem": "simnet.language.errors",
    "ScenarioError": "simnet.language.errors",
    "RunError": "simnet.results.run",
    "PluginError": "simnet.registry",
    "ProtocolError": "simnet.clock",
    "DataError": "simnet.models.data.base",
    "WeightsError": "simnet.models.cards.card",
    "DeviceError": "simnet.models.device",
    "GraphError": "simnet.models.graph",
    # what a plug-in is derived from, or made of
    "System": "simnet.systems.base",
    "OneEdge": "simnet.systems.one_edge",
    "Decision": "simnet.systems.base",
    "SystemOptions": "simnet.systems.options",
    "EdgeOptions": "simnet.systems.options",
    "Roles": "simnet.systems.roles",
    "Role": "simnet.systems.roles",
    "Network": "simnet.models.networks.base",
    "Architecture": "simnet.models.networks.base",
    "Given": "simnet.models.networks.base",
    "Output": "simnet.models.networks.base",
    "DagNetwork": "simnet.models.networks.dag",
    "TracedNetwork": "simnet.models.networks.traced",
    "ExitRule": "simnet.models.rules",
    "FeatureRule": "simnet.models.rules",
    "probabilities": "simnet.models.rules",
    "Codec": "simnet.models.codecs",
    "Dataset": "simnet.models.data.base",
    "DatasetOptions": "simnet.models.data.base",
    "Part": "simnet.models.graph",
    "Graph": "simnet.models.graph",
    "Segment": "simnet.models.graph",
    "Take": "simnet.models.graph",
}
"""Where every public name lives."""

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        found = getattr(import_module(_HOMES[name]), name)
    except ImportError:
        from simnet.installation import fault

        if (problem := fault()) is None:
            raise
        raise ImportError(problem) from None
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
