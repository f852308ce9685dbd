"""Lives of single samples: their critical path, what is told of them, and all of them as a trace for a viewer."""
