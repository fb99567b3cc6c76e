"""Answers as CSV, JSON or Parquet, written block after block."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:  # only named in signatures
    import pyarrow as pa

__all__ = ["ANSWER_ENDINGS", "answer_writer"]

Records = list[dict[str, Any]]
Write = Callable[[Records], None]

_INTEGERS = ("n_unknown",)
_TEXTS = ("scan_id", "place", "floor", "building", "reason")


def answer_writer(file: Path, ending: str) -> AbstractContextManager[Write]:
    """Give a function that writes the records of some answers behind those before.

    Parameters
    ----------
    file : Path
        File to write.
    ending : str
        One of `ANSWER_ENDINGS`.
    """
    return _WRITERS[ending](file)


@contextmanager
def _csv(file: Path) -> Iterator[Write]:
    """In CSV, a set of places is a JSON list."""
    with file.open("w", encoding="utf-8", newline="") as text:
        writer: list[csv.DictWriter[str]] = []

        def write(records: Records) -> None:
            if not writer:
                writer.append(csv.DictWriter(text, list(records[0]), lineterminator="\n"))
                writer[0].writeheader()
            writer[0].writerows(map(_flat, records))

        yield write


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    if "place_set" not in record:
        return record
    return record | {"place_set": json.dumps(record["place_set"], ensure_ascii=False)}


@contextmanager
def _json(file: Path) -> Iterator[Write]:
    with file.open("w", encoding="utf-8", newline="") as text:
        yield lambda records: _write_json(text, records)
        text.write("\n]\n")


def _write_json(text: TextIO, records: Records) -> None:
    """Write one list in parts: each without the brackets around it."""
    listed = json.dumps(records, indent=1, ensure_ascii=False)
    text.write(("," if text.tell() else "[") + listed[1:-2])


@contextmanager
def _parquet(file: Path) -> Iterator[Write]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer: list[pq.ParquetWriter] = []

    def write(records: Records) -> None:
        schema = pa.schema([(name, _kind(name)) for name in records[0]])
        if not writer:
            writer.append(pq.ParquetWriter(file, schema))
        writer[0].write_table(pa.Table.from_pylist(records, schema))

    try:
        yield write
    finally:
        for each in writer:
            each.close()


def _kind(name: str) -> pa.DataType:
    """Give the type of a column, which its first cells may not show."""
    import pyarrow as pa

    if name == "place_set":
        return pa.list_(pa.string())
    return pa.int64() if name in _INTEGERS else pa.string() if name in _TEXTS else pa.float64()


_WRITERS = {".csv": _csv, ".json": _json, ".parquet": _parquet}
ANSWER_ENDINGS = tuple(_WRITERS)
"""Endings of the files of answers."""
