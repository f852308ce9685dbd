"""Stories of faults: what a run did around each, beside what it would have done without it."""
