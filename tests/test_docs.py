"""The pages say what is: links lead somewhere, the README's scenario is the shipped one, commands and code work."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pyarrow as pa
import pytest
import typer.main
import yaml
from paths import ROOT
from typer.testing import CliRunner

import simnet
from simnet.cli.app import app as simnet_app
from simnet.cli.models.app import app as models_app
from simnet.plugins import registries
from simnet.results.tables import (
    incidents_schema,
    samples_schema,
    scores_schema,
    spans_schema,
    usage_schema,
    without_schema,
)

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_readme_shows_the_default_scenario() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    shipped = yaml.safe_load((ROOT / "scenarios" / "six_cameras.yaml").read_text(encoding="utf-8"))
    shown = yaml.safe_load(text)
    assert shown == {key: shipped[key] for key in shown}
    assert set(shipped) - set(shown) <= {"name", "description", "seed"}


def _python(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)


def test_the_system_of_the_readme_runs_beside_ours(tmp_path: Path) -> None:
    """As the README says: its class in `mine.py` beside the scenario, its entry under `systems`."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (tmp_path / "mine.py").write_text(_python("README.md")[0], encoding="utf-8")
    (entry,) = re.findall(r"`(edge-only: .*?)` under `systems`", readme)
    shipped = (ROOT / "scenarios" / "six_cameras.yaml").read_text(encoding="utf-8")
    file = tmp_path / "mine.yaml"
    file.write_text(shipped.replace("systems:\n", f"systems:\n  {entry}\n"), encoding="utf-8")
    summary = simnet.run(simnet.load(file, samples=10)).summary["systems"]
    assert list(summary) == ["edge-only", "ddnn", "ada-ddnn"]
    assert summary["edge-only"]["exits"]["edge"]["count"] == summary["edge-only"]["finished"] == 10


@pytest.mark.parametrize(
    ("page", "first"), [("README.md", 1), ("docs/architecture.md", 0), ("docs/models.md", 0)], ids=lambda one: str(one)
)
def test_python_in_the_pages_runs(page: str, first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of the other pages; those of api.md are run in test_api.py."""
    monkeypatch.chdir(ROOT)
    blocks = _python(page)[first:]
    assert blocks
    for block in blocks:
        exec(compile(block, page, "exec"), {"__name__": "page"})


def test_kinds_in_the_guide_are_those_that_there_are() -> None:
    """Every group of entry points, and every base class, of docs/architecture.md is a registry's; none is missing."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text[text.index("## How to add a kind") :].split("**Own keys.**")[0]
    groups = set(re.findall(r"`(simnet\.[a-z_]+)` \|", table))
    assert groups == set(registries())
    for name, module in re.findall(r"`(\w+)` in `(simnet\.[\w.]+)`", table):
        assert isinstance(getattr(import_module(module), name), type)


def test_commands_in_the_pages_exist_with_their_options() -> None:
    """Every `simnet …` or `python -m models …` in a page names a command and options that there are."""
    commands = {
        "simnet": typer.main.get_command(simnet_app).commands,  # type: ignore[attr-defined]
        "models": typer.main.get_command(models_app).commands,  # type: ignore[attr-defined]
    }
    names = "|".join({*commands["simnet"], *commands["models"]})
    seen = 0
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for program, rest in re.findall(
            rf"(?:python -m )?\b(simnet|(?<=-m )models) ((?:{names})\b[^`\n|&]*)",
            text,
        ):
            words = shlex.split(rest.rstrip(".,;:)").split("  #")[0])
            assert words[0] in commands[program], f"{page.name}: {program} {rest}"
            known = {option for parameter in commands[program][words[0]].params for option in parameter.opts}
            options = {word.split("=")[0] for word in words if re.fullmatch(r"--?[a-zA-Z][\w-]*(=.*)?", word)}
            assert options <= known, f"{page.name}: {program} {rest}: {options - known}"
            seen += 1
    assert seen > 5


@pytest.mark.parametrize(
    ("file", "schema"),
    [
        ("samples", samples_schema),
        ("spans", spans_schema),
        ("incidents", incidents_schema),
        ("without", without_schema),
        ("usage", usage_schema),
        ("scores", scores_schema),
    ],
)
def test_columns_of_the_results_are_those_of_the_page(file: str, schema: Callable[[], pa.Schema]) -> None:
    """Each column once, in order, with its type."""
    text = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    (section,) = re.findall(rf"^## `{file}\.parquet`\n(.*?)^#", text, re.DOTALL | re.MULTILINE)
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("| `")
    ]
    words = {"dictionary<values=string, indices=int32, ordered=0>": "text", "string": "text", "double": "float64"}
    columns = [(field.name, words.get(str(field.type), str(field.type))) for field in schema()]
    documented = [(row[0].strip("`"), row[1].removesuffix(", null")) for row in rows]
    assert documented == columns


def test_keys_of_a_summary_are_those_of_the_page(tmp_path: Path) -> None:
    """Of a summary with faults, batteries, deadlines, classes, sites and policies every key is in results.md."""
    scenario = tmp_path / "all.yaml"
    scenario.write_text(EVERYTHING, encoding="utf-8")
    out = tmp_path / "run"
    arguments = ["run", str(scenario), "--out", str(out), "--no-figures", "--quiet"]
    assert CliRunner().invoke(simnet_app, arguments, catch_exceptions=False).exit_code == 0
    page = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    written = {word for code in re.findall(r"`([^`\n]+)`", page) for word in re.findall(r"[a-z]\w*", code)}
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    system = summary["systems"]["ada-ddnn"]
    assert {"energy", "faults", "deadlines", "classes", "sites", "policy"} <= set(system)
    names = {"ddnn", "north", "south", "urgent", "other", "n1", "south1", "cloud"}
    assert {key for key in _keys(summary) if re.fullmatch(r"[a-z]\w*", key)} - names <= written


def _keys(content: object) -> Iterator[str]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield key
            yield from _keys(value)


EVERYTHING = """\
data: plaza
samples: 30
workload:
  every: 200 ms
  classes: {urgent: {share: 50 %, deadline: 100 ms}, other: {share: 50 %}}
sites: {south: {every: 300 ms}}
nodes:
  n1: {tier: device, site: north, preset: raspberry-pi-4, battery: 1 Wh}
  south1: {tier: device, site: south, preset: raspberry-pi-4}
  edge: {tier: edge, preset: jetson-nano}
  cloud: {tier: cloud, speed: 10 TFLOP/s}
links:
  - {between: [n1, edge], preset: wifi}
  - {between: [south1, edge], preset: wifi}
  - {between: [edge, cloud], preset: wan}
systems:
  ddnn: {}
  ada-ddnn: {heartbeat: {every: 1 s}, retry: {times: 1, after: 100 ms}, breaker: {failures: 2, rest: 1 s}}
faults:
  - {at: 2 s, for: 1 s, node: n1, is: down, name: other}
"""
