"""Tuning: the values of some keys with which a metric is best while others keep their limits."""
