"""Convert between the schema and the wire: queries to URL parameters, bodies to pages."""
