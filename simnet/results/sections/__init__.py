"""Sections of a system's summary, one file each; those that a system has nothing to say in are left out."""
