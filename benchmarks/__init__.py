"""Measure the cost of an iteration, and compare it with other ways: `python -m benchmarks`."""
