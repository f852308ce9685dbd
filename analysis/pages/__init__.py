"""Figures and tables of the pages in docs/, from evaluations and runs."""
