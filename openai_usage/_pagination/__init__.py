"""Send many requests: follow cursors, check order, fetch windows ahead."""
