"""A user's own survey: one CSV or Parquet table, or two in long form.

Wide form: `scan_id, x_m, y_m`, optionally `floor, building, device, user, time, split`; every other
column is an access point. Long form: the same table without access points, `NAME.csv`, and beside it
`NAME_readings.csv` with the columns `scan_id, ap, rss_dbm`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from tutelage.datasets.located_table import LocatedTable, read_located_table
from tutelage.datasets.matrix_csv import refuse_undeclared_code
from tutelage.fingerprints import RSS_MAX_DBM, RSS_MIN_DBM, FingerprintSet, Survey
from tutelage.frames import LocalFrame
from tutelage.sparse_rows import csr, csr_from_dense

__all__ = [
    "FIELDS",
    "LABELS",
    "READING_FIELDS",
    "out_of_range",
    "read_scans",
    "read_user_table",
    "require_columns",
]

LABELS = ("floor", "building", "device", "user")
FIELDS = ("scan_id", "x_m", "y_m", *LABELS, "time", "split")
READING_FIELDS = ("scan_id", "ap", "rss_dbm")
_RSS_RULE = (
    "an RSS is a number in dBm, an empty cell means not heard; remove columns that are not access points"
)
# Column names of UJIIndoorLoc and its many relatives, and the fields that they are.
_RENAMES = {
    "LONGITUDE": "x_m",
    "LATITUDE": "y_m",
    "FLOOR": "floor",
    "BUILDINGID": "building",
    "PHONEID": "device",
    "USERID": "user",
    "TIMESTAMP": "time",
}


def read_user_table(
    path: str | Path,
    *,
    not_heard: float | None = None,
    epsg: int | None = None,
    require_spread: bool = True,
) -> Survey:
    """Read a survey from a user's own table.

    Parameters
    ----------
    path : a .csv or .parquet table of scans, in wide form or with its readings beside it
    not_heard : the value that stands for "not heard", if it is not the empty cell
    epsg : EPSG code of x_m and y_m, None for a building's own plan
    require_spread : refuse training scans that all come from one place; scans to be evaluated may

    Returns
    -------
    Survey
        Named after the file. `test` is None unless the column `split` marks test scans; both parts
        share the access points and a frame around the training positions.

    Raises
    ------
    BadInputError
        If a cell breaks a rule; names the file, the row and the column.
    """
    table = read_located_table(path)
    position_m = _positions(table, required=True)
    is_train = _training_rows(table)
    scans = _fingerprints(table, not_heard, position_m, _frame(position_m, is_train, epsg))
    if require_spread:
        _require_spread(table, scans[is_train])
    test = None if is_train.all() else scans[~is_train]
    return Survey(table.file.stem, scans[is_train], test)


def read_scans(path: str | Path, *, not_heard: float | None = None) -> FingerprintSet:
    """Read scans to be located; x_m and y_m may be absent and `split` is ignored.

    Parameters and errors as for `read_user_table`.
    """
    table = read_located_table(path)
    position_m = _positions(table, required=False)
    return _fingerprints(table, not_heard, position_m, _frame(position_m, slice(None), epsg=None))


def _frame(position_m: np.ndarray | None, rows: np.ndarray | slice, epsg: int | None) -> LocalFrame:
    return LocalFrame(epsg=epsg) if position_m is None else LocalFrame.around(position_m[rows], epsg)


def _fingerprints(
    table: LocatedTable, not_heard: float | None, position_m: np.ndarray | None, frame: LocalFrame
) -> FingerprintSet:
    scan_id = _scan_ids(table)
    rss, access_points = _rss(table, scan_id, not_heard)
    labels: dict[str, Any] = {name: table.text(name) for name in LABELS if name in table.names}
    labels |= {"time": table.times("time")} if "time" in table.names else {}
    if position_m is None:
        return FingerprintSet(rss, access_points, scan_id, frame=frame, **labels)
    return FingerprintSet.from_absolute(rss, access_points, scan_id, position_m, frame=frame, **labels)


# -- fields ---------------------------------------------------------------------------------------


def _positions(table: LocatedTable, required: bool) -> np.ndarray | None:
    """[n, 2] data-set coordinates in metres; None where none are given and none are required."""
    given = "x_m" in table.names or "y_m" in table.names
    require_columns(table, ("scan_id", "x_m", "y_m") if required or given else ("scan_id",))
    if not given:
        return None
    rule = "a coordinate is a number in metres"
    position_m = np.column_stack([table.numbers(name, rule) for name in ("x_m", "y_m")])
    if not required and np.isnan(position_m).all():
        return None
    empty = np.argwhere(np.isnan(position_m))
    if len(empty):
        row, axis = empty[0]
        raise table.error("no coordinate; give every scan its position in metres", row, ("x_m", "y_m")[axis])
    return position_m


def require_columns(table: LocatedTable, needed: tuple[str, ...]) -> None:
    """Refuse a table without these columns, and say which to rename."""
    missing = [name for name in needed if name not in table.names]
    if not missing:
        return
    renames = [f"{old} to {new}" for old, new in _RENAMES.items() if old in table.names]
    step = f"rename {', '.join(renames)} and add what is then missing" if renames else "add or rename columns"
    shown = ", ".join(table.names[:8]) + (", ..." if len(table.names) > 8 else "")
    raise table.error(f"column {', '.join(missing)} is missing; the table has {shown}. Next: {step}")


def _training_rows(table: LocatedTable) -> np.ndarray:
    """[n] bool: all scans, unless the column `split` says otherwise."""
    if "split" not in table.names:
        return np.ones(len(table), dtype=bool)
    split = table.text("split")
    unknown = np.flatnonzero(~np.isin(split, ("train", "test")))
    if len(unknown):
        raise table.error(f"{str(split[unknown[0]])!r} is no split; write train or test", unknown[0], "split")
    if not (split == "train").any():
        raise table.error("no scan is marked train; mark the scans of the radio map", column="split")
    return np.asarray(split == "train")


def _require_spread(table: LocatedTable, train: FingerprintSet) -> None:
    position_m = train.absolute_position_m
    if (position_m == position_m[0]).all():
        x, y = position_m[0]
        raise table.error(
            f"all {len(train)} training scans were taken at ({x:g}, {y:g}); a radio map needs at least "
            "two reference points, and far more to be of use",
            column="x_m",
        )


def _scan_ids(table: LocatedTable) -> np.ndarray:
    scan_id = table.text("scan_id")
    unnamed = np.flatnonzero(scan_id == "")
    if len(unnamed):
        raise table.error("no scan id; give every scan one", unnamed[0], "scan_id")
    repeat = _first_repeat(scan_id)
    if repeat is not None:
        raise table.error(
            f"scan id {str(scan_id[repeat])!r} appears twice; make it unique", repeat, "scan_id"
        )
    return scan_id


def _first_repeat(values: np.ndarray) -> int | None:
    is_repeat = np.ones(len(values), dtype=bool)
    is_repeat[np.unique(values, return_index=True)[1]] = False
    return int(np.argmax(is_repeat)) if is_repeat.any() else None


# -- readings -------------------------------------------------------------------------------------


def _rss(
    table: LocatedTable, scan_id: np.ndarray, not_heard: float | None
) -> tuple[sparse.csr_array, tuple[str, ...]]:
    """Readings [n, n_ap] in dBm and their access points, from whichever form the table has."""
    names = tuple(name for name in table.names if name not in FIELDS)
    beside = table.file.with_name(f"{table.file.stem}_readings{table.file.suffix}")
    if names and beside.is_file():
        raise table.error(
            f"there are readings in the columns {', '.join(names[:3])} and in {beside.name} beside; "
            "keep one of the two"
        )
    if names:
        return _wide_rss(table, names, not_heard), names
    if not beside.is_file():
        raise table.error(
            f"no access points: add a column for each, or put their readings into {beside.name} beside, "
            f"with the columns {', '.join(READING_FIELDS)}"
        )
    return _long_rss(read_located_table(beside), scan_id, not_heard)


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
    readings: LocatedTable, scan_id: np.ndarray, not_heard: float | None
) -> tuple[sparse.csr_array, tuple[str, ...]]:
    if set(readings.names) != set(READING_FIELDS):
        raise readings.error(
            f"the columns are {', '.join(readings.names)}; readings have exactly {', '.join(READING_FIELDS)}"
        )
    row = _rows_of(readings, scan_id)
    names, column = np.unique(readings.text("ap"), return_inverse=True)
    repeat = _first_repeat(row * len(names) + column)
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


def _heard(rss_dbm: np.ndarray, not_heard: float | None) -> np.ndarray:
    heard = ~np.isnan(rss_dbm)
    return heard if not_heard is None else np.asarray(heard & (rss_dbm != rss_dbm.dtype.type(not_heard)))


def out_of_range(rss_dbm: np.ndarray) -> np.ndarray:
    """Which numbers cannot be an RSS in dBm."""
    return np.asarray((rss_dbm < RSS_MIN_DBM) | (rss_dbm > RSS_MAX_DBM))


def _range_message(value: float) -> str:
    return (
        f"{value:g} is outside [{RSS_MIN_DBM:.0f}, {RSS_MAX_DBM:.0f}] dBm. Is {value:g} your code for not "
        f"heard? Pass not_heard={value:g} (--not-heard {value:g}). Is this column no access point? Remove it."
    )
