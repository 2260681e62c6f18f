"""Output of the command line: formats, tables, messages and progress."""
