"""A made-up run whose names are what a careless page would obey, or break by."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from fake_run import write_fake

from simnet.results.run import SCHEMAS, Results, read_run

SCRIPT = "<script>document.title='caught'</script>"
QUOTES = """"><img src=x onerror="document.title='caught'">'"""
ENDS = "</script><!--<script>&lt;${x}\u2028"
LONG = "n" * 300
NAMES = {"camera3": SCRIPT, "camera2": LONG, "ada-ddnn": QUOTES, "edge-1": ENDS, "six cameras": SCRIPT + QUOTES}


def hostile_run(folder: Path) -> Results:
    """A run in memory: node, link, fault, system, exit, scenario and note with names of `NAMES`."""
    write_fake(folder, samples=60)
    run = read_run(folder)
    tables = {
        _named(system): {
            file: _renamed(pa.table(run._table(system, file))) for file in SCHEMAS if run.has(system, file)
        }
        for system in run.systems
    }
    manifest = {**_deep(run.manifest), "notes": [f"a note of {SCRIPT}", LONG]}
    return replace(
        run, path=None, summary=_deep(run.summary), manifest=manifest, scenario=_deep(run.scenario),
        scenario_yaml=_named(run.scenario_yaml), tables=tables,
    )  # fmt: skip


def _named(text: str) -> str:
    for old, new in NAMES.items():
        text = text.replace(old, new)
    return text


def _deep(content: Any) -> Any:
    if isinstance(content, str):
        return _named(content)
    if isinstance(content, dict):
        return {_named(key): _deep(value) for key, value in content.items()}
    return [_deep(value) for value in content] if isinstance(content, list) else content


def _renamed(table: pa.Table) -> pa.Table:
    for number, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type) or pa.types.is_string(field.type):
            words = [None if word is None else _named(word) for word in table.column(number).to_pylist()]
            column = pa.array(words, pa.string())
            table = table.set_column(number, field, column.dictionary_encode() if field.type != pa.string() else column)
    return table
