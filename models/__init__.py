"""Data sets, networks, training and trained weights; knows nothing of simulation."""
