"""`python -m models`."""

from simnet.cli.models.app import main

main()
