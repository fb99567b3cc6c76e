"""A user's own table with all its faults, where the strict reader stops at the first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from tutelage.data.check.faults import Faults, lenient_numbers
from tutelage.data.check.findings import Finding, Severity
from tutelage.data.check.reading_findings import Readings, possible_readings
from tutelage.data.fingerprints import LABELS, FingerprintSet, Survey
from tutelage.data.forms.fields import METRES, place_columns
from tutelage.data.forms.form import LeftOut, Note, ScanTables
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.named_places import names_places, of_places_alone_advice
from tutelage.data.forms.read_options import ReadOptions
from tutelage.data.forms.table_places import TablePlaces, impossible_places, project_places
from tutelage.data.forms.times import read_times
from tutelage.data.sparse_rows import csr
from tutelage.errors import BadInputError
from tutelage.runtime.frames import LocalFrame

__all__ = ["FaultyTable", "faulty_table"]


@dataclass(frozen=True)
class FaultyTable:
    """The readable part of a table.

    Parameters
    ----------
    survey : Survey
        Rows with a position, or all rows of a survey of named places alone, without the readings that no
        receiver measures.
    line : mapping of str to numpy.ndarray
        Line of the file for each scan, by split.
    faults : tuple of Finding
        What was left out or changed: errors, and notes about what the form leaves out by itself.
    row_name : str
        What `line` counts where it does not count lines.
    """

    survey: Survey
    line: Mapping[str, np.ndarray]
    faults: tuple[Finding, ...]
    row_name: str = "row"


def faulty_table(tables: ScanTables) -> FaultyTable:
    """Build a survey as `read_user_table` does, but go on at a cell that breaks a rule.

    Parameters
    ----------
    tables : ScanTables
        A survey of any form, with the options of the user.

    Returns
    -------
    FaultyTable
        The survey and its faults.

    Raises
    ------
    BadInputError
        If a needed column is missing, or no row of a survey with coordinates has a position.
    """
    table = tables.scans
    line = table.rows
    has_two_files = bool(table.files) and "split" in table.names
    faults = Faults(line, _unique_ids(table, line), table.text("split") if has_two_files else None)
    options = tables.read_options
    faults.findings += [_left_out(each) for each in tables.left_out]
    faults.findings += [_told(note) for note in tables.all_notes]
    _check_ids(table, faults)
    places = _places(table, options, tables.epsg, faults)
    readings = possible_readings(tables, faults)
    is_train = _training_rows(table, faults)
    labels: dict[str, Any] = {name: table.labels(name) for name in LABELS if name in table.names}
    labels |= _times(table, options, faults)
    has_place = np.ones(len(table), dtype=bool) if places is None else _is_located(places)
    if not (has_place & is_train).any():
        raise _no_position_error(table, faults, has_place)
    read = _sparse(readings, len(table)), readings.names, faults.scan_id
    if places is None:
        scans = FingerprintSet(*read, **labels)
    else:
        frame = LocalFrame.around(places.absolute_m[has_place & is_train], places.epsg)
        numbers_m = np.where(has_place[:, None], places.absolute_m, 0.0)
        scans = FingerprintSet.from_absolute(*read, numbers_m, frame=frame, **labels)
    parts = {"train": np.flatnonzero(has_place & is_train), "test": np.flatnonzero(has_place & ~is_train)}
    _check_spread(scans[parts["train"]], parts["train"], faults)
    test = scans[parts["test"]] if len(parts["test"]) else None
    survey = Survey(tables.name, scans[parts["train"]], test)
    lines = {name: line[rows] for name, rows in parts.items()}
    return FaultyTable(survey, lines, tuple(faults.findings), table.row_name)


def _is_located(places: TablePlaces) -> np.ndarray:
    return np.asarray(np.isfinite(places.absolute_m).all(axis=1))


def _check_spread(train: FingerprintSet, index: np.ndarray, faults: Faults) -> None:
    if train.position_m is None:
        if len(np.unique(train.known_place)) < 2:
            message = f"all training scans name one place, {str(train.known_place[0])!r}"
            faults.add("one_place", index, message, "a survey needs at least two places")
    elif (train.position_m == train.position_m[0]).all():
        faults.add(
            "one_place",
            index,
            "all training scans were taken at one place",
            "a radio map needs at least two reference points, and far more to be of use",
        )


def _no_position_error(table: LocatedTable, faults: Faults, has_position: np.ndarray) -> BadInputError:
    codes = ("unreadable_position", "impossible_position")
    place_faults = [finding for finding in faults.findings if finding.code in codes]
    if not place_faults:
        return table.error(
            "no training scan has a position or a place; give one, and mark the scans of the radio map train "
            "where there is a column split"
        )
    fault = place_faults[0]
    message = f"no training scan has a position: {fault.message}; {fault.advice}"
    return table.error(message, int(np.flatnonzero(~has_position)[0]))


def _sparse(readings: Readings, n_scans: int) -> sparse.csr_array:
    order = np.lexsort((readings.column, readings.row))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(readings.row, minlength=n_scans))])
    return csr(readings.value[order], readings.column[order], indptr, len(readings.names))


# -- fields -----------------------------------------------------------------------------------------------


def _unique_ids(table: LocatedTable, line: np.ndarray) -> np.ndarray:
    """Return the ids where they can name a scan, else the row's line."""
    ids = table.text("scan_id")
    first = np.unique(ids, return_index=True)[1]
    bad = (ids == "") | ~np.isin(np.arange(len(ids)), first)
    prefix = "row "
    while np.isin(instead := np.char.add(prefix, line.astype(np.str_)), ids).any():
        prefix = f"_{prefix}"  # another scan may have this name already
    return np.where(bad, instead, ids)


