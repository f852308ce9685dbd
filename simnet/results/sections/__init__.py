"""Sections of a system's summary."""
