"""`python -m openai_usage`: the command line, as `openai-usage`."""

from openai_usage.cli import main

main()
