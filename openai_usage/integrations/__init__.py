"""One file for each outside world that results are handed to, each behind an extra of its own."""
