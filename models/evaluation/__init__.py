"""Evaluation of trained networks: scores, thresholds, reliability."""
