"""Kinds of links, each with what a scenario says of it."""
