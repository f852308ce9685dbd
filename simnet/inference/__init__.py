"""The real network's answers: looked up by the engine, filled in large batches, kept in a memo; and what they cost."""
