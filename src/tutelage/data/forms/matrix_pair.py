"""Matrix pairs: headerless RSS and coordinate files, one row a scan.

Torres-Sospedra et al. collect public data sets in this format: PREFIX_trnrss.csv, PREFIX_trncrd.csv and the
same with tst. The coordinate columns are x, y, z (metres), floor, building.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.forms.form import ScanTables
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.matrix_csv import CsvFile, label_names, read_matrix, read_table, sparse_rss
from tutelage.errors import BadInputError
from tutelage.runtime.frames import LocalFrame

__all__ = ["NOT_HEARD", "pair_files", "pair_tables", "read_pair", "read_split"]

NOT_HEARD = 100.0
"""Number that means "not heard" in the public pairs."""
_SUFFIXES = ("trnrss", "trncrd", "tstrss", "tstcrd")
_SHORT = {"train": "trn", "test": "tst"}
_COORDINATES = ("x_m", "y_m", "z_m", "floor", "building")


def pair_files(path: str | Path) -> dict[str, CsvFile]:
    """Return the four files of a pair by name; they are opened when they are read.

    Parameters
    ----------
    path : str or Path
        FOLDER/PREFIX.

    Returns
    -------
    dict of str to CsvFile
        Files by name.

    Raises
    ------
    BadInputError
        If there is no prefix.
    """
    path = Path(path)
    if not path.name:
        raise BadInputError("a matrix pair is named FOLDER/PREFIX, such as matrix:data/TUT6")
    return {f"{path.name}_{suffix}.csv": path.with_name(f"{path.name}_{suffix}.csv") for suffix in _SUFFIXES}


def read_pair(
    files: Mapping[str, CsvFile],
    prefix: str,
    *,
    not_heard: float = NOT_HEARD,
    epsg: int | None = None,
    licence: str = "",
) -> Survey:
    """Read training and test scans of a pair, in one frame.

    Columns have no names in these files. They become "prefix-ap0001", ... so that columns of two
    buildings never pass for the same device.

    Parameters
    ----------
    files : mapping of str to CsvFile
        Files by name (`pair_files`).
    prefix : str
        Prefix of their names.
    not_heard : float, default 100
        Number that means "not heard".
    epsg : int, optional
        EPSG code of x and y; None for a building's own plan.
    licence : str, default ""
        Licence of the data.

    Returns
    -------
    Survey
        Training and test scans.

    Raises
    ------
    BadInputError
        If a file is missing or malformed, or two files disagree.
    """
    train = read_split(files, prefix, "train", not_heard=not_heard, epsg=epsg)
    test = read_split(files, prefix, "test", not_heard=not_heard, frame=train.frame)
    if train.n_access_points != test.n_access_points:
        raise BadInputError(
            f"{test.n_access_points} columns, the training file has {train.n_access_points}; "
            "one column is one access point in both",
            file=str(files[f"{prefix}_tstrss.csv"]),
        )
    return Survey(prefix.lower(), train, test, licence)


def read_split(
    files: Mapping[str, CsvFile],
    prefix: str,
    split: str,
    *,
    not_heard: float = NOT_HEARD,
    epsg: int | None = None,
    frame: LocalFrame | None = None,
) -> FingerprintSet:
    """Read the training or the test scans of a pair.

    Parameters
    ----------
    files, prefix, not_heard, epsg
        As for `read_pair`.
    split : str
        "train" or "test"; scan ids are split-line.
    frame : LocalFrame, optional
        Frame of the positions; by default one around them.

    Returns
    -------
    FingerprintSet
        The scans.

    Raises
    ------
    BadInputError
        As for `read_pair`.
    """
    rss_file, crd_file = _split_files(files, prefix, split)
    table = read_table(rss_file, pa.float32())
    coordinates = read_matrix(crd_file, n_columns=5)
    if len(table) != len(coordinates):
        raise BadInputError(
            f"{len(coordinates)} rows, {rss_file.name} has {len(table)}; one row is one scan in both",
            file=str(crd_file),
        )
    return FingerprintSet.from_absolute(
        sparse_rss(table, table.column_names, not_heard=not_heard, file=rss_file),
        _access_points(prefix, table.num_columns),
        np.array(_scan_ids(split, len(table))),
        coordinates[:, :2],
        frame=frame,
        epsg=epsg,
        floor=label_names(coordinates[:, 3]),
        building=label_names(coordinates[:, 4]),
    )


def pair_tables(path: str | Path) -> ScanTables:
    """Read a pair cell by cell for the survey check, without checking it.

    Parameters
    ----------
    path : str or Path
        FOLDER/PREFIX.

    Returns
    -------
    ScanTables
        Training and test scans in one table.

    Raises
    ------
    BadInputError
        If a file is missing, or rows or files differ in length.
    """
    files = pair_files(path)
    prefix = Path(path).name
    parts = [_split_table(files, prefix, split) for split in _SHORT]
    if parts[0].names != parts[1].names:
        n_columns = [len(part.names) for part in parts]
        raise parts[1].error(f"{n_columns[1]} columns of both files, those of training have {n_columns[0]}")
    scans = LocatedTable(
        parts[0].file,
        pa.concat_tables([part.columns for part in parts]),
        np.concatenate([part.rows for part in parts]),
        files=[part.file for part in parts for _ in range(len(part))],
    )
    return ScanTables(prefix.lower(), scans)


def _split_table(files: Mapping[str, CsvFile], prefix: str, split: str) -> LocatedTable:
    """Return the scans of a split: readings, places and labels as text."""
    rss_file, crd_file = _split_files(files, prefix, split)
    readings, places = (read_table(file, pa.string()) for file in (rss_file, crd_file))
    located = LocatedTable(Path(str(rss_file)), readings, np.arange(1, len(readings) + 1))
    if (len(places), places.num_columns) != (len(readings), len(_COORDINATES)):
        raise located.error(
            f"{len(readings)} rows; {crd_file.name} has {len(places)} of {places.num_columns} columns, where "
            f"as many rows of {len(_COORDINATES)} are expected"
        )
    columns = {
        "scan_id": pa.array(_scan_ids(split, len(readings))),
        "split": pa.array([split] * len(readings)),
        **dict(zip(_COORDINATES, places.columns, strict=True)),
        **dict(
            zip(_access_points(prefix, readings.num_columns), map(_filled, readings.columns), strict=True)
        ),
    }
    return replace(located, columns=pa.table(columns).drop_columns(["z_m"]))


def _filled(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write a word into empty cells; elsewhere they mean "not heard", but here a number does."""
    return pc.if_else(pc.equal(pc.utf8_trim_whitespace(cells), ""), "(empty)", cells)


def _split_files(files: Mapping[str, CsvFile], prefix: str, split: str) -> tuple[CsvFile, CsvFile]:
    """Return the files of RSS and of coordinates."""
    return files[f"{prefix}_{_SHORT[split]}rss.csv"], files[f"{prefix}_{_SHORT[split]}crd.csv"]


def _access_points(prefix: str, n: int) -> list[str]:
    return [f"{prefix.lower()}-ap{j + 1:04d}" for j in range(n)]


def _scan_ids(split: str, n: int) -> list[str]:
    return [f"{split}-{line}" for line in range(1, n + 1)]
