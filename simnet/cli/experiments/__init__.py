"""Commands that play a scenario many times: at all points of a sweep, for a size, for the best values."""
