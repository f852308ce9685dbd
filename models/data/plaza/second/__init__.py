"""`plaza2`, the second edition of `plaza`: the same objects and cameras in a place; see docs/plaza.md."""
