"""The door through which text leaves the program: as its author wrote it, and harmless to whoever reads it.

Names, paths and words of errors are the user's: markup in them is no markup, what would steer a terminal is written
out, and a stream that cannot hold a sign gets another one for it. Figures have a door of their own on top of this one
(`simnet.analysis.style.label`).
"""

from __future__ import annotations

import codecs
import sys
import unicodedata
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console

ERRORS = "simnet-plain"
"""Error handler of streams: signs that an encoding lacks as `PLAIN` has them, else escaped."""
PLAIN = {
    "–": "-", "—": "-", "−": "-", "→": "->", "×": "x", "±": "+-", "·": ".", "…": "...", "≤": "<=", "≥": ">=", "✗": "x",
    "“": '"', "”": '"', "‘": "'", "’": "'", "\N{NO-BREAK SPACE}": " ", "•": "*", "µ": "u", "₂": "2",
}  # fmt: skip
"""What stands for our own signs where a stream holds ASCII only."""
_HIDDEN = frozenset("\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
"""Signs that turn the writing round or break a line, and are not seen."""


def shown(text: object, lines: bool = False) -> str:
    """`text` with whatever a reader would not see, or a terminal would obey, written out: `\\x1b`, `\\u202e`.

    Bytes of a file's name that are no text stand as `\\xff`. `lines`: line breaks are ours, and stay.
    """
    whole = str(text)
    if whole.isascii() and whole.isprintable():
        return whole
    return "".join(sign if lines and sign == "\n" else _shown(sign) for sign in whole)


def _shown(sign: str) -> str:
    if "\udc80" <= sign <= "\udcff":  # a byte that is no UTF-8, as Python carries it in names of files
        return f"\\x{ord(sign) - 0xDC00:02x}"
    if unicodedata.category(sign) in ("Cc", "Cs") or sign in _HIDDEN:
        return sign.encode("unicode_escape").decode("ascii")
    return sign


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    piece = error.object[error.start : error.end]
    return "".join(PLAIN.get(sign) or _escaped(sign) for sign in piece), error.end


def _escaped(sign: str) -> str:
    changed = _shown(sign)
    return changed if changed != sign else sign.encode("unicode_escape").decode("ascii")


codecs.register_error(ERRORS, _replaced)


def prepare() -> None:
    """Let stdout and stderr take any text, whatever their encoding; a command line calls it first."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=ERRORS)


def say(text: object = "", *, error: bool = False, end: str = "\n") -> None:
    """Print text that may hold a user's; to stderr if `error`."""
    _write(shown(text, lines=True) + end, sys.stderr if error else sys.stdout)


def _write(text: str, stream: TextIO | None) -> None:
    if stream is not None:  # there is none under pythonw
        stream.write(text)
        stream.flush()


def console(quiet: bool = False, error: bool = False, file: TextIO | None = None, width: int | None = None) -> Console:
    """Where a command prints tables: text that it is given is text, never markup; rich is imported only now.

    To stdout, to stderr if `error`, or to `file`. As wide as the terminal, or `width`; where there is none, as COLUMNS
    says, or 80.
    """
    from rich.console import Console
    from rich.text import Text

    class Plain(Console):
        def render_str(self, text: str, **how: Any) -> Text:
            what = shown(text, lines=True)
            if not self.encoding.startswith("utf"):  # before the columns are measured
                what = what.encode(self.encoding, ERRORS).decode(self.encoding)
            return super().render_str(what, **{**how, "markup": False, "emoji": False})

    return Plain(quiet=quiet, stderr=error, file=file, width=width, markup=False, emoji=False, highlight=False)
