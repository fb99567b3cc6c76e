"""A user's own table with all its faults: what the reader refuses at the first, gathered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tutelage.check.findings import Finding
from tutelage.datasets.located_table import LocatedTable, read_located_table
from tutelage.datasets.user_table import FIELDS, LABELS, READING_FIELDS, out_of_range, require_columns
from tutelage.errors import BadInputError
from tutelage.fingerprints import RSS_MAX_DBM, RSS_MIN_DBM, FingerprintSet, Survey
from tutelage.frames import LocalFrame
from tutelage.sparse_rows import csr

__all__ = ["FaultyTable", "read_faulty_table"]

_ONCE_OR_TWICE = 2  # a slip, not a code
_CODE_SHARE = 0.05  # a number that no receiver measures and that fills so much of a table is a code
_FAINTEST_PLAUSIBLE_DBM = -110.0
_MOST_CELLS = 0.5


@dataclass(frozen=True)
class FaultyTable:
    """What could be read of a table.

    Parameters
    ----------
    survey : of the rows with a position, without the readings that no receiver measures
    line : by split, the line of the file that each scan stands in
    faults : what was left out or changed, all of it errors
    """

    survey: Survey
    line: Mapping[str, np.ndarray]
    faults: tuple[Finding, ...]


@dataclass
class _Faults:
    """Gathers findings; `line` and `scan_id` of the table of scans."""

    line: np.ndarray
    scan_id: np.ndarray
    found: list[Finding] = field(default_factory=list)

    def add(self, code: str, index: np.ndarray, message: str, advice: str, *access_points: str) -> None:
        """An error about the rows at `index`, if there are any."""
        at = np.unique(index)
        if len(at):
            rows, scans = tuple(self.line[at].tolist()), tuple(self.scan_id[at].tolist())
            self.found.append(Finding(code, "error", message, advice, "", rows, scans, access_points))


@dataclass(frozen=True)
class _Readings:
    """Cells with a number: scan, access point, value."""

    row: np.ndarray
    column: np.ndarray
    value: np.ndarray
    names: tuple[str, ...]
    n_cells: int

    def __getitem__(self, kept: np.ndarray) -> _Readings:
        return _Readings(self.row[kept], self.column[kept], self.value[kept], self.names, self.n_cells)

    def names_of(self, some: np.ndarray) -> list[str]:
        """Access points of the readings that a mask marks."""
        return [self.names[j] for j in np.unique(self.column[some])]


def read_faulty_table(
    path: str | Path, *, not_heard: float | None = None, epsg: int | None = None
) -> FaultyTable:
    """Read a table of scans as `read_user_table` does, but go on at a cell that breaks a rule.

    Parameters as there.

    Raises
    ------
    BadInputError
        If it cannot be read as a table at all, lacks a column that is needed, or no row has a position.
    """
    table = read_located_table(path)
    require_columns(table, ("scan_id", "x_m", "y_m"))
    line = np.arange(len(table)) + table.header_rows + 1
    faults = _Faults(line, _unique_ids(table, line))
    _check_ids(table, faults)
    position_m = _positions(table, faults)
    readings = _possible(_readings(table, faults), not_heard, faults)
    is_train = _training_rows(table, faults)
    labels: dict[str, Any] = {name: table.text(name) for name in LABELS if name in table.names}
    labels |= _times(table, faults)
    known = np.isfinite(position_m).all(axis=1)
    if not (known & is_train).any():
        raise table.error(
            "no training scan has a position; give x_m and y_m in metres, and mark the scans of the radio "
            "map train where there is a column split",
            column="x_m",
        )
    frame = LocalFrame.around(position_m[known & is_train], epsg)
    order = np.lexsort((readings.column, readings.row))
    lengths = np.bincount(readings.row, minlength=len(table))
    rss = csr(
        readings.value[order],
        readings.column[order],
        np.concatenate([[0], np.cumsum(lengths)]),
        len(readings.names),
    )
    filled = np.where(known[:, None], position_m, 0.0)
    scans = FingerprintSet.from_absolute(rss, readings.names, faults.scan_id, filled, frame=frame, **labels)
    parts = {"train": np.flatnonzero(known & is_train), "test": np.flatnonzero(known & ~is_train)}
    if (position_m[parts["train"]] == position_m[parts["train"][0]]).all():
        faults.add(
            "one_place",
            parts["train"],
            "all training scans were taken at one place",
            "a radio map needs at least two reference points, and far more to be of use",
        )
    test = scans[parts["test"]] if len(parts["test"]) else None
    survey = Survey(table.file.stem, scans[parts["train"]], test)
    return FaultyTable(survey, {name: line[rows] for name, rows in parts.items()}, tuple(faults.found))


# -- fields -----------------------------------------------------------------------------------------------


def _unique_ids(table: LocatedTable, line: np.ndarray) -> np.ndarray:
    """The ids as they are where they can stand for a scan, else the row's line."""
    given = table.text("scan_id")
    first = np.unique(given, return_index=True)[1]
    bad = (given == "") | ~np.isin(np.arange(len(given)), first)
    prefix = "row "
    while np.isin(instead := np.char.add(prefix, line.astype(np.str_)), given).any():
        prefix = f"_{prefix}"  # a scan that is named so keeps its name
    return np.where(bad, instead, given)


