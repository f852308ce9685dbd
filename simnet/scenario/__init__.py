"""What a user may write: scenario files, units, presets, errors. `docs/scenario.md` is the reference."""

from simnet.scenario.errors import Problem, ScenarioError
from simnet.scenario.load import load_scenario
from simnet.scenario.schema import Scenario

__all__ = ["Problem", "Scenario", "ScenarioError", "load_scenario"]
