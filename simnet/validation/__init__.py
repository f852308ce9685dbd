"""The simulator beside references that share none of its code: closed forms, sums by hand, other engines, real TCP."""
