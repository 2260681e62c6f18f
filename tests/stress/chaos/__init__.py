"""Iterations over a sandbox on which everything goes wrong that can, each held to what is true."""
