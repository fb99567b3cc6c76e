"""Keep finished cells on disk: figures in CSV files, with errors of each scan and teachers beside them.

    results/TABLE.csv             a row for each cell
    results/errors/HASH.parquet   its error on every test scan
    results/teachers.csv          a row for each teacher of all tables
    results/teachers/HASH.teacher

Only the process that runs a table writes here. A file appears whole or not at all.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tutelage.errors import BadInputError, FileFormatError
from tutelage.experiments.cell_work import SHARE_COLUMNS, FittedCell, TaughtCell
from tutelage.experiments.cells import Cell, TeacherCell
from tutelage.files.atomic import atomic_file, exclusive_lock

__all__ = ["COLUMNS", "TEACHER_COLUMNS", "Results", "Row", "TeacherFiles", "exclusive_writing"]

Row = dict[str, str]
_FIGURES = ("n_test", "mae_m", "median_m", "p75_m", "p95_m", "train_seconds")
_FARTHEST_CM = 2.0**52  # whole numbers are exact up to here
_COST = ("train_seconds", "commit", "cell")
_YOUNGER = ("coverage", "radius_m", "device", *SHARE_COLUMNS)
"""Older files do not have these columns. Their cells learnt no radii, ran on a processor, and did not measure
the share of each constraint in the gradient."""
_KEY = ("experiment", "target", "sources", "network", "method", "budget", "train_fraction", "seed")
_TEACHER_KEY = ("source", "network", "recipe", "permuted", "budget", "seed")
COLUMNS = (*_KEY, "n_test", "mae_m", "median_m", "p75_m", "p95_m", *_COST, *_YOUNGER)
TEACHER_COLUMNS = (
    *_TEACHER_KEY,
    "source_mae_m",
    "generator_mae_m",
    "centroid_mae_m",
    "angular_similarity",
    "spread",
    "diversity",
    *_COST,
)


class CellFile:
    """A CSV of finished cells. The column `cell` has the hash of each.

    Parameters
    ----------
    path : Path
        The CSV. The first cell creates it.
    key : sequence of str
        Columns that identify a row. A new row replaces the row with the same key.
    columns : sequence of str
        All columns in order.

    Raises
    ------
    FileFormatError
        If the file has other columns or a damaged row.
    """

    def __init__(self, path: Path, key: Sequence[str], columns: Sequence[str]) -> None:
        self.path = path
        self.key = tuple(key)
        self.columns = tuple(columns)
        rows = read_rows(path, self.columns)
        if rows is None:
            raise FileFormatError(f"{path} has other columns than this version writes; move it away")
        self.rows = {self._key_of(row): row for row in rows}

    def find(self, cell: str) -> Row | None:
        """Find a finished cell by its hash.

        Parameters
        ----------
        cell : str
            Hash of the cell.

        Returns
        -------
        Row or None
            The row of the cell; None if it is not finished.
        """
        return next((row for row in self.rows.values() if row["cell"] == cell), None)

    def add(self, row: Mapping[str, Any]) -> None:
        """Write the row of a finished cell.

        Parameters
        ----------
        row : mapping
            A value for every column.
        """
        whole = {name: str(row[name]) for name in self.columns}
        rows = self.rows | {self._key_of(whole): whole}
        with (
            atomic_file(self.path) as beside,
            beside.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, self.columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows.values())
        self.rows = rows

    def _key_of(self, row: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(row[name] for name in self.key)


def read_rows(path: Path, columns: Sequence[str]) -> list[Row] | None:
    """Read the rows of a CSV.

    Parameters
    ----------
    path : Path
        The CSV. A missing file has no rows.
    columns : sequence of str
        The columns that the file should have, in order.

    Returns
    -------
    list of Row or None
        The rows; None if the file has other columns.

    Raises
    ------
    FileFormatError
        If a row is too short or too long, or a figure of a cell is not a number or is below 0.
    """
    if not path.exists():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            younger = dict.fromkeys(_YOUNGER if columns == COLUMNS else (), "")
            file_columns = tuple(reader.fieldnames or ())
            if file_columns != tuple(name for name in columns if name in file_columns or name not in younger):
                return None
            rows: list[tuple[int, Row]] = [(reader.line_num, younger | row) for row in reader]
    except (UnicodeDecodeError, csv.Error):
        return None
    for line, row in rows:
        if None in row or None in row.values():
            raise FileFormatError(f"{path}, row {line} is too short or too long; mend it or move it away")
        if columns == COLUMNS:
            _require_figures(path, line, row)
    return [row for _, row in rows]


def _require_figures(path: Path, line: int, row: Row) -> None:
    for name in _FIGURES:
        try:
            good = float(row[name]) >= 0  # a training that diverged has inf
        except ValueError:
            good = False
        if not good:
            raise FileFormatError(
                f"{path}, row {line}, column {name} is {row[name]!r}; it must be a number of at least 0. "
                "Remove the row: its cell is then run again"
            )


@contextmanager
def exclusive_writing(folder: Path) -> Iterator[None]:
    """Lock a folder of results while a command writes in it.

    Two commands would undo each other's rows.

    Parameters
    ----------
    folder : Path
        Folder of results. It is created if it is missing.

    Raises
    ------
    BadInputError
        If another command has locked the folder, or it cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInputError(
            f"cannot write results into {folder}: {error.strerror}; name a folder with --out"
        ) from error
    with exclusive_lock(
        folder / ".lock",
        f"another command is writing results into {folder}; wait until it has ended, or give another --out",
    ):
        yield


