"""UJI library (Mendoza-Silva et al., 2018): two floors of a library over 25 months, 620 access points.

Each month has training files trnNN and test files tstNN, each in four parts (rss, crd, tms, ids). Six rows
of the first month's training file 14 carry floor 0, which the library does not have; they are dropped.
Another phone took the last month.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

import numpy as np
import pyarrow as pa
from scipy import sparse

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.forms.matrix_csv import CsvFile, label_names, read_matrix, read_table, sparse_rss
from tutelage.data.sparse_rows import csr as make_csr
from tutelage.errors import BadInputError
from tutelage.runtime.frames import LocalFrame

__all__ = ["DEFAULT_MONTHS", "month_pattern", "parse_months", "read"]

DEFAULT_MONTHS = (1,)
_ALL_MONTHS = range(1, 26)
_NOT_HEARD = 100.0
_NO_FLOOR = 0.0


def parse_months(months: str | Iterable[int]) -> tuple[int, ...]:
    """Parse months of the library.

    Parameters
    ----------
    months : str or iterable of int
        Text such as "1", "1-25" or "1,3", or numbers.

    Returns
    -------
    tuple of int
        Months in order, each once.

    Raises
    ------
    BadInputError
        If the text has another form or a month is outside 1 to 25.
    """
    if isinstance(months, str):
        spans = [re.fullmatch(r"(\d+)(?:-(\d+))?", part.strip()) for part in months.split(",")]
        numbers = {m for span in spans if span for m in range(int(span[1]), int(span[2] or span[1]) + 1)}
    else:
        spans = []
        numbers = set(months)
    if None in spans or not numbers or not numbers <= set(_ALL_MONTHS):
        raise BadInputError(f"months {months!r}; allowed are 1 to 25, such as 1, 1-25 or 1,3")
    return tuple(sorted(numbers))


def month_pattern(month: int) -> str:
    """Return the pattern that the files of a month match.

    Parameters
    ----------
    month : int
        Month from 1 to 25.

    Returns
    -------
    str
        Pattern for `pathlib.PurePath.match`.
    """
    return f"db/{month:02d}/t*.csv"


def read(files: Mapping[str, CsvFile]) -> tuple[FingerprintSet, FingerprintSet]:
    """Read all training and all test scans among some files.

    Parameters
    ----------
    files : mapping of str to CsvFile
        Files of any months by name.

    Returns
    -------
    train, test : FingerprintSet
        Scans in one frame around the training scans. Ids are month-file-line, such as "01-trn03-00017".

    Raises
    ------
    BadInputError
        If a file is malformed.
    """
    train = _read_split(files, "trn")
    return train, _read_split(files, "tst", frame=train.frame)


def _read_split(files: Mapping[str, CsvFile], kind: str, frame: LocalFrame | None = None) -> FingerprintSet:
    stems = sorted(name.removesuffix("rss.csv") for name in files if re.search(f"/{kind}[0-9]+rss", name))
    parts = [_read_file(files, stem) for stem in stems]
    rss, scan_id, xy_floor, time = zip(*parts, strict=True)
    table = sparse.vstack(rss, format="csr")
    absolute = np.concatenate(xy_floor)
    return FingerprintSet.from_absolute(
        make_csr(table.data, table.indices, table.indptr, table.shape[1]),
        [f"lib-WAP{j + 1:03d}" for j in range(table.shape[1])],
        np.concatenate(scan_id),
        absolute[:, :2],
        frame=frame,
        floor=label_names(absolute[:, 2]),
        time=np.concatenate(time),
    )


def _read_file(
    files: Mapping[str, CsvFile], stem: str
) -> tuple[sparse.csr_array, np.ndarray, np.ndarray, np.ndarray]:
    rss_file = files[f"{stem}rss.csv"]
    table = read_table(rss_file, pa.float32())
    rss = sparse_rss(table, table.column_names, not_heard=_NOT_HEARD, file=rss_file)
    xy_floor = read_matrix(files[f"{stem}crd.csv"], n_columns=3)
    stamp = read_table(files[f"{stem}tms.csv"], pa.int64())["1"].to_numpy()
    path = PurePosixPath(stem)
    scan_id = np.array([f"{path.parent.name}-{path.name}-{line:05d}" for line in range(1, len(table) + 1)])
    rows = np.flatnonzero(xy_floor[:, 2] != _NO_FLOOR)
    return rss[rows], scan_id[rows], xy_floor[rows], _parse_time(stamp[rows])


def _parse_time(stamp: np.ndarray) -> np.ndarray:
    """Convert numbers written yyyymmddHHMMSSmmm to datetime64[ms]."""
    stamp, millisecond = np.divmod(stamp, 1000)
    stamp, second = np.divmod(stamp, 100)
    stamp, minute = np.divmod(stamp, 100)
    stamp, hour = np.divmod(stamp, 100)
    stamp, day = np.divmod(stamp, 100)
    year, month = np.divmod(stamp, 100)
    first_of_month = (12 * (year - 1970) + month - 1).astype("datetime64[M]").astype("datetime64[ms]")
    seconds = 86400 * (day - 1) + 3600 * hour + 60 * minute + second
    offset = (1000 * seconds + millisecond).astype("timedelta64[ms]")
    return np.asarray(first_of_month + offset)
