"""Scans that a form collects one by one, as tables: from JSON, logs and the output of scan tools.

A label names the place of a scan. Positions of the labels stand in a table beside the file, NAME_labels.csv,
with `label`, `x_m` and `y_m` or `lat` and `lon`, and where known `floor` and `building`. The case of a label
does not matter there. Without that table and without positions in the file, a survey is one of named places.
Where labels are devices, the table gives their positions or, as `place`, their places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tutelage.data.forms import json_text
from tutelage.data.forms.fields import DEGREES, METRES, PLACE, place_columns
from tutelage.data.forms.form import LeftOut, ScanTables
from tutelage.data.forms.known_columns import published_column, with_fields
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.named_places import coordinates_left_out
from tutelage.data.forms.read_options import ReadOptions
from tutelage.data.forms.table_file import read_located_table
from tutelage.data.forms.table_places import read_coordinates
from tutelage.data.forms.times import unix_unit
from tutelage.errors import BadInputError
from tutelage.runtime.access_point_names import normalised_name

__all__ = ["HeardScan", "milliseconds", "scan_tables"]

_PER_MS = {"s": 1e3, "ms": 1.0, "us": 1e-3, "ns": 1e-6}
_NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}


@dataclass(frozen=True)
class HeardScan:
    """One scan, and where it stands.

    Parameters
    ----------
    row : int
        Its place in the file, from 1.
    readings : sequence of (str, object)
        Access point and RSS in dBm, as the file writes it; an address may have any spelling.
    scan_id : str
        Its name; "" numbers it.
    device, label, floor, building : str
        What the file says of it; the label is the place of the scan, or names what was heard there.
    lat_lon : tuple
        Latitude and longitude in degrees, None where unknown.
    time : float, optional
        Time since 1970, in the unit of the file.
    reading_rows : sequence of int
        Place of each reading, if it is not that of the scan.
    """

    row: int
    readings: Sequence[tuple[str, Any]]
    scan_id: str = ""
    device: str = ""
    label: str = ""
    floor: str = ""
    building: str = ""
    lat_lon: tuple[Any, Any] = (None, None)
    time: float | None = None
    reading_rows: Sequence[int] = field(default=())


def scan_tables(
    path: Path,
    scans: Sequence[HeardScan],
    options: ReadOptions,
    *,
    row_name: str = "row",
    titles: Mapping[str, str] | None = None,
    notes: tuple[str, ...] = (),
    left_out: tuple[LeftOut, ...] = (),
    label_is_place: bool = True,
) -> ScanTables:
    """Make tables of scans.

    Parameters
    ----------
    path : Path
        Their file.
    scans : sequence of HeardScan
        The scans.
    options : ReadOptions
        Whether positions or named places are needed, and the unit of times.
    row_name : str, default "row"
        What places in the file count.
    titles : mapping of str to str, optional
        The form's own names of columns.
    notes : tuple of str
        How the file was read.
    left_out : tuple of LeftOut
        What is left out already.
    label_is_place : bool, default True
        Whether a label names a place, rather than a device that lies at one.

    Returns
    -------
    ScanTables
        The tables.

    Raises
    ------
    BadInputError
        If there is no scan, or positions or places are needed and there are none.
    """
    if not scans:
        raise BadInputError("there is no scan in the file", file=path)
    columns: dict[str, Any] = {"scan_id": [scan.scan_id or str(scan.row) for scan in scans]}
    for name in ("device", "floor", "building"):
        if any(getattr(scan, name) for scan in scans):
            columns[name] = [getattr(scan, name) for scan in scans]
    if all(scan.time is not None for scan in scans):
        times, note = milliseconds([float(scan.time or 0) for scan in scans], options)
        columns |= {} if times is None else {"time": pa.array(times, pa.timestamp("ms"))}
        notes += (note,) if note else ()
    titles = {PLACE: (titles or {}).get("label", "label"), **(titles or {})}
    rows = np.array([scan.row for scan in scans], dtype=np.int64)
    if label_is_place and any(scan.label for scan in scans):
        columns[PLACE] = [scan.label for scan in scans]
    if options.located:
        about = LocatedTable(path, pa.table({}), rows, row_name, titles)
        columns |= _whereabouts(about, scans, options, label_is_place)
    table = LocatedTable(path, pa.table(columns), rows, row_name, titles, notes=notes)
    return ScanTables(_stem(path), table, _readings(path, scans, row_name, titles), left_out=left_out)


def milliseconds(times: Sequence[float], options: ReadOptions) -> tuple[np.ndarray | None, str]:
    """Convert times since 1970 to milliseconds, in the unit that the user says or that they show.

    Parameters
    ----------
    times : sequence of float
        Times, [n].
    options : ReadOptions
        What the user says.

    Returns
    -------
    times : numpy.ndarray or None
        Milliseconds, [n] int64; None if no unit fits.
    note : str
        What was assumed, where it is not milliseconds.
    """
    numbers = np.asarray(times, dtype=np.float64)
    said = options.units.time if options.units.time in _PER_MS else ""
    unit = said or unix_unit(numbers)
    if unit is None:
        return None, (
            f"times such as {numbers[0]:.15g} are left out: in no unit since 1970 do they lie between "
            f"the years 2000 "
            "and 2100; to keep them, say their unit: --units time=ms (or s, us, ns)"
        )
    note = "" if said or unit == "ms" else f"times are read as {_NAMES[unit]} since 1970"
    return np.round(numbers * _PER_MS[unit]).astype(np.int64), note


def _stem(path: Path) -> str:
    return path.name.split(".")[0] if path.suffix.lower() in (".gz", ".zip") else path.resolve().stem


def _readings(
    path: Path, scans: Sequence[HeardScan], row_name: str, titles: Mapping[str, str]
) -> LocatedTable:
    read = [
        (scan.scan_id or str(scan.row), name, rss, scan.reading_rows[k] if scan.reading_rows else scan.row)
        for scan in scans
        for k, (name, rss) in enumerate(scan.readings)
    ]
    columns = {
        "scan_id": pa.array([scan_id for scan_id, _, _, _ in read], pa.string()),
        "ap": pa.array([normalised_name(name.strip()) for _, name, _, _ in read], pa.string()),
        "rss_dbm": json_text.cells([rss for _, _, rss, _ in read]),
    }
    rows = np.array([row for _, _, _, row in read], dtype=np.int64)
    return LocatedTable(path, pa.table(columns), rows, row_name, dict(titles))


# -- where the scans were taken -------------------------------------------------------------------


def _whereabouts(
    about: LocatedTable, scans: Sequence[HeardScan], options: ReadOptions, label_is_place: bool
) -> dict[str, object]:
    """Return columns that say where scans were taken, beside the labels of the file itself."""
    beside = about.file.with_name(f"{_stem(about.file)}_labels.csv")
    is_labelled = any(scan.label for scan in scans)
    if is_labelled and beside.is_file():
        return _of_labels(beside, about, scans, label_is_place)
    is_named = is_labelled and label_is_place
    is_silent = all(scan.lat_lon == (None, None) for scan in scans)
    if is_named and (is_silent or coordinates_left_out(options, DEGREES[0])):
        return {}
    for index, scan in enumerate(scans):
        if None in scan.lat_lon:
            message = _no_position(scan, beside, label_is_place, is_silent)
            raise about.error(message, index, PLACE if scan.label else None)
    return {
        name: json_text.cells([scan.lat_lon[axis] for scan in scans]) for axis, name in enumerate(DEGREES[0])
    }


def _no_position(scan: HeardScan, beside: Path, label_is_place: bool, is_silent: bool) -> str:
    if not scan.label:
        return (
            "the scan has neither a position nor the label of one: it can be located (tutelage locate), not "
            "learnt from"
        )
    needed = "label, x_m, y_m (metres) or label, lat, lon (degrees)"
    alone = "" if label_is_place else ", or label, place (names of rooms)"
    others = "" if is_silent else ", as others have"
    message = (
        f"label {scan.label!r} has no position, nor has the scan a gps{others}: "
        f"write {beside.name} beside, with the columns {needed}{alone}, and where known floor, building"
    )
    if label_is_place:
        message += "; or leave all positions out and learn the labels alone: --columns 'lat=,lon='"
    return message


def _of_labels(
    beside: Path, about: LocatedTable, scans: Sequence[HeardScan], label_is_place: bool
) -> dict[str, object]:
    """Return what a table of labels says of each scan: coordinates, floor, building, places of devices."""
    written = read_located_table(beside)
    others = [name for name in written.names if name != "label"]  # else the labels would be the places
    named = None if label_is_place else published_column(others, PLACE)
    labels, _ = with_fields(written, ReadOptions(), (*METRES, *DEGREES[0], *DEGREES[1], "floor", "building"))
    pair = place_columns(labels, required=not label_is_place and named is None, key="label")
    coordinates = {} if pair is None else dict(zip(pair, read_coordinates(labels, pair).T, strict=True))
    row_of: dict[str, int] = {}
    for i, name in enumerate(labels.labels("label").tolist()):
        if row_of.setdefault(name.lower(), i) != i:
            raise labels.error(f"label {name!r} appears twice; keep one", i, "label")
    for index, scan in enumerate(scans):
        if scan.label.strip().lower() not in row_of:
            raise about.error(f"label {scan.label!r} is not in {beside.name}; add it there", index, PLACE)
    at = np.array([row_of[scan.label.strip().lower()] for scan in scans])
    texts: dict[str, np.ndarray] = {
        name: labels.text(name) for name in ("floor", "building") if name in labels.names
    }
    if named is not None:
        texts[PLACE] = labels.text(named)
    return {
        **{name: values[at] for name, values in coordinates.items()},
        **{name: values[at].astype(object) for name, values in texts.items()},
    }
