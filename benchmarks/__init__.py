"""Measurements of speed, printed and never asserted; what they gave is in docs/performance.md."""
