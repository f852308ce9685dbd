"""Examples of what simnet can be given: one file for each kind."""
