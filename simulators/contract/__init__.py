"""The contract kit: tries any coordinator or gateway on a broker for conformance, so that other vendors can join."""
