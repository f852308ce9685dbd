"""`python -m simnet`, and where the installed command begins."""

from __future__ import annotations

import atexit
import os
import sys
import threading

from simnet.installation import fault
from simnet.terminal.stopping import at_once


def main() -> None:
    """Run the command line; an installation that is not whole is one message and exit status 2."""
    with at_once():
        if (problem := fault()) is not None:
            print(f"error: {problem}", file=sys.stderr)
            raise SystemExit(2)
        from simnet.cli.app import main

        main()


def command() -> None:
    """`main` as a process of its own, which is over with it.

    Where torch was loaded the process ends without the destructors of its libraries: those of CUDA's read a hundred
    megabytes from the disk to take down what never was in use. All that Python does at its end is done.
    """
    try:
        main()
    except SystemExit as end:
        if "torch" in sys.modules and isinstance(end.code, int) and sys.getprofile() is sys.gettrace() is None:
            threading._shutdown()  # type: ignore[attr-defined]
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(end.code)
        raise


if __name__ == "__main__":
    command()
