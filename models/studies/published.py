"""Every number that the four papers and their public code publish as a result, and where ours stands beside it.

Settings (rates, batches, epochs) are no results; they stand in the recipes. Figures without numbers in the text are
named on the page where they belong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from simnet.models.cards.markdown import table
from simnet.models.studies import reproduction, reproduction_2017
from simnet.models.studies.early_stop_page import PUBLISHED_SAVING


@dataclass(frozen=True)
class Published:
    """Numbers of one result, as the row that they stand in prints them."""

    paper: str
    what: str
    numbers: tuple[str, ...]
    page: str
    """File below docs/."""
    place: str
    """Mark of the generated part that has the row, or heading of the section."""

    def lacking(self, text: str) -> list[str]:
        """The numbers that `text` does not have as a whole number, percentage or cell."""
        return [n for n in self.numbers if not re.search(rf"(?<![\d./,]){re.escape(n)}(?![\d/]|[.,]\d)", text)]


ADA, DDNN, DISTREE, DAPDEE = "ADA-DDNN", "DDNN 2017", "DistrEE", "DAPDEE"
PAGE, LEAGUE = "reproduction.md", "league.md"


def numbers() -> Iterator[Published]:
    """All of them, paper by paper."""
    accuracies = tuple(f"{n:.2f}" for n in reproduction.PUBLISHED.values())
    losses = tuple(f"{n:.2f}" for n in reproduction.PUBLISHED_LOSS.values())
    yield Published(ADA, "accuracy at edge and cloud, its own and algorithm 1's", accuracies, PAGE, "accuracies")
    yield Published(ADA, "final training loss, the same", losses, PAGE, "losses")
    page = reproduction_2017
    for what, place, groups in (
        ("local share over T", "2017 published sweep", [(f"{share:g}",) for share, _ in page.SWEEP.values()]),
        ("accuracy over T", "2017 published sweep", [(str(accuracy),) for _, accuracy in page.SWEEP.values()]),
        ("bytes over T", "2017 published sweep", [map(str, page.SWEEP_BYTES)]),
        ("cameras alone", "2017 published alone", [map(str, page.ALONE)]),
        ("cameras 1 to n", "2017 published growing", [("/".join(map(str, row)),) for row in page.GROWING]),
        ("one camera gone", "2017 published missing", [("/".join(map(str, row)),) for row in page.WITHOUT]),
        (
            "filters: accuracies",
            "2017 published filters",
            [("/".join(map(str, row[:3])),) for row in page.FILTERS.values()],
        ),
        (
            "filters: local share, bytes, memory",
            "2017 published filters",
            [(f"{share:g}", str(size), f"{memory:,}") for *_, share, size, memory in page.FILTERS.values()],
        ),
    ):
        yield Published(DDNN, what, tuple(dict.fromkeys(n for group in groups for n in group)), PAGE, place)
    yield Published(DDNN, "bytes of a raw view over those sent", ("20×",), PAGE, "DDNN of 2017 on six cameras")
    yield Published(DISTREE, "computation saved on average, %", (f"{PUBLISHED_SAVING:g}",), PAGE, "distree calibrated")
    yield Published(
        DAPDEE,
        "latency less by, heavy and light load, %; throughput times; accuracy lost, points",
        ("7.7", "7.5", "9.9", "1.2"),
        LEAGUE,
        "DAPDEE by link and load",
    )


def section(text: str, place: str) -> str:
    """What stands at `place` of a page: between its marks, or below its heading. Empty where there is neither."""
    if found := re.search(rf"<!-- {re.escape(place)} -->(.*?)<!-- end of {re.escape(place)} -->", text, re.DOTALL):
        return found[1]
    found = re.search(rf"^(#+) {re.escape(place)}$(.*?)(?=^#{{1,2}} |\Z)", text, re.DOTALL | re.MULTILINE)
    return found[2] if found else ""


def unplaced(pages: Mapping[str, str]) -> list[str]:
    """Published numbers without a row; `pages` are the texts by the names of their files."""
    return [
        f"{one.paper}, {one.what}: {', '.join(lacking)}"
        for one in numbers()
        if (lacking := one.lacking(section(pages[one.page], one.place)))
    ]


def overview() -> str:
    """All numbers with the place of their row."""
    head = ("paper", "what", "published", "row")
    rows = [(one.paper, one.what, ", ".join(one.numbers), _link(one)) for one in numbers()]
    return table(head, rows)


def _link(one: Published) -> str:
    if one.page == PAGE:
        return f"table “{one.place}”" if one.place[0].islower() or one.place[0].isdigit() else f"section “{one.place}”"
    anchor = one.place.lower().replace(" ", "-")
    return f"[{one.place}]({one.page}#{anchor})"
