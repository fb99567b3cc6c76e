"""Readings of a table, without those that no receiver measures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tutelage.data.check.faults import Faults, lenient_numbers
from tutelage.data.check.findings import Finding
from tutelage.data.forms.fields import FIELDS
from tutelage.data.forms.form import ScanTables
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.matrix_csv import CODE_SHARE, ONCE_OR_TWICE, is_undeclared_code
from tutelage.data.forms.table_readings import out_of_range, require_reading_columns
from tutelage.runtime.readings import RSS_MAX_DBM, RSS_MIN_DBM

__all__ = ["Readings", "possible_readings"]

_MOST = 0.5


@dataclass(frozen=True)
class Readings:
    """Cells with a number.

    Parameters
    ----------
    row, column : numpy.ndarray
        Scan and access point of each reading, [n_readings] int.
    value : numpy.ndarray
        Readings in dBm, [n_readings].
    names : tuple of str
        Access points.
    n_cells : int
        Number of cells in the table, with empty ones.
    """

    row: np.ndarray
    column: np.ndarray
    value: np.ndarray
    names: tuple[str, ...]
    n_cells: int

    def __getitem__(self, mask: np.ndarray) -> Readings:
        """Select readings by a mask."""
        return Readings(self.row[mask], self.column[mask], self.value[mask], self.names, self.n_cells)

    def names_of(self, some: np.ndarray) -> list[str]:
        """Return the access points of some readings.

        Parameters
        ----------
        some : numpy.ndarray
            Mask of the readings, [n_readings] bool.

        Returns
        -------
        list of str
            Their access points, each once.
        """
        return [self.names[j] for j in np.unique(self.column[some])]


def possible_readings(tables: ScanTables, not_heard: float | None, faults: Faults) -> Readings:
    """Return the readings that may be an RSS, and add the others to `faults`.

    Parameters
    ----------
    tables : ScanTables
        The survey.
    not_heard : float or None
        Code for "not heard", if there is one.
    faults : Faults
        Receives a finding for each kind of fault.

    Returns
    -------
    Readings
        The other readings.

    Raises
    ------
    BadInputError
        If the readings have other columns than they should.
    """
    silent = "nothing" if not_heard is None else f"{not_heard:g}"
    if tables.readings is None:
        names = tuple(name for name in tables.scans.names if name not in FIELDS)
        readings = _wide(tables.scans, names, faults, silent)
    else:
        readings = _long(tables.readings, tables.access_points, faults, silent)
    return _possible(readings, not_heard, faults, silent)


def _wide(table: LocatedTable, names: tuple[str, ...], faults: Faults, silent: str) -> Readings:
    columns = []
    for name in names:
        values, bad = lenient_numbers(table, name)
        _add_unreadable(faults, np.flatnonzero(bad), name, silent)
        columns.append(values)
    dense = np.column_stack(columns)
    row, column = np.nonzero(~np.isnan(dense))
    return Readings(row, column, dense[row, column], names, dense.size)


def _long(
    readings: LocatedTable, access_points: tuple[str, ...] | None, faults: Faults, silent: str
) -> Readings:
    require_reading_columns(readings)
    row, is_sound = _scan_rows(readings, faults)
    ap = readings.text("ap")
    message = f"readings in {readings.file.name} are of no access point"
    nameless = row[(ap == "") & is_sound]
    faults.add("nameless_access_point", nameless, message, "write its name, or remove the row")
    is_sound &= ap != ""
    names = np.unique(ap[ap != ""])
    column = np.searchsorted(names, ap).clip(max=max(len(names) - 1, 0))
    if access_points is not None:
        names, column = _listed(readings, names, column, access_points, faults)
        is_sound &= column >= 0
    value, bad = lenient_numbers(readings, "rss_dbm")
    first = np.unique(row * len(names) + column, return_index=True)[1]
    again = ~np.isin(np.arange(len(row)), first) & is_sound
    message = f"scans hear an access point twice in {readings.file.name}; the first reading is taken"
    faults.add("duplicate_reading", row[again], message, "keep one reading of each")
    _add_unreadable(faults, row[bad & is_sound], "rss_dbm", silent)
    rows = is_sound & ~again & ~np.isnan(value)
    return Readings(row[rows], column[rows], value[rows], tuple(map(str, names)), len(value))


def _scan_rows(readings: LocatedTable, faults: Faults) -> tuple[np.ndarray, np.ndarray]:
    """Return the scan of each reading, and whether there is one, both [n_readings]."""
    scan = readings.text("scan_id")
    order = np.argsort(faults.scan_id)
    place = np.searchsorted(faults.scan_id, scan, sorter=order).clip(max=len(order) - 1)
    row = order[place]
    has_scan = faults.scan_id[row] == scan
    strays = np.unique(scan[~has_scan])
    if len(strays):
        message = f"readings in {readings.file.name} are of {len(strays)} scans that the table has not"
        advice = "add the scans, or leave their readings out; rows are those of the readings"
        rows = tuple(readings.rows[~has_scan].tolist())
        faults.findings.append(
            Finding("unknown_scan", "error", message, advice, "", rows, tuple(strays.tolist()))
        )
    return row, has_scan


def _listed(
    readings: LocatedTable,
    names: np.ndarray,
    column: np.ndarray,
    access_points: tuple[str, ...],
    faults: Faults,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the access points that the form lists, and the column of each reading; -1 for others."""
    place = {name: j for j, name in enumerate(access_points)}
    new_column = np.array([place.get(name, -1) for name in names.tolist()], dtype=np.int64)[column]
    missing = names[~np.isin(names, access_points)]
    if len(missing):
        message = f"readings in {readings.file.name} are of {len(missing)} access points that are not listed"
        advice = "add them to the list; rows are those of the readings"
        rows = tuple(readings.rows[new_column < 0].tolist())
        faults.findings.append(
            Finding("unknown_access_point", "error", message, advice, "", rows, (), tuple(missing.tolist()))
        )
    return np.array(access_points, dtype=np.str_), new_column


