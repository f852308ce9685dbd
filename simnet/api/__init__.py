"""The public functions of `simnet`: load, check, run, and what a run gives. `docs/api.md` shows them at work."""

from simnet.api.runs import FigureKind, Run, check, live, load_run, run
from simnet.api.sweeps import Sweep, SweepFigure, load_sweep, sweep
from simnet.api.tunings import Tuning, TuningFigure, load_tuning, tune
from simnet.scenario.load import load

__all__ = [
    "FigureKind",
    "Run",
    "Sweep",
    "SweepFigure",
    "Tuning",
    "TuningFigure",
    "check",
    "live",
    "load",
    "load_run",
    "load_sweep",
    "load_tuning",
    "run",
    "sweep",
    "tune",
]
