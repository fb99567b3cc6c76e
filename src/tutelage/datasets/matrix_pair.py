"""Matrix pairs: headerless RSS and coordinate files, one row a scan.

The format in which Torres-Sospedra et al. collect public data sets: PREFIX_trnrss.csv, PREFIX_trncrd.csv
and the same with tst; the coordinate columns are x, y, z (metres), floor, building.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from tutelage.datasets.matrix_csv import CsvFile, label_names, read_matrix, read_table, sparse_rss
from tutelage.errors import BadInputError
from tutelage.fingerprints import FingerprintSet, Survey
from tutelage.frames import LocalFrame

__all__ = ["pair_files", "read_pair", "read_split"]

_SUFFIXES = ("trnrss", "trncrd", "tstrss", "tstcrd")


def pair_files(path: str | Path) -> dict[str, CsvFile]:
    """The four files of the pair FOLDER/PREFIX, by name; they are opened when they are read."""
    path = Path(path)
    if not path.name:
        raise BadInputError("a matrix pair is named FOLDER/PREFIX, such as matrix:data/TUT6")
    return {f"{path.name}_{suffix}.csv": path.with_name(f"{path.name}_{suffix}.csv") for suffix in _SUFFIXES}


def read_pair(
    files: Mapping[str, CsvFile],
    prefix: str,
    *,
    not_heard: float = 100.0,
    epsg: int | None = None,
    licence: str = "",
) -> Survey:
    """Training and test scans of the pair `prefix`, in one frame.

    Columns have no names in these files; they are called "prefix-ap0001", ... so that the columns of two
    buildings are never taken for the same device.

    Parameters
    ----------
    files : readable files by name, see `pair_files`
    not_heard : the number that stands for "not heard"
    epsg : EPSG code of x and y, None for a building's own plan

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
    not_heard: float = 100.0,
    epsg: int | None = None,
    frame: LocalFrame | None = None,
) -> FingerprintSet:
    """The "train" or the "test" scans of a pair; scan ids carry the line number."""
    short = {"train": "trn", "test": "tst"}[split]
    rss_file, crd_file = files[f"{prefix}_{short}rss.csv"], files[f"{prefix}_{short}crd.csv"]
    table, coordinates = read_table(rss_file, pa.float32()), read_matrix(crd_file, n_columns=5)
    if len(table) != len(coordinates):
        raise BadInputError(
            f"{len(coordinates)} rows, {rss_file.name} has {len(table)}; one row is one scan in both",
            file=str(crd_file),
        )
    return FingerprintSet.from_absolute(
        sparse_rss(table, table.column_names, not_heard=not_heard, file=rss_file),
        [f"{prefix.lower()}-ap{j + 1:04d}" for j in range(table.num_columns)],
        np.array([f"{split}-{line}" for line in range(1, len(table) + 1)]),
        coordinates[:, :2],
        frame=frame,
        epsg=epsg,
        floor=label_names(coordinates[:, 3]),
        building=label_names(coordinates[:, 4]),
    )
