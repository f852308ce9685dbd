"""What a sweep has given: in a table, and drawn."""
