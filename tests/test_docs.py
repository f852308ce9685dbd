"""The pages say what is: links lead somewhere, the README's scenario is the shipped one, its commands exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer.main
import yaml

from models.cli import app as models_app
from simnet.cli import app as simnet_app

ROOT = Path(__file__).parent.parent
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
