"""What is written: formats, tables, progress."""
