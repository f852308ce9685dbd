"""Many runs of one scenario with values that differ: which, spread over processes, kept, and what comes out of all."""
