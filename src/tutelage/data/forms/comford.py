"""comford's three tables: Samples.csv, RSSI.csv and APs.csv in a folder.

They are the intermediate format of the package comford 0.1.2, on the Python Package Index.
Its README gives the columns. `comford.data.intermediate` gives their order, the delimiter (;), the word None
for unknown values, and the names of the splits: training, validation, testing. The README calls the files
Sample.csv, RSSI.csv and AP.csv, and the splits train, validation, test; both are read.

comford has three splits, Tutelage two. Where no scan is marked testing, as in comford's UJIIndoorLoc,
validation scans are test scans; else they are training scans. The coordinates are metres of the set; the
tables do not tell their EPSG code. Heights, channels, configurations and orientations are not read. A column
`place`, which comford has not, is written where scans name their places, and read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from tutelage.data.fingerprints import LABELS, FingerprintSet
from tutelage.data.forms.form import Form, ScanTables
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.read_options import ReadOptions
from tutelage.data.forms.table_file import read_located_table
from tutelage.data.forms.table_readings import first_repeat
from tutelage.errors import BadInputError
from tutelage.files.atomic import atomic_folder
from tutelage.runtime.access_point_names import normalised_name

__all__ = ["FORM"]

_SAMPLES = ("Samples.csv", "Sample.csv")
_READINGS = ("RSSI.csv",)
_ACCESS_POINTS = ("APs.csv", "AP.csv")
_UNKNOWN = "None"
_SPLITS = {"training": "train", "train": "train", "testing": "test", "test": "test"}
_VALIDATION = ("validation", "val")
_SAMPLE_COLUMNS = (
    *("sample_id", "x", "y", "z", "timestamp", "set", "floor", "building", "device", "user"),
    *("config", "orientation"),
)
_FIELD_OF = {"sample_id": "scan_id", "x": "x_m", "y": "y_m", "timestamp": "time", "set": "split"}
_FIELD_OF |= {"test/train/val": "split"} | {label: label for label in LABELS}


# -- reading --------------------------------------------------------------------------------------


def _recognises(path: Path) -> bool:
    return path.is_dir() and any((path / name).is_file() for name in _SAMPLES)


def _read(path: Path, options: ReadOptions) -> ScanTables:  # noqa: ARG001  (the tables always have them)
    samples = _table(path, _SAMPLES, {"sample_id", "x", "y"})
    columns = {_FIELD_OF[name]: name for name in samples.names if name in _FIELD_OF}
    cells = {field: _known_text(samples.columns[name]) for field, name in columns.items()}
    optional = [name for name in cells if name not in ("scan_id", "x_m", "y_m")]
    for name in optional:  # a column of nothing but None is none
        if not pc.any(pc.not_equal(pc.fill_null(cells[name], ""), "")).as_py():
            del cells[name]
    if "split" in cells:
        cells["split"] = _splits(cells["split"])
    titles = {field: columns[field] for field in cells}
    scans = LocatedTable(samples.file, pa.table(cells), samples.rows, titles=titles)
    return ScanTables(path.resolve().name, scans, _readings(path), _access_points(path))


def _table(folder: Path, names: tuple[str, ...], needed: set[str]) -> LocatedTable:
    file = next((folder / name for name in names if (folder / name).is_file()), None)
    if file is None:
        raise BadInputError(
            f"there is no {names[0]}; comford's tables are Samples.csv, RSSI.csv and APs.csv", file=folder
        )
    table = read_located_table(file)
    missing = sorted(needed - set(table.names))
    if missing:
        raise table.error(f"column {', '.join(missing)} is missing; the table has {', '.join(table.names)}")
    return table


def _known_text(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return cells as text, empty where they say that nothing is known."""
    return pc.if_else(pc.equal(pc.utf8_trim_whitespace(cells), _UNKNOWN), "", cells)


def _splits(cells: pa.ChunkedArray) -> pa.Array:
    """Rename splits as in a user's table; an unknown name stays and is refused later with its row."""
    cells_text = pc.utf8_trim_whitespace(cells).to_pylist()
    tested = any(_SPLITS.get(name) == "test" for name in cells_text)
    names = _SPLITS | dict.fromkeys(_VALIDATION, "train" if tested else "test")
    return pa.array([names.get(name, name) for name in cells_text], pa.string())


