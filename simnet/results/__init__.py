"""A run's results: rows, summary, folder."""
