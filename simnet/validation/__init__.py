"""The simulator beside references that do not share its code: closed forms, hand sums, other engines, a real network."""
