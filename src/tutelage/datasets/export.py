"""Fingerprints as the table in which a user gives their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from tutelage.errors import BadInputError, UnknownNameError
from tutelage.files import replaced_file, require_writable_parent
from tutelage.fingerprints import FingerprintSet, Survey

__all__ = ["export_table"]

_SPLITS = ("train", "test", "both")
_FIELDS = ("floor", "building", "device", "user", "time")


def export_table(survey: Survey, path: str | Path, *, split: str = "both") -> None:
    """Write a survey in wide form: `read_user_table` reads it back.

    Parameters
    ----------
    survey : what to write
    path : .csv or .parquet
    split : "train", "test", or "both" with a column `split`

    Raises
    ------
    BadInputError, UnknownNameError
        If there is no such split, the name ends otherwise, or an access point is called like a field.
    """
    path = require_writable_parent(path)
    if path.suffix not in (".csv", ".parquet"):
        raise BadInputError("a table's name must end in .csv or .parquet", file=path)
    if split not in _SPLITS:
        raise UnknownNameError("split", split, _SPLITS)
    if split != "train" and survey.test is None:
        raise BadInputError(f"{survey.name} has no test split; give --split train")
    taken = {"scan_id", "x_m", "y_m", "split", *_FIELDS} & set(survey.train.access_points)
    if taken:
        raise BadInputError(
            f"{min(taken)!r} is the name of an access point and of a field; rename the former"
        )
    parts = {"train": survey.train, "test": survey.test}
    chosen = {name: scans for name, scans in parts.items() if scans is not None and split in (name, "both")}
    table = pa.concat_tables([_wide(scans, name) for name, scans in chosen.items()])
    if split != "both":
        table = table.drop_columns("split")
    with replaced_file(path) as beside:
        (pa_csv.write_csv if path.suffix == ".csv" else pq.write_table)(table, beside)


def _wide(scans: FingerprintSet, split: str) -> pa.Table:
    x, y = scans.absolute_position_m.T
    columns = {"scan_id": scans.scan_id, "x_m": x, "y_m": y}
    columns |= {name: getattr(scans, name) for name in _FIELDS if getattr(scans, name) is not None}
    columns["split"] = np.full(len(scans), split)
    arrays = {name: pa.array(_native(values)) for name, values in columns.items()}
    by_access_point = scans.rss_dbm.tocsc()
    for j, name in enumerate(scans.access_points):
        heard = slice(by_access_point.indptr[j], by_access_point.indptr[j + 1])
        readings = np.full(len(scans), np.nan, dtype=np.float32)
        readings[by_access_point.indices[heard]] = by_access_point.data[heard]
        arrays[name] = pa.array(readings, from_pandas=True)  # NaN becomes an empty cell
    return pa.table(arrays)


def _native(values: np.ndarray) -> np.ndarray:
    return values.astype(object) if values.dtype.kind == "U" else values
