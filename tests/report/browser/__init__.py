"""What only a browser can say of the report; `nox -s browser` asks one, where one is installed."""
