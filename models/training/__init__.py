"""Training: recipes, runs with checkpoints, and what is published of them."""
