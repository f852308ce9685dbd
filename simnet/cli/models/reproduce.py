"""`python -m models reproduce`: makes the tables and figures of a page from stored evaluations."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simnet.cli.models.options import console
from simnet.cli.models.study import CODECS, EARLY_STOP, FAULTS, FINE_TUNED
from simnet.models.cards.card import read_card
from simnet.models.cards.markdown import filled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from simnet.models.cards.card import Card

NETWORKS = ("ada-ddnn-cifar10", "ddnn-cifar10")
"""Our networks that stand beside the paper's."""
PAPER_RECIPE = ("ada-ddnn-cifar10-paper", "ddnn-cifar10-paper")
"""Networks trained by the paper's own recipe."""


def reproduce(
    page: Annotated[Path, typer.Option(help="Page whose tables are made anew, between their marks.")] = Path(
        "docs/reproduction.md"
    ),
    figures: Annotated[Path, typer.Option(help="Folder for the figures.")] = Path("docs/img"),
) -> None:
    """Make the tables and figures of docs/reproduction.md from cards and stored evaluations."""
    from simnet.analysis.style import look, save

    try:
        text = filled(page.read_text(encoding="utf-8"), tables())
    except (OSError, ValueError) as problem:
        raise typer.BadParameter(f"{page}: {problem}", param_hint="--page") from problem
    try:
        with look():
            for name, figure in _figures():
                console.print(f"wrote {save(figure, figures / f'{name}.png', 150)}", soft_wrap=True)
    except OSError as problem:
        raise typer.BadParameter(f"{figures} cannot be written: {problem}", param_hint="--figures") from problem
    try:
        page.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise typer.BadParameter(f"{page} cannot be written: {problem}", param_hint="--page") from problem
    console.print(f"wrote {page}", soft_wrap=True)


def _mode(names: Iterable[str], mode: str) -> dict[str, list[dict[str, Any]]]:
    from simnet.models.studies.base import stored

    chosen = {label: name for label, name in FAULTS.items() if label in names}
    return {label: stored(f"faults-{name}", read_card(name))["modes"][mode] for label, name in chosen.items()}


def tables() -> dict[str, str]:
    """Every generated part of the page, by the name of its marks.

    Raises WeightsError when an evaluation is missing or is not of the weights that are there.
    """
    from simnet.models.studies import published
    from simnet.models.studies import reproduction as page
    from simnet.models.studies.base import check_weights_of, stored
    from simnet.models.studies.early_stop_page import by_nodes
    from simnet.models.studies.early_stop_page import parts as parts_early_stop
    from simnet.models.studies.reproduction_2017 import parts as parts_2017

    cards = [read_card(name) for name in (*NETWORKS, *PAPER_RECIPE)]
    early, *others = (read_card(name) for name in EARLY_STOP)
    study_2017 = stored("ddnn-2017")
    check_weights_of(study_2017["sweep_shipped"], read_card("ddnn-2017-mvmc"), "ddnn-2017")
    fine_tuned = [stored(f"fine-tuning-{name}", read_card(name)) for name in FINE_TUNED]
    modes = {mode: _mode(FAULTS, mode) for mode in ("zero features", "zero input")}
    return {
        "accuracies": page.accuracies(cards),
        "losses": page.losses(cards),
        "one missing": page.one_missing(modes["zero features"]),
        "many missing": page.many_missing(modes["zero features"]),
        "many missing, zero input": page.many_missing(modes["zero input"]),
        "flattening": "\n\n".join(
            f"{label}: "
            + page.flattening(
                {mode: (entries[plain], entries[dropout]) for mode, entries in modes.items()},
                (read_card(FAULTS[plain]), read_card(FAULTS[dropout])),
            )
            for label, plain, dropout in (
                ("CIFAR-10", "ADA-DDNN", "with view dropout"),
                ("plaza", "ADA-DDNN, plaza", "plaza, view dropout"),
            )
        ),
        "missing samples": page.missing_samples(
            {label: stored(f"faults-{name}")["samples"] for label, name in FAULTS.items()}
        ),
        "codecs": page.codecs(stored(f"codecs-{name}", read_card(name)) for name in CODECS),
        "fine-tuned": page.fine_tuned(fine_tuned),
        "fine-tuned, missing": page.fine_tuned_missing(fine_tuned),
        "ablation": page.ablation(stored("ablation-cifar10")),
        **parts_2017(study_2017, stored("ddnn-2017-published"), stored("data-mvmc")),
        "published numbers": published.overview(),
        **parts_early_stop(stored(f"early-stop-{early.name}", early), early.values),
        "distree nodes": by_nodes((card.values, stored(f"early-stop-{card.name}", card)) for card in (early, *others)),
    }


def _figures() -> Iterable[tuple[str, Figure]]:
    from simnet.analysis.networks.missing_cameras import draw_many_missing, draw_one_missing
    from simnet.analysis.networks.training_curves import draw_accuracy, draw_loss
    from simnet.models.studies.reproduction import PUBLISHED, PUBLISHED_LOSS

    cards: list[Card] = [read_card(name) for name in NETWORKS]
    theirs: list[Card] = [read_card(name) for name in PAPER_RECIPE]
    shown = ("ADA-DDNN", "with view dropout", "DDNN")
    zeros = _mode(shown, "zero features")
    yield "training_loss", draw_loss(cards, PUBLISHED_LOSS)
    yield "training_accuracy", draw_accuracy(cards, PUBLISHED)
    yield "training_loss_paper_recipe", draw_loss(theirs, PUBLISHED_LOSS)
    yield "training_accuracy_paper_recipe", draw_accuracy(theirs, PUBLISHED)
    yield "one_camera_missing", draw_one_missing(zeros)
    yield "cameras_missing", draw_many_missing(zeros)
