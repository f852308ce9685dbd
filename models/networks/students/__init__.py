"""Networks of several students, one a node, whose features meet after every stage."""
