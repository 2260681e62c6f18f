"""Answers from buckets: pure functions."""
