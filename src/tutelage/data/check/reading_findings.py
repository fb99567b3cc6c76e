"""What a table says was heard, without the readings that no receiver measures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tutelage.data.check.faults import Faults, numbers_of
from tutelage.data.check.findings import Finding
from tutelage.data.fingerprints import RSS_MAX_DBM, RSS_MIN_DBM
from tutelage.data.forms.fields import FIELDS
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.matrix_csv import CODE_SHARE, ONCE_OR_TWICE, is_undeclared_code
from tutelage.data.forms.scan_tables import ScanTables
from tutelage.data.forms.table_readings import out_of_range, require_reading_columns

__all__ = ["Readings", "possible_readings"]

_MOST = 0.5


@dataclass(frozen=True)
class Readings:
    """Cells with a number: scan, access point, value; `n_cells` with the empty ones that are written."""

    row: np.ndarray
    column: np.ndarray
    value: np.ndarray
    names: tuple[str, ...]
    n_cells: int

    def __getitem__(self, kept: np.ndarray) -> Readings:
        return Readings(self.row[kept], self.column[kept], self.value[kept], self.names, self.n_cells)

    def names_of(self, some: np.ndarray) -> list[str]:
        """Access points of the readings that a mask marks."""
        return [self.names[j] for j in np.unique(self.column[some])]


def possible_readings(tables: ScanTables, not_heard: float | None, faults: Faults) -> Readings:
    """The readings that may be an RSS; what cannot be one is added to `faults`.

    Raises
    ------
    BadInputError
        If the readings have other columns than they should.
    """
    silent = "nothing" if not_heard is None else f"{not_heard:g}"
    if tables.readings is None:
        names = tuple(name for name in tables.scans.names if name not in FIELDS)
        found = _wide(tables.scans, names, faults, silent)
    else:
        found = _long(tables.readings, tables.access_points, faults, silent)
    return _possible(found, not_heard, faults, silent)


def _wide(table: LocatedTable, names: tuple[str, ...], faults: Faults, silent: str) -> Readings:
    columns = []
    for name in names:
        values, bad = numbers_of(table, name)
        _add_unreadable(faults, np.flatnonzero(bad), name, silent)
        columns.append(values)
    dense = np.column_stack(columns)
    row, column = np.nonzero(~np.isnan(dense))
    return Readings(row, column, dense[row, column], names, dense.size)


def _long(
    readings: LocatedTable, access_points: tuple[str, ...] | None, faults: Faults, silent: str
) -> Readings:
    require_reading_columns(readings)
    row, known = _rows_of(readings, faults)
    named = readings.text("ap")
    message = f"readings in {readings.file.name} are of no access point"
    nameless = row[(named == "") & known]
    faults.add("nameless_access_point", nameless, message, "write its name, or remove the row")
    known &= named != ""
    names = np.unique(named[named != ""])
    column = np.searchsorted(names, named).clip(max=max(len(names) - 1, 0))
    if access_points is not None:
        names, column = _listed(readings, names, column, access_points, faults)
        known &= column >= 0
    value, bad = numbers_of(readings, "rss_dbm")
    first = np.unique(row * len(names) + column, return_index=True)[1]
    again = ~np.isin(np.arange(len(row)), first) & known
    message = f"scans hear an access point twice in {readings.file.name}; the first reading is taken"
    faults.add("duplicate_reading", row[again], message, "keep one reading of each")
    _add_unreadable(faults, row[bad & known], "rss_dbm", silent)
    kept = known & ~again & ~np.isnan(value)
    return Readings(row[kept], column[kept], value[kept], tuple(map(str, names)), len(value))


def _rows_of(readings: LocatedTable, faults: Faults) -> tuple[np.ndarray, np.ndarray]:
    """[n_readings] the scan of each, and whether there is one."""
    scan = readings.text("scan_id")
    order = np.argsort(faults.scan_id)
    place = np.searchsorted(faults.scan_id, scan, sorter=order).clip(max=len(order) - 1)
    row = order[place]
    known = faults.scan_id[row] == scan
    lost = np.unique(scan[~known])
    if len(lost):
        message = f"readings in {readings.file.name} are of {len(lost)} scans that the table has not"
        advice = "add the scans, or leave their readings out; rows are those of the readings"
        rows = tuple(readings.rows[~known].tolist())
        faults.found.append(Finding("unknown_scan", "error", message, advice, "", rows, tuple(lost.tolist())))
    return row, known


def _listed(
    readings: LocatedTable,
    names: np.ndarray,
    column: np.ndarray,
    access_points: tuple[str, ...],
    faults: Faults,
) -> tuple[np.ndarray, np.ndarray]:
    """The access points that the form lists, and [n_readings] which each is of; -1 for those not listed."""
    place = {name: j for j, name in enumerate(access_points)}
    moved = np.array([place.get(name, -1) for name in names.tolist()], dtype=np.int64)[column]
    missing = names[~np.isin(names, access_points)]
    if len(missing):
        message = f"readings in {readings.file.name} are of {len(missing)} access points that are not listed"
        advice = "add them to the list; rows are those of the readings"
        rows = tuple(readings.rows[moved < 0].tolist())
        faults.found.append(
            Finding("unknown_access_point", "error", message, advice, "", rows, (), tuple(missing.tolist()))
        )
    return np.array(access_points, dtype=np.str_), moved


def _add_unreadable(faults: Faults, index: np.ndarray, name: str, silent: str) -> None:
    message = f"cells of {name} are no number"
    faults.add("unreadable_rss", index, message, f"write dBm, or {silent} where it is not heard", name)


def _possible(readings: Readings, not_heard: float | None, faults: Faults, silent: str) -> Readings:
    """The readings that may be an RSS; codes for "not heard" and impossible ones are found out and left."""
    if not_heard is not None:
        readings = readings[readings.value != not_heard]
    unsigned = _is_unsigned(readings.value)
    for code in _codes(readings, _MOST if unsigned else CODE_SHARE):
        such = readings.value == code
        share = np.count_nonzero(such) / readings.n_cells
        faults.add(
            "undeclared_code",
            readings.row[such],
            f"{code:g} fills {share:.0%} of all RSS cells, which no receiver measures",
            f"if it means not heard, say so: --not-heard {code:g}",
            *readings.names_of(such),
        )
        readings = readings[~such]
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
    """Whether most readings would be an RSS if they had a minus sign; the commonest may be a code."""
    values, n = np.unique(value, return_counts=True)
    if len(values) < 2:
        return False
    rest = np.delete(values, np.argmax(n)), np.delete(n, np.argmax(n))
    positive = (rest[0] > 0) & ~out_of_range(-rest[0])
    return bool(rest[1][positive].sum() > _MOST * rest[1].sum())


def _codes(readings: Readings, share: float) -> Iterator[float]:
    """Numbers so frequent, and so unlikely as an RSS, that they must mean something else.

    Parameters
    ----------
    share : of the cells, beyond which a number that is no RSS is a code
    """
    values, n = np.unique(readings.value, return_counts=True)
    often = n > max(share * readings.n_cells, ONCE_OR_TWICE)
    is_code = (out_of_range(values) & often) | is_undeclared_code(values, n, readings.n_cells)
    yield from values[is_code].tolist()
