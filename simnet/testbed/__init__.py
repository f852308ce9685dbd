"""The same scenario on real processes and sockets: nodes in network namespaces, links as shaped veth pairs."""
