"""Where samples leave, and what every exit knows."""