def _check_ids(table: LocatedTable, faults: _Faults) -> None:
    given = table.text("scan_id")
    unnamed = given == ""
    faults.add("no_id", np.flatnonzero(unnamed), "rows have no scan_id", "give every scan one")
    repeated = np.flatnonzero((faults.scan_id != given) & ~unnamed)
    faults.add("duplicate_id", repeated, "rows repeat the scan_id of an earlier row", "make every id unique")


def _positions(table: LocatedTable, faults: _Faults) -> np.ndarray:
    """[n, 2], NaN where there is none."""
    columns = []
    for name in ("x_m", "y_m"):
        values, bad = _numbers(table, name)
        advice = "write a number in metres, with a point"
        faults.add("unreadable_position", np.flatnonzero(bad), f"cells of {name} are no number", advice)
        empty = np.flatnonzero(np.isnan(values) & ~bad)
        faults.add("no_position", empty, f"rows have no {name}", "give every scan its position in metres")
        columns.append(values)
    return np.column_stack(columns)


def _training_rows(table: LocatedTable, faults: _Faults) -> np.ndarray:
    if "split" not in table.names:
        return np.ones(len(table), dtype=bool)
    split = table.text("split")
    unknown = ~np.isin(split, ("train", "test"))
    given = ", ".join(repr(name) for name in np.unique(split[unknown])[:5].tolist())
    message = f"rows have {given} in the column split; they are taken for train"
    faults.add("unknown_split", np.flatnonzero(unknown), message, "write train or test")
    return np.asarray(split != "test")


def _times(table: LocatedTable, faults: _Faults) -> dict[str, Any]:
    if "time" not in table.names:
        return {}
    try:
        return {"time": table.times("time")}
    except BadInputError as error:
        row = np.array([(error.row or 1) - table.header_rows - 1])
        faults.add("unreadable_time", row, str(error), "write all times in one way, or leave the column out")
        return {}


def _numbers(table: LocatedTable, name: str) -> tuple[np.ndarray, np.ndarray]:
    """[n] numbers, NaN where there is none, and [n] whether something else stands there."""
    try:
        values = table.numbers(name, "")
        return values, np.zeros(len(values), dtype=bool)
    except BadInputError:  # some cell is no number: then each is looked at
        cells = table.text(name)
        values = np.array([_number(cell) for cell in cells.tolist()])
        return values, (cells != "") & np.isnan(values)


