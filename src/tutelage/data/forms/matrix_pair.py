"""Matrix pairs: headerless RSS and coordinate files, one row a scan.

Torres-Sospedra et al. collect public data sets in this format: PREFIX_trnrss.csv, PREFIX_trncrd.csv and the
same with tst. The coordinate columns are x, y, z (metres), floor, building.
"""

from __future__ import annotations

import glob
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
from tutelage.data.forms.not_heard import NotHeard
from tutelage.data.forms.read_options import ReadOptions
from tutelage.errors import BadInputError
from tutelage.runtime.frames import LocalFrame

__all__ = ["NOT_HEARD", "pair_files", "pair_tables", "read_pair", "read_split", "read_user_pair"]

NOT_HEARD = 100.0
"""Number that means "not heard" in the public pairs."""
_SUFFIXES = ("trnrss", "trncrd", "tstrss", "tstcrd")
_SHORT = {"train": "trn", "test": "tst"}
_KINDS = {"rss": ("rss", "wifi", "readings"), "crd": ("crd", "coord", "pos", "loc")}
_COORDINATES = {
    2: ("x_m", "y_m"),
    3: ("x_m", "y_m", "floor"),
    4: ("x_m", "y_m", "floor", "building"),
    5: ("x_m", "y_m", "z_m", "floor", "building"),
}


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
    not_heard: float | NotHeard = NOT_HEARD,
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
    not_heard : float or NotHeard, default 100
        Numbers that mean "not heard".
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
    if (train.floor is None, train.building is None) != (test.floor is None, test.building is None):
        raise BadInputError(
            f"has other columns than {prefix}_trncrd.csv; give floor and building in both, or in none",
            file=str(files[f"{prefix}_tstcrd.csv"]),
        )
    return Survey(prefix.lower(), train, test, licence)


def read_split(
    files: Mapping[str, CsvFile],
    prefix: str,
    split: str,
    *,
    not_heard: float | NotHeard = NOT_HEARD,
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
    coordinates = read_matrix(crd_file)
    names = _coordinate_names(coordinates.shape[1], crd_file)
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
        **{
            name: label_names(coordinates[:, names.index(name)])
            for name in ("floor", "building")
            if name in names
        },
    )


def _coordinate_names(n_columns: int, file: CsvFile) -> tuple[str, ...]:
    if n_columns not in _COORDINATES:
        raise BadInputError(
            f"{n_columns} columns; x, y, or x, y, z, floor, building are expected (or x, y, floor, or "
            f"x, y, floor, "
            "building)",
            file=str(file),
        )
    return _COORDINATES[n_columns]


def read_user_pair(path: str | Path, options: ReadOptions) -> Survey:
    """Read a pair of the user's, under the published names or under others.

    Beside PREFIX_trnrss.csv and the like, PREFIX_rss.csv with PREFIX_crd.csv are one split, and so
    are any two files of the prefix whose names say rss (or wifi) and crd (or coord, pos, loc). Coordinates
    are x and y, perhaps with z, floor and building.

    Parameters
    ----------
    path : str or Path
        FOLDER/PREFIX.
    options : ReadOptions
        Codes, by default 100, and the EPSG code.

    Returns
    -------
    Survey
        Training scans and, where there are any, test scans.

    Raises
    ------
    BadInputError
        As for `read_pair`; also where no files have the prefix.
    """
    code = options.not_heard or NotHeard.of(NOT_HEARD)
    files = _user_files(Path(path))
    prefix = Path(path).name
    if f"{prefix}_tstrss.csv" not in files:
        train = read_split(files, prefix, "train", not_heard=code, epsg=options.epsg)
        return Survey(prefix.lower(), train)
    return read_pair(files, prefix, not_heard=code, epsg=options.epsg)


