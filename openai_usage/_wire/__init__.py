"""From bytes to the schema, and back to parameters of a URL."""
