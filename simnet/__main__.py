"""`python -m simnet`, and where the installed command begins."""

from __future__ import annotations

import sys

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


if __name__ == "__main__":
    main()
