"""Measured profiles of a node: the file that ``simnet profile`` writes."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from simnet.language.checks import Checks
from simnet.language.errors import Path, Problem, ScenarioError, dotted, shown
from simnet.language.source import Source, parse
from simnet.language.traces import read_beside

_SIZE = re.compile(r"[1-9][0-9]{0,8}")


def read_profile(checks: Checks, name: object, path: Path) -> dict[str, Any] | None:
    """Weights → segment → batch size → time of one call, as a scenario file would say it, from the JSON file `name`.

    None after noting in `checks` what is wrong with the file.
    """
    if not isinstance(name, str):
        message = f"{shown(name)} is no profile; write the name of a JSON file, or weights: {{segment: {{1: 3 ms}}}}"
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
        if not weights.isprintable():
            wrong(("weights",), f"{weights!a} is no name of weights")
            continue
        for segment, sizes in segments.items() if isinstance(segments, dict) else [(None, segments)]:
            place = ("weights", weights) if segment is None else ("weights", weights, segment)
            if not isinstance(sizes, dict) or not sizes:
                wrong(place, f"must be keys and values, found {shown(sizes)}")
                continue
            for size, seconds in sizes.items():
                if not _SIZE.fullmatch(size):
                    wrong((*place, size), f"a batch size is a whole number from 1 on, found {shown(size)}")
                if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 < seconds < math.inf:
                    wrong((*place, size), f"must be seconds, more than 0, found {shown(seconds)}")
            profile.setdefault(weights, {})[segment] = {size: f"{seconds!r} s" for size, seconds in sizes.items()}
    return profile if len(checks.problems) == before else None
