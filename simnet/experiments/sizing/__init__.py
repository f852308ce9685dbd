"""Sizing: the most, or the least, of something with which a deployment still keeps its limits."""
