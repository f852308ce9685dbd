"""What a user may write: scenario files, units, presets, errors. `docs/scenario.md` is the reference."""

from simnet.language.errors import Problem, ScenarioError
from simnet.scenario.load import load_scenario
from simnet.scenario.scenario import Scenario

__all__ = ["Problem", "Scenario", "ScenarioError", "load_scenario"]
