"""The example notebook: makes examples/first_look.ipynb of the cells below, with what they show.

    pip install -e '.[notebook]' && python -m benchmarks.pages.notebook

Runs them with Jupyter's own kernel, in the notebook's folder.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

NOTEBOOK = Path("examples/first_look.ipynb")
MARKDOWN, CODE = "markdown", "code"
CELLS: tuple[tuple[str, str], ...] = (
    (
        MARKDOWN,
        """# A first look at simnet

Six cameras, an edge box and a cloud decide together what is to be seen; after 10 s camera 3 fails. A
real trained network answers every sample, for two systems: DDNN and ADA-DDNN. What is used here is described in
[docs/api.md](../docs/api.md). The notebook is made by `python -m benchmarks.pages.notebook`.""",
    ),
    (
        CODE,
        """import simnet

scenario = simnet.load("../scenarios/six_cameras.yaml", samples=300)
print(scenario.name, list(scenario.systems), len(scenario.nodes), "nodes")""",
    ),
    (MARKDOWN, "A run shows itself as a table of its systems, and of how they differ on the same samples."),
    (CODE, "run = simnet.run(scenario)\nrun"),
    (MARKDOWN, "What every node and link did for the samples around the failure. The edge waits for camera 3 in vain."),
    (CODE, 'run.figure("timeline")'),
    (MARKDOWN, "Where the samples left, and how good the answers were; then how long they took."),
    (CODE, 'run.figure("exits")'),
    (CODE, 'run.figure("latency")'),
    (MARKDOWN, "Tables are Arrow tables (`.to_pandas()` if you have pandas). The slowest answers of DDNN:"),
    (
        CODE,
        """samples = run.samples("ddnn").select(["sample", "exit", "outcome", "views", "correct", "latency"])
for row in samples.sort_by([("latency", "descending")]).slice(0, 5).to_pylist():
    print(row)""",
    ),
    (MARKDOWN, "What another threshold T would have done, from what the exits said in this run."),
    (CODE, 'run.figure("exit_probability")'),
    (MARKDOWN, "The same with a slower uplink. Captures are the same, so differences are of pairs, with intervals."),
    (
        CODE,
        """slow = simnet.run(scenario.with_("links.1.bandwidth=1 Mbit/s"))
comparison = run.compare(slow)
comparison""",
    ),
    (
        MARKDOWN,
        """Next: `run.save("runs/first", report=True)` writes the folder that `simnet run` writes, with a page to
look at in a browser; a system of your own is one class ([README](../README.md#your-own-network-rule-system)).""",
    ),
)  # fmt: skip


def cells() -> list[dict[str, Any]]:
    """The notebook's cells as Jupyter writes them, without what they show."""
    made: list[dict[str, Any]] = []
    for number, (kind, source) in enumerate(CELLS):
        cell: dict[str, Any] = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": source}
        made.append(cell if kind == MARKDOWN else {**cell, "execution_count": None, "outputs": []})
    return made


def main() -> None:
    """Run the cells and write the notebook."""
    import nbformat
    from nbclient import NotebookClient

    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    book = nbformat.from_dict(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells()}
    )
    NotebookClient(book, timeout=600, resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    for cell in book.cells:
        cell.metadata.clear()  # when it ran is nobody's concern
    book.metadata = nbformat.from_dict({"kernelspec": kernel, "language_info": {"name": "python"}})
    NOTEBOOK.write_text(json.dumps(book, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    print(f"wrote {NOTEBOOK}, {NOTEBOOK.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
