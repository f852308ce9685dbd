"""The command line: one file for each command. The top floor: it may import all, nobody imports it."""
