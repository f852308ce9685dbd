"""Reading the text of a file that a user named: a regular file of a bearable size, whatever else may lie there."""

from __future__ import annotations

import stat
from pathlib import Path

MOST_BYTES = 32 * 1024**2
"""Of one text: a trace of a million rows is smaller."""


class UnreadableError(Exception):
    """What a user named cannot be read as text; the message says why, without the file's name."""


def text_of(file: Path, encoding: str = "utf-8") -> str:
    """The text of a file.

    Raises:
        FileNotFoundError: there is none.
        IsADirectoryError: it is a folder.
        UnreadableError: it is a device, a pipe or the like, which may never end; too large; no text; or not to be read.
    """
    try:
        about = file.stat()
        if not stat.S_ISREG(about.st_mode) and not stat.S_ISDIR(about.st_mode):
            raise UnreadableError("it is no regular file")
        if about.st_size > MOST_BYTES:
            raise UnreadableError(f"it has {about.st_size:,} bytes; at most {MOST_BYTES:,} are read")
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)  # some files are longer than they say
    except (FileNotFoundError, IsADirectoryError):
        raise
    except NotADirectoryError as error:
        raise FileNotFoundError(*error.args) from None
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from None
    except ValueError:  # a NUL
        raise UnreadableError("that is no name of a file") from None
    if len(content) > MOST_BYTES:
        raise UnreadableError(f"it has more than {MOST_BYTES:,} bytes")
    try:
        return content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        raise UnreadableError("it is not UTF-8 text") from None
