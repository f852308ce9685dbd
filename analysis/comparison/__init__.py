"""Runs set against each other: which of their systems, by how much they differ, and which samples changed."""
