"""Columns of a table of scans, and the errors where one is missing."""

from __future__ import annotations

from tutelage.data.fingerprints import LABELS
from tutelage.data.forms.located_table import LocatedTable

__all__ = ["DEGREES", "FIELDS", "METRES", "READING_FIELDS", "place_columns", "require_columns"]

METRES = ("x_m", "y_m")
DEGREES = (("lat", "lon"), ("latitude", "longitude"))
FIELDS = ("scan_id", *METRES, *DEGREES[0], *DEGREES[1], *LABELS, "time", "split")
READING_FIELDS = ("scan_id", "ap", "rss_dbm")
# Column names of UJIIndoorLoc and its many relatives, and the fields that they are: its degrees are metres.
_RENAMES = {
    "LONGITUDE": "x_m",
    "LATITUDE": "y_m",
    "FLOOR": "floor",
    "BUILDINGID": "building",
    "PHONEID": "device",
    "USERID": "user",
    "TIMESTAMP": "time",
}


def require_columns(table: LocatedTable, needed: tuple[str, ...]) -> None:
    """Refuse a table without some columns, and say which to rename.

    Parameters
    ----------
    table : LocatedTable
        The table.
    needed : tuple of str
        Names of the columns.

    Raises
    ------
    BadInputError
        If one is missing.
    """
    missing = [name for name in needed if name not in table.names]
    if not missing:
        return
    renames = [f"{old} to {new}" for old, new in _RENAMES.items() if old in table.names]
    step = f"rename {', '.join(renames)} and add what is then missing" if renames else "add or rename columns"
    instead = " (or lat and lon in degrees)" if "x_m" in missing and "y_m" in missing else ""
    shown = ", ".join(table.names[:8]) + (", ..." if len(table.names) > 8 else "")
    raise table.error(f"column {', '.join(missing)} is missing{instead}; the table has {shown}. Next: {step}")


def place_columns(table: LocatedTable, *, required: bool, key: str = "scan_id") -> tuple[str, str] | None:
    """Find the two columns that hold the places of the scans.

    Parameters
    ----------
    table : LocatedTable
        The table.
    required : bool
        Whether the table must have them.
    key : str, default "scan_id"
        Column that every table must have, which names what lies at the places.

    Returns
    -------
    tuple of str or None
        Names of both columns; None where the table has none and needs none.

    Raises
    ------
    BadInputError
        If one of two is missing, or places are given in metres and in degrees.
    """
    pairs = [pair for pair in (METRES, *DEGREES) if not set(pair).isdisjoint(table.names)]
    if len(pairs) > 1:
        raise table.error(
            f"places are given twice, as {' and '.join(pairs[0])} and as {' and '.join(pairs[1])}; keep one "
            "of the two: metres, or degrees, which are projected"
        )
    needed = pairs[0] if pairs else METRES if required else ()
    require_columns(table, (key, *needed))
    return (pairs[0][0], pairs[0][1]) if pairs else None
