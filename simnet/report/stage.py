"""The timeline's place on the page: its tools, its legend and what it tells of a chosen sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simnet.report.html import Markup, join, tag

COLOURS = 8
"""Colours of exits in the style sheet; of more exits some look alike."""
KEYS = "+ and − zoom, ← and → move, 0 shows all, n and p go to the next and previous sample, Escape lets go of it"
BUTTONS = {
    "in": ("+", "zoom in"),
    "out": ("−", "zoom out"),
    "left": ("←", "earlier"),
    "right": ("→", "later"),
    "all": ("all", "the whole run"),
    "slowest": ("slowest", "the sample with the slowest answer"),
    "wrong": ("next wrong", "the next sample with a wrong answer"),
    "lost": ("next unanswered", "the next sample without an answer"),
}


def stage(key: str, places: Mapping[str, int], drawn: Mapping[str, Any]) -> Markup:
    """What `assets/timeline.js` brings to life; `key` is the run's, `places` has each exit's colour."""
    if not drawn["shown"]:
        return tag("p", "The run has no samples.")
    most = drawn["shown"] - 1
    field = f"{key}-sample"
    search = tag(
        "form",
        tag("label", "sample ", for_=field),
        tag("input", id=field, type="number", min=0, max=most, inputmode="numeric", placeholder=f"0–{most}"),
        tag("button", "show", type="submit"),
        novalidate=True,  # what is wrong is told in the page's own words
        class_="search", role="search",
    )  # fmt: skip
    buttons = [
        tag("button", sign, type="button", data_do=name, aria_label=words, title=words)
        for name, (sign, words) in BUTTONS.items()
    ]
    tools = tag(
        "div", search, tag("div", *buttons, class_="buttons"), class_="tools", role="group", aria_label="timeline"
    )
    canvas = tag(
        "canvas", "The timeline needs a browser with canvas.", tabindex="0", role="application",
        aria_label="timeline of all systems: what every node and link did", aria_describedby=f"{key}-keys",
    )  # fmt: skip
    return join(
        tag("noscript", tag("p", "The timeline needs JavaScript; all else on this page does not.")),
        tag("p", *_left_out(drawn), class_="small"),
        tools,
        tag("div", canvas, tag("div", class_="tip", hidden=True), class_="canvas"),
        tag("p", f"Click into it, then the wheel zooms; drag to move; click on a sample for its steps. Keys: {KEYS}.",
            class_="small", id=f"{key}-keys"),
        legend(places),
        tag("p", role="status", class_="status"),
        tag("div", class_="detail", tabindex="-1"),
    )  # fmt: skip


def _left_out(drawn: Mapping[str, Any]) -> list[str]:
    told = []
    if drawn["shown"] < drawn["total"]:
        told.append(f"Samples 0 to {drawn['shown'] - 1:,} of {drawn['total']:,}: more would make this page too large. ")
    shown = sum(len(part) for lane in drawn["lanes"] for part in lane["parts"])
    if shown < drawn["places_in_all"]:
        told.append(f"{shown} of {drawn['places_in_all']} places are shown; a sample's steps are listed at all.")
    if views := drawn.get("views"):
        told.append(f" What the cameras saw is shown of samples {', '.join(views)}.")
    return told


def legend(places: Mapping[str, int]) -> Markup:
    """Colours of the exits, and what other marks mean."""
    alike: dict[int, list[str]] = {}
    for name, place in places.items():
        alike.setdefault(place % COLOURS, []).append(name)
    entries = [
        tag("li", tag("span", class_=f"swatch e{place}"), tag("span", " or ".join(names)))
        for place, names in alike.items()
    ]
    marks = {
        "work": "at a node",
        "way": "on a link",
        "queue": "waiting",
        "lost": "lost, dropped or unanswered",
        "band": "a fault is in effect",
    }
    entries += [tag("li", tag("span", class_=f"swatch {kind}"), tag("span", words)) for kind, words in marks.items()]
    return tag("ul", *entries, class_="legend")
