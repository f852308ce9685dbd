"""`python -m models`: the commands of the networks."""
