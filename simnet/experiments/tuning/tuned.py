"""What tuning has found, in words and as its file has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from simnet.experiments.sizing.limits import Estimate, Limit
from simnet.experiments.sweeps.table import as_text
from simnet.experiments.tuning.goal import LOST, Goal, Trial


@dataclass(frozen=True)
class Tuned:
    """What tuning has found.

    Attributes:
        path: Its folder; None: in memory only.
        about: What was asked for, and by whom; see docs/sweeps.md.
        goal: What was wanted.
        trials: All that were played on validation data, in order.
        tested: The best of them on test data; None: none keeps the limits, or the search was stopped.
        before: The scenario without a change on test data, with the same seeds.
    """

    path: Path | None
    about: Mapping[str, Any]
    goal: Goal
    trials: Sequence[Trial]
    tested: Trial | None = None
    before: Trial | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """What was tuned."""
        return tuple(self.about["over"])

    @property
    def best(self) -> Trial | None:
        """The best trial of those that keep all limits; None: none does."""
        return self.goal.best(self.trials)

    @property
    def failed(self) -> dict[str, int]:
        """Messages of the trials that have no results, and how many have each."""
        return dict(Counter(one.error for one in self.trials if one.error is not None))

    @property
    def values(self) -> dict[str, Any] | None:
        """The keys' values there."""
        return None if self.best is None else dict(zip(self.keys, self.best.values, strict=True))

    def sentences(self) -> Iterator[str]:
        """The answer in words: where the best is, and which limits it keeps on which data."""
        best = self.best
        if best is None:
            yield self._nearest()
            return
        yield f"{self.goal.end} {self.goal.key}: {self.settings(best)}"
        for limit in self.goal.limits:
            there = fate(limit, best.estimates[limit.key])
            if self.tested is None or self.tested.error is not None:
                yield f"{limit.text}: {there} on validation data"
            else:
                here = fate(limit, self.tested.estimates[limit.key])
                same = here == there
                yield f"{limit.text}: {there} on validation {'and' if same else f'data, but {here} on'} test data"
        if self.tested is not None and self.tested.error is not None:
            yield f"the test has no results: {self.tested.error}"

    def settings(self, trial: Trial) -> str:
        """The values of a trial."""
        return ", ".join(f"{key}={as_text(value)}" for key, value in zip(self.keys, trial.values, strict=True))

    def _nearest(self) -> str:
        nearest = self.goal.nearest(self.trials)
        if nearest is None:
            return "no trial has results yet"
        unknown = [limit.text for limit in self.goal.limits if self._misses(nearest, limit) >= LOST]
        if unknown:
            one_run = self.goal.surely and nearest.repeats == 1
            why = "of one run there is no interval, play several (--repeats)" if one_run else "it has no value"
            return f"no trial tells whether {' and '.join(unknown)} is kept: {why}"
        missed = [limit.text for limit in self.goal.limits if self._misses(nearest, limit)]
        by = f" by {100 * nearest.missed:.2f} % of the bound{'s in all' if len(missed) > 1 else ''}"
        by = f", which misses {' and '.join(missed)}{by}" if missed else ""
        return f"no trial keeps all limits; the nearest is {self.settings(nearest)}{by}"

    def _misses(self, trial: Trial, limit: Limit) -> float:
        return self.goal.missed(limit, trial.estimates[limit.key])

    def as_json(self) -> dict[str, Any]:
        """All of it, as in ``tune.json``."""
        return {
            **self.about,
            "goal": asdict(self.goal),
            "best": None if self.best is None else {"trial": self.best.number, "values": self.values},
            "tested": None if self.tested is None else asdict(self.tested),
            "before": None if self.before is None else asdict(self.before),
            "sentences": list(self.sentences()),
            "trials": [asdict(one) for one in self.trials],
        }

    @classmethod
    def from_json(cls, path: Path, content: Mapping[str, Any]) -> Tuned:
        """What `as_json` gave. Raises ValueError, KeyError, TypeError or AttributeError for anything else."""
        given = content["goal"]
        goal = Goal(given["end"], given["key"], [Limit(**limit) for limit in given["limits"]], given["surely"])
        about = {key: value for key, value in content.items() if key not in _OWN}
        trials = [_trial(one) for one in content["trials"]]
        if not isinstance(about["over"], dict) or any(len(one.values) != len(about["over"]) for one in trials):
            raise ValueError("trials without the values of all keys")
        tested, before = (None if content[key] is None else _trial(content[key]) for key in ("tested", "before"))
        return cls(path, about, goal, trials, tested, before)


_OWN = ("goal", "best", "tested", "before", "sentences", "trials")


def fate(limit: Limit, found: Estimate | None) -> str:
    """What became of a limit: kept or missed by the mean, and whether the interval is on that side, too."""
    if found is None:
        return "has no value"
    word = "kept" if limit.kept(found.mean) else "missed"
    sure = limit.verdict(found) != "cannot tell"
    return word if sure else f"{word} by the mean only"


def _trial(content: Mapping[str, Any]) -> Trial:
    estimates = {
        key: None if one is None else Estimate(one["mean"], one["low"], one["high"])
        for key, one in content["estimates"].items()
    }
    return Trial(**{**content, "estimates": estimates})
