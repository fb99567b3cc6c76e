"""UJIIndoorLoc (Torres-Sospedra et al., 2014): three buildings of a university, 520 access points.

The public validation file is the test split of the literature. LONGITUDE and LATITUDE are EPSG:3857 metres.
Nothing is repaired: 76 training scans hear nothing, 637 rows are duplicates, and readings of 0 dBm stay.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.forms.matrix_csv import CsvFile, label_names, read_table, sparse_rss
from tutelage.runtime.frames import LocalFrame

__all__ = ["read", "read_split"]

_NOT_HEARD = 100.0
_LABELS = {"floor": "FLOOR", "building": "BUILDINGID", "user": "USERID", "device": "PHONEID"}
_WIDE = ("LONGITUDE", "LATITUDE", "TIMESTAMP", *_LABELS.values())


def read(files: Mapping[str, CsvFile]) -> tuple[FingerprintSet, FingerprintSet]:
    """Read training and test scans.

    Parameters
    ----------
    files : mapping of str to CsvFile
        trainingData.csv and validationData.csv by name.

    Returns
    -------
    train, test : FingerprintSet
        Scans in one frame.

    Raises
    ------
    BadInputError
        If a file is malformed.
    """
    train = read_split(files["trainingData.csv"], "train")
    return train, read_split(files["validationData.csv"], "test", frame=train.frame)


def read_split(file: CsvFile, split: str, *, frame: LocalFrame | None = None) -> FingerprintSet:
    """Read one file.

    Parameters
    ----------
    file : CsvFile
        The file.
    split : str
        Beginning of the scan ids, before the line: "train-2", ...
    frame : LocalFrame, optional
        Frame of the positions; by default one around them.

    Returns
    -------
    FingerprintSet
        Scans of the file.

    Raises
    ------
    BadInputError
        If the file is malformed.
    """
    # Text for the few columns that float32 cannot hold: coordinates near 4.9e6 m and Unix seconds.
    table = read_table(file, pa.float32(), header=True, text=_WIDE)
    names = [name for name in table.column_names if name.startswith("WAP")]
    number = {name: table[name].cast(pa.float64()).to_numpy() for name in _WIDE}
    return FingerprintSet.from_absolute(
        sparse_rss(table, names, not_heard=_NOT_HEARD, file=file, header=True),
        names,
        np.array([f"{split}-{line}" for line in range(2, len(table) + 2)]),
        np.column_stack([number["LONGITUDE"], number["LATITUDE"]]),
        frame=frame,
        epsg=3857,
        time=(number["TIMESTAMP"] * 1000).astype("datetime64[ms]"),
        **{label: label_names(number[column]) for label, column in _LABELS.items()},
    )
