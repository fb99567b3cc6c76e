"""What the scans of a table heard: in a column an access point, or a row a reading."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from tutelage.data.fingerprints import RSS_MAX_DBM, RSS_MIN_DBM
from tutelage.data.forms.fields import FIELDS, READING_FIELDS
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.matrix_csv import refuse_undeclared_code
from tutelage.data.forms.scan_tables import ScanTables
from tutelage.data.sparse_rows import csr, csr_from_dense

__all__ = ["first_repeat", "out_of_range", "read_readings", "require_reading_columns"]

_RSS_RULE = (
    "an RSS is a number in dBm, an empty cell means not heard; remove columns that are not access points"
)


def read_readings(
    tables: ScanTables, scan_id: np.ndarray, not_heard: float | None
) -> tuple[sparse.csr_array, tuple[str, ...]]:
    """Readings [n, n_ap] in dBm and their access points, from whichever form the tables have.

    Parameters
    ----------
    tables : of n scans
    scan_id : [n] their ids, unique
    not_heard : the value that stands for "not heard", if there is one

    Raises
    ------
    BadInputError
        If a reading is no RSS in dBm, stands twice, or belongs to no scan.
    """
    if tables.readings is None:
        names = tuple(name for name in tables.scans.names if name not in FIELDS)
        return _wide_rss(tables.scans, names, not_heard), names
    return _long_rss(tables.readings, scan_id, not_heard, tables.access_points)


def _wide_rss(table: LocatedTable, names: tuple[str, ...], not_heard: float | None) -> sparse.csr_array:
    dense_dbm = np.column_stack([table.numbers(name, _RSS_RULE).astype(np.float32) for name in names])
    heard = _heard(dense_dbm, not_heard)
    bad = np.argwhere(heard & out_of_range(dense_dbm))
    if len(bad):
        row, column = bad[0]
        raise table.error(_range_message(dense_dbm[row, column]), row, names[column])
    refuse_undeclared_code(dense_dbm, heard, table.file)
    return csr_from_dense(dense_dbm, heard)


def _long_rss(
    readings: LocatedTable,
    scan_id: np.ndarray,
    not_heard: float | None,
    access_points: tuple[str, ...] | None,
) -> tuple[sparse.csr_array, tuple[str, ...]]:
    require_reading_columns(readings)
    row = _rows_of(readings, scan_id)
    names, column = _columns_of(readings, access_points)
    repeat = first_repeat(row * len(names) + column)
    if repeat is not None:
        raise readings.error(
            f"scan {str(scan_id[row[repeat]])!r} hears {str(names[column[repeat]])!r} twice; keep one",
            repeat,
            "ap",
        )
    rss_dbm = readings.numbers("rss_dbm", _RSS_RULE)
    heard = _heard(rss_dbm, not_heard)
    bad = np.flatnonzero(heard & out_of_range(rss_dbm))
    if len(bad):
        raise readings.error(_range_message(rss_dbm[bad[0]]), bad[0], "rss_dbm")
    refuse_undeclared_code(rss_dbm, heard, readings.file)
    kept = np.flatnonzero(heard)
    kept = kept[np.argsort(row[kept], kind="stable")]
    lengths = np.bincount(row[kept], minlength=len(scan_id))
    rss = csr(rss_dbm[kept], column[kept], np.concatenate([[0], np.cumsum(lengths)]), len(names))
    return rss, tuple(map(str, names))


def _rows_of(readings: LocatedTable, scan_id: np.ndarray) -> np.ndarray:
    """[n_readings] int: the scan that each reading belongs to."""
    named = readings.text("scan_id")
    order = np.argsort(scan_id)
    row = order[np.searchsorted(scan_id, named, sorter=order).clip(max=len(scan_id) - 1)]
    unknown = np.flatnonzero(scan_id[row] != named)
    if len(unknown):
        given = str(named[unknown[0]])
        raise readings.error(f"no scan {given!r} in the table of scans; add it there", unknown[0], "scan_id")
    return np.asarray(row)


def _columns_of(
    readings: LocatedTable, access_points: tuple[str, ...] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Access points, in the order in which the form lists them if it does, and [n_readings] the column."""
    named = readings.text("ap")
    for index in np.flatnonzero(named == "")[:1]:
        raise readings.error("no access point; write its name, or remove the row", index, "ap")
    if access_points is None:
        names, column = np.unique(named, return_inverse=True)
        return names, column
    place = {name: j for j, name in enumerate(access_points)}
    column = np.array([place.get(name, -1) for name in named.tolist()], dtype=np.int64)
    for index in np.flatnonzero(column < 0)[:1]:
        given = str(named[index])
        raise readings.error(f"no access point {given!r} in the list of them; add it there", index, "ap")
    return np.array(access_points, dtype=np.str_), column


def _heard(rss_dbm: np.ndarray, not_heard: float | None) -> np.ndarray:
    heard = ~np.isnan(rss_dbm)
    return heard if not_heard is None else np.asarray(heard & (rss_dbm != rss_dbm.dtype.type(not_heard)))


def require_reading_columns(readings: LocatedTable) -> None:
    """Refuse readings that have other columns than they should."""
    if set(readings.names) != set(READING_FIELDS):
        raise readings.error(
            f"the columns are {', '.join(readings.names)}; readings have exactly {', '.join(READING_FIELDS)}"
        )


def first_repeat(values: np.ndarray) -> int | None:
    """Where a value stands for the second time, None if none does."""
    is_repeat = np.ones(len(values), dtype=bool)
    is_repeat[np.unique(values, return_index=True)[1]] = False
    return int(np.argmax(is_repeat)) if is_repeat.any() else None


def out_of_range(rss_dbm: np.ndarray) -> np.ndarray:
    """Which numbers cannot be an RSS in dBm."""
    return np.asarray((rss_dbm < RSS_MIN_DBM) | (rss_dbm > RSS_MAX_DBM))


def _range_message(value: float) -> str:
    sign = " Is the minus sign missing? Write it." if 0 < value <= -RSS_MIN_DBM else ""
    return (
        f"{value:g} is outside [{RSS_MIN_DBM:.0f}, {RSS_MAX_DBM:.0f}] dBm. Is {value:g} your code for not "
        f"heard? Pass not_heard={value:g} (--not-heard {value:g}).{sign} Is this column no access point? "
        "Remove it."
    )