def _user_files(path: Path) -> dict[str, CsvFile]:
    """Return the files of a pair by their published names: two of training, or four."""
    files = pair_files(path)
    there = {name: file for name, file in files.items() if file.is_file()}
    if not there:
        return _other_names(path)
    return there if all("_trn" in name for name in there) and len(there) == len(_KINDS) else files


def _other_names(path: Path) -> dict[str, CsvFile]:
    """Return the files of a prefix under the published names, by what their own names say."""
    there = sorted(path.parent.glob(f"{glob.escape(path.name)}*.csv")) if path.parent.is_dir() else []
    found: dict[str, CsvFile] = {}
    for file in there:
        words = file.stem[len(path.name) :].casefold()
        kind = next((kind for kind, names in _KINDS.items() if any(name in words for name in names)), None)
        split = "tst" if any(word in words for word in ("tst", "test", "val")) else "trn"
        if kind is not None:
            found.setdefault(f"{path.name}_{split}{kind}.csv", file)
    needed = [f"{path.name}_trn{kind}.csv" for kind in _KINDS]
    if any(name not in found for name in needed):
        shown = ", ".join(file.name for file in there) or "none"
        raise BadInputError(
            f"no files of readings and of coordinates begin with {path.name!r} (there: {shown}); name them "
            f"{path.name}_rss.csv and {path.name}_crd.csv, or {path.name}_trnrss.csv, _trncrd, "
            f"_tstrss, _tstcrd",
            file=path.parent,
        )
    if (f"{path.name}_tstrss.csv" in found) != (f"{path.name}_tstcrd.csv" in found):
        raise BadInputError(
            "of the test scans there is one file of two: readings and coordinates", file=str(path.parent)
        )
    return found


def pair_tables(path: str | Path, options: ReadOptions) -> ScanTables:
    """Read a pair cell by cell for the survey check, without checking it.

    Parameters
    ----------
    path : str or Path
        FOLDER/PREFIX.
    options : ReadOptions
        As for `read_user_pair`.

    Returns
    -------
    ScanTables
        Training and test scans in one table.

    Raises
    ------
    BadInputError
        If a file is missing, or rows or files differ in length.
    """
    files = _user_files(Path(path))
    prefix = Path(path).name
    splits = [split for split, short in _SHORT.items() if f"{prefix}_{short}rss.csv" in files]
    parts = [_split_table(files, prefix, split) for split in splits]
    if any(parts[0].names != part.names for part in parts):
        n_columns = [len(part.names) for part in parts]
        raise parts[1].error(f"{n_columns[1]} columns of both files, those of training have {n_columns[0]}")
    scans = LocatedTable(
        parts[0].file,
        pa.concat_tables([part.columns for part in parts]),
        np.concatenate([part.rows for part in parts]),
        files=[part.file for part in parts for _ in range(len(part))],
    )
    code = options.not_heard or NotHeard.of(NOT_HEARD)
    return ScanTables(prefix.lower(), scans, options=replace(options, not_heard=code))


def _split_table(files: Mapping[str, CsvFile], prefix: str, split: str) -> LocatedTable:
    """Return the scans of a split: readings, places and labels as text."""
    rss_file, crd_file = _split_files(files, prefix, split)
    readings, places = (read_table(file, pa.string()) for file in (rss_file, crd_file))
    located = LocatedTable(Path(str(rss_file)), readings, np.arange(1, len(readings) + 1))
    names = _coordinate_names(places.num_columns, crd_file)
    if len(places) != len(readings):
        raise located.error(
            f"{len(readings)} rows; {crd_file.name} has {len(places)}; one row is one scan in both"
        )
    columns = {
        "scan_id": pa.array(_scan_ids(split, len(readings))),
        "split": pa.array([split] * len(readings)),
        **dict(zip(names, places.columns, strict=True)),
        **dict(
            zip(_access_points(prefix, readings.num_columns), map(_filled, readings.columns), strict=True)
        ),
    }
    return replace(
        located, columns=pa.table({name: cells for name, cells in columns.items() if name != "z_m"})
    )


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
