"""Columns of a table of scans, and the errors where one is missing."""

from __future__ import annotations

from tutelage.data.fingerprints import LABELS
from tutelage.data.forms.located_table import LocatedTable

__all__ = [
    "DEGREES",
    "FIELDS",
    "MAPPED_FIELDS",
    "METRES",
    "PLACE",
    "READING_FIELDS",
    "place_columns",
    "require_columns",
]

METRES = ("x_m", "y_m")
DEGREES = (("lat", "lon"), ("latitude", "longitude"))
PLACE = "place"
"""Label that names the room or the like."""
FIELDS = ("scan_id", *METRES, *DEGREES[0], *DEGREES[1], *LABELS, "time", "split")
READING_FIELDS = ("scan_id", "ap", "rss_dbm")
MAPPED_FIELDS = ("scan_id", *METRES, *DEGREES[0], *LABELS, "time", "split", "ap", "rss_dbm")
"""Fields for which a user may name the column."""


def require_columns(table: LocatedTable, needed: tuple[str, ...], advice: str = "") -> None:
    """Refuse a table without some columns, and say how to name them.

    Parameters
    ----------
    table : LocatedTable
        The table.
    needed : tuple of str
        Names of the columns.
    advice : str, default ""
        What to do about it.

    Raises
    ------
    BadInputError
        If one is missing.
    """
    missing = [name for name in needed if name not in table.names]
    if not missing:
        return
    instead = ""
    if "x_m" in missing and "y_m" in missing:
        instead = " (or lat and lon in degrees, or place with names of rooms)"
    names = [table.titles.get(name, name) for name in table.names]
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    mapping = ",".join(f"{name}=..." for name in missing)
    step = advice or f"name its column: --columns {mapping}"
    raise table.error(f"column {', '.join(missing)} is missing{instead}; the table has {shown}. Next: {step}")


def place_columns(
    table: LocatedTable, *, required: bool, key: str = "", advice: str = ""
) -> tuple[str, str] | None:
    """Find the two columns that hold the places of the scans.

    Parameters
    ----------
    table : LocatedTable
        The table.
    required : bool
        Whether the table must have them.
    key : str, default ""
        Column that the table must have too, which names what lies at the places.
    advice : str, default ""
        What to do where they are missing.

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
    require_columns(table, (*([key] if key else []), *needed), advice)
    return (pairs[0][0], pairs[0][1]) if pairs else None
