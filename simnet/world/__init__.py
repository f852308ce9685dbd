"""A scenario comes to life: who runs what, what is captured, the run and its rows."""
