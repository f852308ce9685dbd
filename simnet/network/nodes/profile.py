"""Measured profiles of a node: the file that ``simnet profile`` writes."""

from __future__ import annotations

import json
import math
from typing import Any

from simnet.language.checks import Checks
from simnet.language.errors import Path, Problem, ScenarioError, dotted
from simnet.language.source import Source, parse
from simnet.language.traces import read_beside


def read_profile(checks: Checks, name: object, path: Path) -> dict[str, Any] | None:
    """Weights → segment → batch size → time of one call, as a scenario file would say it, from the JSON file `name`.

    None after noting in `checks` what is wrong with the file.
    """
    if not isinstance(name, str):
        message = f"{name!r} is no profile; write the name of a JSON file, or weights: {{segment: {{1: 3 ms}}}}"
        checks.wrong(path, message)
        return None
    try:
        file, text = read_beside(name, checks.source, path)
    except ScenarioError as error:
        checks.problems += error.problems
        return None
    lines = Source(str(file))

    def wrong(place: Path, message: str) -> None:
        if not lines.lines:
            try:
                parse(text, lines)  # JSON is YAML, and this parser knows the lines
            except ScenarioError:
                lines.lines[()] = 1
        inside = dotted(place)
        line = lines.problem(place, "").line
        checks.problems.append(Problem(lines.file, line, dotted(path), f"{inside}: {message}" if inside else message))

    before = len(checks.problems)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        checks.problems.append(Problem(lines.file, line, dotted(path), f"not JSON: {getattr(error, 'msg', error)}"))
        return None
    if not isinstance(content, dict) or not isinstance(content.get("weights"), dict):
        wrong((), "no profile: it has no 'weights' (write one with 'python -m simnet profile')")
        return None
    profile: dict[str, Any] = {}
    for weights, segments in content["weights"].items():
        for segment, sizes in segments.items() if isinstance(segments, dict) else [(None, segments)]:
            place = ("weights", weights) if segment is None else ("weights", weights, segment)
            if not isinstance(sizes, dict) or not sizes:
                wrong(place, f"must be keys and values, found {sizes!r}")
                continue
            for size, seconds in sizes.items():
                if not size.isdecimal() or int(size) < 1:
                    wrong((*place, size), f"a batch size is a whole number from 1 on, found {size!r}")
                if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 < seconds < math.inf:
                    wrong((*place, size), f"must be seconds, more than 0, found {seconds!r}")
            profile.setdefault(weights, {})[segment] = {size: f"{seconds!r} s" for size, seconds in sizes.items()}
    return profile if len(checks.problems) == before else None
