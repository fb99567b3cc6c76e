"""UTSIndoorLoc (Song et al., 2019): one 16-storey building, 589 access points.

The authors state no licence, so the files are downloaded from their repository and never passed on.
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
    """Training and test scans of UTS_training.csv and UTS_test.csv."""
    train = read_split(files["UTS_training.csv"], split="train")
    return train, read_split(files["UTS_test.csv"], split="test", frame=train.frame)


def read_split(file: CsvFile, *, split: str = "test", frame: LocalFrame | None = None) -> FingerprintSet:
    """One file; scan ids are "test-2", ... after the split and the line.

    The set shares the column names WAP001, ... with UJIIndoorLoc although the devices differ; here they
    are called "uts-WAP001". Times are day/month/year; one that cannot be read is left unknown (NaT).
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
