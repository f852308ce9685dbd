"""What is played again: the run without a fault, as far as it can differ."""
