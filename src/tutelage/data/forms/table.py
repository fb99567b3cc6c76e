"""A table: one CSV or Parquet file, or two in long form.

Wide form: `scan_id, x_m, y_m` (or `lat, lon`), optionally `floor, building, device, user, time, split`; every
other column is an access point. Long form: the same table without access points, `NAME.csv`, and beside it
`NAME_readings.csv` with the columns `scan_id, ap, rss_dbm`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from tutelage.data.fingerprints import LABELS, FingerprintSet
from tutelage.data.forms.fields import FIELDS, READING_FIELDS, place_columns
from tutelage.data.forms.form import Form, ScanTables
from tutelage.data.forms.table_file import read_located_table
from tutelage.errors import BadInputError
from tutelage.files.atomic import atomic_file

__all__ = ["FORM"]


def _read(path: Path, located: bool) -> ScanTables:
    scans = read_located_table(path)
    place_columns(scans, required=located)  # a table without is no table of scans at all
    names = [name for name in scans.names if name not in FIELDS]
    beside = path.with_name(f"{path.stem}_readings{path.suffix}")
    if names and beside.is_file():
        raise scans.error(
            f"there are readings in the columns {', '.join(names[:3])} and in {beside.name} beside; "
            "keep one of the two"
        )
    if not names and not beside.is_file():
        raise scans.error(
            f"no access points: add a column for each, or put their readings into {beside.name} beside, "
            f"with the columns {', '.join(READING_FIELDS)}"
        )
    return ScanTables(path.stem, scans, None if names else read_located_table(beside))


def _write(splits: Mapping[str, FingerprintSet], path: Path) -> None:
    clashes = {name for scans in splits.values() for name in scans.access_points} & set(FIELDS)
    if clashes:
        raise BadInputError(
            f"{min(clashes)!r} is the name of an access point and of a field; rename the former"
        )
    table = pa.concat_tables([_wide(scans, name) for name, scans in splits.items()])
    if len(splits) == 1:
        table = table.drop_columns("split")
    with atomic_file(path) as beside:
        (pa_csv.write_csv if path.suffix.lower() == ".csv" else pq.write_table)(table, beside)


def _wide(scans: FingerprintSet, split: str) -> pa.Table:
    x, y = scans.absolute_position_m.T
    columns = {"scan_id": scans.scan_id, "x_m": x, "y_m": y}
    columns |= {name: getattr(scans, name) for name in (*LABELS, "time") if getattr(scans, name) is not None}
    columns["split"] = np.full(len(scans), split)
    arrays = {name: pa.array(_native(values)) for name, values in columns.items()}
    by_access_point = scans.rss_dbm.tocsc()
    for j, name in enumerate(scans.access_points):
        entries = slice(by_access_point.indptr[j], by_access_point.indptr[j + 1])
        readings = np.full(len(scans), np.nan, dtype=np.float32)
        readings[by_access_point.indices[entries]] = by_access_point.data[entries]
        arrays[name] = pa.array(readings, from_pandas=True)  # NaN becomes an empty cell
    return pa.table(arrays)


def _native(values: np.ndarray) -> np.ndarray:
    return values.astype(object) if values.dtype.kind == "U" else values


FORM = Form("table", lambda path: True, _read, _write, (".csv", ".parquet"))  # noqa: ARG005
