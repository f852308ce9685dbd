"""`python -m simnet`."""

from simnet.cli.app import main

main()
