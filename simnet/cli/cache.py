"""`simnet cache`: what is kept between runs."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from simnet.cli.entry import stoppable
from simnet.terminal.output import say

cache = typer.Typer(no_args_is_help=True, help="Answers of the network and rendered views that are kept between runs.")


@cache.command()
@stoppable
def info() -> None:
    """Say where what is kept, and how much."""
    from simnet.inference import kept
    from simnet.inference.bound import VARIABLE, limit, misread
    from simnet.language.units import format_size
    from simnet.models.data.cache import ANSWERS, RENDERED, cache_dir

    say(f"{cache_dir()} (SIMNET_CACHE)")
    if problem := misread():
        say(f"note: {problem}; runs take no notice of it", error=True)
    for kind, title in ((ANSWERS, "answers of networks"), (RENDERED, "rendered views")):
        shelves = kept.shelves(kind)
        bound = f" of at most {format_size(limit(), 3)} ({VARIABLE})" if kind == ANSWERS else ""
        say(f"{title}: {format_size(sum(one.bytes for one in shelves), 3)}{bound}")
        for one in shelves:
            files = f"{one.files:,} file{'' if one.files == 1 else 's'}"
            say(f"  {one.what}: {files}, {format_size(one.bytes, 3)}, last used {_ago(time.time() - one.used)}")


@cache.command()
@stoppable
def clear(
    answers: Annotated[bool, typer.Option("--answers", help="Only the answers of networks.")] = False,
    views: Annotated[bool, typer.Option("--views", help="Only rendered views.")] = False,
) -> None:
    """Remove what is kept; later runs make it again. Data sets that were downloaded stay."""
    from simnet.inference import kept
    from simnet.language.units import format_size
    from simnet.models.data.cache import ANSWERS, RENDERED

    kinds = [kind for kind, chosen in ((ANSWERS, answers), (RENDERED, views)) if chosen]
    removed = sum(kept.clear(kind) for kind in kinds or (ANSWERS, RENDERED))
    say(f"removed {format_size(removed, 3)}")


@cache.command()
@stoppable
def verify(
    remove: Annotated[bool, typer.Option("--remove", help="Remove what is damaged.")] = False,
) -> None:
    """Read every file and compare it with its checksum and its place; status 1 if one is damaged or another's.

    Runs do the same, and make anew what they cannot believe.
    """
    from simnet.inference import kept
    from simnet.models.data.cache import ANSWERS, RENDERED

    sound = wrong = 0
    for kind in (ANSWERS, RENDERED):
        for file, bad in kept.damaged(kind):
            sound, wrong = sound + (not bad), wrong + bad
            if bad:
                say(f"damaged: {file}{', removed' if remove else ''}", error=True)
                if remove:
                    file.unlink(missing_ok=True)
    say(f"{sound:,} sound, {wrong:,} damaged")
    if wrong and not remove:
        raise typer.Exit(1)


def _ago(seconds: float) -> str:
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count:,} {unit}{'' if count == 1 else 's'} ago"
    return "just now"
