"""The sections of a report that stand in the summary: key numbers, exits, bytes, energy, usage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simnet.analysis.compare import listings, ways
from simnet.language.units import format_energy, format_size
from simnet.report.charts import bar, spark, whisker
from simnet.report.html import Content, Markup, join, tag
from simnet.report.stage import COLOURS
from simnet.report.tables import folded, listed, table
from simnet.results.cells import NONE, limits, long, percent, time
from simnet.results.run import Results

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN = 8
"""Places and nodes of a system that are seen at once; the others are folded."""
MOST = 400
"""Places of a system that are listed at all."""
USUAL = ("systems", "exits", "usage", "faults", "paired")
"""Topics of the comparison's tables that have a section of their own."""


def key_numbers(run: Results) -> Markup:
    """A card for each system, with intervals; all numbers and the pairs behind them."""
    found = listings(run.summary, side_by_side=max(len(run.systems), 1))
    cards = [_card(name, system) for name, system in run.summary["systems"].items()]
    first = [tag("p", "The cards, and all charts below, are those of the first repeat.", class_="small")]
    return join(
        tag("div", *cards, class_="cards"),
        *(first if run.repeats else ()),
        *map(listed, found["systems"] if run.repeats else ()),
        *map(listed, found.get("paired", ())),
        *(() if run.repeats else (folded("all numbers", *map(listed, found["systems"])),)),
        *(listed(one) for topic, those in found.items() if topic not in USUAL for one in those),
    )


def _card(name: str, system: Mapping[str, Any]) -> Markup:
    latency, intervals = system["latency"], system.get("intervals", {})
    sent = system["bytes"].get("total", sum(ways(system["bytes"]).values()))
    rows: list[tuple[str, str, str]] = [
        ("accuracy", percent(system["accuracy"]), limits(intervals.get("accuracy"), percent)),
        ("mean latency", time(latency["mean"]), limits(intervals.get("latency.mean"), time)),
        ("95th percentile", time(latency["p95"]), ""),
        ("bytes on links", format_size(sent, 3), ""),
    ]
    if (energy := system.get("energy")) is not None and energy.get("per_sample") is not None:
        rows.append(("energy per answer", format_energy(energy["per_sample"], 3), ""))
    lost = [f"{system[word]:,} {word}" for word in ("forced", "dropped", "unfinished") if system[word]]
    rows.append(("answered", f"{system['finished']:,}", ", ".join([f"of {system['captured']:,}", *lost])))
    facts = [tag("div", tag("dt", label), tag("dd", tag("b", value), *_below(under))) for label, value, under in rows]
    kind = system.get("system")
    title = tag("h4", name, *((Markup(" "), tag("small", kind)) if kind and kind != name else ()))
    return tag("div", title, tag("dl", *facts), class_="card")


def _below(words: str) -> tuple[Markup, ...]:
    return (tag("span", words, class_="small"),) if words and words != NONE else ()


def exits(run: Results, places: Mapping[str, int]) -> Markup:
    """Exit shares, accuracies with their intervals, and the table; `places` has each exit's colour."""
    shares: list[list[Content]] = []
    accuracies: list[Sequence[Content]] = []
    for name, system in run.summary["systems"].items():
        pieces = [(one["share"] or 0.0, f"e{places[place] % COLOURS}") for place, one in system["exits"].items()]
        words = ", ".join(f"{place} {percent(one['share'])}" for place, one in system["exits"].items())
        shares.append([name, bar(pieces, f"exit shares of {name}: {words}"), tag("span", words, class_="words")])
        accuracies.append([name])
        for place, one in system["exits"].items():
            key = f"exits.{place}.accuracy"
            ends: Mapping[str, Any] = system.get("intervals", {}).get(key) or {"low": None, "high": None}
            said = percent(one["accuracy"]) + f", {limits(ends, percent)}".removesuffix(f", {NONE}")
            drawn = whisker(
                one["accuracy"], ends["low"], ends["high"], f"c{places[place] % COLOURS}", f"{place} {said}"
            )
            accuracies.append(
                [f"  {place}", drawn, percent(one["accuracy"]), limits(ends, percent), f"{one['count']:,}"]
            )
        accuracies.append(())
    found = listings(run.summary)
    return join(
        table("where the samples left", ("system", "share of the answers", ""), shares),
        table("exit accuracy", ("exit", "0 to 100 %", "right", "95 % interval", "samples"), accuracies),
        folded("thresholds and forced accuracies", *map(listed, found["exits"])),
    )


def sent(run: Results) -> Markup:
    """Bytes from tier to tier beside those of offloading every raw view."""
    rows: list[Sequence[Content]] = []
    for name, system in run.summary["systems"].items():
        raw = system["bytes"]["raw_offload"]
        rows.append([name])
        found = ways(system["bytes"])
        most = max([raw, *found.values()], default=0)
        for way, size in {**found, "raw offload": raw}.items():
            share = size / raw if raw else None
            kind = "other" if way == "raw offload" else "fill"
            drawn = bar([(size / most if most else 0.0, kind)], f"{way}: {format_size(size, 3)}")
            rows.append([f"  {way}", drawn, format_size(size, 3), percent(share)])
        rows.append(())
    below = "First hops, with headers and repetitions. Raw offload: every uncompressed view sent once, without headers."
    return table("bytes sent", ("from tier to tier", "", "bytes", "of raw offload"), rows, below)


