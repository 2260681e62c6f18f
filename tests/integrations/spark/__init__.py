"""The data source in a real Spark, on this machine: `nox -s spark`."""
