"""Studies that make a page of docs/, each with the command that makes it again: `python -m benchmarks.pages.NAME`."""
