"""Several runs set against the first of them."""

from __future__ import annotations

from collections.abc import Sequence

from simnet.analysis.comparison.compare_runs import compare_runs
from simnet.analysis.comparison.listings import notes_of, of_measures, told_changes, told_settings
from simnet.report.html import Markup, join, tag
from simnet.report.tables import listed
from simnet.results.run import Results, RunError


def compared(runs: Sequence[Results]) -> Markup:
    """What differs between their scenarios and their systems of the same name, as `simnet compare` tells it."""
    try:
        found = compare_runs(runs)
    except RunError as error:  # they can be shown all the same
        return tag("section", tag("p", f"These runs are not compared: {error}."), id="compared")
    parts = []
    for name, settings in found.settings.items():
        told = (tag("li", line) for line in told_settings(settings))
        parts.append(join(tag("p", tag("b", name), " differs from the first run in"), tag("ul", *told)))
    for pair in found.pairs:
        parts.append(listed(of_measures(pair)))
        if pair.changes is not None:
            parts.append(tag("p", told_changes(pair.changes), "."))
    parts += [tag("p", note, class_="small") for note in notes_of(found)]
    return tag("section", tag("h2", "The runs compared", id="compared-h"), *parts, id="compared",
               aria_labelledby="compared-h")  # fmt: skip
