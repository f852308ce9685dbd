"""What is kept of a long run, so that its memory does not grow with all that happened: columns, parts and files."""
