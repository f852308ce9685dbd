"""Commands that look at a finished run."""
