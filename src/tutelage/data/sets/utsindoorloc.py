"""UTSIndoorLoc (Song et al., 2019): one 16-storey building, 589 access points.

The authors state no licence. The files are therefore downloaded from their repository and never passed on.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.forms.matrix_csv import CsvFile, label_names, read_table, sparse_rss
from tutelage.runtime.frames import LocalFrame

__all__ = ["read", "read_split"]

_NOT_HEARD = 100.0
_TEXT = ("Pos_x", "Pos_y", "Building_ID", "User_ID", "Phone_type", "Time")


def read(files: Mapping[str, CsvFile]) -> tuple[FingerprintSet, FingerprintSet]:
    """Read training and test scans.

    Parameters
    ----------
    files : mapping of str to CsvFile
        UTS_training.csv and UTS_test.csv by name.

    Returns
    -------
    train, test : FingerprintSet
        Scans in one frame.

    Raises
    ------
    BadInputError
        If a file is malformed.
    """
    train = read_split(files["UTS_training.csv"], split="train")
    return train, read_split(files["UTS_test.csv"], split="test", frame=train.frame)


def read_split(file: CsvFile, *, split: str = "test", frame: LocalFrame | None = None) -> FingerprintSet:
    """Read one file.

    The column names WAP001, ... also occur in UJIIndoorLoc for other devices, so they become "uts-WAP001".
    Times are day/month/year; a time that cannot be read becomes unknown (NaT).

    Parameters
    ----------
    file : CsvFile
        The file.
    split : str, default "test"
        Beginning of the scan ids, before the line: "test-2", ...
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
    table = read_table(file, pa.float32(), header=True, text=_TEXT)
    names = [name for name in table.column_names if name.startswith("WAP")]
    time = pc.strptime(table["Time"], format="%d/%m/%Y %H:%M", unit="ms", error_is_null=True)
    return FingerprintSet.from_absolute(
        sparse_rss(table, names, not_heard=_NOT_HEARD, file=file, header=True),
        [f"uts-{name}" for name in names],
        np.array([f"{split}-{line}" for line in range(2, len(table) + 2)]),
        np.column_stack([table[name].cast(pa.float64()).to_numpy() for name in ("Pos_x", "Pos_y")]),
        frame=frame,
        floor=label_names(table["Floor_ID"].to_numpy()),
        building=table["Building_ID"].to_numpy().astype(np.str_),
        user=table["User_ID"].to_numpy().astype(np.str_),
        device=table["Phone_type"].to_numpy().astype(np.str_),
        time=time.to_numpy(),
    )
