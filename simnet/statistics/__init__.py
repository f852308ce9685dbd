"""Confidence intervals: of means of independent values, of proportions, of a mean over a series that is correlated."""
