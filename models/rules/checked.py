"""What an exit rule gives, ours or a user's, once it is sure that it is what `ExitRule` demands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simnet.models.rules.base import ExitRule, FeatureRule, Features, Floats, Scores
from simnet.registry import PluginError, blamed


def frozen(values: NDArray[Any]) -> NDArray[Any]:
    """The same numbers, which nobody can change here."""
    view = values.view()
    view.flags.writeable = False
    return view


def judged(
    rule: ExitRule,
    here: Scores,
    before: Sequence[Scores],
    where: str,
    samples: Sequence[int] | NDArray[np.int64],
    features: Features | None = None,
) -> tuple[Scores, Floats]:
    """The scores `[n, classes]` that the exit answers with, and what the rule measures, `[n]`.

    `where` names rule and exit, `samples` the samples, in messages. A rule that reads no features is given none.
    Raises PluginError for a rule that fails, changes what it is given, or gives something else than numbers of these
    shapes.
    """
    here, before = frozen(here), [frozen(one) for one in before]
    try:
        if isinstance(rule, FeatureRule):
            seen = None if features is None else frozen(features)
            made, answered = rule.measure(here, before, seen), rule.answers(here, before, seen)
        else:
            made, answered = rule.measure(here, before), rule.answers(here, before)
    except Exception as problem:  # whatever a user's code raises
        told = blamed(problem)
        if told is None and type(rule).__module__.startswith("simnet."):
            raise
        raise PluginError(f"{where}: {told or f'{type(problem).__name__}: {problem}'}") from problem
    try:
        measures = np.asarray(made).astype(np.float64, casting="safe")
    except (TypeError, ValueError):
        raise PluginError(f"{where}: measure gives {made!r:.80}, no numbers") from None
    if measures.shape != here.shape[:1]:
        raise PluginError(f"{where}: measure gives shape {measures.shape} for {len(here)} samples, one number for each")
    if np.shape(answered) != here.shape:
        raise PluginError(f"{where}: answers gives shape {np.shape(answered)}, not {here.shape}")
    good = np.isfinite(here).all(axis=-1)
    if depends_on_others(rule, here, before, features, measures):
        raise PluginError(f"{where}: measure gives another number for a sample alone than among {len(here)} of them")
    for what, lost in (("measure", np.isnan(measures)), ("answers", np.isnan(answered).any(axis=-1))):
        if (bad := lost & good).any():
            at = int(samples[int(bad.argmax())])
            raise PluginError(f"{where}: {what} gives no number (NaN) for sample {at}, whose scores are good")
    return answered, measures


def depends_on_others(
    rule: ExitRule, here: Scores, before: Sequence[Scores], features: Features | None, measures: Floats
) -> bool:
    """Whether a user's rule tells, of the last of several samples alone, something clearly else."""
    if type(rule).__module__.startswith("simnet.") or len(here) < 2:
        return False
    last = here[-1:], [one[-1:] for one in before]
    if isinstance(rule, FeatureRule):
        alone = rule.measure(*last, None if features is None else frozen(features[-1:]))
    else:
        alone = rule.measure(*last)
    return not np.allclose(np.asarray(alone, np.float64), measures[-1:], rtol=1e-3, atol=1e-3, equal_nan=True)


def learns(kind: type[ExitRule]) -> bool:
    """Whether a rule has a `fit` of its own."""
    own = getattr(kind.fit, "__func__", None)
    return own not in (ExitRule.fit.__func__, FeatureRule.fit.__func__)  # type: ignore[attr-defined]


def learned(
    kind: type[ExitRule],
    here: Scores,
    before: Sequence[Scores],
    labels: NDArray[np.int64],
    features: Features | None = None,
) -> dict[str, Any]:
    """What `fit` gives, as a card can hold it; empty where a rule learns nothing.

    Raises PluginError where it fails, changes what it is given, or gives what no card can hold.
    """
    where = f"exit rule {kind.__name__}"
    try:
        seen = frozen(here), [frozen(one) for one in before], frozen(labels)
        if issubclass(kind, FeatureRule):
            found = kind.fit(*seen, None if features is None else frozen(features))
        else:
            found = kind.fit(*seen)
    except Exception as problem:  # whatever a user's code raises
        if kind.__module__.startswith("simnet."):
            raise
        told = blamed(problem) or f"{type(problem).__name__}: {problem}"
        raise PluginError(f"{where}: fit fails ({told})") from problem
    if found is None:
        return {}
    try:
        if not isinstance(found, Mapping) or json.loads(json.dumps(dict(found), allow_nan=False)) != dict(found):
            raise ValueError
    except (TypeError, ValueError):
        raise PluginError(f"{where}: fit gives {found!r:.80}, no names with plain values as JSON has them") from None
    return dict(found)


def grid_of(rule: ExitRule) -> Floats:
    """The rule's grid. Raises PluginError where that is no ascending list of numbers."""
    found = rule.grid()
    try:
        made = np.asarray(found).astype(np.float64, casting="safe")
    except (TypeError, ValueError):
        made = np.empty(0)
    if made.ndim != 1 or not len(made) or not np.isfinite(made).all() or (np.diff(made) <= 0).any():
        raise PluginError(f"exit rule {type(rule).__name__}: grid gives {found!r:.80}, no numbers in ascending order")
    return made
