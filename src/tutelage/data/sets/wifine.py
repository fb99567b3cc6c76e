"""WiFine (Khassanov et al., 2021): 290 walks through three floors of one building, a scan about every 5 s."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

import numpy as np
import pyarrow as pa
from scipy import sparse

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.forms.matrix_csv import CsvFile, read_table, sparse_rss
from tutelage.data.sparse_rows import csr as make_csr
from tutelage.runtime.frames import LocalFrame

__all__ = ["read", "read_split"]

_NOT_HEARD = -100.0
_FIRST_FLOOR = 4  # floorID 0 is floor 4 of the plans
_START = np.datetime64("1970-01-01T00:00:00", "ms")  # files give seconds since the start of their walk


def read(files: Mapping[str, CsvFile]) -> tuple[FingerprintSet, FingerprintSet]:
    """Read the walks to learn from and those to test with.

    A walk is a file. Its name stands in `user`, since the walkers are not named. Its times count from its
    start, in 1970.

    Parameters
    ----------
    files : mapping of str to CsvFile
        Files of `train/` and `test/` by name.

    Returns
    -------
    train, test : FingerprintSet
        Scans in one frame. Ids are walk and line, such as "train_454_e_2-017".

    Raises
    ------
    BadInputError
        If a file is malformed.
    """
    train = read_split(files, "train")
    return train, read_split(files, "test", frame=train.frame)


def read_split(
    files: Mapping[str, CsvFile], split: str, *, frame: LocalFrame | None = None
) -> FingerprintSet:
    """Read the walks of one folder.

    Parameters
    ----------
    files : mapping of str to CsvFile
        Files by name.
    split : str
        "train", "val" or "test".
    frame : LocalFrame, optional
        Frame of the positions. By default, one around them.

    Returns
    -------
    FingerprintSet
        As for `read`.

    Raises
    ------
    BadInputError
        If a file is malformed.
    """
    names = sorted(name for name in files if re.fullmatch(rf"(.*/)?{split}_[^/]*\.csv", name))
    walks = [PurePosixPath(name).stem for name in names]
    tables = [read_table(files[name], pa.float32(), header=True) for name in names]
    access_points = [name for name in tables[0].column_names if name.isdigit()]
    rss = sparse.vstack(
        [
            sparse_rss(table, access_points, not_heard=_NOT_HEARD, file=files[name], header=True)
            for table, name in zip(tables, names, strict=True)
        ],
        format="csr",
    )
    whole = pa.concat_tables(tables)
    column = {name: whole[name].to_numpy().astype(np.float64) for name in ("x", "y", "floorID", "timestamp")}
    return FingerprintSet.from_absolute(
        make_csr(rss.data, rss.indices, rss.indptr, rss.shape[1]),
        [f"wifine-ap{int(name):03d}" for name in access_points],
        np.concatenate([_scan_ids(*part) for part in zip(walks, tables, strict=True)]),
        np.column_stack([column["x"], column["y"]]),
        frame=frame,
        floor=(column["floorID"].astype(np.int64) + _FIRST_FLOOR).astype(np.str_),
        user=np.repeat(walks, [len(table) for table in tables]),
        time=_START + np.round(column["timestamp"] * 1000).astype("timedelta64[ms]"),
    )


def _scan_ids(walk: str, table: pa.Table) -> np.ndarray:
    return np.array([f"{walk}-{line:03d}" for line in range(1, len(table) + 1)])
