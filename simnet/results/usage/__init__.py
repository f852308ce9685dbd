"""How much of every node, link and medium was used: told from spans, over the whole run and over time."""
