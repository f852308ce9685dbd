"""Files that a scenario names."""

from __future__ import annotations

from pathlib import Path as FilePath

from simnet.language.errors import Path, ScenarioError
from simnet.language.files import UnreadableError, text_of
from simnet.language.source import Source


def read_beside(name: str, source: Source, path: Path) -> tuple[FilePath, str]:
    """The place and the text of a file that the scenario names at `path`, seen from the scenario's folder.

    Raises:
        ScenarioError: it is not there, no regular file or no text.
    """
    file = source.folder / name
    try:
        return file, text_of(file, "utf-8-sig")
    except FileNotFoundError:
        there = sorted(other.name for other in file.parent.glob(f"*{file.suffix}")) if file.parent.is_dir() else []
        hint = (
            f" holds {', '.join(there)}" if there else f" holds no {file.suffix} file" if file.parent.is_dir() else ""
        )
        message = f"no such file: '{name}'" + (f"; {file.parent}{hint}" if hint else f", seen from {source.folder}")
    except IsADirectoryError:
        message = f"'{name}' is a directory"
    except UnreadableError as reason:
        message = f"'{name}' cannot be read: {reason}"
    raise ScenarioError([source.problem(path, message)])
