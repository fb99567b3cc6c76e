"""A user's own survey or scans in any form: every cell checked, none repaired."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tutelage.data.fingerprint_rules import require_names
from tutelage.data.fingerprints import LABELS, FingerprintSet, Survey
from tutelage.data.forms.all_forms import read_tables
from tutelage.data.forms.fields import PLACE, place_columns
from tutelage.data.forms.form import Note, ScanTables
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.read_options import ReadOptions
from tutelage.data.forms.table_places import (
    degrees_advice,
    look_like_degrees,
    read_places,
    spread_over_kilometres,
)
from tutelage.data.forms.table_readings import TableReadings, first_repeat, read_readings
from tutelage.data.forms.times import read_times
from tutelage.data.sparse_rows import csr
from tutelage.errors import LeftOutWarning, ReadAsWarning
from tutelage.runtime.frames import LocalFrame
from tutelage.runtime.readings import require_rss_range
from tutelage.runtime.scan_rows import ScanRows

__all__ = ["read_scan_rows", "read_scans", "read_user_table", "scan_ids", "tell"]

_LEFT_OUT = ("no_access_point",)


def read_user_table(
    path: str | Path,
    options: ReadOptions | None = None,
    *,
    for_training: bool = True,
    several_places: bool = True,
) -> Survey:
    """Read a survey from a user's own table, or from another form of `tutelage.data.forms`.

    Parameters
    ----------
    path : str or Path
        File, or folder of tables.
    options : ReadOptions, optional
        What the user says: columns, codes, units, and the EPSG code of x_m and y_m (None for a building's own
        plan). Degrees are projected into it, without it into the UTM zone of the survey.
    for_training : bool, default True
        Whether to refuse degrees for metres, and a table in which all scans are marked as test scans. Where
        scans are evaluated, such a table is one split.
    several_places : bool, default True
        For training, whether to refuse scans that all come from one position or name one place.

    Returns
    -------
    Survey
        Named after the file. `test` is None unless the column `split` marks test scans. Both parts share the
        access points and a frame around the training positions. A table of named places alone gives no
        positions (`position_m` is None).

    Raises
    ------
    BadInputError
        If a cell breaks a rule; names the file, the row and the column.

    Warns
    -----
    LeftOutWarning
        If scans or readings are left out, with their number and the reason.
    ReadAsWarning
        If the file was read otherwise than it says plainly.
    """
    tables = read_tables(path, replace(options or ReadOptions(), located=True))
    table = tables.scans
    places = read_places(table, tables.read_options, epsg=tables.epsg)
    is_train = _training_rows(table, for_training)
    if places is None:
        scans, notes = _fingerprints(tables, None, LocalFrame())
    else:
        frame = LocalFrame.around(places.absolute_m[is_train], places.epsg)
        scans, notes = _fingerprints(tables, places.absolute_m, frame)
    if for_training and places is not None:
        _require_metres(table, scans[is_train])
    if for_training and several_places:
        require = _require_several_places if places is None else _require_spread
        require(table, scans[is_train])
    tell(tables, notes)
    test = None if is_train.all() else scans[~is_train]
    return Survey(tables.name, scans[is_train], test)


def read_scans(
    path: str | Path, options: ReadOptions | None = None, *, with_positions: bool = True
) -> FingerprintSet:
    """Read scans to locate; positions may be absent and `split` is ignored.

    Parameters
    ----------
    path : str or Path
        File, or folder of tables.
    options : ReadOptions, optional
        As for `read_user_table`.
    with_positions : bool, default True
        Whether to keep positions where all scans have one, and to refuse a table in which only some do.
        Named places are kept in any case.

    Returns
    -------
    FingerprintSet
        The scans.

    Raises
    ------
    BadInputError
        As for `read_user_table`.

    Warns
    -----
    LeftOutWarning, ReadAsWarning
        As for `read_user_table`.
    """
    tables = read_tables(path, replace(options or ReadOptions(), located=False))
    places = read_places(tables.scans, tables.read_options, epsg=tables.epsg) if with_positions else None
    if places is None:
        scans, notes = _fingerprints(tables, None, LocalFrame())
    else:
        frame = LocalFrame.around(places.absolute_m, places.epsg)
        scans, notes = _fingerprints(tables, places.absolute_m, frame)
    tell(tables, notes)
    return scans


def read_scan_rows(path: str | Path, options: ReadOptions | None = None) -> ScanRows:
    """Read scans as `read_scans` does, without positions, for `tutelage.runtime`: scipy is not imported.

    Parameters
    ----------
    path, options
        As for `read_scans`.

    Returns
    -------
    ScanRows
        The scans.

    Raises
    ------
    BadInputError
        As for `read_scans`.

    Warns
    -----
    LeftOutWarning, ReadAsWarning
        As for `read_scans`.
    """
    tables = read_tables(path, replace(options or ReadOptions(), located=False))
    read = _checked(tables)
    rows = ScanRows(read.readings.rss_dbm, read.readings.access_points, read.scan_id)
    require_names(rows.access_points, rows.rss_dbm.shape[1])
    require_rss_range(rows.rss_dbm, rows.access_points, rows.scan_id)
    tell(tables, read.notes)
    return rows


class _Checked(NamedTuple):
    """What tables say of n scans but for their positions, and how they were read."""

    scan_id: np.ndarray
    readings: TableReadings
    labels: dict[str, Any]
    notes: list[Note]


def _checked(tables: ScanTables) -> _Checked:
    table = tables.scans
    scan_id = scan_ids(table)
    readings = read_readings(tables, scan_id)
    notes = [*readings.notes]
    labels: dict[str, Any] = {name: table.labels(name) for name in LABELS if name in table.names}
    if "time" in table.names:
        time, note = read_times(table, "time", tables.read_options.units.time)
        labels |= {"time": time} if time is not None else {}
        notes += [Note("time", note)] if note else []
    return _Checked(scan_id, readings, labels, notes)


def _fingerprints(
    tables: ScanTables, absolute_m: np.ndarray | None, frame: LocalFrame
) -> tuple[FingerprintSet, list[Note]]:
    scan_id, readings, labels, notes = _checked(tables)
    rows = readings.rss_dbm
    read = csr(rows.data, rows.indices, rows.indptr, rows.shape[1]), readings.access_points, scan_id
    if absolute_m is None:
        return FingerprintSet(*read, frame=frame, **labels), notes
    return FingerprintSet.from_absolute(*read, absolute_m, frame=frame, **labels), notes


def tell(tables: ScanTables, notes: Sequence[Note]) -> None:
    """Warn of what is left out of tables, and of how they were read.

    Parameters
    ----------
    tables : ScanTables
        The tables.
    notes : sequence of Note
        Notes of their readings.

    Warns
    -----
    LeftOutWarning, ReadAsWarning
        As for `read_user_table`.
    """
    for each in tables.left_out:
        warnings.warn(f"{tables.scans.file}: {each.message}; {each.advice}", LeftOutWarning, stacklevel=3)
    for note in (*tables.all_notes, *notes):
        kind = LeftOutWarning if note.code in _LEFT_OUT else ReadAsWarning
        warnings.warn(f"{tables.scans.file}: {note}", kind, stacklevel=3)


def _training_rows(table: LocatedTable, for_training: bool) -> np.ndarray:
    """Return whether each scan is for training, [n] bool; test scans alone count as one split."""
    if "split" not in table.names:
        return np.ones(len(table), dtype=bool)
    split = table.text("split")
    others = np.flatnonzero(~np.isin(split, ("train", "test")))
    if len(others):
        raise table.error(f"{str(split[others[0]])!r} is no split; write train or test", others[0], "split")
    is_train = np.asarray(split == "train")
    if is_train.any():
        return is_train
    if for_training:
        raise table.error("no scan is marked train; mark the scans of the radio map", column="split")
    return ~is_train


def _require_metres(table: LocatedTable, train: FingerprintSet) -> None:
    position_m = train.absolute_position_m
    if degrees := look_like_degrees(position_m):
        raise table.error(f"{degrees}; {degrees_advice(table)}")
    if fault := spread_over_kilometres(position_m, table):
        raise table.error(fault)


def _require_spread(table: LocatedTable, train: FingerprintSet) -> None:
    position_m = train.absolute_position_m
    columns = place_columns(table, required=True)
    if (position_m == position_m[0]).all():
        x, y = position_m[0]
        raise table.error(
            f"all {len(train)} training scans were taken at ({x:g}, {y:g}); a radio map needs at least "
            "two reference points, and far more to be of use",
            column=columns[0] if columns else None,
        )


def _require_several_places(table: LocatedTable, train: FingerprintSet) -> None:
    names = np.unique(train.known_place)
    if len(names) < 2:
        raise table.error(
            f"all {len(train)} training scans name the place {str(names[0])!r}; a survey of named places "
            "needs at least two of them, or coordinates",
            column=PLACE,
        )


def scan_ids(table: LocatedTable) -> np.ndarray:
    """Return the scan ids of a table.

    Parameters
    ----------
    table : LocatedTable
        Table with `scan_id`.

    Returns
    -------
    numpy.ndarray
        Unique ids, [n] str.

    Raises
    ------
    BadInputError
        If a scan has none, or one is there twice.
    """
    scan_id = table.text("scan_id")
    blanks = np.flatnonzero(scan_id == "")
    if len(blanks):
        raise table.error("no scan id; give every scan one", blanks[0], "scan_id")
    repeat = first_repeat(scan_id)
    if repeat is not None:
        raise table.error(
            f"scan id {str(scan_id[repeat])!r} appears twice; make it unique, or number the rows: --columns "
            "scan_id=row",
            repeat,
            "scan_id",
        )
    return scan_id
