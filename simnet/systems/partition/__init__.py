"""Which part of a network runs on a device and which on an edge: pure functions, no simulation."""
