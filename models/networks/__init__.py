"""The networks that there are, each a graph of segments."""
