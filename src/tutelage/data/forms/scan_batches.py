"""Scans of a large Parquet table, batch after batch, read as the whole table would be.

What a table as a whole decides (which columns are access points, whether ids repeat, which numbers are no
readings) is found first, in one pass over it. The ids and times of all scans are held at once in that pass,
their readings never.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tutelage.data.forms import table as table_form
from tutelage.data.forms.access_point_columns import left_out_note, name_says, with_access_points
from tutelage.data.forms.all_forms import FORMS
from tutelage.data.forms.delimited import require_names
from tutelage.data.forms.fields import FIELDS
from tutelage.data.forms.form import Note, ScanTables
from tutelage.data.forms.heard_numbers import HeardNumbers
from tutelage.data.forms.known_columns import published_column, with_fields
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.read_options import ReadOptions
from tutelage.data.forms.strengths import out_of_range, strangers_among
from tutelage.data.forms.table import readings_beside, require_places, with_ids
from tutelage.data.forms.table_file import PARQUET, unreadable_parquet
from tutelage.data.forms.table_readings import (
    RSS_RULE,
    common_value_note,
    heard_dbm,
    read_readings,
    stranger_message,
)
from tutelage.data.forms.times import read_times
from tutelage.data.forms.user_table import scan_ids, tell
from tutelage.runtime.scan_rows import ScanRows

__all__ = ["BATCH_SCANS", "ScanBatches", "scan_batches"]

BATCH_SCANS = 20_480
"""Scans of a batch; a multiple of what methods take at a time."""
_BLOCK = 1024
_BATCH_CELLS = 1 << 22  # 100 MB while they are read
_BUFFER_BYTES = 1 << 20  # of a compressed column that is read ahead


def scan_batches(path: str | Path, options: ReadOptions, *, n_scans: int | None = None) -> ScanBatches | None:
    """Open a table to locate its scans batch after batch.

    Parameters
    ----------
    path : str or Path
        The user's own file.
    options : ReadOptions
        As for `read_scans`.
    n_scans : int, optional
        Scans of a batch; of a table with many columns fewer. By default `BATCH_SCANS`.

    Returns
    -------
    ScanBatches or None
        None where the file must be read whole by `read_scan_rows`: it has one batch, is no Parquet table with
        a row a scan, holds text for readings, or has readings in other units than dBm.

    Raises
    ------
    BadInputError
        If a cell breaks a rule, as `read_scans` would say it.

    Warns
    -----
    LeftOutWarning, ReadAsWarning
        As `read_scans` does.
    """
    path = Path(path)
    if not _is_plain_parquet(path) or options.columns.get("ap") or options.columns.get("rss_dbm"):
        return None
    options = replace(options, located=False).with_file_beside(path)
    try:
        with _opened(path) as file:
            schema, n_rows = file.schema_arrow, file.metadata.num_rows
    except (pa.ArrowException, OSError):
        return None  # read whole, its error is told
    require_names(path, list(schema.names))
    n_scans = min(n_scans or BATCH_SCANS, max(_BLOCK, _BATCH_CELLS // len(schema) // _BLOCK * _BLOCK))
    is_long = all(published_column(schema.names, name) for name in ("ap", "rss_dbm"))
    if n_rows <= n_scans or is_long or options.units.rss != "dbm":
        return None
    return _settled(_Columns(path, n_rows, n_scans, tuple(schema.names)), schema, options)


def _is_plain_parquet(path: Path) -> bool:
    if not path.is_file() or readings_beside(path)[1].is_file():
        return False
    try:
        with path.open("rb") as file:
            begin = file.read(len(PARQUET))
    except OSError:  # read whole, its error is told
        return False
    return begin == PARQUET and next(form for form in FORMS if form.recognises(path)) is table_form.FORM


def _opened(path: Path) -> pq.ParquetFile:
    return pq.ParquetFile(path, buffer_size=_BUFFER_BYTES, pre_buffer=False)


@dataclass(frozen=True)
class _Columns:
    """Some columns of a file.

    Parameters
    ----------
    path : Path
        The file.
    n_rows : int
        Number of all rows.
    n_batch : int
        Rows of a batch, at least, but for the last.
    names : tuple of str
        Columns in the order of the file.
    titles : mapping of str to str
        The file's own names of those that have other names here.
    """

    path: Path
    n_rows: int
    n_batch: int
    names: tuple[str, ...]
    titles: Mapping[str, str] = field(default_factory=dict)

    def of(self, names: Sequence[str]) -> _Columns:
        """Return some of the columns."""
        return replace(self, names=tuple(names))

    def batches(self) -> Iterator[LocatedTable]:
        """Yield rows as tables: small groups of rows together, large ones in parts."""
        held: list[pa.RecordBatch] = []
        first = 0
        try:
            with _opened(self.path) as file:
                for batch in file.iter_batches(self.n_batch, columns=self._sources):
                    held.append(batch)
                    n = sum(each.num_rows for each in held)
                    if n >= self.n_batch or first + n == self.n_rows:
                        yield self._table(pa.Table.from_batches(held), first)
                        held, first = [], first + n
        except (pa.ArrowException, OSError) as error:
            raise unreadable_parquet(self.path, error) from error

    def whole(self) -> LocatedTable:
        """Return all rows."""
        try:
            with _opened(self.path) as file:
                return self._table(file.read(self._sources), 0)
        except (pa.ArrowException, OSError) as error:
            raise unreadable_parquet(self.path, error) from error

    @property
    def _sources(self) -> list[str]:
        return [self.titles.get(name, name) for name in self.names]

    def _table(self, columns: pa.Table, first: int) -> LocatedTable:
        columns = columns.select(self._sources).rename_columns(self.names)
        rows = np.arange(first + 1, first + len(columns) + 1)
        return LocatedTable(self.path, columns, rows, titles=self.titles)


@dataclass(frozen=True)
class ScanBatches:
    """Scans of a table whose cells have been checked.

    Parameters
    ----------
    columns : _Columns
        Ids, if the table has any, and access points.
    options : ReadOptions
        How they are read.
    """

    columns: _Columns
    options: ReadOptions

    @property
    def n_scans(self) -> int:
        """Number of all scans."""
        return self.columns.n_rows

    @property
    def n_batches(self) -> int:
        """Number of batches, at most."""
        return -(-self.columns.n_rows // self.columns.n_batch)

    def __iter__(self) -> Iterator[ScanRows]:
        """Yield the scans of one batch after the other, in the order of the file."""
        for batch in self.columns.batches():
            yield self._scans(batch)

    def _scans(self, batch: LocatedTable) -> ScanRows:
        scans, _ = with_access_points(with_ids(batch, in_user_words=True), self.options)
        ids = scans.text("scan_id")
        readings = read_readings(ScanTables("", scans, options=self.options), ids)
        return ScanRows(readings.rss_dbm, readings.access_points, ids)


def _settled(columns: _Columns, schema: pa.Schema, options: ReadOptions) -> ScanBatches | None:
    """Decide what the table as a whole decides, and tell of it."""
    in_user_words = "scan_id" in {*columns.names, *options.columns}
    head, options = with_fields(next(columns.batches()), options)
    columns = replace(columns, names=tuple(head.names), titles=head.titles)
    require_places(head, options)
    said = name_says([name for name in head.names if name not in FIELDS], options.access_points)
    kept = [name for name in said if said[name] is not False]
    if not kept or not _are_readable(columns, schema, kept):
        return None
    ids, has_ids = _checked_ids(columns, in_user_words=in_user_words)
    numbers = _numbers(columns.of(kept), options)
    gone = {name for name in kept if said[name] is None and numbers.holds_no_readings(name)}
    if gone:
        kept = [name for name in kept if name not in gone]
        numbers = _numbers(columns.of(kept), options)
    if not kept:
        return None
    reasons = {name: "values" if name in gone else "name" for name in said if name not in kept}
    notes = [left_out_note(len(kept), reasons)] if reasons else []
    head = replace(head, columns=head.columns.drop_columns([*reasons]), notes=(*head.notes, *ids.notes))
    scans, joined = with_access_points(head, options)
    n_cells = columns.n_rows * sum(name not in FIELDS for name in scans.names)
    _require_readings(columns.of(kept), numbers, n_cells, options)
    others = (*common_value_note(*numbers.counted(), n_cells), *_time_note(columns, options))
    tell(ScanTables("", scans, notes=(*notes, *joined), options=options), others)
    return ScanBatches(columns.of([*(["scan_id"] if has_ids else []), *kept]), options)


def _are_readable(columns: _Columns, schema: pa.Schema, kept: Sequence[str]) -> bool:
    """Return whether every cell of access points is a number, and every field has one value."""
    kinds = {name: schema.field(columns.titles.get(name, name)).type for name in columns.names}
    are_numbers = (
        pa.types.is_integer(kinds[name]) or pa.types.is_floating(kinds[name]) or pa.types.is_null(kinds[name])
        for name in kept
    )
    return all(are_numbers) and not any(map(pa.types.is_nested, kinds.values()))


def _checked_ids(columns: _Columns, *, in_user_words: bool) -> tuple[LocatedTable, bool]:
    """Return the ids of all scans, and whether they are the table's own."""
    if "scan_id" not in columns.names:
        return LocatedTable(columns.path, pa.table({}), np.empty(0, dtype=np.int64)), False
    own = columns.of(["scan_id"]).whole()
    table = with_ids(own, in_user_words=in_user_words)
    scan_ids(table)
    return table, table is own


