"""Readings of a table: a column an access point, or a row a reading."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tutelage.data.forms.fields import FIELDS, READING_FIELDS
from tutelage.data.forms.form import Note, ScanTables
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.read_options import ReadOptions
from tutelage.data.forms.strengths import Strangers, common_value_among, find_strangers, out_of_range
from tutelage.errors import BadInputError
from tutelage.runtime.readings import RSS_MAX_DBM, RSS_MIN_DBM
from tutelage.runtime.rows import CompressedRows

__all__ = [
    "RSS_RULE",
    "MeanReadings",
    "TableReadings",
    "common_value_note",
    "first_repeat",
    "heard_dbm",
    "mean_readings",
    "read_readings",
    "repeat_note",
    "require_reading_columns",
    "stranger_message",
]

RSS_RULE = (
    "an RSS is a number in dBm, an empty cell means not heard; remove columns that are not access points"
)


@dataclass(frozen=True)
class TableReadings:
    """Readings of n scans.

    Parameters
    ----------
    rss_dbm : CompressedRows
        Readings in dBm, [n, n_ap] float32, with ascending columns.
    access_points : tuple of str
        Names of the columns.
    notes : tuple of Note
        How they were read, where that is not plain.
    """

    rss_dbm: CompressedRows
    access_points: tuple[str, ...]
    notes: tuple[Note, ...] = ()


def read_readings(tables: ScanTables, scan_id: np.ndarray) -> TableReadings:
    """Read the readings of all scans and their access points.

    Parameters
    ----------
    tables : ScanTables
        n scans of any form; its options say which codes and units they have.
    scan_id : numpy.ndarray
        Unique ids of the scans, [n].

    Returns
    -------
    TableReadings
        The readings.

    Raises
    ------
    BadInputError
        If a reading is not an RSS in dBm, or belongs to no scan.
    """
    if tables.readings is None:
        names = tuple(name for name in tables.scans.names if name not in FIELDS)
        return _wide_rss(tables.scans, names, tables.read_options)
    return _long_rss(tables.readings, scan_id, tables.read_options, tables.access_points)


def heard_dbm(numbers: np.ndarray, options: ReadOptions) -> np.ndarray:
    """Return readings in dBm, NaN for codes and empty cells.

    Parameters
    ----------
    numbers : numpy.ndarray
        Numbers of the file.
    options : ReadOptions
        Its codes and units.

    Returns
    -------
    numpy.ndarray
        Numbers of the same shape and type.

    Raises
    ------
    BadInputError
        If the user says another unit than dBm, and every reading is below 0.
    """
    heard = np.where(options.not_heard.means(numbers), np.nan, numbers) if options.not_heard else numbers
    unit = options.units.rss
    if unit != "dbm" and (heard < 0).any() and not (heard >= 0).any():
        percent = "; if they are percent with a minus sign, remove the signs" if unit == "percent" else ""
        raise BadInputError(
            f"--units rss={unit}: every reading is below 0, so all are in dBm already; leave it out{percent}"
        )
    return options.units.to_dbm(heard).astype(numbers.dtype, copy=False)


def _wide_rss(table: LocatedTable, names: tuple[str, ...], options: ReadOptions) -> TableReadings:
    dense_dbm = np.column_stack([table.numbers(name, RSS_RULE).astype(np.float32) for name in names])
    dense_dbm = heard_dbm(dense_dbm, options)
    is_heard = ~np.isnan(dense_dbm)
    values = dense_dbm[is_heard]
    strangers = find_strangers(values, dense_dbm.size)
    if strangers is not None:
        place = np.argwhere(is_heard & out_of_range(dense_dbm))[:1].tolist()
        at = (place[0][0], names[place[0][1]]) if place else (None, None)
        raise table.error(stranger_message(strangers, dense_dbm[tuple(place[0])] if place else None), *at)
    notes = _note_of_common(values, dense_dbm.size)
    lengths = np.count_nonzero(is_heard, axis=1)
    return TableReadings(_rows(values, np.nonzero(is_heard)[1], lengths, len(names)), names, notes)


def _long_rss(
    readings: LocatedTable,
    scan_id: np.ndarray,
    options: ReadOptions,
    access_points: tuple[str, ...] | None,
) -> TableReadings:
    require_reading_columns(readings)
    row = _scan_rows(readings, scan_id)
    names, column = _ap_columns(readings, access_points)
    rss_dbm = heard_dbm(readings.numbers("rss_dbm", RSS_RULE), options)
    is_heard = ~np.isnan(rss_dbm)
    strangers = find_strangers(rss_dbm[is_heard], len(rss_dbm))
    if strangers is not None:
        place = np.flatnonzero(is_heard & out_of_range(rss_dbm))[:1].tolist()
        value = rss_dbm[place[0]] if place else None
        raise readings.error(stranger_message(strangers, value), *((place[0], "rss_dbm") if place else ()))
    notes = _note_of_common(rss_dbm[is_heard], len(rss_dbm))
    entries = np.flatnonzero(is_heard)
    mean = mean_readings(row[entries], column[entries], rss_dbm[entries], len(names))
    if mean.n_repeated:
        notes += (repeat_note(mean.n_repeated),)
    lengths = np.bincount(mean.row, minlength=len(scan_id))
    rows = _rows(mean.value, mean.column, lengths, len(names))
    return TableReadings(rows, tuple(map(str, names)), notes)


def _rows(values: np.ndarray, columns: np.ndarray, lengths: np.ndarray, n_columns: int) -> CompressedRows:
    """Return rows of readings; their entries are given row after row, with ascending columns."""
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    shape = (len(lengths), n_columns)
    return CompressedRows(values.astype(np.float32), columns.astype(np.int32), indptr, shape)


@dataclass(frozen=True)
class MeanReadings:
    """One reading for each access point that a scan hears.

    Parameters
    ----------
    row, column : numpy.ndarray
        Scan and access point, [n] int, sorted by scan.
    value : numpy.ndarray
        Mean in dBm, [n].
    n_repeated : int
        How many of them are the mean of several.
    """

    row: np.ndarray
    column: np.ndarray
    value: np.ndarray
    n_repeated: int


def mean_readings(row: np.ndarray, column: np.ndarray, value: np.ndarray, n_columns: int) -> MeanReadings:
    """Take the mean where a scan hears an access point several times.

    Parameters
    ----------
    row, column : numpy.ndarray
        Scan and access point of each reading, [m] int.
    value : numpy.ndarray
        Readings in dBm, [m].
    n_columns : int
        Number of access points.

    Returns
    -------
    MeanReadings
        The readings, each pair once.
    """
    cell = row.astype(np.int64) * np.int64(max(n_columns, 1)) + column
    cells, inverse, n = np.unique(cell, return_inverse=True, return_counts=True)
    mean = np.bincount(inverse.ravel(), weights=value.astype(np.float64), minlength=len(cells)) / np.maximum(
        n, 1
    )
    row_of, column_of = np.divmod(cells, max(n_columns, 1))
    return MeanReadings(row_of, column_of, mean, int(np.count_nonzero(n > 1)))


def repeat_note(n: int) -> Note:
    """Say that readings were repeated.

    Parameters
    ----------
    n : int
        Number of readings that are the mean of several.

    Returns
    -------
    Note
        The note.
    """
    are = " is" if n == 1 else "s are"
    message = f"{n:,} reading{are} the mean of several, since a scan hears an access point more than once"
    return Note("repeated_reading", message)


def _note_of_common(readings: np.ndarray, n_cells: int) -> tuple[Note, ...]:
    return common_value_note(*np.unique(readings, return_counts=True), n_cells)


def common_value_note(values: np.ndarray, n: np.ndarray, n_cells: int) -> tuple[Note, ...]:
    """Say that a number likely means "not heard".

    Parameters
    ----------
    values, n, n_cells
        As for `common_value_among`.

    Returns
    -------
    tuple of Note
        The note; empty if there is no such number.
    """
    value = common_value_among(values, n, n_cells)
    if value is None:
        return ()
    share = n[values == value][0] / n_cells
    return (
        Note(
            "common_value",
            f"{value:g} fills {share:.0%} of all cells of readings",
            f"if it means not heard, pass --not-heard {value:g}",
        ),
    )


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


def require_reading_columns(readings: LocatedTable) -> None:
    """Refuse readings without the columns that they need.

    Parameters
    ----------
    readings : LocatedTable
        Table with a row a reading.

    Raises
    ------
    BadInputError
        If one is missing.
    """
    missing = [name for name in READING_FIELDS if name not in readings.names]
    if missing:
        raise readings.error(
            f"column {', '.join(missing)} is missing; readings have {', '.join(READING_FIELDS)}, this "
            f"table has {', '.join(readings.names)}"
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


def stranger_message(strangers: Strangers, value: float | None) -> str:
    """Say what the first number is, what the others are, and what to pass.

    Parameters
    ----------
    strangers : Strangers
        Numbers that are no RSS.
    value : float or None
        The first of them in the file; None if all lie within the range of dBm.

    Returns
    -------
    str
        Message of the error.
    """
    if value is None:  # a code within the range of dBm
        value = float(strangers.values[0])
        begin = f"{value:g} fills {strangers.share[0]:.0%} of all RSS cells, which no receiver measures"
        return (
            f"{begin}; if it means not heard, pass not_heard={strangers.not_heard} (--not-heard "
            f"{strangers.not_heard})"
        )
    begin = f"{value:g} is outside [{RSS_MIN_DBM:.0f}, {RSS_MAX_DBM:.0f}] dBm"
    begin += f"; of such numbers there are {strangers.shown}" if len(strangers.values) > 1 else ""
    if strangers.kind != "codes":
        return f"{begin}; {strangers.advice}"
    is_unsigned = 0 < value <= -RSS_MIN_DBM and strangers.are_slips
    sign = " Is the minus sign missing? Pass --units rss=unsigned." if is_unsigned else ""
    code = (
        f" Does it mean not heard? Pass not_heard={strangers.not_heard} (--not-heard {strangers.not_heard})."
        if strangers.not_heard
        else ""
    )
    return f"{begin}.{code}{sign} Is this column no access point? Remove it."
