"""A table: one CSV or Parquet file, or two in long form.

Wide form: `scan_id, x_m, y_m` (or `lat, lon`, or `place` alone), optionally `floor, building, place, device,
user, time, split`; every other column is an access point. Long form: the same table without access points,
`NAME.csv`, and beside it `NAME_readings.csv` with the columns `scan_id, ap, rss_dbm`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from tutelage.data.fingerprints import LABELS, FingerprintSet
from tutelage.data.forms.access_point_columns import with_access_points
from tutelage.data.forms.fields import DEGREES, FIELDS, METRES, READING_FIELDS, place_columns
from tutelage.data.forms.form import Form, Note, ScanTables
from tutelage.data.forms.known_columns import mapping_advice, with_fields
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.named_places import names_places
from tutelage.data.forms.read_options import ReadOptions
from tutelage.data.forms.row_a_reading import has_row_a_reading, scans_and_readings
from tutelage.data.forms.table_file import read_located_table
from tutelage.data.forms.table_readings import require_reading_columns
from tutelage.errors import BadInputError
from tutelage.files.atomic import atomic_file

__all__ = ["FORM", "readings_beside", "require_places", "with_ids"]

_PACKED = (".gz", ".zip")


def _read(path: Path, options: ReadOptions) -> ScanTables:
    options = options.with_file_beside(path)
    written = read_located_table(path)
    name, beside = readings_beside(path)
    if beside.is_file() and set(written.names) == {*READING_FIELDS}:
        beside = path  # the readings themselves were named
    if not beside.is_file() and has_row_a_reading(written, options):
        tables = scans_and_readings(name, written, options)
        require_places(tables.scans, options)
        return tables
    scans, options = with_fields(written, options)
    scans = with_ids(scans, in_user_words="scan_id" in {*written.names, *options.columns})
    require_places(scans, options)
    if beside.is_file():
        return _with_readings_beside(name, scans, beside, options)
    scans, notes = with_access_points(scans, options)
    if not set(scans.names) - set(FIELDS):
        left_out = f" ({'; '.join(map(str, notes))})" if notes else ""
        raise scans.error(
            f"no access points{left_out}: add a column for each, or put their readings into {beside.name} "
            f"beside, with the columns {', '.join(READING_FIELDS)}"
        )
    return ScanTables(name, scans, notes=notes, options=options)


def readings_beside(path: Path) -> tuple[str, Path]:
    """Return the name of a table, and the file that may hold its readings.

    Parameters
    ----------
    path : Path
        The table.

    Returns
    -------
    name : str
        Its name without endings.
    beside : Path
        `NAME_readings.csv` for `NAME.csv`; it need not be there.
    """
    name = path.name.split(".")[0] if path.suffix.lower() in _PACKED else path.stem
    return name, path.with_name(f"{name}_readings{path.name[len(name) :]}")


def require_places(table: LocatedTable, options: ReadOptions) -> None:
    """Refuse a table without coordinates or named places, with the columns that are likely meant.

    Parameters
    ----------
    table : LocatedTable
        Table with fields for names.
    options : ReadOptions
        Whether it needs them.

    Raises
    ------
    BadInputError
        If it needs them and has none, or has one coordinate of two.
    """
    required = options.located and not names_places(table)
    pairs = [pair for pair in (METRES, *DEGREES) if not set(pair).isdisjoint(table.names)]
    needed = pairs[0] if pairs else METRES if required else ()
    missing = [name for name in needed if name not in table.names]
    advice = mapping_advice(table, missing) if missing else ""
    place_columns(table, required=required, advice=advice)


def with_ids(table: LocatedTable, *, in_user_words: bool) -> LocatedTable:
    """Return a table with scan ids: numbers of rows, where no column names each scan once.

    Parameters
    ----------
    table : LocatedTable
        Table with fields for names.
    in_user_words : bool
        Whether the column of the ids is called so by the user, and then taken as it is.

    Returns
    -------
    LocatedTable
        The table with `scan_id`, with a note where its own ids repeat.
    """
    if "scan_id" in table.names:
        ids = table.text("scan_id")
        if in_user_words or (len(np.unique(ids)) == len(ids) and (ids != "").all()):
            return table
    rest = table.columns.drop_columns("scan_id") if "scan_id" in table.names else table.columns
    columns = {"scan_id": pa.array(table.rows.astype(np.str_).astype(object), pa.string())}
    columns |= dict(zip(rest.column_names, rest.columns, strict=True))
    note = (
        (f"{table.titles['scan_id']} repeats, so that rows are numbered",) if "scan_id" in table.names else ()
    )
    return replace(table, columns=pa.table(columns), notes=(*table.notes, *note))


def _with_readings_beside(name: str, scans: LocatedTable, beside: Path, options: ReadOptions) -> ScanTables:
    readings, _ = with_fields(read_located_table(beside), ReadOptions(), READING_FIELDS)
    require_reading_columns(readings)
    extra = [column for column in scans.names if column not in FIELDS]
    likely, _ = with_access_points(scans, options)
    own = set(likely.names) - set(FIELDS)
    if own:
        raise scans.error(
            f"there are readings in the columns {', '.join([*own][:3])} and in {beside.name} beside; "
            "keep one of the two"
        )
    scans = replace(scans, columns=scans.columns.drop_columns(extra)) if extra else scans
    readings = replace(readings, columns=readings.columns.select(list(READING_FIELDS)))
    left_out = (
        (Note("no_access_point", f"columns left out: {', '.join(extra)}", "", tuple(extra)),) if extra else ()
    )
    return ScanTables(name, scans, readings, notes=left_out, options=options)


def _write(splits: Mapping[str, FingerprintSet], path: Path) -> None:
    clashes = {name for scans in splits.values() for name in scans.access_points} & set(FIELDS)
    if clashes:
        raise BadInputError(
            f"{min(clashes)!r} is the name of an access point and of a field; rename the former"
        )
    parts = [_wide(scans, name) for name, scans in splits.items()]
    table = pa.concat_tables(parts, promote_options="default")  # a label may be known in one split alone
    if len(splits) == 1:
        table = table.drop_columns("split")
    with atomic_file(path) as beside:
        (pa_csv.write_csv if path.suffix.lower() == ".csv" else pq.write_table)(table, beside)


def _wide(scans: FingerprintSet, split: str) -> pa.Table:
    columns = {"scan_id": scans.scan_id}
    if scans.position_m is not None:
        columns |= dict(zip(METRES, scans.absolute_position_m.T, strict=True))
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