def _readings(folder: Path) -> LocatedTable:
    table = _table(folder, _READINGS, {"sample_id", "ap_id", "rssi"})
    titles = {"scan_id": "sample_id", "ap": "ap_id", "rss_dbm": "rssi"}
    cells = {field: _known_text(table.columns[name]) for field, name in titles.items()}
    names = pc.utf8_trim_whitespace(cells["ap"]).combine_chunks().dictionary_encode()
    plain = pa.array([normalised_name(name) for name in names.dictionary.to_pylist()], pa.string())
    cells["ap"] = pa.chunked_array([plain.take(names.indices)])
    return LocatedTable(table.file, pa.table(cells), table.rows, titles=titles)


def _access_points(folder: Path) -> tuple[str, ...]:
    table = _table(folder, _ACCESS_POINTS, {"ap_id"})
    names = np.array([normalised_name(name) for name in table.text("ap_id").tolist()], dtype=np.str_)
    for index in np.flatnonzero(names == "")[:1]:
        raise table.error("no name; give every access point one", index, "ap_id")
    repeat = first_repeat(names)
    if repeat is not None:
        raise table.error(f"access point {str(names[repeat])!r} appears twice; keep one", repeat, "ap_id")
    return tuple(names.tolist())


# -- writing --------------------------------------------------------------------------------------


def _write(splits: Mapping[str, FingerprintSet], path: Path) -> None:
    own_files = {_SAMPLES[0], _READINGS[0], _ACCESS_POINTS[0]}
    if path.exists() and (not path.is_dir() or {file.name for file in path.iterdir()} - own_files):
        raise BadInputError("is there and holds something else; name a new folder for the tables", file=path)
    scans = FingerprintSet.join(list(splits.values()))
    _refuse_none(scans)
    split = np.repeat(["training" if name == "train" else "testing" for name in splits],
                      [len(part) for part in splits.values()])  # fmt: skip
    reading = np.repeat(np.arange(len(scans)), scans.n_heard)
    names = np.array(scans.access_points, dtype=object)
    readings = {
        "sample_id": scans.scan_id[reading].astype(object),
        "rssi": scans.rss_dbm.data,
        "ap_id": names[scans.rss_dbm.indices],
        "channel/freq": np.full(len(reading), _UNKNOWN, dtype=object),
    }
    with atomic_folder(path) as beside:
        _write_table(beside / _SAMPLES[0], _samples(scans, split))
        _write_table(beside / _READINGS[0], readings)
        _write_table(beside / _ACCESS_POINTS[0], _devices(names))


def _samples(scans: FingerprintSet, split: np.ndarray) -> dict[str, Any]:
    x, y = scans.absolute_position_m.T
    columns: dict[str, Any] = dict.fromkeys(_SAMPLE_COLUMNS, np.full(len(scans), _UNKNOWN, dtype=object))
    columns |= {"sample_id": scans.scan_id.astype(object), "x": x, "y": y, "set": split.astype(object)}
    for name in LABELS:
        label = getattr(scans, name)
        if label is not None:
            columns[name] = np.where(label == "", _UNKNOWN, label).astype(object)
    if scans.time is not None:
        columns["timestamp"] = np.array(list(_unix_seconds(scans.time)), dtype=object)
    return columns


def _devices(names: np.ndarray) -> dict[str, Any]:
    nothing = np.full(len(names), _UNKNOWN, dtype=object)
    technology = np.full(len(names), "WiFi", dtype=object)  # fingerprints do not tell Wi-Fi from Bluetooth
    return {"ap_id": names, "technology": technology, "x": nothing, "y": nothing, "z": nothing}


def _unix_seconds(time: np.ndarray) -> Iterable[str]:
    for moment, is_time in zip(time.astype("datetime64[ms]").astype(np.int64), ~np.isnat(time), strict=True):
        seconds, milliseconds = divmod(int(moment), 1000)
        fraction = f".{milliseconds:03d}" if milliseconds else ""
        yield f"{seconds}{fraction}" if is_time else _UNKNOWN


def _refuse_none(scans: FingerprintSet) -> None:
    for name in LABELS:
        label = getattr(scans, name)
        if label is not None and (label == _UNKNOWN).any():
            raise BadInputError(
                f"a {name} is called None, which means unknown in comford's tables; rename it"
            )


def _write_table(path: Path, columns: Mapping[str, Any]) -> None:
    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    pa_csv.write_csv(table, path, pa_csv.WriteOptions(delimiter=";"))


FORM = Form("comford", _recognises, _read, _write, needs_positions=True)
