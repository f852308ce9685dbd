"""Kinds of nodes, each with what a scenario says of it."""