class Results:
    """The finished cells of a table and of the tables beside it.

    Parameters
    ----------
    folder : Path
        Folder of all tables.
    table : str
        Name of this table.

    Raises
    ------
    FileFormatError
        If a file of results is damaged.
    """

    def __init__(self, folder: Path, table: str) -> None:
        self.table = table
        self._errors = folder / "errors"
        self._file = CellFile(folder / f"{table}.csv", _KEY, COLUMNS)
        self._other_tables: dict[str, Row] = {}
        for path in sorted(folder.glob("*.csv")):
            if path != self._file.path:
                self._other_tables |= {row["cell"]: row for row in read_rows(path, COLUMNS) or []}

    def row(self, cell: Cell) -> Row | None:
        """Find the row of a cell. A row of another table is copied into this one.

        Parameters
        ----------
        cell : Cell
            The cell.

        Returns
        -------
        Row or None
            The row; None if the cell is not finished.
        """
        key = cell.key(self.table)
        row = self._file.rows.get(tuple(key.values()))
        if row and row["cell"] == cell.hash:
            return row
        same = self._file.find(cell.hash) or self._other_tables.get(cell.hash)
        if same is None or not self._errors_file(cell.hash).exists():
            return None  # without its errors a row cannot be compared
        self._file.add({**same, **key})
        return self._file.rows[tuple(key.values())]

    def rows(self) -> list[Row]:
        """Return the rows of this table.

        Returns
        -------
        list of Row
            A row for each finished cell, at any length.
        """
        return [*self._file.rows.values()]

    def add(self, cell: Cell, fitted: FittedCell) -> None:
        """Write a finished cell. Its errors come first, so that every row has its errors.

        Parameters
        ----------
        cell : Cell
            The cell.
        fitted : FittedCell
            Its result.
        """
        self._errors.mkdir(parents=True, exist_ok=True)
        # A method that diverges can give positions that a whole number of centimetres cannot hold.
        centimetres = np.minimum(np.round(fitted.errors_m * 100), _FARTHEST_CM)
        column = pa.array(centimetres, mask=np.isnan(centimetres)).cast(pa.int64())
        with atomic_file(self._errors_file(cell.hash)) as beside:
            table = pa.table({"error_cm": column})
            pq.write_table(table, beside, compression="zstd", write_page_checksum=True)
        self._file.add({**cell.key(self.table), **fitted.figures, "cell": cell.hash})

    def errors_m(self, cell_hash: str) -> np.ndarray | None:
        """Read the errors of a cell.

        Parameters
        ----------
        cell_hash : str
            Hash of the cell.

        Returns
        -------
        array [n] or None
            Error on each test scan in metres, NaN for a scan without a position; None if the errors of the
            cell were not kept.

        Raises
        ------
        FileFormatError
            If the file of the errors is damaged.
        """
        path = self._errors_file(cell_hash)
        if not path.exists():
            return None
        try:
            column = pq.read_table(path, page_checksum_verification=True)["error_cm"].cast(pa.float64())
        except (pa.ArrowException, KeyError, OSError) as error:
            raise FileFormatError(f"{path} is damaged: {error}; remove it and its row") from error
        return np.asarray(column.to_numpy(), dtype=np.float64) / 100

    def _errors_file(self, cell_hash: str) -> Path:
        return self._errors / f"{cell_hash}.parquet"


class TeacherFiles:
    """The teachers of all tables in a folder.

    Parameters
    ----------
    folder : Path
        Folder of results.

    Raises
    ------
    FileFormatError
        If `teachers.csv` is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "teachers"
        self._file = CellFile(folder / "teachers.csv", _TEACHER_KEY, TEACHER_COLUMNS)

    def __contains__(self, cell: TeacherCell) -> bool:
        """Whether the file of a teacher exists."""
        return self._path(cell).exists()

    def read(self, cell: TeacherCell) -> bytes:
        """Read the content of a teacher's file.

        Parameters
        ----------
        cell : TeacherCell
            The teacher.

        Returns
        -------
        bytes
            The content.
        """
        return self._path(cell).read_bytes()

    def add(self, cell: TeacherCell, taught: TaughtCell) -> None:
        """Write a teacher. Its figures come first, since its file marks it as made.

        Parameters
        ----------
        cell : TeacherCell
            The teacher.
        taught : TaughtCell
            Its content and figures.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        key = {name: str(getattr(cell, name)) for name in _TEACHER_KEY}
        self._file.add({**key, **taught.figures, "cell": cell.hash})
        with atomic_file(self._path(cell)) as beside:
            beside.write_bytes(taught.content)

    def rows(self, cells: Iterable[TeacherCell] | None = None) -> list[Row]:
        """Return the figures of teachers. Their files need not exist any more.

        Parameters
        ----------
        cells : iterable of TeacherCell, optional
            The teachers; by default all that were ever made.

        Returns
        -------
        list of Row
            A row for each of them that was ever made.
        """
        by_hash = {row["cell"]: row for row in self._file.rows.values()}
        if cells is None:
            return [*by_hash.values()]
        hashes = dict.fromkeys(cell.hash for cell in cells)
        return [by_hash[cell_hash] for cell_hash in hashes if cell_hash in by_hash]

    def _path(self, cell: TeacherCell) -> Path:
        return self._folder / f"{cell.hash}.teacher"
