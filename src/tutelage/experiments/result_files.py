"""Finished cells on disk: figures in CSV files in long form, errors of each scan and teachers beside them.

    results/TABLE.csv             a row a cell
    results/errors/HASH.parquet   its error on every test scan
    results/teachers.csv          a row a teacher, of all tables
    results/teachers/HASH.teacher

The process that runs a table is the only one that writes here; what it writes appears whole or not at all.
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
from tutelage.experiments.cell_work import Fitted, Taught
from tutelage.experiments.cells import Cell, TeacherCell
from tutelage.files.atomic import held_alone, replaced_file

__all__ = ["COLUMNS", "TEACHER_COLUMNS", "Results", "Row", "TeacherFiles", "written_alone"]

Row = dict[str, str]
_FIGURES = ("n_test", "mae_m", "median_m", "p75_m", "p95_m", "train_seconds")
_FARTHEST_CM = 2.0**52  # whole numbers are exact up to here
_COST = ("train_seconds", "commit", "cell")
_YOUNGER = ("coverage", "radius_m", "device")
"""Files from before have no such columns: no radii were learnt, and all ran on a processor."""
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
    """A CSV of finished cells, found again by their hash (column `cell`).

    Parameters
    ----------
    path : the CSV; made with the first cell
    key : columns that no two rows share: a new row takes the place of the one with its key
    columns : all columns, in order
    """

    def __init__(self, path: Path, key: Sequence[str], columns: Sequence[str]) -> None:
        self.path, self.key, self.columns = path, tuple(key), tuple(columns)
        rows = read_rows(path, self.columns)
        if rows is None:
            raise FileFormatError(f"{path} has other columns than this version writes; move it away")
        self.rows = {self._key_of(row): row for row in rows}

    def find(self, cell: str) -> Row | None:
        """A finished cell with this hash, if there is one."""
        return next((row for row in self.rows.values() if row["cell"] == cell), None)

    def add(self, row: Mapping[str, Any]) -> None:
        """Keep a finished cell, at once and whole."""
        whole = {name: str(row[name]) for name in self.columns}
        rows = self.rows | {self._key_of(whole): whole}
        with (
            replaced_file(self.path) as beside,
            beside.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, self.columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows.values())
        self.rows = rows

    def _key_of(self, row: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(row[name] for name in self.key)


def read_rows(path: Path, columns: Sequence[str]) -> list[Row] | None:
    """The rows of a CSV, none if there is no such file; None if it has other columns.

    Raises
    ------
    FileFormatError
        If a row is too short or too long, or a figure of a table's cell is no number, or below 0.
    """
    if not path.exists():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            younger = dict.fromkeys(_YOUNGER if columns == COLUMNS else (), "")
            there = tuple(reader.fieldnames or ())
            if there != tuple(name for name in columns if name in there or name not in younger):
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
            good = float(row[name]) >= 0  # inf: a training that diverged
        except ValueError:
            good = False
        if not good:
            raise FileFormatError(
                f"{path}, row {line}, column {name} is {row[name]!r}; it must be a number of at least 0. "
                "Remove the row: its cell is then run again"
            )


@contextmanager
def written_alone(folder: Path) -> Iterator[None]:
    """Hold a folder of results while a command writes in it: two would undo each other's rows.

    Raises
    ------
    BadInputError
        If another command holds it, or the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInputError(
            f"cannot write results into {folder}: {error.strerror}; name a folder with --out"
        ) from error
    with held_alone(
        folder / ".lock",
        f"another command is writing results into {folder}; wait until it has ended, or give another --out",
    ):
        yield


class Results:
    """The finished cells of a table, and those of the tables beside it.

    Parameters
    ----------
    folder : where all tables are
    table : this one's name
    """

    def __init__(self, folder: Path, table: str) -> None:
        self.table, self._errors = table, folder / "errors"
        self._file = CellFile(folder / f"{table}.csv", _KEY, COLUMNS)
        self._of_others: dict[str, Row] = {}
        for path in sorted(folder.glob("*.csv")):
            if path != self._file.path:
                self._of_others |= {row["cell"]: row for row in read_rows(path, COLUMNS) or []}

    def row(self, cell: Cell) -> Row | None:
        """The cell's row if it is finished, here or in another table, from which it is then copied."""
        key = cell.key(self.table)
        known = self._file.rows.get(tuple(key.values()))
        if known and known["cell"] == cell.hash:
            return known
        same = self._file.find(cell.hash) or self._of_others.get(cell.hash)
        if same is None or not self._errors_file(cell.hash).exists():
            return None  # a row without its errors has nothing to be compared with
        self._file.add({**same, **key})
        return self._file.rows[tuple(key.values())]

    def add(self, cell: Cell, fitted: Fitted) -> None:
        """Keep a finished cell: its errors first, so that no row is without."""
        self._errors.mkdir(parents=True, exist_ok=True)
        # A method that runs away may answer from beyond the sun.
        centimetres = np.minimum(np.round(fitted.errors_m * 100), _FARTHEST_CM)
        column = pa.array(centimetres, mask=np.isnan(centimetres)).cast(pa.int64())
        with replaced_file(self._errors_file(cell.hash)) as beside:
            table = pa.table({"error_cm": column})
            pq.write_table(table, beside, compression="zstd", write_page_checksum=True)
        self._file.add({**cell.key(self.table), **fitted.figures, "cell": cell.hash})

    def errors_m(self, cell_hash: str) -> np.ndarray | None:
        """[n] error on each test scan (NaN: no position); None for a cell whose errors were not kept."""
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
    """The teachers of all tables in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "teachers"
        self._file = CellFile(folder / "teachers.csv", _TEACHER_KEY, TEACHER_COLUMNS)

    def __contains__(self, cell: TeacherCell) -> bool:
        return self._path(cell).exists()

    def read(self, cell: TeacherCell) -> bytes:
        """The content of a teacher's file."""
        return self._path(cell).read_bytes()

    def add(self, cell: TeacherCell, taught: Taught) -> None:
        """Keep a teacher: its figures, then its file, by which it counts as made."""
        self._folder.mkdir(parents=True, exist_ok=True)
        key = {name: str(getattr(cell, name)) for name in _TEACHER_KEY}
        self._file.add({**key, **taught.figures, "cell": cell.hash})
        with replaced_file(self._path(cell)) as beside:
            beside.write_bytes(taught.content)

    def rows(self, cells: Iterable[TeacherCell]) -> list[Row]:
        """The figures of those of `cells` that were ever made; their files may be gone."""
        by_hash = {row["cell"]: row for row in self._file.rows.values()}
        wanted = dict.fromkeys(cell.hash for cell in cells)
        return [by_hash[cell_hash] for cell_hash in wanted if cell_hash in by_hash]

    def _path(self, cell: TeacherCell) -> Path:
        return self._folder / f"{cell.hash}.teacher"
