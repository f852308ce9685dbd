"""Studies: evaluations of trained weights, stored as JSON in `models/evaluations/`, from which pages are made."""
