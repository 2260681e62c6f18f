"""What a walk costs, beside what else people would use: `python -m benchmarks`."""
