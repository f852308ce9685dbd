"""`plaza`: a data set that is generated here; see docs/plaza.md."""
