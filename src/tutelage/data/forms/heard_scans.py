"""Scans that a form collects one by one, as tables: from JSON, logs and the output of scan tools.

Forms of which scans have labels but no positions find these in a table beside the file, NAME_labels.csv, with
`label`, `x_m` and `y_m` or `lat` and `lon`, and where known `floor` and `building`. The case of a label does
not matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tutelage.data.forms import json_text
from tutelage.data.forms.fields import DEGREES, METRES, place_columns
from tutelage.data.forms.form import LeftOut, ScanTables
from tutelage.data.forms.known_columns import with_fields
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.read_options import ReadOptions
from tutelage.data.forms.table_file import read_located_table
from tutelage.data.forms.table_places import read_coordinates
from tutelage.data.forms.times import unix_unit
from tutelage.errors import BadInputError
from tutelage.runtime.access_point_names import normalised_name

__all__ = ["HeardScan", "label_places", "milliseconds", "scan_tables"]

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
        What the file says of it.
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
) -> ScanTables:
    """Make tables of scans.

    Parameters
    ----------
    path : Path
        Their file.
    scans : sequence of HeardScan
        The scans.
    options : ReadOptions
        Whether positions are needed, and the unit of times.
    row_name : str, default "row"
        What places in the file count.
    titles : mapping of str to str, optional
        The form's own names of columns.
    notes : tuple of str
        How the file was read.
    left_out : tuple of LeftOut
        What is left out already.

    Returns
    -------
    ScanTables
        The tables.

    Raises
    ------
    BadInputError
        If there is no scan, or positions are needed and there are none.
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
    if options.located:
        columns |= _places(path, scans, row_name, titles or {})
    rows = np.array([scan.row for scan in scans], dtype=np.int64)
    table = LocatedTable(path, pa.table(columns), rows, row_name, dict(titles or {}), notes=notes)
    return ScanTables(_stem(path), table, _readings(path, scans, row_name, titles or {}), left_out=left_out)


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


# -- places ---------------------------------------------------------------------------------------


def _places(
    path: Path, scans: Sequence[HeardScan], row_name: str, titles: Mapping[str, str]
) -> dict[str, object]:
    beside = path.with_name(f"{_stem(path)}_labels.csv")
    if beside.is_file() and any(scan.label for scan in scans):
        return label_places(beside, path, scans, row_name)
    for scan in scans:
        if None in scan.lat_lon:
            raise BadInputError(
                _no_position(scan, beside),
                file=path,
                row=scan.row,
                column=titles.get("label", "l") if scan.label else None,
                row_name=row_name,
            )
    return {
        name: json_text.cells([scan.lat_lon[axis] for scan in scans]) for axis, name in enumerate(DEGREES[0])
    }


def _no_position(scan: HeardScan, beside: Path) -> str:
    if not scan.label:
        return (
            "the scan has neither a position nor the label of one: it can be located (tutelage locate), not "
            "learnt from"
        )
    return (
        f"label {scan.label!r} has no position, nor has the scan a gps: write {beside.name} beside, with the "
        "columns label, x_m, y_m (metres) or label, lat, lon (degrees), and where known floor, building"
    )


def label_places(beside: Path, path: Path, scans: Sequence[HeardScan], row_name: str) -> dict[str, object]:
    """Give each scan the place of its label.

    Parameters
    ----------
    beside : Path
        Table of the labels.
    path : Path
        File of the scans, for errors.
    scans : sequence of HeardScan
        The scans.
    row_name : str
        What their places in the file count.

    Returns
    -------
    dict
        Columns of coordinates, and of floor and building where the table has them.

    Raises
    ------
    BadInputError
        If a label has no place, or two.
    """
    labels, _ = with_fields(
        read_located_table(beside), ReadOptions(), (*METRES, *DEGREES[0], *DEGREES[1], "floor", "building")
    )
    pair = place_columns(labels, required=True, key="label")
    assert pair is not None
    place = read_coordinates(labels, pair)
    row_of: dict[str, int] = {}
    for i, name in enumerate(labels.text("label").tolist()):
        if row_of.setdefault(name.lower(), i) != i:
            raise labels.error(f"label {name!r} appears twice; keep one", i, "label")
    for scan in scans:
        if scan.label.strip().lower() not in row_of:
            raise BadInputError(
                f"label {scan.label!r} is not in {labels.file.name}; add it there",
                file=path,
                row=scan.row,
                column="l",
                row_name=row_name,
            )
    at = np.array([row_of[scan.label.strip().lower()] for scan in scans])
    label_columns = [name for name in ("floor", "building") if name in labels.names]
    return {
        **dict(zip(pair, place[at].T, strict=True)),
        **{name: labels.text(name)[at].astype(object) for name in label_columns},
    }
