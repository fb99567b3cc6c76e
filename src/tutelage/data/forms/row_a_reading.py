"""Tables with a row a reading: a column of access points, one of strengths, and what groups rows to scans.

Such are the exports of WiGLE and WifiCollector, Anyplace's logs, and tables after FIND. Rows with the same
scan id at one place are a scan; without scan ids, rows of one time at one place are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tutelage.data.forms.fields import DEGREES, FIELDS, METRES, PLACE
from tutelage.data.forms.form import LeftOut, Note, ScanTables
from tutelage.data.forms.known_columns import bare_name, published_column, with_fields
from tutelage.data.forms.located_table import LocatedTable, number_in
from tutelage.data.forms.read_options import ReadOptions
from tutelage.errors import BadInputError
from tutelage.runtime.access_point_names import NO_MAP, is_mac, normalised_name

__all__ = ["has_row_a_reading", "scans_and_readings"]

_KEYS = (*METRES, *DEGREES[0], *DEGREES[1], "floor", "building", "device", "user", "split", PLACE)
_COUNTERS = (
    "count",
    "scancount",
    "scanno",
    "scannumber",
    "sample",
    "samplenumber",
    "round",
    "counter",
    "index",
)
_RADIO = ("WIFI", "WLAN", "BT", "BLE", "BLUETOOTH", "IBEACON", "EDDYSTONE")
_OTHER_RADIO = ("GSM", "LTE", "CDMA", "WCDMA", "NR", "UMTS")
_FEWEST_READINGS = 1.5  # a scan; with fewer, the time is of readings, not of scans


def has_row_a_reading(table: LocatedTable, options: ReadOptions) -> bool:
    """Return whether each row of a table is one reading.

    Parameters
    ----------
    table : LocatedTable
        Table as the user wrote it.
    options : ReadOptions
        What the user says.

    Returns
    -------
    bool
        True if it has a column of names or addresses, and one of strengths.
    """
    if options.columns.get("ap") and options.columns.get("rss_dbm"):
        return True
    names = [name for name in table.names if name not in options.columns.values()]
    ap = options.columns.get("ap") or published_column(names, "ap")
    strength = options.columns.get("rss_dbm") or published_column(names, "rss_dbm")
    if ap not in table.names or strength not in table.names:
        return False
    try:
        cells = np.unique(table.text(str(ap)))
    except BadInputError:
        return False
    texts = [cell for cell in cells[:200].tolist() if is_mac(cell) or number_in(cell) is None]
    return bool(texts)


def scans_and_readings(name: str, table: LocatedTable, options: ReadOptions) -> ScanTables:
    """Group rows to scans.

    Parameters
    ----------
    name : str
        Name of the survey.
    table : LocatedTable
        Table with a row a reading, as the user wrote it.
    options : ReadOptions
        What the user says.

    Returns
    -------
    ScanTables
        A table of scans and one of readings.
    """
    table, left_out = _of_other_radio(table)
    unnamed = table
    table, options = with_fields(table, options, (*FIELDS, "ap", "rss_dbm"))
    table, unmapped = _without_nomap(table, unnamed)
    if not len(table):
        raise table.error("no reading is left that may be used for positioning; record others")
    keys, by = _keys(table)
    scan, first = _groups(table, keys)
    ids = _scan_ids(table, first)
    fields = [field for field in table.names if field in FIELDS and field != "scan_id"]
    rows = pa.array(first)
    columns = {
        "scan_id": pa.array(ids.astype(object)),
        **{field: table.columns[field].take(rows) for field in fields},
    }
    scans = replace(table, columns=pa.table(columns), rows=table.rows[first], notes=())
    ap = pc.utf8_trim_whitespace(pc.cast(table.columns["ap"], pa.string()))
    names = pc.fill_null(ap, "").combine_chunks().dictionary_encode()
    plain = pa.array([normalised_name(each) for each in names.dictionary.to_pylist()], pa.string())
    read = {
        "scan_id": pa.array(ids[scan].astype(object)),
        "ap": plain.take(names.indices),
        "rss_dbm": table.columns["rss_dbm"],
    }
    readings = replace(table, columns=pa.table(read))
    note = Note(
        "row_a_reading", f"a row is a reading: {len(table):,} rows make {len(first):,} scans, by {by}"
    )
    all_left_out = tuple(each for each in (*left_out, *unmapped) if each.rows)
    return ScanTables(name, scans, readings, left_out=all_left_out, notes=(note,), options=options)


# -- which rows count -----------------------------------------------------------------------------


def _of_other_radio(table: LocatedTable) -> tuple[LocatedTable, list[LeftOut]]:
    """Leave out cells of mobile networks, which WiGLE writes between Wi-Fi and Bluetooth."""
    name = next((name for name in table.names if bare_name(name) == "type"), None)
    if name is None:
        return table, []
    kinds = np.char.upper(table.text(name))
    if not np.isin(kinds, _RADIO).any():
        return table, []
    is_other = np.isin(kinds, _OTHER_RADIO)
    why = "cells of mobile networks are no access points of the building"
    rows = tuple(table.rows[is_other].tolist())
    return _selected(table, ~is_other), [
        LeftOut("mobile_cell", "reading", len(table), why, "nothing is to be done", rows)
    ]


def _without_nomap(table: LocatedTable, unnamed: LocatedTable) -> tuple[LocatedTable, list[LeftOut]]:
    name = next((name for name in unnamed.names if bare_name(name) in ("ssid", "networkname", "essid")), None)
    if name is None:
        return table, []
    is_unmapped = np.char.endswith(unnamed.text(name), NO_MAP)
    why = f"a network whose name ends in {NO_MAP} is not to be used for positioning"
    rows = tuple(table.rows[is_unmapped].tolist())
    left_out = LeftOut("nomap", "reading", len(table), why, "nothing is to be done", rows)
    return _selected(table, ~is_unmapped), [left_out]


def _selected(table: LocatedTable, keep: np.ndarray) -> LocatedTable:
    if keep.all():
        return table
    return replace(table, columns=table.columns.filter(pa.array(keep)), rows=table.rows[keep])


# -- which rows are one scan ----------------------------------------------------------------------


def _keys(table: LocatedTable) -> tuple[list[str], str]:
    """Return the columns whose values a scan has in common, and words for them."""
    places = [name for name in table.names if name in _KEYS]
    if "scan_id" in table.names and (table.text("scan_id") != "").all():
        ids = table.text("scan_id")
        if len(np.unique(ids)) < len(ids) or len(ids) == 1:
            return ["scan_id", *places], "scan id and place" if places else "scan id"
    counters = [name for name in table.names if bare_name(name) in _COUNTERS]
    if "time" not in table.names:
        keys = [*places, *counters[:1]]
        return keys, f"place and {counters[0]}" if counters else "place"
    keys = [*places, "time"]
    if _readings_a_scan(table, keys) >= _FEWEST_READINGS:
        return keys, "time and place" if places else "time"
    apart = [*places, *counters[:1]]
    if apart and _readings_a_scan(table, apart) >= _FEWEST_READINGS:  # the phone's own time of each reading
        return apart, f"place and {counters[0]}" if counters else "place"
    return keys, "time and place"


def _readings_a_scan(table: LocatedTable, keys: Sequence[str]) -> float:
    return len(table) / max(1, len(_groups(table, keys)[1]))


def _groups(table: LocatedTable, keys: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the scan of each row, and the first row of each scan, in the order of the file."""
    code = np.zeros(len(table), dtype=np.int64)
    for name in keys:
        own = np.unique(table.text(name), return_inverse=True)[1].ravel()
        code = np.unique(code * np.int64(own.max(initial=0) + 1) + own, return_inverse=True)[1].ravel()
    _, first, scan = np.unique(code, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return np.asarray(place[scan.ravel()]), np.asarray(first[order])


def _scan_ids(table: LocatedTable, first: np.ndarray) -> np.ndarray:
    """Return the ids that the rows give, if they then are unique, else the first line of each scan."""
    if "scan_id" in table.names:
        ids = table.text("scan_id")[first]
        if len(np.unique(ids)) == len(ids) and (ids != "").all():
            return np.asarray(ids)
    return np.asarray(table.rows[first].astype(np.str_))
