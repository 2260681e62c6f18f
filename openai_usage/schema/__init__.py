"""The parameters and results of the API. No I/O."""
