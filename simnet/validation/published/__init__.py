"""Other people's testbeds, simulated from their own numbers, beside what they published."""
