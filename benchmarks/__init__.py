"""What an iteration costs, beside what else people would use: `python -m benchmarks`."""
