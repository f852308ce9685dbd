"""Nodes that compute, links that transmit, the graph they form, and what breaks in it."""
