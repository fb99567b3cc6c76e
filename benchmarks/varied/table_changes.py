"""Changes of tables: how else a table is written, and what it then holds."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from benchmarks.varied.tables import ADDRESS, VariedTable, plain_name
from benchmarks.varied.varied_text import Written
from tutelage.data.forms.known_columns import KNOWN_NAMES, bare_name
from tutelage.data.forms.located_table import number_in

__all__ = ["TABLE_CHANGES"]

_SILENT = ("", "NA", "NaN", "null", "None", "-", "n/a")
_CODES = ("100", "0", "-200", "-999", "127", "-110", "1")
_EXTRA = {"heading": "213", "tx_power": "-59", "comment": "by the door", "z": "-3.2", "count": "2"}
_OFTEN = 0.8  # what is left is always refused, which is tested soon
_FEW = 0.05  # of all cells; a reading may be so common
_PIXELS = 50  # in a metre; such a survey is of no impossible size
_SMALL_M = 10.0  # extent; in centimetres it is that of a large site


# -- nothing that is read changes -----------------------------------------------------------------


def _columns_shuffled(table: VariedTable, generator: random.Random) -> None:
    order = generator.sample(table.columns, len(table.header))
    table.header = [table.header[j] for j in order]
    table.cells = [[row[j] for j in order] for row in table.cells]


def _column_renamed(table: VariedTable, generator: random.Random) -> None:
    found = {name: column for name in KNOWN_NAMES if (column := table.column_of(name)) is not None}
    if not found:
        return
    name, column = generator.choice([*found.items()])
    bare = generator.choice(KNOWN_NAMES[name])
    others = {bare_name(title) for j, title in enumerate(table.header) if j != column}
    if bare in others or bare in ("unnamed0", "noname"):
        return
    table.header[column] = generator.choice([bare, bare.upper(), bare.capitalize()])


def _address_spelled(table: VariedTable, generator: random.Random) -> None:
    spell = generator.choice(
        [
            str.upper,
            lambda name: name.replace(":", "-"),
            lambda name: f"{name};net 1",
            lambda name: f"net ({name})",
        ]
    )
    for j in table.access_points:
        if ADDRESS.fullmatch(table.header[j]):
            table.header[j] = spell(table.header[j])


def _address_doubled(table: VariedTable, generator: random.Random) -> None:
    plain = [plain_name(name) for name in table.header]
    addresses = [
        j
        for j in table.access_points
        if ADDRESS.fullmatch(table.header[j].strip()) and plain.count(plain[j]) == 1
    ]
    if not addresses:
        return
    column = generator.choice(addresses)
    name = table.header[column]
    table.header.append(name.upper() if name != name.upper() else name.replace(":", "-"))
    for row in table.cells:
        row.append(row[column])


def _column_doubled(table: VariedTable, generator: random.Random) -> None:
    """Double a column as a spreadsheet does, or as pandas does; another name would be another reading."""
    column = generator.choice(table.columns)
    name = table.header[column]
    others = [j for j in table.columns if plain_name(table.header[j]) == plain_name(name)]
    is_other = column in table.access_points and not ADDRESS.fullmatch(name.strip())
    if is_other or len(others) > 1:
        return
    table.header.append(f"{name}.1" if generator.random() < _OFTEN else name)
    for row in table.cells:
        row.append(row[column])


def _delimited(table: VariedTable, generator: random.Random) -> None:
    table.delimiter = generator.choice([",", ";", "\t", "|"])
    table.quote_all = generator.random() < 0.3


def _blanks(table: VariedTable, generator: random.Random) -> None:
    left, right = generator.choice([(" ", ""), ("", " "), ("\u00a0", "")])
    table.header = [f"{left}{name}{right}" for name in table.header]
    table.cells = [[f"{left}{cell}{right}" for cell in row] for row in table.cells]


def _silent_word(table: VariedTable, generator: random.Random) -> None:
    word = generator.choice(_SILENT)
    for row in table.cells:
        for j in table.access_points:
            row[j] = row[j] if row[j].strip() else word


def _with_unit(table: VariedTable, generator: random.Random) -> None:
    unit = generator.choice(["dBm", " dBm", " dbm"])
    if not {"unit", "not_heard"} & {*table.done, *table.options}:
        table.map_readings(lambda dbm: f"{dbm:.9g}{unit}")
    table.done.add("unit")


def _minus_sign(table: VariedTable, _: random.Random) -> None:
    if not {"unit", "not_heard"} & {*table.done, *table.options}:
        table.map_readings(lambda dbm: f"{dbm:.9g}".replace("-", "\u2212"))
    table.done.add("unit")


def _extra_column(table: VariedTable, generator: random.Random) -> None:
    name = generator.choice([*_EXTRA])
    if name in map(bare_name, table.header):
        return
    table.header.append(name)
    for row in table.cells:
        row.append(_EXTRA[name])


def _preamble(table: VariedTable, generator: random.Random) -> None:
    table.before += generator.choice(["# of 1 May\n", "\n", f"sep={table.delimiter}\n"])


def _rows_shuffled(table: VariedTable, generator: random.Random) -> None:
    order = generator.sample(range(len(table.cells)), len(table.cells))
    table.cells = [table.cells[i] for i in order]
    if table.rows is not None:
        table.rows = [table.rows[i] for i in order]


def _time_written(table: VariedTable, generator: random.Random) -> None:
    column, time = table.column_of("time"), table.scans.time
    if column is None or time is None or table.rows is None or "time" in table.options.get("units", ""):
        return
    millisecond = time.astype("datetime64[ms]").astype(np.int64)
    ways: list[Callable[[int], str]] = [
        lambda i: str(time[i]),
        lambda i: str(time[i]).replace("T", " "),
        lambda i: f"{time[i]}Z",
        lambda i: f"{millisecond[i] / 1000:.3f}",
        lambda i: f"{millisecond[i]}",
        lambda i: f"{millisecond[i]}000",
        lambda i: f"{millisecond[i]}000000",
    ]
    write = generator.choice(ways)
    if not np.isnat(time).any():
        for i, row in zip(table.rows, table.cells, strict=True):
            row[column] = write(i)


# -- an option says what changes, or nobody does --------------------------------------------------


def _code(table: VariedTable, generator: random.Random) -> None:
    code = generator.choice(_CODES)
    is_silent = [not row[j].strip() for row in table.cells for j in table.access_points]
    readings = {number_in(row[j].strip()) for row in table.cells for j in table.access_points}
    if float(code) in readings:  # as 100 percent
        return
    if not any(is_silent) or table.done & {"unit", "percent"} or not table.say("not_heard", code, generator):
        return
    table.done.add("unit")
    if table.is_unsaid and np.mean(is_silent) <= _FEW:
        table.written = Written(code=float(code))
    for row in table.cells:
        for j in table.access_points:
            row[j] = row[j] if row[j].strip() else code


def _percent(table: VariedTable, generator: random.Random) -> None:
    if _in_unit(table, generator, "percent", lambda dbm: min(2 * (dbm + 100), 100.0), faintest_dbm=-99.5):
        table.strongest_dbm = -50.0


def _unsigned(table: VariedTable, generator: random.Random) -> None:
    _in_unit(table, generator, "unsigned", lambda dbm: -dbm, faintest_dbm=-120.0)


def _in_unit(
    table: VariedTable,
    generator: random.Random,
    unit: str,
    convert: Callable[[float], float],
    faintest_dbm: float,
) -> bool:
    if not table.strengths or table.scans.rss_dbm.data.min(initial=0.0) < faintest_dbm:
        return False
    if "unit" in table.done or "not_heard" in table.options:
        return False
    if not table.say("units", f"rss={unit}", generator):
        return False
    table.done.add("unit")
    table.map_readings(lambda value: f"{convert(value):.9g}")
    return True


def _place_unit(table: VariedTable, generator: random.Random) -> None:
    found = [table.column_of(name) for name in ("x_m", "y_m")]
    columns = [j for j in found if j is not None]
    if len(columns) < 2 or any(number_in(row[j].strip()) is None for row in table.cells for j in columns):
        return
    unit, factor = generator.choice([("mm", 1000.0), ("cm", 100.0), ("0.05", 20.0), ("feet", 1 / 0.3048)])
    if not table.say("units", f"place={unit}", generator):
        return
    for row in table.cells:
        for j in columns:
            row[j] = f"{(number_in(row[j].strip()) or 0.0) * factor:.9f}"
    position_m = table.scans.position_m
    extent_m = 0.0 if position_m is None else float(np.ptp(position_m, axis=0).max())
    if table.is_unsaid:
        table.written = Written(factor)
        table.must_be_told = factor > _PIXELS and extent_m >= _SMALL_M


def _other_coordinates(table: VariedTable, _: random.Random) -> None:
    """Write metres under the names of degrees, or degrees under those of metres; nobody says so."""
    for one, other in ((("x_m", "y_m"), ("lon", "lat")), (("lon", "lat"), ("x_m", "y_m"))):
        columns = [table.column_of(name) for name in one]
        if None not in columns and not any(table.column_of(name) for name in other):
            table.is_unsaid = True
            for column, name in zip(columns, other, strict=True):
                assert column is not None
                table.header[column] = name
            return


# -- other scans ----------------------------------------------------------------------------------


def _rows_cut(table: VariedTable, generator: random.Random) -> None:
    share = generator.choice([0.02, 0.2, 0.7])
    keep = [i for i in range(len(table.cells)) if generator.random() > share]
    table.cells = [table.cells[i] for i in keep]
    table.is_part = True
    if table.rows is not None:
        table.rows = [table.rows[i] for i in keep]


def _row_doubled(table: VariedTable, generator: random.Random) -> None:
    if not table.cells or (table.has_ids and generator.random() < _OFTEN):
        return
    i = generator.randrange(len(table.cells))
    table.cells.append([*table.cells[i]])
    if table.rows is not None:
        table.rows.append(table.rows[i])


TABLE_CHANGES: dict[str, Callable[[VariedTable, random.Random], None]] = {
    "columns shuffled": _columns_shuffled,
    "column renamed": _column_renamed,
    "address spelled": _address_spelled,
    "address doubled": _address_doubled,
    "column doubled": _column_doubled,
    "delimiter": _delimited,
    "blanks": _blanks,
    "silent word": _silent_word,
    "unit behind": _with_unit,
    "minus sign": _minus_sign,
    "extra column": _extra_column,
    "preamble": _preamble,
    "time written": _time_written,
    "rows shuffled": _rows_shuffled,
    "code": _code,
    "percent": _percent,
    "unsigned": _unsigned,
    "unit of places": _place_unit,
    "names of other coordinates": _other_coordinates,
    "rows cut": _rows_cut,
    "row doubled": _row_doubled,
}
