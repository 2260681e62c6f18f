"""Read the rows of a file that a command wrote, whatever its format."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq


def written_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a CSV, JSON, JSON Lines or Parquet file."""
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    text = path.read_text()
    if path.suffix == ".csv":
        return list(csv.DictReader(text.splitlines()))
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines()]
    rows: list[dict[str, Any]] = json.loads(text)
    return rows