def energy(run: Results) -> Markup | None:
    """Joules of the nodes; None where no node has a power model."""
    found = {name: one for name, system in run.summary["systems"].items() if (one := system.get("energy"))}
    if not found:
        return None
    shown: list[Markup] = []
    most = max((node.get("total") or 0.0 for one in found.values() for node in one["nodes"].values()), default=0.0)
    every = [node for one in found.values() for node in one["nodes"].values()]
    battery, sleepers = ("battery_empty_at" in node for node in every), ("asleep_share" in node for node in every)
    own = (("asleep",) if any(sleepers) else ()) + (("battery life",) if any(battery) else ())
    heads = ("node", "grey: idle, asleep", "in all", "of it grey", "per answer", *own)
    for name, one in found.items():
        ranked = sorted(one["nodes"].items(), key=lambda node: -(node[1].get("total") or 0.0))
        rows = [_joules(node, numbers, most, own) for node, numbers in ranked]
        shown.append(table(f"{name}: joules by node", heads, rows[:SHOWN]))
        if len(rows) > SHOWN:
            shown.append(folded(f"{len(rows) - SHOWN} more nodes", table(name, heads, rows[SHOWN:MOST])))
        if one.get("without"):
            without = one["without"]
            names = ", ".join(without[:SHOWN]) + (f" and {len(without) - SHOWN} more" if len(without) > SHOWN else "")
            shown.append(tag("p", f"Without a power model, so not counted: {names}.", class_="small"))
    return join(*shown)


def _joules(node: str, numbers: Mapping[str, Any], most: float, own: Sequence[str]) -> Sequence[Content]:
    total, idle = numbers.get("total") or 0.0, (numbers.get("idle") or 0.0) + (numbers.get("asleep") or 0.0)
    scale = most or 1.0
    drawn = bar([(idle / scale, "other"), ((total - idle) / scale, "fill")], f"{node}: {format_energy(total, 3)}")
    each, share = numbers.get("per_sample"), numbers.get("asleep_share")
    life = ""
    if "battery_empty_at" in numbers:
        life = long(numbers.get("battery_life")) + ("" if numbers["battery_empty_at"] is None else ", then empty")
    more = {"asleep": "" if share is None else percent(share), "battery life": life}
    return [
        node,
        drawn,
        format_energy(total, 3),
        percent(idle / total if total else None),
        NONE if each is None else format_energy(each, 3),
        *(more[head] for head in own),
    ]


def usage(run: Results) -> Markup | None:
    """How much of every place was used, the busiest first; None in a run of a former version."""
    shown: list[Markup] = []
    for name, system in run.summary["systems"].items():
        if (found := system.get("usage")) is None:
            continue
        ranked = sorted(found["places"].items(), key=lambda place: tuple(-load for load in _load(place[1])))
        windows = _windows(run.usage(name))
        rows = [_used(place, numbers, windows.get(place, [])) for place, numbers in ranked[:MOST]]
        heads = ("place", "utilisation over time", "busy", "offered load", "verdict", "queue mean", "max", "waits p95",
                 "dropped")  # fmt: skip
        shown.append(tag("p", tag("b", name), ": ", *_verdict(ranked)))
        shown.append(table(f"{name}: busiest places", heads, rows[:SHOWN]))
        if len(rows) > SHOWN:
            shown.append(folded(f"{len(rows) - SHOWN} more places", table(name, heads, rows[SHOWN:])))
        if len(ranked) > MOST:
            shown.append(tag("p", f"{len(ranked) - MOST:,} places that are used less are left out.", class_="small"))
    return join(*shown) if shown else None


def _load(numbers: Mapping[str, Any]) -> tuple[float, float]:
    loads = numbers["utilisation"] or 0.0, numbers["offered_load"] or 0.0
    return max(loads), min(loads)


def _verdict(ranked: Sequence[tuple[str, Mapping[str, Any]]]) -> Iterator[Content]:
    """What is saturated, in words."""
    full = [place for place, numbers in ranked if numbers["verdict"] == "saturated"]
    busy = [place for place, numbers in ranked if numbers["verdict"] == "busy"]
    if not full and not busy:
        yield "no place is saturated."
    for places, word in ((full, "saturated"), (busy, "busy")):
        if places:
            more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
            yield tag("span", word, class_=f"badge {word}")
            yield f" {', '.join(places[:SHOWN])}{more}. "


def _used(place: str, numbers: Mapping[str, Any], windows: Sequence[float | None]) -> Sequence[Content]:
    offered, mean, most = (numbers[key] for key in ("offered_load", "queue_mean", "queue_max"))
    verdict = numbers["verdict"]
    return [
        place,
        spark(windows, f"{place}: utilisation over time, {percent(numbers['utilisation'])} on average"),
        percent(numbers["utilisation"]),
        NONE if offered is None else f"{offered:.2f}",
        tag("span", verdict, class_=f"badge {verdict}"),
        NONE if mean is None else f"{mean:.3g}",
        NONE if most is None else f"{most:,.0f}",
        time(numbers["wait_p95"]),
        f"{numbers['dropped']:,}",
    ]


def _windows(table: pa.Table | None) -> dict[str, list[float | None]]:
    """Utilisation of each place, window by window."""
    found: dict[str, list[float | None]] = {}
    if table is not None:
        shares = table.column("utilisation").to_pylist()
        for place, share in zip(table.column("place").to_pylist(), shares, strict=True):
            found.setdefault(place, []).append(share)
    return found
