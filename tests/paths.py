"""Where things lie in a checkout."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent
SCENARIOS = ROOT / "scenarios"
