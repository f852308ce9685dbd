"""Runs as one page: put together from its sections, the script's data and what lies in `assets/`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from simnet.analysis.compare import listings
from simnet.analysis.faults import faults_of
from simnet.analysis.style import exit_ranks
from simnet.analysis.whole_file import whole
from simnet.installation import __version__
from simnet.report import numbers, overtime, words
from simnet.report.compared import calibrated, compared
from simnet.report.html import Markup, data, join, page, tag, text
from simnet.report.stage import stage
from simnet.report.tables import folded, listed
from simnet.report.timeline import MOST_SPANS, timeline
from simnet.report.views import seen
from simnet.results.manifest import FILES, SEAL
from simnet.results.run import Results, RunError

SCRIPTS = ("unpack.js", "view.js", "painter.js", "waterfall.js", "timeline.js")
"""In the order in which they are run, as one."""


def report(runs: Sequence[Results], views: int = 0, data_dir: Path | None = None) -> str:
    """The page of some runs, one below the other.

    Args:
        runs: The runs.
        views: Of how many samples of each run it shows what the cameras saw; that needs the data set.
        data_dir: Folder with data sets; None: the environment variable SIMNET_DATA.

    Raises:
        RunError: a table of a run is damaged, there is no run, or its views cannot be shown.
        DataError: the data set is not there.
    """
    if not runs:
        raise RunError("a report needs at least one run")
    assets = files("simnet.report") / "assets"

    def asset(name: str) -> str:
        return (assets / name).read_text(encoding="utf-8")

    names = [run.place for run in runs] if len(runs) > 1 else [""]
    parts = [
        _run(run, name, number, MOST_SPANS // len(runs), views, data_dir)
        for number, (run, name) in enumerate(zip(runs, names, strict=True))
    ]
    titles = list(dict.fromkeys(run.summary["scenario"] for run in runs))
    title = text(f"{', '.join(titles)} – simnet")
    head = tag("header", tag("h1", ", ".join(titles)), _contents(runs), class_="top")
    foot = tag("footer", tag("p", f"simnet {__version__}. This page holds all that it shows; it fetches nothing."))
    return page(
        asset("page.html"),
        title=title,
        style=asset("report.css"),
        script="\n".join(["'use strict';", *map(asset, SCRIPTS)]),
        head=head,
        main=join(*([compared(runs)] if len(runs) > 1 else ()), *(article for article, _ in parts)),
        foot=foot,
        data=join(*(block for _, block in parts)),
    )


def write_report(runs: Sequence[Results], path: Path, views: int = 0, data_dir: Path | None = None) -> Path:
    """Write the page of some runs, see `report`, to a file, whole or not at all.

    Raises:
        RunError: as `report`.
        DataError: as `report`.
        OSError: the file cannot be written.
    """
    content = report(runs, views, data_dir)
    with whole(path) as partial:
        partial.write_text(content, encoding="utf-8")
    return path


def _contents(runs: Sequence[Results]) -> Markup:
    """Links to the runs, or to the sections of the only one."""
    if len(runs) > 1:
        links = [("compared", "compared"), *((f"r{number}", run.place) for number, run in enumerate(runs))]
    else:
        links = [(f"r0-{key}", heading) for key, heading in _HEADINGS.items()]
    return tag(
        "nav", tag("ul", *(tag("li", tag("a", word, href=f"#{key}")) for key, word in links)), aria_label="contents"
    )


_HEADINGS = {
    "numbers": "Key numbers",
    "timeline": "Timeline",
    "exits": "Exits",
    "latency": "Latency",
    "time": "Over time and faults",
    "bytes": "Bytes",
    "energy": "Energy",
    "usage": "Usage",
    "origin": "Scenario and manifest",
}


def _run(run: Results, place: str, number: int, most: int, views: int, data_dir: Path | None) -> tuple[Markup, Markup]:
    """The article of a run, with its place where there are several, and its data."""
    faults = faults_of(run)
    places = exit_ranks([system["exits"] for system in run.summary["systems"].values()])
    drawn = timeline(run, faults, places, most)
    if views:
        drawn["views"] = seen(run, views, drawn["shown"], data_dir)
    told = run.manifest.get("notes", ())
    notes = (
        [tag("aside", tag("h3", "Notes"), tag("ul", *(tag("li", note) for note in told)), class_="notes")]
        if told
        else []
    )
    found = listings(run.summary)
    contents = {
        "numbers": join(numbers.key_numbers(run), *notes),
        "timeline": stage(f"r{number}", places, drawn),
        "exits": numbers.exits(run, places),
        "latency": join(overtime.latency(run), *filter(None, [calibrated(run)])),
        "time": join(
            overtime.over_time(run, faults), *map(listed, found.get("faults", ())), overtime.incidents(faults)
        ),
        "bytes": numbers.sent(run),
        "energy": numbers.energy(run) or tag("p", "No node has a power model."),
        "usage": numbers.usage(run) or tag("p", "This run has no table of usage."),
        "origin": _origin(run),
    }
    sections = [
        tag("section", tag("h3", _HEADINGS[key], id=f"r{number}-{key}-h"), content, id=f"r{number}-{key}",
            aria_labelledby=f"r{number}-{key}-h")
        for key, content in contents.items()
    ]  # fmt: skip
    where = [" ", tag("small", place)] if place else []
    title = tag("h2", run.summary["scenario"], *where, id=f"r{number}-h")
    story = run.scenario.get("description")
    said = [tag("p", words.sentence(run), class_="lead"), *([tag("p", str(story))] if story else ())]
    article = tag("article", title, *said, *sections, id=f"r{number}", aria_labelledby=f"r{number}-h")
    return article, data(f"r{number}-data", drawn)


def _origin(run: Results) -> Markup:
    """The scenario as resolved, and the manifest but for the checksums, which only its folder can have."""
    manifest = {key: value for key, value in run.manifest.items() if key not in (FILES, SEAL)}
    certificate = json.dumps(manifest, indent=2, ensure_ascii=False)
    return join(
        folded("scenario, as resolved", tag("pre", run.scenario_yaml, tabindex="0")),
        folded("manifest", tag("pre", certificate, tabindex="0")),
    )
