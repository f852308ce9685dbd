"""Commands of what is really executed."""
