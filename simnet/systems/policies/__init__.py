"""What an edge does about others that do not answer."""
