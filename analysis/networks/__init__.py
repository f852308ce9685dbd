"""Figures of networks by themselves: their training, calibration, cuts and what they make of missing views."""
