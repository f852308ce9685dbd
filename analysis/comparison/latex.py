"""A comparison as a LaTeX table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from simnet.analysis.comparison.listings import spread, value
from simnet.analysis.comparison.measures import Measure
from simnet.analysis.whole_file import whole
from simnet.terminal.output import shown

if TYPE_CHECKING:
    from simnet.analysis.comparison.found import Found

_SIGNS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "−": "$-$", "→": r"$\rightarrow$", "–": "--", "±": r"$\pm$",
}  # fmt: skip
"""What stands for signs that have a meaning in LaTeX, or that its usual fonts lack."""


def escaped(text: object) -> str:
    """A user's words for LaTeX, as written; control characters are written out."""
    return "".join(_SIGNS.get(sign, sign) for sign in shown(text))


def latex_table(found: Found) -> str:
    """See `Comparison.latex`: one block of rows for each pair, its title above it."""
    lines = [
        "% needs \\usepackage{booktabs} and \\usepackage[T1]{fontenc}",
        "\\begin{tabular}{lrrrr}",
        "\\toprule",
        " & first & second & difference & 95\\,\\% interval \\\\",
    ]
    for pair in found.pairs:
        title = f"{escaped(pair.title)}; {escaped(pair.over)}"
        lines += ["\\midrule", f"\\multicolumn{{5}}{{l}}{{{title}}} \\\\", "\\addlinespace"]
        lines += [_row(one) for one in pair.measures]
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", ""])


def _row(one: Measure) -> str:
    cells = (value(one, one.first), value(one, one.second), *spread(one))
    return " & ".join([one.name, *map(escaped, cells)]) + " \\\\"


def write_latex(found: Found, path: Path) -> Path:
    """Write the table. Raises OSError, with the file's name."""
    with whole(path) as partial:
        partial.write_text(latex_table(found), encoding="utf-8", errors="surrogateescape")
    return path
