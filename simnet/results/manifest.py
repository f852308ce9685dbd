"""The birth certificate of a run's numbers: what made them, from what, where and when; and its folder's checksums.

By these a file that was changed, swapped or damaged is not believed.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from simnet.installation import __version__

PACKAGES = (
    "matplotlib", "networkx", "numpy", "pillow", "pyarrow", "pydantic", "PyYAML", "safetensors", "simpy",
    "torch", "torchvision",
)  # fmt: skip
FILES, SEAL = "files", "sha256"
"""Keys of the manifest: SHA-256 of every other file but figures and report by its place in the folder, and its own."""


def sealed(manifest: Mapping[str, Any], folder: Path, files: Iterable[str]) -> dict[str, Any]:
    """The manifest with the checksums of `files` (places below `folder`) and its own. Raises OSError."""
    content = {**manifest, FILES: {place: _of_file(folder / place) for place in files}}
    return {**content, SEAL: _own(content)}


def intact(manifest: Mapping[str, Any]) -> bool:
    """Whether a manifest is as `sealed` made it."""
    return manifest.get(SEAL) == _own(manifest)


def checksum(content: bytes) -> str:
    """SHA-256 of a file's content."""
    return hashlib.sha256(content).hexdigest()


def _of_file(path: Path) -> str:
    """SHA-256 of a file, however large it is."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _own(manifest: Mapping[str, Any]) -> str:
    content = {key: value for key, value in manifest.items() if key != SEAL}
    return checksum(json.dumps(content, sort_keys=True).encode())


def manifest(
    scenario_yaml: str,
    seed: int,
    data: Mapping[str, Any],
    weights: Mapping[str, Any],
    command: Sequence[str],
) -> dict[str, Any]:
    """Describe the run that is being written.

    Args:
        scenario_yaml: The scenario as resolved; its SHA-256 is recorded, its text lies beside the manifest.
        seed: The run's seed.
        data: The data set: name, split, checksum and whatever else identifies it.
        weights: Checksum of each weight file used, by name.
        command: The command line, program first.

    Returns:
        A mapping ready for JSON. It differs between two otherwise equal runs (date, machine, command); no
        other file of a run folder may.
    """
    return {
        "simnet": __version__,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": list(command),
        "scenario_sha256": hashlib.sha256(scenario_yaml.encode()).hexdigest(),
        "seed": seed,
        "data": dict(data),
        "weights": dict(weights),
        "source": source_revision(),
        "packages": {name: _version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
    }


def source_revision() -> dict[str, Any] | None:
    """Git revision of the running source and whether tracked files differ from it; None outside a checkout.

    An installed copy that merely lies inside some other repository does not count: this file must be tracked.
    """
    here = Path(__file__).resolve()
    try:
        if _git(here.parent, "ls-files", here.name) == "":
            return None
        return {
            "revision": _git(here.parent, "rev-parse", "HEAD"),
            "dirty": _git(here.parent, "status", "--porcelain", "--untracked-files=no") != "",
        }
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True, timeout=10
    )
    return done.stdout.strip()


def _version(package: str) -> str | None:
    try:
        head, _, rest = (metadata.distribution(package).read_text("METADATA") or "").partition("\nVersion:")
    except metadata.PackageNotFoundError:
        return None
    if rest and "\n\n" not in head:  # among the first lines: to parse all of them takes milliseconds for each package
        return rest.partition("\n")[0].strip()
    return metadata.version(package)
