"""Tampere (Lohan et al., 2017): one university building, five floors, 21 devices, crowd-sourced."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.forms.matrix_csv import CsvFile, read_matrix, read_table, sparse_rss
from tutelage.runtime.frames import LocalFrame

__all__ = ["read"]

_NOT_HEARD = 100.0
_STOREY_M = 3.7


def read(files: Mapping[str, CsvFile]) -> tuple[FingerprintSet, FingerprintSet]:
    """Read training and test scans.

    Parameters
    ----------
    files : mapping of str to CsvFile
        The eight files ``*_21Aug17.csv`` by name.

    Returns
    -------
    train, test : FingerprintSet
        Scans in one frame.

    Raises
    ------
    BadInputError
        If a file is malformed.
    """
    train = _read_split(files, "Training", "train")
    return train, _read_split(files, "Test", "test", frame=train.frame)


def _read_split(
    files: Mapping[str, CsvFile], stem: str, split: str, frame: LocalFrame | None = None
) -> FingerprintSet:
    part = {kind: files[f"{stem}_{kind}_21Aug17.csv"] for kind in ("rss", "coordinates", "date", "device")}
    table = read_table(part["rss"], pa.float32())
    xyz_m = read_matrix(part["coordinates"], n_columns=3)
    return FingerprintSet.from_absolute(
        sparse_rss(table, table.column_names, not_heard=_NOT_HEARD, file=part["rss"]),
        [f"tampere-ap{j + 1:04d}" for j in range(table.num_columns)],
        np.array([f"{split}-{line}" for line in range(1, len(table) + 1)]),
        xyz_m[:, :2],
        frame=frame,
        floor=np.round(xyz_m[:, 2] / _STOREY_M).astype(np.int64).astype(np.str_),
        device=read_table(part["device"], pa.string())["1"].to_numpy().astype(np.str_),
        time=read_table(part["date"], pa.timestamp("ms"))["1"].to_numpy(),
    )
