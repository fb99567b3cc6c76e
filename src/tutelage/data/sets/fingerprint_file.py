"""Fingerprints in a Parquet file, the form in which converted public sets are cached."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tutelage.data.fingerprints import LABELS, FingerprintSet
from tutelage.data.sparse_rows import csr
from tutelage.errors import FileFormatError
from tutelage.files.atomic import atomic_file
from tutelage.runtime.frames import LocalFrame

__all__ = ["read_fingerprints", "write_fingerprints"]

_FORMAT = "tutelage-fingerprints-1"


def write_fingerprints(scans: FingerprintSet, path: str | Path) -> None:
    """Write one row a scan, RSS as lists of (column, dBm); the file appears whole or not at all.

    Parameters
    ----------
    scans : FingerprintSet
        Scans to write.
    path : str or Path
        Parquet file.

    Raises
    ------
    TutelageError
        If the file cannot be written.
    """
    offsets = pa.array(scans.rss_dbm.indptr.astype(np.int32))
    columns = {
        "scan_id": pa.array(scans.scan_id.astype(object)),
        "ap": pa.ListArray.from_arrays(offsets, pa.array(scans.rss_dbm.indices.astype(np.int32))),
        "rss_dbm": pa.ListArray.from_arrays(offsets, pa.array(scans.rss_dbm.data)),
    }
    if scans.position_m is not None:
        columns["x"], columns["y"] = (pa.array(scans.position_m[:, i]) for i in (0, 1))
    for label in LABELS:
        value = getattr(scans, label)
        if value is not None:
            columns[label] = pa.array(value.astype(object)).dictionary_encode()
    if scans.time is not None:
        columns["time"] = pa.array(scans.time.astype("datetime64[ms]"))
    header = {
        "format": _FORMAT,
        "origin_m": scans.frame.origin_m,
        "epsg": scans.frame.epsg,
        "access_points": scans.access_points,
    }
    table = pa.table(columns).replace_schema_metadata({"tutelage": json.dumps(header)})
    with atomic_file(path) as beside:
        pq.write_table(table, beside, compression="zstd")


def read_fingerprints(path: str | Path) -> FingerprintSet:
    """Read what `write_fingerprints` wrote.

    Parameters
    ----------
    path : str or Path
        Parquet file.

    Returns
    -------
    FingerprintSet
        The same scans.

    Raises
    ------
    FileFormatError
        If the file is damaged or not a fingerprint file.
    """
    try:
        table = pq.read_table(path)
        header = json.loads((table.schema.metadata or {})[b"tutelage"])
        if header["format"] != _FORMAT:
            raise FileFormatError(f"{path}: format {header['format']!r}, this version reads {_FORMAT!r}")
        table = table.combine_chunks()
        columns = table["ap"].combine_chunks()
        values = table["rss_dbm"].combine_chunks().flatten().to_numpy()
        offsets = columns.offsets.to_numpy()
        rss = csr(values, columns.flatten().to_numpy(), offsets, len(header["access_points"]))
    except (pa.ArrowException, KeyError, OSError, json.JSONDecodeError) as error:
        raise FileFormatError(f"{path} is not a readable Tutelage fingerprint file: {error}") from error
    names = set(table.column_names)
    labels = {name: table[name].to_numpy().astype(np.str_) for name in LABELS if name in names}
    return FingerprintSet(
        rss,
        tuple(header["access_points"]),
        table["scan_id"].to_numpy().astype(np.str_),
        np.column_stack([table["x"].to_numpy(), table["y"].to_numpy()]) if "x" in names else None,
        LocalFrame(tuple(header["origin_m"]), header["epsg"]),
        time=table["time"].to_numpy() if "time" in names else None,
        **labels,
    )
