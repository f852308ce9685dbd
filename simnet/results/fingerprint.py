"""Checksums of a run folder, which its manifest holds: what was changed, swapped or damaged is not believed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

FILES, SEAL = "files", "sha256"
"""Keys of the manifest: SHA-256 of every other file but the figures by its place in the folder, and of itself."""


def of_file(path: Path) -> str:
    """SHA-256 of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sealed(manifest: Mapping[str, Any], folder: Path, files: Iterable[str]) -> dict[str, Any]:
    """The manifest with the checksums of `files` (places below `folder`) and its own. Raises OSError."""
    content = {**manifest, FILES: {place: of_file(folder / place) for place in files}}
    return {**content, SEAL: _own(content)}


def intact(manifest: Mapping[str, Any]) -> bool:
    """Whether a manifest is as `sealed` made it."""
    return manifest.get(SEAL) == _own(manifest)


def _own(manifest: Mapping[str, Any]) -> str:
    content = {key: value for key, value in manifest.items() if key != SEAL}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
