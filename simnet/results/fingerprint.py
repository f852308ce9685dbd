"""Checksums of a run folder, which its manifest holds: what was changed, swapped or damaged is not believed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

FILES, SEAL = "files", "sha256"
"""Keys of the manifest: SHA-256 of every other file but the figures by its place in the folder, and of itself."""


def of_bytes(content: bytes) -> str:
    """SHA-256 of a file's content."""
    return hashlib.sha256(content).hexdigest()


def sealed(manifest: Mapping[str, Any], folder: Path, files: Iterable[str]) -> dict[str, Any]:
    """The manifest with the checksums of `files` (places below `folder`) and its own. Raises OSError."""
    content = {**manifest, FILES: {place: of_bytes((folder / place).read_bytes()) for place in files}}
    return {**content, SEAL: _own(content)}


def intact(manifest: Mapping[str, Any]) -> bool:
    """Whether a manifest is as `sealed` made it."""
    return manifest.get(SEAL) == _own(manifest)


def _own(manifest: Mapping[str, Any]) -> str:
    content = {key: value for key, value in manifest.items() if key != SEAL}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
