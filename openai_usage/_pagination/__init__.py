"""Many requests: follow cursors, check order, fetch windows ahead."""