def _numbers(columns: _Columns, options: ReadOptions) -> HeardNumbers:
    numbers = HeardNumbers()
    for batch in columns.batches():
        for name in columns.names:
            numbers.add(name, _heard(batch, name, options)[1])
    return numbers


def _heard(batch: LocatedTable, name: str, options: ReadOptions) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of a batch in which an access point is heard, and what is heard there."""
    cells = heard_dbm(batch.numbers(name, RSS_RULE).astype(np.float32), options)
    rows = np.flatnonzero(~np.isnan(cells))
    return rows, cells[rows]


def _require_readings(columns: _Columns, numbers: HeardNumbers, n_cells: int, options: ReadOptions) -> None:
    """Refuse numbers that no receiver measures, at the first in the file."""
    strangers = strangers_among(*numbers.counted(), n_cells)
    if strangers is None:
        return
    for batch in columns.batches():
        places = []
        for name in columns.names:
            rows, heard = _heard(batch, name, options)
            places += [(int(rows[i]), name, float(heard[i])) for i in np.flatnonzero(out_of_range(heard))[:1]]
        if places:
            row, name, value = min(places, key=lambda place: place[0])
            raise batch.error(stranger_message(strangers, value), row, name)
    raise batch.error(stranger_message(strangers, None))


def _time_note(columns: _Columns, options: ReadOptions) -> list[Note]:
    if "time" not in columns.names:
        return []
    _, note = read_times(columns.of(["time"]).whole(), "time", options.units.time)
    return [Note("time", note)] if note else []
