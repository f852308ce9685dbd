"""Several runs of one scenario, and what they say together."""
