"""Scans that name their places, such as rooms, with coordinates or without.

A survey of named places alone has no coordinates. Its scans without a place are left out, since nothing can
be learnt from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from tutelage.data.forms.fields import DEGREES, METRES, PLACE
from tutelage.data.forms.form import LeftOut, ScanTables
from tutelage.data.forms.located_table import LocatedTable, number_in
from tutelage.data.forms.read_options import ReadOptions

__all__ = ["coordinates_left_out", "names_places", "of_places_alone_advice", "settle_places"]

_PAIRS = (METRES, *DEGREES)


def names_places(table: LocatedTable) -> bool:
    """Return whether any scan of a table names its place.

    Parameters
    ----------
    table : LocatedTable
        Table with fields for names.

    Returns
    -------
    bool
        False also where the column is empty.
    """
    return PLACE in table.names and bool((table.text(PLACE) != "").any())


def coordinates_left_out(options: ReadOptions, pair: Sequence[str]) -> bool:
    """Return whether the user leaves out a pair of coordinates, as `--columns x_m=,y_m=` does.

    Parameters
    ----------
    options : ReadOptions
        What the user says.
    pair : sequence of str
        Fields of the coordinates, one of the pairs of `fields`.

    Returns
    -------
    bool
        True if either of the two is left out.
    """
    said = DEGREES[0] if tuple(pair) in DEGREES else pair
    return any(options.columns.get(name) == "" for name in said)


def of_places_alone_advice(table: LocatedTable) -> str:
    """Say how a table with places and some coordinates becomes a survey of places alone.

    Parameters
    ----------
    table : LocatedTable
        Table with fields for names.

    Returns
    -------
    str
        End of a sentence, with an option to paste; "" if the table names no places.
    """
    pair = next((pair for pair in _PAIRS if set(pair) <= set(table.names)), None)
    if pair is None or not names_places(table):
        return ""
    said = ",".join(f"{name}=" for name in (DEGREES[0] if pair in DEGREES else pair))
    title = table.titles.get(PLACE, PLACE)
    return f", or leave all coordinates out and learn the places of column {title} alone: --columns '{said}'"


def settle_places(tables: ScanTables) -> ScanTables:
    """Leave out what says nothing of where scans were taken.

    These are coordinates that the user leaves out, coordinates that are all empty beside named places, and a
    column of places that is all empty. If positions or places are needed (`ReadOptions.located`) and there
    are no coordinates, scans without a place are left out too.

    Parameters
    ----------
    tables : ScanTables
        Tables of any form, with their options.

    Returns
    -------
    ScanTables
        The same, with what is left out.
    """
    options = tables.read_options
    table = tables.scans
    unwanted = [name for pair in _PAIRS if coordinates_left_out(options, pair) for name in pair]
    if not names_places(table):
        return replace(tables, scans=_without(table, [*unwanted, PLACE]))
    table = _without(table, unwanted)
    coordinates = [name for name in dict.fromkeys(sum(_PAIRS, ())) if name in table.names]
    if not all(_is_empty(table, name) for name in coordinates):
        return replace(tables, scans=table)
    tables = replace(tables, scans=_without(table, coordinates))
    return _without_unplaced(tables) if options.located else tables


def _without(table: LocatedTable, names: Sequence[str]) -> LocatedTable:
    present = [name for name in dict.fromkeys(names) if name in table.names]
    return replace(table, columns=table.columns.drop_columns(present)) if present else table


def _is_empty(table: LocatedTable, name: str) -> bool:
    numbers = (number_in(cell) for cell in np.unique(table.text(name)).tolist())
    return all(number is not None and np.isnan(number) for number in numbers)


def _without_unplaced(tables: ScanTables) -> ScanTables:
    table = tables.scans
    is_placed = table.text(PLACE) != ""
    if is_placed.all():
        return tables
    ids = table.text("scan_id")
    gone = LeftOut(
        "no_place",
        "scan",
        len(table),
        "no place",
        "name the place of each to learn from it",
        tuple(table.rows[~is_placed].tolist()),
        tuple(ids[~is_placed].tolist()),
    )
    readings = tables.readings
    if readings is not None:
        scan = readings.text("scan_id")
        readings = _selected(readings, ~np.isin(scan, ids[~is_placed]) | np.isin(scan, ids[is_placed]))
    return replace(
        tables,
        scans=_selected(table, is_placed),
        readings=readings,
        left_out=(*tables.left_out, gone),
    )


def _selected(table: LocatedTable, keep: np.ndarray) -> LocatedTable:
    files = [table.files[i] for i in np.flatnonzero(keep).tolist()] if table.files else ()
    return replace(table, columns=table.columns.filter(pa.array(keep)), rows=table.rows[keep], files=files)