def _add_unreadable(faults: Faults, index: np.ndarray, name: str, silent: str) -> None:
    message = f"cells of {name} are no number"
    faults.add("unreadable_rss", index, message, f"write dBm, or {silent} where it is not heard", name)


def _possible(readings: Readings, not_heard: float | None, faults: Faults, silent: str) -> Readings:
    """Drop codes for "not heard" and impossible readings, and add them to `faults`."""
    if not_heard is not None:
        readings = readings[readings.value != not_heard]
    unsigned = _is_unsigned(readings.value)
    for code in _codes(readings, _MOST if unsigned else CODE_SHARE):
        is_code = readings.value == code
        share = np.count_nonzero(is_code) / readings.n_cells
        faults.add(
            "undeclared_code",
            readings.row[is_code],
            f"{code:g} fills {share:.0%} of all RSS cells, which no receiver measures",
            f"if it means not heard, say so: --not-heard {code:g}",
            *readings.names_of(is_code),
        )
        readings = readings[~is_code]
    bad = out_of_range(readings.value)
    values = ", ".join(f"{value:g}" for value in np.unique(readings.value[bad])[:5])
    faults.add(
        "impossible_rss",
        readings.row[bad],
        f"readings are not in [{RSS_MIN_DBM:.0f}, {RSS_MAX_DBM:.0f}] dBm: {values}",
        "dBm are negative; is the minus sign missing?"
        if unsigned
        else f"write {silent} there, or remove the column if it is no access point",
        *readings.names_of(bad),
    )
    return readings[~bad]


def _is_unsigned(value: np.ndarray) -> bool:
    """Return whether most readings would be an RSS with a minus sign; the commonest value may be a code."""
    values, n = np.unique(value, return_counts=True)
    if len(values) < 2:
        return False
    rest = np.delete(values, np.argmax(n)), np.delete(n, np.argmax(n))
    positive = (rest[0] > 0) & ~out_of_range(-rest[0])
    return bool(rest[1][positive].sum() > _MOST * rest[1].sum())


def _codes(readings: Readings, share: float) -> Iterator[float]:
    """Find numbers so frequent, and so unlikely as an RSS, that they must mean something else.

    A number that is no RSS is a code beyond `share` of the cells.
    """
    values, n = np.unique(readings.value, return_counts=True)
    often = n > max(share * readings.n_cells, ONCE_OR_TWICE)
    is_code = (out_of_range(values) & often) | is_undeclared_code(values, n, readings.n_cells)
    yield from values[is_code].tolist()
