"""What `nox -s fuzz` runs: atheris follows the package from the moment it is imported."""

import asyncio
import sys
from importlib import import_module
from pathlib import Path

atheris = import_module("atheris")  # which has no types, and is not there where the tests run
with atheris.instrument_imports(include=["openai_usage", "tests.support.reading"]):
    from tests.stress.fuzz_decoder import changed, read, seeds

asyncio.run(seeds(Path(sys.argv[1])))
atheris.Setup(sys.argv, read, custom_mutator=changed)
atheris.Fuzz()
