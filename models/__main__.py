"""`python -m models`, in a clone, and `python -m simnet.models`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line of the networks; without a whole simnet that is one message and exit status 2."""
    try:
        from simnet.installation import fault
        from simnet.terminal.stopping import at_once
    except ImportError as problem:
        print(f"error: python -m models needs the package simnet that belongs to it ({problem})", file=sys.stderr)
        raise SystemExit(2) from None
    with at_once():
        if (found := fault()) is not None:
            print(f"error: {found}", file=sys.stderr)
            raise SystemExit(2)
        from simnet.cli.models.app import main

        main()


if __name__ == "__main__":
    main()