def _check_ids(table: LocatedTable, faults: Faults) -> None:
    ids = table.text("scan_id")
    has_no_id = ids == ""
    faults.add("no_id", np.flatnonzero(has_no_id), "rows have no scan_id", "give every scan one")
    repeats = np.flatnonzero((faults.scan_id != ids) & ~has_no_id)
    faults.add("duplicate_id", repeats, "rows repeat the scan_id of an earlier row", "make every id unique")


def _places(
    table: LocatedTable, options: ReadOptions, epsg: int | None, faults: Faults
) -> TablePlaces | None:
    """Return positions in metres, NaN where there is none; None in a survey of named places alone."""
    columns = place_columns(table, required=not names_places(table))
    if columns is None:
        return None
    metric = columns == METRES
    unit = "metres" if metric else "degrees"
    numbers = [lenient_numbers(table, name) for name in columns]
    place = np.column_stack([values for values, _ in numbers])
    is_text = np.column_stack([bad for _, bad in numbers])
    titles = [table.titles.get(name, name) for name in columns]
    advice = f"write a number in {unit}, with a point"
    for title in dict.fromkeys(titles):  # in GeoJSON both numbers stand in one member
        of_title = [axis for axis, name in enumerate(titles) if name == title]
        bad = is_text[:, of_title].any(axis=1)
        faults.add("unreadable_position", np.flatnonzero(bad), f"cells of {title} are no number", advice)
        empty = np.isnan(place[:, of_title]).any(axis=1) & ~bad
        message = f"rows have no {title}"
        needed = f"give every scan its position in {unit}{of_places_alone_advice(table)}"
        faults.add("no_position", np.flatnonzero(empty), message, needed)
    is_impossible = impossible_places(place, metric=metric).any(axis=1)
    message = "rows have no latitude and longitude on Earth"
    advice = "write degrees; are they swapped, or 0?"
    if metric:
        message = "rows are farther off than any place on Earth"
        advice = "write metres of one plan"
    faults.add("impossible_position", np.flatnonzero(is_impossible), message, advice)
    place[is_impossible] = np.nan
    has_place = np.isfinite(place).all(axis=1)
    if not has_place.any():
        return TablePlaces(np.full_like(place, np.nan), None)
    code = epsg if options.epsg is None else options.epsg
    if not metric:
        faults.findings.append(_where(table, columns, np.median(place[has_place], axis=0)))
    in_metres = place[has_place] * (options.units.place if metric else 1.0)
    projected = project_places(table, in_metres, metric=metric, epsg=code)
    place[has_place] = projected.absolute_m
    place[~has_place] = np.nan
    return TablePlaces(place, projected.epsg)


def _where(table: LocatedTable, columns: tuple[str, str], lat_lon: np.ndarray) -> Finding:
    """Say where on Earth the survey is, since nothing else shows that both numbers are swapped."""
    lat, lon = (table.titles.get(name, name) for name in columns)
    return Finding(
        "where",
        "note",
        f"the survey is around latitude {lat_lon[0]:.5g}, longitude {lat_lon[1]:.5g}",
        f"if that is elsewhere, they are swapped: --columns 'lat={lon},lon={lat}'",
    )


def _training_rows(table: LocatedTable, faults: Faults) -> np.ndarray:
    if "split" not in table.names:
        return np.ones(len(table), dtype=bool)
    split = table.text("split")
    is_other = ~np.isin(split, ("train", "test"))
    others = ", ".join(repr(name) for name in np.unique(split[is_other])[:5].tolist())
    message = f"rows have {others} in the column split; they are taken for train"
    faults.add("unknown_split", np.flatnonzero(is_other), message, "write train or test")
    return np.asarray(split != "test")


def _times(table: LocatedTable, options: ReadOptions, faults: Faults) -> dict[str, Any]:
    if "time" not in table.names:
        return {}
    try:
        time, note = read_times(table, "time", options.units.time)
    except BadInputError as error:
        row = np.flatnonzero(table.rows == error.row)
        faults.add("unreadable_time", row, str(error), "write all times in one way, or leave the column out")
        return {}
    faults.findings += [_told(Note("time", note))] if note else []
    return {} if time is None else {"time": time}


def _told(note: Note) -> Finding:
    """Make a finding of how the file was read; a common value may be a code, and costs accuracy then."""
    severity: Severity = "warning" if note.code == "common_value" else "note"
    return Finding(note.code, severity, note.message, note.advice, access_points=note.columns)


def _left_out(each: LeftOut) -> Finding:
    return Finding(each.code, "note", each.message, each.advice, "", each.rows, each.scans)
