"""Files that a scenario names."""

from __future__ import annotations

from pathlib import Path as FilePath

from simnet.language.errors import Path, ScenarioError
from simnet.language.source import Source


def read_beside(name: str, source: Source, path: Path) -> tuple[FilePath, str]:
    """The place and the text of a file that the scenario names at `path`, seen from the scenario's folder.

    Raises:
        ScenarioError: it is not there or no text.
    """
    file = source.folder / name
    try:
        return file, file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        there = sorted(other.name for other in file.parent.glob(f"*{file.suffix}")) if file.parent.is_dir() else []
        hint = (
            f" holds {', '.join(there)}" if there else f" holds no {file.suffix} file" if file.parent.is_dir() else ""
        )
        message = f"no such file: '{name}'" + (f"; {file.parent}{hint}" if hint else f", seen from {source.folder}")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        message = f"'{name}' cannot be read: {reason}"
    raise ScenarioError([source.problem(path, message)])
