"""Readings of a table: a column an access point, or a row a reading."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from tutelage.data.forms.fields import FIELDS, READING_FIELDS
from tutelage.data.forms.form import ScanTables
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.matrix_csv import refuse_undeclared_code
from tutelage.data.sparse_rows import csr, csr_from_dense
from tutelage.runtime.readings import RSS_MAX_DBM, RSS_MIN_DBM

__all__ = ["first_repeat", "out_of_range", "read_readings", "require_reading_columns"]

_RSS_RULE = (
    "an RSS is a number in dBm, an empty cell means not heard; remove columns that are not access points"
)


def read_readings(
    tables: ScanTables, scan_id: np.ndarray, not_heard: float | None
) -> tuple[sparse.csr_array, tuple[str, ...]]:
    """Read the readings of all scans and their access points.

    Parameters
    ----------
    tables : ScanTables
        n scans of any form.
    scan_id : numpy.ndarray
        Unique ids of the scans, [n].
    not_heard : float or None
        Value that means "not heard", if there is one.

    Returns
    -------
    rss_dbm : scipy.sparse.csr_array
        Readings in dBm, [n, n_ap] float32.
    access_points : tuple of str
        Names of the columns.

    Raises
    ------
    BadInputError
        If a reading is not an RSS in dBm, stands twice, or belongs to no scan.
    """
    if tables.readings is None:
        names = tuple(name for name in tables.scans.names if name not in FIELDS)
        return _wide_rss(tables.scans, names, not_heard), names
    return _long_rss(tables.readings, scan_id, not_heard, tables.access_points)


def _wide_rss(table: LocatedTable, names: tuple[str, ...], not_heard: float | None) -> sparse.csr_array:
    dense_dbm = np.column_stack([table.numbers(name, _RSS_RULE).astype(np.float32) for name in names])
    is_heard = _heard(dense_dbm, not_heard)
    bad = np.argwhere(is_heard & out_of_range(dense_dbm))
    if len(bad):
        row, column = bad[0]
        raise table.error(_range_message(dense_dbm[row, column]), row, names[column])
    refuse_undeclared_code(dense_dbm, is_heard, table.file)
    return csr_from_dense(dense_dbm, is_heard)


def _long_rss(
    readings: LocatedTable,
    scan_id: np.ndarray,
    not_heard: float | None,
    access_points: tuple[str, ...] | None,
) -> tuple[sparse.csr_array, tuple[str, ...]]:
    require_reading_columns(readings)
    row = _scan_rows(readings, scan_id)
    names, column = _ap_columns(readings, access_points)
    repeat = first_repeat(row * len(names) + column)
    if repeat is not None:
        raise readings.error(
            f"scan {str(scan_id[row[repeat]])!r} hears {str(names[column[repeat]])!r} twice; keep one",
            repeat,
            "ap",
        )
    rss_dbm = readings.numbers("rss_dbm", _RSS_RULE)
    is_heard = _heard(rss_dbm, not_heard)
    bad = np.flatnonzero(is_heard & out_of_range(rss_dbm))
    if len(bad):
        raise readings.error(_range_message(rss_dbm[bad[0]]), bad[0], "rss_dbm")
    refuse_undeclared_code(rss_dbm, is_heard, readings.file)
    entries = np.flatnonzero(is_heard)
    entries = entries[np.argsort(row[entries], kind="stable")]
    lengths = np.bincount(row[entries], minlength=len(scan_id))
    rss = csr(rss_dbm[entries], column[entries], np.concatenate([[0], np.cumsum(lengths)]), len(names))
    return rss, tuple(map(str, names))


def _scan_rows(readings: LocatedTable, scan_id: np.ndarray) -> np.ndarray:
    """Return the scan of each reading, [n_readings] int."""
    scan = readings.text("scan_id")
    order = np.argsort(scan_id)
    row = order[np.searchsorted(scan_id, scan, sorter=order).clip(max=len(scan_id) - 1)]
    strays = np.flatnonzero(scan_id[row] != scan)
    if len(strays):
        stray = str(scan[strays[0]])
        raise readings.error(f"no scan {stray!r} in the table of scans; add it there", strays[0], "scan_id")
    return np.asarray(row)


def _ap_columns(
    readings: LocatedTable, access_points: tuple[str, ...] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the access points, in the form's own order if it lists them, and the column of each reading."""
    ap = readings.text("ap")
    for index in np.flatnonzero(ap == "")[:1]:
        raise readings.error("no access point; write its name, or remove the row", index, "ap")
    if access_points is None:
        names, column = np.unique(ap, return_inverse=True)
        return names, column
    place = {name: j for j, name in enumerate(access_points)}
    column = np.array([place.get(name, -1) for name in ap.tolist()], dtype=np.int64)
    for index in np.flatnonzero(column < 0)[:1]:
        name = str(ap[index])
        raise readings.error(f"no access point {name!r} in the list of them; add it there", index, "ap")
    return np.array(access_points, dtype=np.str_), column


def _heard(rss_dbm: np.ndarray, not_heard: float | None) -> np.ndarray:
    is_heard = ~np.isnan(rss_dbm)
    return (
        is_heard if not_heard is None else np.asarray(is_heard & (rss_dbm != rss_dbm.dtype.type(not_heard)))
    )


def require_reading_columns(readings: LocatedTable) -> None:
    """Refuse readings that have other columns than they should.

    Parameters
    ----------
    readings : LocatedTable
        Table with a row a reading.

    Raises
    ------
    BadInputError
        If the columns differ.
    """
    if set(readings.names) != set(READING_FIELDS):
        raise readings.error(
            f"the columns are {', '.join(readings.names)}; readings have exactly {', '.join(READING_FIELDS)}"
        )


def first_repeat(values: np.ndarray) -> int | None:
    """Find the first value that repeats an earlier one.

    Parameters
    ----------
    values : numpy.ndarray
        Values, [n].

    Returns
    -------
    int or None
        Its place; None if every value is unique.
    """
    is_repeat = np.ones(len(values), dtype=bool)
    is_repeat[np.unique(values, return_index=True)[1]] = False
    return int(np.argmax(is_repeat)) if is_repeat.any() else None


def out_of_range(rss_dbm: np.ndarray) -> np.ndarray:
    """Return which numbers cannot be an RSS in dBm.

    Parameters
    ----------
    rss_dbm : numpy.ndarray
        Numbers.

    Returns
    -------
    numpy.ndarray
        Bool of the same shape.
    """
    return np.asarray((rss_dbm < RSS_MIN_DBM) | (rss_dbm > RSS_MAX_DBM))


def _range_message(value: float) -> str:
    sign = " Is the minus sign missing? Write it." if 0 < value <= -RSS_MIN_DBM else ""
    return (
        f"{value:g} is outside [{RSS_MIN_DBM:.0f}, {RSS_MAX_DBM:.0f}] dBm. Is {value:g} your code for not "
        f"heard? Pass not_heard={value:g} (--not-heard {value:g}).{sign} Is this column no access point? "
        "Remove it."
    )
