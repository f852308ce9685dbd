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


def read_profile(checks: Checks, name: object, path: Path, spread: bool = False) -> dict[str, Any] | None:
    """Weights → segment → batch size → time of one call, as a scenario file would say it, from the JSON file `name`.

    With `spread` the times are the measured quantiles. None after noting in `checks` what is wrong with the file.
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
    quantiles = content.get("quantiles")
    if spread and not isinstance(quantiles, dict):
        wrong((), "has no quantiles, which measured jitter needs; measure it again with 'python -m simnet profile'")
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
                if not _is_time(seconds):
                    wrong((*place, size), f"must be seconds, more than 0, found {shown(seconds)}")
            if spread and segment is not None:
                sizes = {size: _quantiles(quantiles, weights, segment, size) for size in sizes}
                for size in [size for size, times in sizes.items() if times is None]:
                    message = "must be a list of at least two times in seconds, from the least to the greatest"
                    wrong(("quantiles", weights, segment, size), message)
            profile.setdefault(weights, {})[segment] = {size: _written(value) for size, value in sizes.items()}
    return profile if len(checks.problems) == before else None


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


def _quantiles(values: Any, *keys: object) -> list[float] | None:
    """The times at the end of some keys; None if there are none that are quantiles."""
    for key in keys:
        values = values.get(key) if isinstance(values, dict) else None
    good = isinstance(values, list) and len(values) > 1 and all(map(_is_time, values)) and values == sorted(values)
    return values if good else None


def _written(value: Any) -> str | list[str]:
    return [f"{one!r} s" for one in value] if isinstance(value, list) else f"{value!r} s"
