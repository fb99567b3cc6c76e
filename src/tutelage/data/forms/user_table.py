"""A user's own survey or scans in any form: every cell checked, none repaired."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from tutelage.data.fingerprints import LABELS, FingerprintSet, Survey
from tutelage.data.forms.all_forms import read_tables
from tutelage.data.forms.fields import place_columns
from tutelage.data.forms.form import ScanTables
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.table_places import look_like_degrees, read_places
from tutelage.data.forms.table_readings import first_repeat, read_readings
from tutelage.errors import LeftOutWarning
from tutelage.runtime.frames import LocalFrame

__all__ = ["read_scans", "read_user_table"]


def read_user_table(
    path: str | Path,
    *,
    not_heard: float | None = None,
    epsg: int | None = None,
    for_training: bool = True,
) -> Survey:
    """Read a survey from a user's own table, or from another form of `tutelage.data.forms`.

    Parameters
    ----------
    path : str or Path
        File, or folder of tables.
    not_heard : float, optional
        Value that means "not heard", if it is not the empty cell.
    epsg : int, optional
        EPSG code of x_m and y_m; None for a building's own plan. Degrees are projected into it,
        without it into the UTM zone of the survey.
    for_training : bool, default True
        Whether to refuse training scans that all come from one place, and a table in which all scans are
        marked as test scans. Where scans are evaluated, such a table is one split.

    Returns
    -------
    Survey
        Named after the file. `test` is None unless the column `split` marks test scans. Both parts share the
        access points and a frame around the training positions.

    Raises
    ------
    BadInputError
        If a cell breaks a rule; names the file, the row and the column.

    Warns
    -----
    LeftOutWarning
        If scans or readings are left out, with their number and the reason.
    """
    tables = read_tables(path, located=True)
    table = tables.scans
    places = read_places(table, required=True, epsg=tables.epsg if epsg is None else epsg)
    assert places is not None
    is_train = _training_rows(table, for_training)
    frame = LocalFrame.around(places.absolute_m[is_train], places.epsg)
    scans = _fingerprints(tables, not_heard, places.absolute_m, frame)
    if for_training:
        _require_spread(table, scans[is_train])
    _tell_left_out(tables)
    test = None if is_train.all() else scans[~is_train]
    return Survey(tables.name, scans[is_train], test)


def read_scans(
    path: str | Path, *, not_heard: float | None = None, with_positions: bool = True
) -> FingerprintSet:
    """Read scans to locate; positions may be absent and `split` is ignored.

    Parameters
    ----------
    path : str or Path
        File, or folder of tables.
    not_heard : float, optional
        As for `read_user_table`.
    with_positions : bool, default True
        Whether to keep positions where all scans have one, and to refuse a table in which only some do.

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
    LeftOutWarning
        As for `read_user_table`.
    """
    tables = read_tables(path, located=False)
    places = read_places(tables.scans, required=False, epsg=tables.epsg) if with_positions else None
    if places is None:
        scans = _fingerprints(tables, not_heard, None, LocalFrame())
    else:
        frame = LocalFrame.around(places.absolute_m, places.epsg)
        scans = _fingerprints(tables, not_heard, places.absolute_m, frame)
    _tell_left_out(tables)
    return scans


def _fingerprints(
    tables: ScanTables, not_heard: float | None, absolute_m: np.ndarray | None, frame: LocalFrame
) -> FingerprintSet:
    table = tables.scans
    scan_id = _scan_ids(table)
    rss, access_points = read_readings(tables, scan_id, not_heard)
    labels: dict[str, Any] = {name: table.labels(name) for name in LABELS if name in table.names}
    labels |= {"time": table.times("time")} if "time" in table.names else {}
    if absolute_m is None:
        return FingerprintSet(rss, access_points, scan_id, frame=frame, **labels)
    return FingerprintSet.from_absolute(rss, access_points, scan_id, absolute_m, frame=frame, **labels)


def _tell_left_out(tables: ScanTables) -> None:
    for each in tables.left_out:
        warnings.warn(f"{tables.scans.file}: {each.message}; {each.advice}", LeftOutWarning, stacklevel=3)


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


def _require_spread(table: LocatedTable, train: FingerprintSet) -> None:
    position_m = train.absolute_position_m
    columns = place_columns(table, required=True)
    if degrees := look_like_degrees(position_m):
        raise table.error(f"{degrees}; name the columns lat and lon, then they are projected")
    if (position_m == position_m[0]).all():
        x, y = position_m[0]
        raise table.error(
            f"all {len(train)} training scans were taken at ({x:g}, {y:g}); a radio map needs at least "
            "two reference points, and far more to be of use",
            column=columns[0] if columns else None,
        )


def _scan_ids(table: LocatedTable) -> np.ndarray:
    scan_id = table.text("scan_id")
    blanks = np.flatnonzero(scan_id == "")
    if len(blanks):
        raise table.error("no scan id; give every scan one", blanks[0], "scan_id")
    repeat = first_repeat(scan_id)
    if repeat is not None:
        raise table.error(
            f"scan id {str(scan_id[repeat])!r} appears twice; make it unique", repeat, "scan_id"
        )
    return scan_id
