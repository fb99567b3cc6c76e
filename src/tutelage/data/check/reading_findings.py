"""Readings of a table, without those that no receiver measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tutelage.data.check.faults import Faults, lenient_numbers
from tutelage.data.check.findings import Finding
from tutelage.data.forms.fields import FIELDS
from tutelage.data.forms.form import ScanTables
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.strengths import (
    codes_option,
    codes_within,
    common_value,
    find_strangers,
    out_of_range,
)
from tutelage.data.forms.table_readings import (
    heard_dbm,
    mean_readings,
    repeat_note,
    require_reading_columns,
)
from tutelage.runtime.readings import RSS_MAX_DBM, RSS_MIN_DBM

__all__ = ["Readings", "possible_readings"]

_SHOWN = 5


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


def possible_readings(tables: ScanTables, faults: Faults) -> Readings:
    """Return the readings that may be an RSS, and add the others to `faults`.

    Parameters
    ----------
    tables : ScanTables
        The survey; its options say which codes and units it has.
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
    silent = str(tables.read_options.not_heard) or "nothing"
    if tables.readings is None:
        names = tuple(name for name in tables.scans.names if name not in FIELDS)
        readings = _wide(tables.scans, names, faults, silent)
    else:
        readings = _long(tables.readings, tables.access_points, faults, silent)
    values = heard_dbm(readings.value, tables.read_options)
    heard = replace(readings, value=values)[~np.isnan(values)]
    return _means(_possible(heard, faults, silent), faults)


def _wide(table: LocatedTable, names: tuple[str, ...], faults: Faults, silent: str) -> Readings:
    columns = []
    unreadable: dict[str, np.ndarray] = {}
    for name in names:
        values, bad = lenient_numbers(table, name)
        if bad.any():
            unreadable[name] = np.flatnonzero(bad)
        columns.append(values)
    _add_unreadable(faults, unreadable, silent)
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
    unreadable = row[bad & is_sound]
    _add_unreadable(faults, {"rss_dbm": unreadable} if len(unreadable) else {}, silent)
    rows = is_sound & ~np.isnan(value)
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


def _add_unreadable(faults: Faults, rows: Mapping[str, np.ndarray], silent: str) -> None:
    """Add one finding for all columns with cells that are no number."""
    if not rows:
        return
    names = [*rows]
    shown = ", ".join(names[:_SHOWN]) + (
        f" and {len(names) - _SHOWN} more columns" if len(names) > _SHOWN else ""
    )
    message = f"cells of {shown} are no number"
    advice = f"write dBm, or {silent} where it is not heard"
    faults.add("unreadable_rss", np.concatenate([*rows.values()]), message, advice, *names)


def _possible(readings: Readings, faults: Faults, silent: str) -> Readings:
    """Drop codes for "not heard" and impossible readings, and add them to `faults`."""
    strangers = find_strangers(readings.value, readings.n_cells)
    if strangers is None:
        _add_common_value(readings, faults)
        return readings
    codes = codes_within(strangers)
    is_code = np.isin(readings.value, codes)
    if is_code.any():
        share = np.count_nonzero(is_code) / readings.n_cells
        shown = ", ".join(f"{code:g}" for code in codes.tolist()[:_SHOWN])
        option = codes_option(codes)
        faults.add(
            "undeclared_code",
            readings.row[is_code],
            f"{shown} {'fill' if len(codes) > 1 else 'fills'} {share:.0%} of all RSS cells, which no "
            f"receiver measures",
            f"if it means not heard, say so: --not-heard {option}" if option else strangers.advice,
            *readings.names_of(is_code),
        )
        readings = readings[~is_code]
    bad = out_of_range(readings.value)
    values = ", ".join(f"{value:g}" for value in np.unique(readings.value[bad])[:_SHOWN])
    faults.add(
        "impossible_rss",
        readings.row[bad],
        f"readings are not in [{RSS_MIN_DBM:.0f}, {RSS_MAX_DBM:.0f}] dBm: {values}",
        strangers.advice
        if strangers.kind != "codes"
        else f"write {silent} there, or remove the column if it is no access point",
        *readings.names_of(bad),
    )
    return readings[~bad]


def _add_common_value(readings: Readings, faults: Faults) -> None:
    value = common_value(readings.value, readings.n_cells)
    if value is None:
        return
    share = np.count_nonzero(readings.value == value) / readings.n_cells
    message = f"{value:g} fills {share:.0%} of all cells of readings"
    advice = f"if it means not heard, pass --not-heard {value:g}"
    faults.findings.append(Finding("common_value", "warning", message, advice))


def _means(readings: Readings, faults: Faults) -> Readings:
    """Take the mean of readings of one access point in one scan."""
    mean = mean_readings(readings.row, readings.column, readings.value, len(readings.names))
    if mean.n_repeated:
        note = repeat_note(mean.n_repeated)
        pair = readings.row * np.int64(len(readings.names)) + readings.column
        values, n = np.unique(pair, return_counts=True)
        rows = np.unique(values[n > 1] // len(readings.names))
        ids = tuple(faults.scan_id[rows].tolist())
        lines = tuple(faults.line[rows].tolist())
        faults.findings.append(Finding(note.code, "note", note.message, note.advice, "", lines, ids))
    return Readings(mean.row, mean.column, mean.value, readings.names, readings.n_cells)
