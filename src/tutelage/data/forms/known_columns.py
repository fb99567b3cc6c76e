"""Names under which tables give the fields, and the columns of one table as fields.

The names are those of published sets (UJIIndoorLoc and its relatives, SODIndoorLoc), of apps (WiGLE,
WifiCollector, Anyplace) and of everyday tables. Case and punctuation do not matter.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from tutelage.data.forms.delimited import NO_NAME
from tutelage.data.forms.fields import DEGREES, FIELDS, METRES, PLACE
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.read_options import ReadOptions
from tutelage.data.forms.units import METRES_IN, Units
from tutelage.errors import BadInputError

__all__ = ["KNOWN_NAMES", "bare_name", "mapping_advice", "published_column", "reading_of", "with_fields"]

_METRES_X: tuple[str, ...] = (
    "xm",
    "x",
    "xcoord",
    "xcoordinate",
    "coordx",
    "xpos",
    "posx",
    "xposition",
    "positionx",
    "locx",
    "easting",
    "east",
)
_METRES_X += ("ecoord", "pointx", "locationx", "coordinatex", "realx", "rpx", "utmx", "utme")
_METRES_Y: tuple[str, ...] = tuple(
    name.replace("x", "y") for name in _METRES_X if "east" not in name and name != "ecoord" and name != "utme"
)
_METRES_Y += ("northing", "north", "ncoord", "utmn")
_LAT = ("lat", "latitude", "currentlatitude", "gpslat", "gpslatitude", "latdeg", "wgs84lat")
_LON = (
    "lon",
    "lng",
    "long",
    "longitude",
    "currentlongitude",
    "gpslon",
    "gpslng",
    "gpslongitude",
    "londeg",
    "wgs84lon",
)
KNOWN_NAMES: dict[str, tuple[str, ...]] = {
    "scan_id": (
        "scanid",
        "id",
        "scan",
        "sampleid",
        "fingerprintid",
        "measurementid",
        "rowid",
        "unnamed0",
        "noname",
    ),
    "x_m": _METRES_X,
    "y_m": _METRES_Y,
    "lat": _LAT,
    "lon": _LON,
    "floor": ("floor", "floorid", "floornumber", "floorno", "storey", "story"),
    "building": ("building", "buildingid", "buildingno", "buid"),
    "device": ("device", "phoneid", "deviceid", "phone", "devicename", "phonemodel", "devicemodel"),
    "user": ("user", "userid", "username"),
    "time": (
        "time",
        "timestamp",
        "datetime",
        "ts",
        "date",
        "firstseen",
        "epoch",
        "unixtime",
        "timestampms",
        "timems",
    ),
    "split": ("split",),
    PLACE: (PLACE, "room", "roomname", "roomid", "label", "location", "locationname", "zone", "placename"),
    "ap": (
        "bssid",
        "bsid",
        "mac",
        "ap",
        "macaddress",
        "macaddressofap",
        "address",
        "apmac",
        "macid",
        "accesspoint",
    ),
    "rss_dbm": (
        "rssdbm",
        "rssi",
        "rss",
        "level",
        "signal",
        "signalstrength",
        "signaldbm",
        "rssidbm",
        "strength",
        "dbm",
    ),
}
"""Bare names of each field, the likeliest first."""
KNOWN_NAMES["ap"] += ("accesspointid", "apid", "beacon", "beaconid", "beaconaddress", "wifimac", "macaddr")
_UNIT_BEHIND = re.compile(r"(?P<axis>x|y|xcoord|ycoord|posx|posy)(?P<unit>mm|cm|dm|km|feet|ft|inch)")
_READINGS = ("ap", "rss_dbm")


def bare_name(name: str) -> str:
    """Return a name without case and punctuation.

    Parameters
    ----------
    name : str
        Name of a column.

    Returns
    -------
    str
        Letters and digits, in lower case.

    Examples
    --------
    >>> bare_name("Scan_ID"), bare_name("x (m)")
    ('scanid', 'xm')
    """
    return re.sub(r"[\W_]", "", name.casefold())


def with_fields(
    table: LocatedTable, options: ReadOptions, fields: Sequence[str] = FIELDS
) -> tuple[LocatedTable, ReadOptions]:
    """Rename the columns that hold fields: those that the user names, then those that are known by name.

    Parameters
    ----------
    table : LocatedTable
        Table as the user wrote it.
    options : ReadOptions
        What the user says.
    fields : sequence of str
        Fields to look for.

    Returns
    -------
    table : LocatedTable
        The same with fields for names; `titles` keep those of the user.
    options : ReadOptions
        The same, with units that names of columns tell.

    Raises
    ------
    BadInputError
        If the user names a column that the table has not.
    """
    said = {name: column for name, column in options.columns.items() if name in fields}
    _require_columns(table, said)
    column_of = {name: column for name, column in said.items() if column in table.names}
    skipped = {name for name, column in said.items() if column not in table.names}
    skipped |= _coordinates_left_out(table, said)
    is_placed = not {*METRES, *DEGREES[0]}.isdisjoint(said)
    placing = {*METRES, *DEGREES[0], *DEGREES[1]} if is_placed else set()
    free = [name for name in table.names if name not in column_of.values()]
    exact = [name for name in free if name in fields and name not in {*column_of, *skipped, *placing}]
    column_of |= {name: name for name in exact}
    free = [name for name in free if name not in exact]
    units = options.units
    for field, other in (METRES, METRES[::-1], DEGREES[0], DEGREES[0][::-1]):
        if (
            field in column_of
            and other not in {*column_of, *skipped}
            and (mate := published_column(free, other))
        ):
            column_of[other] = mate  # lat beside lng
    if not is_placed and not any({*pair} & {*column_of} for pair in (METRES, *DEGREES)) and "x_m" in fields:
        pair, units = _published_places(table, free, units)
        column_of |= pair
    for field in fields:
        if field not in {*column_of, *skipped, *METRES, *DEGREES[0], *DEGREES[1]}:
            column = published_column([name for name in free if name not in column_of.values()], field)
            column_of |= {} if column is None else {field: column}
    renamed = _renamed(table, column_of, skipped)
    told = {
        field: column
        for field, column in column_of.items()
        if field not in said and bare_name(field) != bare_name(column)
    }
    told.pop("scan_id", None) if column_of.get("scan_id") == NO_NAME else None
    notes = renamed.notes
    if told:
        words = ", ".join(f"{column} as {field}" for field, column in told.items())
        notes = (
            *notes,
            f"columns are read by their names: {words}; if that is wrong, say --columns "
            f"{next(iter(told))}=...",
        )
    return replace(renamed, notes=notes), replace(options, units=units)


def _coordinates_left_out(table: LocatedTable, said: Mapping[str, str]) -> set[str]:
    """Return the columns of coordinates that the user leaves out; else they would pass for readings."""
    free = [name for name in table.names if name not in said.values()]
    fields = [field for field in (*METRES, *DEGREES[0]) if said.get(field) == ""]
    return {column for field in fields if (column := published_column(free, field)) is not None}


def published_column(names: Sequence[str], field: str) -> str | None:
    """Find the column that is known to hold a field.

    Parameters
    ----------
    names : sequence of str
        Columns.
    field : str
        One of `KNOWN_NAMES`.

    Returns
    -------
    str or None
        The column, if there is one.
    """
    by_bare_name = {bare_name(name): name for name in reversed(names)}
    return next((by_bare_name[known] for known in KNOWN_NAMES.get(field, ()) if known in by_bare_name), None)


def _published_places(
    table: LocatedTable, names: Sequence[str], units: Units
) -> tuple[dict[str, str], Units]:
    metres = {field: published_column(names, field) for field in METRES}
    degrees = {field: published_column(names, field) for field in DEGREES[0]}
    if None in metres.values():
        by_unit = {match["axis"][0] if match["axis"][0] in "xy" else match["axis"][-1]: (name, match["unit"])
                   for name in names if (match := _UNIT_BEHIND.fullmatch(bare_name(name)))}  # fmt: skip
        if by_unit.keys() == {"x", "y"}:
            length = METRES_IN[by_unit["x"][1]]
            chosen = Units(units.rss, length, units.time) if units.place == 1.0 else units
            return {"x_m": by_unit["x"][0], "y_m": by_unit["y"][0]}, chosen
    pairs = [
        (fields, pair)
        for fields, pair in ((METRES, metres), (DEGREES[0], degrees))
        if None not in pair.values()
    ]
    if not pairs:
        return {}, units
    fields, pair = pairs[0]
    columns = [str(pair[field]) for field in fields]
    if fields == DEGREES[0] and not _within_degrees(
        table, columns
    ):  # UJIIndoorLoc has metres under these names
        return {"x_m": columns[1], "y_m": columns[0]}, units
    return dict(zip(fields, columns, strict=True)), units


def _within_degrees(table: LocatedTable, columns: Sequence[str]) -> bool:
    for name, limit in zip(columns, (90.0, 180.0), strict=True):
        try:
            numbers = table.numbers(name, "")
        except BadInputError:
            return True
        if (np.abs(numbers[np.isfinite(numbers)]) > limit).any():
            return False
    return True


def _require_columns(table: LocatedTable, said: Mapping[str, str]) -> None:
    for field, column in said.items():
        if column and column not in table.names and (field, column) != ("scan_id", "row"):
            near = difflib.get_close_matches(column, table.names, n=3, cutoff=0.5)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            shown = ", ".join(table.names[:12]) + (", ..." if len(table.names) > 12 else "")
            raise table.error(f"there is no column {column!r} for {field}.{hint} The table has {shown}")


def _renamed(table: LocatedTable, column_of: Mapping[str, str], skipped: set[str]) -> LocatedTable:
    field_of = {column: field for field, column in column_of.items()}
    columns: dict[str, pa.ChunkedArray] = {}
    for name in table.names:
        if name in field_of:
            columns[field_of[name]] = table.columns[name]
        elif (
            name not in column_of and name not in skipped
        ):  # else another column has its name, or nothing has
            columns[name] = table.columns[name]
    titles = {field: table.titles.get(column, column) for field, column in column_of.items()}
    return replace(table, columns=pa.table(columns), titles={**table.titles, **titles})


def mapping_advice(table: LocatedTable, missing: Sequence[str]) -> str:
    """Propose the columns that are likely meant, ready to paste.

    Parameters
    ----------
    table : LocatedTable
        Table in which fields are missing.
    missing : sequence of str
        The fields.

    Returns
    -------
    str
        Advice with an option to paste.
    """
    likely = [name for name in table.names if name not in FIELDS and _may_be_coordinate(table, name)]
    pairs = [*zip(missing, likely, strict=False)] if len(likely) >= len(missing) else []
    option = ",".join(f"{field}={column}" for field, column in pairs) or ",".join(
        f"{field}=..." for field in missing
    )
    guess = "if these are the columns, give" if pairs else "name the columns with"
    return f"{guess} --columns '{option}', or write the same lines into a file beside, NAME.columns.toml"


def _may_be_coordinate(table: LocatedTable, name: str) -> bool:
    """Whether numbers of a column are no readings: some are positive, and they take several values."""
    try:
        numbers = table.numbers(name, "")
    except BadInputError:
        return False
    values = np.unique(numbers[np.isfinite(numbers)])
    n_filled = int(np.isfinite(numbers).sum())
    return n_filled == len(numbers) and len(values) > 1 and bool((values > 0).any()) and 100.0 not in values


def reading_of(value: object) -> tuple[str, object, str] | None:
    """Return what an object of JSON says of one reading.

    Parameters
    ----------
    value : object
        JSON value.

    Returns
    -------
    tuple or None
        Name or address of the access point, its strength, and its network's name; None if it is no reading.
    """
    if not isinstance(value, dict):
        return None
    names = [str(name) for name in value]
    ap, strength = (published_column(names, field) for field in ("ap", "rss_dbm"))
    if ap is None or strength is None or not isinstance(value[ap], str):
        return None
    network = next((value[name] for name in names if bare_name(name) in ("ssid", "networkname")), "")
    return value[ap], value[strength], network if isinstance(network, str) else ""
