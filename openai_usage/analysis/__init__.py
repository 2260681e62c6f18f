"""Pure functions and classes that compute totals, comparisons and projections from buckets."""
