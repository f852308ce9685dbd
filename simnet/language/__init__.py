"""The words that a scenario is written in: quantities with units, names, traces, and errors that point at the line."""
