"""What is installed is whole, and says so if it is not; a wheel holds all that it needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from paths import ROOT, SCENARIOS

SCENARIO = SCENARIOS / "six_cameras.yaml"


def python(*arguments: object, path: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(path)}
    return subprocess.run(
        [sys.executable, *map(str, arguments)], capture_output=True, text=True, cwd=cwd, env=environment
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package, links as links that lead nowhere."""
    shutil.copytree(ROOT / "simnet", tmp_path / "copy" / "simnet", symlinks=True)
    return tmp_path / "copy"


@pytest.mark.parametrize("state", ["text", "missing", "empty", "nowhere"])
@pytest.mark.parametrize("part", ["models", "analysis"])
def test_an_installation_without_its_links_is_one_message(copy: Path, tmp_path: Path, part: str, state: str) -> None:
    for name in ("models", "analysis"):
        link = copy / "simnet" / name
        if name != part:
            link.unlink()
            link.symlink_to(ROOT / name)
        elif state != "nowhere":
            link.unlink()
            if state == "text":
                link.write_text(f"../{name}")  # what a clone has where links cannot be
            elif state == "empty":
                link.mkdir()
    done = python("-m", "simnet", "check", SCENARIO, path=copy, cwd=tmp_path)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert str(copy / "simnet" / part) in done.stderr and "core.symlinks" in done.stderr
    if part == "models":
        used = python("-c", "import simnet; simnet.DataError", path=copy, cwd=tmp_path)
        last = used.stderr.splitlines()[-1]
        assert last.startswith("ImportError: ") and str(copy / "simnet" / part) in last


def test_models_beside_another_simnet_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "simnet").mkdir()
    (tmp_path / "simnet" / "__init__.py").write_text("")
    (tmp_path / "models").symlink_to(ROOT / "models")
    done = python("-m", "models", "list", path=tmp_path, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: python -m models needs the package simnet") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("foreign", ["models", "analysis"])
def test_a_package_of_the_user_s_with_the_name_of_a_part_of_ours_is_not_in_the_way(
    tmp_path: Path, foreign: str
) -> None:
    (tmp_path / foreign).mkdir()
    (tmp_path / foreign / "__init__.py").write_text("raise SystemExit('the wrong one')")
    done = python("-m", "simnet", "check", SCENARIO, path=ROOT, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("program", ["models", "simnet.models"])
def test_the_networks_have_two_names(program: str) -> None:
    done = python("-m", program, "list", "--json", path=ROOT, cwd=ROOT)
    assert done.returncode == 0 and '"ddnn-plaza"' in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(find_spec("hatchling") is None or find_spec("pip") is None, reason="needs hatchling and pip")
def test_a_wheel_holds_all_and_runs_without_the_tree(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", str(ROOT), "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--quiet", "-w", str(tmp_path)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0].removesuffix(".dist-info").split("-")[0] for name in held} == {"simnet"}
    ours = [*(ROOT / "models" / "weights").iterdir(), *(ROOT / "analysis").rglob("*.py"), ROOT / "simnet" / "py.typed"]
    ours += (ROOT / "simnet" / "report" / "assets").iterdir()
    assert {f"simnet/{file.relative_to(ROOT)}".replace("simnet/simnet", "simnet") for file in ours} <= held

    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    (site,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", str(site), str(wheel)], check=True, capture_output=True)
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")  # as a line, so without its own .pth

    run = tmp_path / "venv" / "bin" / "python"
    (tmp_path / "elsewhere").mkdir()
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def there(*arguments: str) -> str:
        done = subprocess.run(
            [str(run), *arguments], capture_output=True, text=True, cwd=tmp_path / "elsewhere", env=bare
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert there("-c", "import simnet; print(simnet.__file__)").startswith(str(site))
    assert ": ok" in there("-m", "simnet", "check", str(SCENARIO))
    assert "ada-ddnn-plaza" in there("-m", "simnet.models", "list")
