"""Several runs set against the first of them, and an execution against what was simulated of it."""

from __future__ import annotations

from collections.abc import Sequence

from simnet.analysis.comparison.compare_runs import compare_runs
from simnet.analysis.comparison.executed import ratio
from simnet.analysis.comparison.listings import notes_of, of_measures, told_changes, told_settings
from simnet.report.charts import bar
from simnet.report.html import Content, Markup, join, tag
from simnet.report.tables import listed, table
from simnet.results.cells import time
from simnet.results.run import Results, RunError
from simnet.testbed.calibrate import WHO, kept


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


def calibrated(run: Results) -> Markup | None:
    """Latencies of an execution as measured, as simulated before it was calibrated, and after; None: it was not."""
    found = kept(run)
    if found is None:
        return None
    tables = []
    for system, quantities in found.items():
        most = max((one for _, values in quantities for one in values if one is not None), default=0.0) or 1.0
        rows: list[list[Content]] = []
        for name, values in quantities:
            rows.append([f"{system}, {name}"])
            for who, seconds in zip(WHO, values, strict=True):
                drawn = bar(
                    [((seconds or 0.0) / most, "other" if who == WHO[0] else "fill")], f"{who}: {time(seconds)}"
                )
                against = "" if who == WHO[0] else ratio(values[0], seconds)
                rows.append([f"  {who}", time(seconds), against, drawn])
        columns = ("latency", "", "÷ measured", "0 to the greatest")
        tables.append(table(f"{system}: executed, and simulated before and after calibration", columns, rows))
    return join(*tables)
