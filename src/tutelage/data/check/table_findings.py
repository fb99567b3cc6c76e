"""A user's own table with all its faults: what the reader refuses at the first, gathered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tutelage.data.check.faults import Faults, numbers_of
from tutelage.data.check.findings import Finding
from tutelage.data.check.reading_findings import possible_readings
from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.forms.fields import LABELS, METRES, place_columns
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.scan_tables import LeftOut, ScanTables
from tutelage.data.forms.table_places import Places, impossible_places, in_metres
from tutelage.data.sparse_rows import csr
from tutelage.errors import BadInputError
from tutelage.runtime.frames import LocalFrame

__all__ = ["FaultyTable", "faulty_table"]


@dataclass(frozen=True)
class FaultyTable:
    """What could be read of a table.

    Parameters
    ----------
    survey : of the rows with a position, without the readings that no receiver measures
    line : by split, the line of the file that each scan stands in
    faults : what was left out or changed, errors but for what the form leaves out by itself
    row_name : what `line` counts where it is not lines
    """

    survey: Survey
    line: Mapping[str, np.ndarray]
    faults: tuple[Finding, ...]
    row_name: str = "row"


def faulty_table(
    tables: ScanTables, *, not_heard: float | None = None, epsg: int | None = None
) -> FaultyTable:
    """A survey as `read_user_table` has it, but go on at a cell that breaks a rule.

    Parameters
    ----------
    tables : of any form
    not_heard, epsg : as there

    Raises
    ------
    BadInputError
        If a column that is needed is missing, or no row has a position.
    """
    table = tables.scans
    line = table.rows
    apart = bool(table.files) and "split" in table.names
    faults = Faults(line, _unique_ids(table, line), table.text("split") if apart else None)
    faults.found += [_left_out(each) for each in tables.left_out]
    _check_ids(table, faults)
    places = _places(table, tables.epsg if epsg is None else epsg, faults)
    position_m = places.absolute_m
    readings = possible_readings(tables, not_heard, faults)
    is_train = _training_rows(table, faults)
    labels: dict[str, Any] = {name: table.labels(name) for name in LABELS if name in table.names}
    labels |= _times(table, faults)
    known = np.isfinite(position_m).all(axis=1)
    if not (known & is_train).any():
        wrong = [each for each in faults.found if each.code in ("unreadable_position", "impossible_position")]
        raise table.error(
            f"no training scan has a position: {wrong[0].message}; {wrong[0].advice}"
            if wrong
            else "no training scan has a position; give positions, and mark the scans of the radio map train "
            "where there is a column split",
            int(np.flatnonzero(~known)[0]) if wrong else None,
        )
    frame = LocalFrame.around(position_m[known & is_train], places.epsg)
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
    survey = Survey(tables.name, scans[parts["train"]], test)
    lines = {name: line[rows] for name, rows in parts.items()}
    return FaultyTable(survey, lines, tuple(faults.found), table.row_name)


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


def _check_ids(table: LocatedTable, faults: Faults) -> None:
    given = table.text("scan_id")
    unnamed = given == ""
    faults.add("no_id", np.flatnonzero(unnamed), "rows have no scan_id", "give every scan one")
    repeated = np.flatnonzero((faults.scan_id != given) & ~unnamed)
    faults.add("duplicate_id", repeated, "rows repeat the scan_id of an earlier row", "make every id unique")


def _places(table: LocatedTable, epsg: int | None, faults: Faults) -> Places:
    """Positions in metres, NaN where there is none."""
    columns = place_columns(table, required=True)
    assert columns is not None
    metric = columns == METRES
    unit = "metres" if metric else "degrees"
    numbers = [numbers_of(table, name) for name in columns]
    place = np.column_stack([given for given, _ in numbers])
    unreadable = np.column_stack([bad for _, bad in numbers])
    titles = [table.titles.get(name, name) for name in columns]
    advice = f"write a number in {unit}, with a point"
    for title in dict.fromkeys(titles):  # in GeoJSON both numbers stand in one member
        of_title = [axis for axis, name in enumerate(titles) if name == title]
        bad = unreadable[:, of_title].any(axis=1)
        faults.add("unreadable_position", np.flatnonzero(bad), f"cells of {title} are no number", advice)
        empty = np.isnan(place[:, of_title]).any(axis=1) & ~bad
        message = f"rows have no {title}"
        faults.add("no_position", np.flatnonzero(empty), message, f"give every scan its position in {unit}")
    beyond = impossible_places(place, metric=metric).any(axis=1)
    message, advice = "rows have no latitude and longitude on Earth", "write degrees; are they swapped, or 0?"
    if metric:
        message, advice = "rows are farther off than any place on Earth", "write metres of one plan"
    faults.add("impossible_position", np.flatnonzero(beyond), message, advice)
    place[beyond] = np.nan
    known = np.isfinite(place).all(axis=1)
    if not known.any():
        return Places(np.full_like(place, np.nan), None)
    found = in_metres(table, place[known], metric=metric, epsg=epsg)
    place[known], place[~known] = found.absolute_m, np.nan
    return Places(place, found.epsg)


def _training_rows(table: LocatedTable, faults: Faults) -> np.ndarray:
    if "split" not in table.names:
        return np.ones(len(table), dtype=bool)
    split = table.text("split")
    unknown = ~np.isin(split, ("train", "test"))
    given = ", ".join(repr(name) for name in np.unique(split[unknown])[:5].tolist())
    message = f"rows have {given} in the column split; they are taken for train"
    faults.add("unknown_split", np.flatnonzero(unknown), message, "write train or test")
    return np.asarray(split != "test")


def _times(table: LocatedTable, faults: Faults) -> dict[str, Any]:
    if "time" not in table.names:
        return {}
    try:
        return {"time": table.times("time")}
    except BadInputError as error:
        row = np.flatnonzero(table.rows == error.row)
        faults.add("unreadable_time", row, str(error), "write all times in one way, or leave the column out")
        return {}


def _left_out(each: LeftOut) -> Finding:
    return Finding(each.code, "note", each.message, each.advice, "", each.rows, each.scans)
