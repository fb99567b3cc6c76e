"""A large Parquet table read batch after batch gives what it gives when it is read whole."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.forms import scan_batches as batches_module
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.read_options import ReadOptions
from tutelage.data.forms.scan_batches import scan_batches
from tutelage.data.forms.user_table import read_scans
from tutelage.errors import BadInputError

N = 400
SIZE = 60
ADDRESS = "a0:b1:c2:d3:e4:f5"


def columns(n: int = N) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    cells = {}
    for name in ("AP1", "AP2", "AP3", "office", ADDRESS, f"ssid {ADDRESS.upper()}"):
        rss = np.round(rng.uniform(-95, -40, n))
        rss[rng.random(n) < 0.5] = np.nan
        cells[name] = pa.array(rss, from_pandas=True)
    return {"scan_id": [f"s{i}" for i in range(n)], **cells}


def written(path: Path, content: Mapping[str, Any], rows_a_group: int = N) -> Path:
    pq.write_table(pa.table(dict(content)), path, row_group_size=rows_a_group)
    return path


def read_in_batches(path: Path, options: ReadOptions) -> tuple[FingerprintSet, list[str]]:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        read = scan_batches(path, options, n_scans=SIZE)
        assert read is not None
        parts = [FingerprintSet.of_rows(part) for part in read]
    assert [len(part) for part in parts[:-1]] == [SIZE] * (len(parts) - 1)
    assert len(parts) == read.n_batches > 2
    return FingerprintSet.join(parts), [str(each.message) for each in told]


def read_whole(path: Path, options: ReadOptions) -> tuple[FingerprintSet, list[str]]:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        scans = read_scans(path, options, with_positions=False)
    return scans, [str(each.message) for each in told]


def later(name: str, first: float, later: float) -> Mapping[str, Any]:
    """A column whose first batches look otherwise than the rest."""
    return {name: np.where(np.arange(N) < 2 * SIZE, first, later + np.arange(N) % 5)}


PLAIN: dict[str, tuple[Mapping[str, Any], ReadOptions]] = {
    "plain": ({}, ReadOptions()),
    "codes": ({"AP4": np.where(np.arange(N) % 3, 100.0, -70.0)}, ReadOptions.of(not_heard=100)),
    "known words": ({"heading": np.arange(N) * 1.0, "tx_power": np.full(N, -12)}, ReadOptions()),
    "no readings, which the first rows do not show": (later("ratio", -50.0, 300.0), ReadOptions()),
    "the same, but named": (
        later("ratio", -50.0, -80.0),
        ReadOptions.of(access_points="ratio", not_heard=">0"),
    ),
    "ids that repeat in the last batch": ({"scan_id": [*range(N - 1), 0]}, ReadOptions.of(columns="")),
    "ids of another name that repeat": ({"scan_id": None, "id": [*range(N - 1), 0]}, ReadOptions()),
    "numbers for ids": ({"scan_id": np.arange(N) * 7}, ReadOptions()),
    "rows for ids": ({}, ReadOptions.of(columns="scan_id=row")),
    "times of another unit": ({"ts": 1_700_000_000_000 + np.arange(N)}, ReadOptions()),
    "positions": ({"x": np.arange(N) * 0.5, "y": np.arange(N) * 0.5, "floor": ["1"] * N}, ReadOptions()),
    "a number in many cells": ({"AP4": np.where(np.arange(N) % 9, -110.0, -70.0)}, ReadOptions()),
    "an access point that is never heard": ({"AP4": pa.nulls(N)}, ReadOptions()),
}


@pytest.mark.parametrize("rows_a_group", [N, 7, 101])
@pytest.mark.parametrize("name", [*PLAIN])
def test_batches_hold_what_the_whole_table_holds(tmp_path: Path, name: str, rows_a_group: int) -> None:
    more, options = PLAIN[name]
    content = {key: value for key, value in (columns() | dict(more)).items() if value is not None}
    path = written(tmp_path / "scans.parquet", content, rows_a_group)
    if name == "ids that repeat in the last batch":
        for read in (read_whole, read_in_batches):
            with pytest.raises(BadInputError, match=f"row {N}, column scan_id: scan id '0' appears twice"):
                read(path, options)
        return
    (whole, notes), (joined, told) = read_whole(path, options), read_in_batches(path, options)
    assert told == notes
    assert joined.access_points == whole.access_points
    assert joined.scan_id.tolist() == whole.scan_id.tolist()
    assert (joined.rss_dbm != whole.rss_dbm).nnz == 0
    assert joined.n_heard.tolist() == whole.n_heard.tolist()


BAD: dict[str, dict[str, Any]] = {
    "a code that nobody declared": {"AP2": np.where(np.arange(N) > 350, 100.0, -60.0)},
    "a slip": {"AP2": np.where(np.arange(N) == 355, 55.0, -60.0)},
    "infinity": {"AP2": np.where(np.arange(N) == 355, -np.inf, -60.0)},
    "0 in many cells": {"AP2": np.where(np.arange(N) > 100, 0.0, -60.0), "AP3": np.zeros(N)},
    "no id": {"scan_id": [f"s{i}" if i != 355 else "" for i in range(N)]},
    "no time": {"time": [f"2024-05-01T09:30:{i % 60:02d}" if i != 355 else "noon" for i in range(N)]},
}


@pytest.mark.parametrize("name", [*BAD])
def test_a_bad_cell_of_a_late_batch_is_named_as_in_the_whole_table(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / "scans.parquet", columns() | BAD[name])
    with pytest.raises(BadInputError) as whole:
        read_whole(path, ReadOptions())
    with pytest.raises(BadInputError) as in_batches:
        read_in_batches(path, ReadOptions())
    assert str(in_batches.value) == str(whole.value)
    assert "row" in str(whole.value) or name == "0 in many cells"


@pytest.mark.parametrize(
    "more",
    [
        {"AP2": ["-60"] * N},
        {"bssid": ["a"] * N, "rssi": [-60.0] * N},
        {f"AP{i}": pa.nulls(N) for i in range(4)} | {"floor": [["1"]] * N},
    ],
    ids=["text", "a row a reading", "lists"],
)
def test_tables_that_only_a_look_at_the_whole_can_read_are_no_batches(
    tmp_path: Path, more: Mapping[str, Any]
) -> None:
    path = written(tmp_path / "scans.parquet", columns() | dict(more))
    assert scan_batches(path, ReadOptions(), n_scans=SIZE) is None


@pytest.mark.filterwarnings("ignore::tutelage.errors.ReadAsWarning")
def test_small_tables_and_readings_beside_are_read_whole(tmp_path: Path) -> None:
    path = written(tmp_path / "scans.parquet", columns())
    assert scan_batches(path, ReadOptions(), n_scans=N) is None
    assert scan_batches(path, ReadOptions(), n_scans=N - 1) is not None
    (tmp_path / "scans_readings.parquet").write_bytes(b"")
    assert scan_batches(path, ReadOptions(), n_scans=SIZE) is None


def test_a_damaged_page_is_no_traceback(tmp_path: Path) -> None:
    path = written(tmp_path / "scans.parquet", columns())
    data = bytearray(path.read_bytes())
    data[8:2000] = b"\xff" * 1992
    path.write_bytes(bytes(data))
    with pytest.raises(BadInputError, match="not a readable Parquet file"):
        read_in_batches(path, ReadOptions())


@pytest.mark.filterwarnings("ignore::tutelage.errors.ReadAsWarning")
@pytest.mark.parametrize("rows_a_group", [5000, 50])
def test_readings_of_few_batches_are_held_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_a_group: int
) -> None:
    """Fifty times as many rows hold no more: counted are the rows of tables that hold readings."""
    alive: weakref.WeakSet[LocatedTable] = weakref.WeakSet()
    held = []

    class Counted(LocatedTable):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            alive.add(self)
            held.append(sum(len(each) for each in alive if "AP1" in each.names))

    monkeypatch.setattr(batches_module, "LocatedTable", Counted)
    path = written(tmp_path / "scans.parquet", columns(5000), rows_a_group)
    read = scan_batches(path, ReadOptions(), n_scans=100)
    assert read is not None
    assert sum(len(scans.scan_id) for scans in read) == 5000
    assert max(held) <= 4 * 100