def _number(cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        return np.nan
    return value if np.isfinite(value) else np.nan


# -- readings ---------------------------------------------------------------------------------------------


def _readings(table: LocatedTable, faults: _Faults) -> _Readings:
    names = tuple(name for name in table.names if name not in FIELDS)
    beside = table.file.with_name(f"{table.file.stem}_readings{table.file.suffix}")
    if names and beside.is_file():
        raise table.error(f"there are readings in the columns {names[0]}, ... and in {beside.name}; keep one")
    if names:
        return _wide(table, names, faults)
    if not beside.is_file():
        raise table.error(f"no access points: add a column for each, or their readings in {beside.name}")
    return _long(read_located_table(beside), faults)


def _wide(table: LocatedTable, names: tuple[str, ...], faults: _Faults) -> _Readings:
    columns = []
    for name in names:
        values, bad = _numbers(table, name)
        _add_unreadable(faults, np.flatnonzero(bad), name)
        columns.append(values)
    dense = np.column_stack(columns)
    row, column = np.nonzero(~np.isnan(dense))
    return _Readings(row, column, dense[row, column], names, dense.size)


def _long(readings: LocatedTable, faults: _Faults) -> _Readings:
    if set(readings.names) != set(READING_FIELDS):
        raise readings.error(
            f"the columns are {', '.join(readings.names)}; readings have exactly {', '.join(READING_FIELDS)}"
        )
    scan, value = readings.text("scan_id"), _numbers(readings, "rss_dbm")
    order = np.argsort(faults.scan_id)
    place = np.searchsorted(faults.scan_id, scan, sorter=order).clip(max=len(order) - 1)
    row = order[place]
    known = faults.scan_id[row] == scan
    names, column = np.unique(readings.text("ap"), return_inverse=True)
    lost = np.unique(scan[~known])
    if len(lost):
        lines = tuple((np.flatnonzero(~known) + readings.header_rows + 1).tolist())
        message = f"readings in {readings.file.name} are of {len(lost)} scans that the table has not"
        advice = "add the scans, or leave their readings out; rows are those of the readings"
        faults.found.append(
            Finding("unknown_scan", "error", message, advice, "", lines, tuple(lost.tolist()))
        )
    first = np.unique(row * len(names) + column, return_index=True)[1]
    again = ~np.isin(np.arange(len(row)), first) & known
    message = f"scans hear an access point twice in {readings.file.name}; the first reading is taken"
    faults.add("duplicate_reading", row[again], message, "keep one reading of each")
    _add_unreadable(faults, row[value[1] & known], "rss_dbm")
    kept = known & ~again & ~np.isnan(value[0])
    n_cells = len(faults.scan_id) * len(names)
    return _Readings(row[kept], column[kept], value[0][kept], tuple(map(str, names)), n_cells)


def _add_unreadable(faults: _Faults, index: np.ndarray, name: str) -> None:
    message = f"cells of {name} are no number"
    faults.add("unreadable_rss", index, message, "write dBm, or nothing where it is not heard", name)


def _possible(readings: _Readings, not_heard: float | None, faults: _Faults) -> _Readings:
    """The readings that may be an RSS; codes for "not heard" and impossible ones are found out and left."""
    if not_heard is not None:
        readings = readings[readings.value != not_heard]
    for code in _codes(readings):
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
        f"{np.count_nonzero(bad):,} readings are not in [{RSS_MIN_DBM:.0f}, {RSS_MAX_DBM:.0f}] dBm: {values}",
        "leave them empty, or remove the column if it is no access point",
        *readings.names_of(bad),
    )
    return readings[~bad]


def _codes(readings: _Readings) -> Iterator[float]:
    """Numbers so frequent, and so unlikely as an RSS, that they must mean something else."""
    values, n = np.unique(readings.value, return_counts=True)
    unlikely = (values < _FAINTEST_PLAUSIBLE_DBM) | (values == 0)
    often = n > max(_CODE_SHARE * readings.n_cells, _ONCE_OR_TWICE)
    is_code = (out_of_range(values) & often) | (unlikely & (n > _MOST_CELLS * readings.n_cells))
    yield from values[is_code].tolist()
