"""One survey written in many ways: each way gives the same readings and places, or is refused, or told.

TUTELAGE_VARIATIONS says how many ways are tried; by default few.
"""

from __future__ import annotations

import gzip
import json
import os
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tutelage.data.check import capture_warnings
from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.surveys import load
from tutelage.errors import BadInputError, LeftOutWarning, ReadAsWarning
from tutelage.localizer import Localizer
from tutelage.runtime.access_point_names import normalised_name

N_VARIATIONS = int(os.environ.get("TUTELAGE_VARIATIONS", "25"))
ADDRESSES = [f"a0:b1:c2:00:00:{j:02x}" for j in range(6)]
ROOM_M = np.array([[12.0 * (i // 3), 8.0 * (i % 3)] for i in range(12)])


@dataclass
class Written:
    """A table of text, the options that belong to it, and the scans that it then holds.

    Without `options`, it must be refused or told of, unless it is `plain`.
    """

    columns: dict[str, list[str]]
    rows: list[int]
    options: dict[str, Any] = field(default_factory=dict)
    plain: bool = True
    delimiter: str = ","
    encode: Callable[[str], bytes] = lambda text: text.encode()
    before: str = ""
    suffix: str = ".csv"


def true_survey() -> tuple[np.ndarray, np.ndarray]:
    """Return places [24, 2] and RSS [24, 6] (NaN where not heard), two scans a place."""
    rng = np.random.default_rng(5)
    masts = rng.uniform(0, [36, 16], (len(ADDRESSES), 2))
    places = np.repeat(ROOM_M, 2, axis=0)
    distance = np.linalg.norm(places[:, None] - masts[None], axis=2)
    rss = np.round(-45 - 16 * np.log10(distance + 1) + rng.normal(0, 2, distance.shape)).clip(max=-50)
    return places, np.where((rss < -68) | (rng.random(rss.shape) < 0.1), np.nan, rss)


PLACES, RSS = true_survey()
NAMES: dict[str, Any] = {
    "x": ["x_m", "X", "x", "Easting", "ECoord", "X_m", "pos_x"],
    "y": ["y_m", "Y", "y", "Northing", "NCoord", "Y_m", "pos_y"],
    "id": ["scan_id", "Scan_ID", "id", "sample_id", None],
}
SILENT = ["", "NA", "NaN", "null", "None", "-", "n/a"]
CODES = ["100", "0", "-200", "-999", "127", "-110", "1"]
EXTRA = {
    "heading": ["213"],
    "tx_power": ["-59"],
    "noise_dbm": ["-96", "-95"],
    "z": ["-3.2"],
    "temperature": ["-9", "21.5"],
    "comment": ["by the door", "table"],
    "gps_lat": ["40.440027"],
    "count": ["1", "2", "3"],
    "SampleTimes": ["1"],
    "Latitude": ["-23.561373"],
}


@st.composite
def tables(draw: st.DrawFn) -> Written:
    """Draw a way of writing the survey as a wide table."""
    style = draw(st.integers(0, len(NAMES["x"]) - 1))
    rows = draw(st.lists(st.integers(0, len(PLACES) - 1), min_size=16, max_size=24, unique=True))
    silent = draw(st.sampled_from([*SILENT, *SILENT, *CODES]))
    unit = draw(st.sampled_from(["m", "m", "m", "mm", "cm"]))
    strength = draw(st.sampled_from(["dbm", "dbm", "dbm", "percent", "unsigned", "typographic", "suffix"]))
    if strength == "percent" and silent == "100":  # which is a reading too
        silent = ""
    places = PLACES * {"m": 1, "mm": 1000, "cm": 100}[unit]
    columns: dict[str, list[str]] = {}
    identity = draw(st.sampled_from(NAMES["id"]))
    if identity:
        columns[identity] = [f"s{i}" for i in rows]
    for axis, name in enumerate((NAMES["x"][style], NAMES["y"][style])):
        columns[name] = [f"{places[i, axis]:.2f}" for i in rows]
    for j, address in enumerate(_spelled(draw)):
        columns[address] = [_cell(RSS[i, j], strength, silent) for i in rows]
    if draw(st.booleans()):
        twin = draw(st.sampled_from(ADDRESSES))
        columns[twin.upper().replace(":", "-")] = [
            _cell(RSS[i, ADDRESSES.index(twin)], strength, silent) for i in rows
        ]
    for name in draw(st.lists(st.sampled_from([*EXTRA]), max_size=3, unique=True)):
        columns[name] = [draw(st.sampled_from(EXTRA[name])) for _ in rows]
    order = draw(st.permutations([*columns]))
    table = Written({name: columns[name] for name in order}, rows)
    _say_options(table, silent, unit, strength)
    _wrap(draw, table)
    return table


def _spelled(draw: st.DrawFn) -> list[str]:
    spell: Any = draw(
        st.sampled_from(
            [
                str,
                str.upper,
                lambda name: name.replace(":", "-"),
                lambda name: f"{name};net 1",
                lambda name: f"net ({name})",
            ]
        )
    )
    return [spell(address) for address in ADDRESSES]


def _cell(rss: float, strength: str, silent: str) -> str:
    if np.isnan(rss):
        return silent
    written = {
        "percent": f"{2 * (rss + 100):.0f}",
        "unsigned": f"{-rss:.0f}",
        "typographic": f"\u2212{-rss:.0f}",
        "suffix": f"{rss:.0f} dBm",
    }
    return written.get(strength, f"{rss:.0f}")


def _say_options(table: Written, silent: str, unit: str, strength: str) -> None:
    if silent in CODES and not (strength == "percent" and silent == "0"):
        table.options["not_heard"] = silent
        table.plain = False
    units = [f"place={unit}"] if unit != "m" else []
    units += [f"rss={strength}"] if strength in ("percent", "unsigned") else []
    if units:
        table.options["units"] = ",".join(units)
        table.plain = False


def _wrap(draw: st.DrawFn, table: Written) -> None:
    table.delimiter = draw(st.sampled_from([",", ",", ";", "\t", "|"]))
    table.before = draw(st.sampled_from(["", "", "# of 1 May\n", "\n", f"sep={table.delimiter}\n"]))
    kind = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gz", "crlf", "cr"]))
    table.suffix = draw(st.sampled_from([".csv", ".txt", ".tsv", ""])) + (".gz" if kind == "gz" else "")
    ways: dict[str, Callable[[str], bytes]] = {
        "gz": lambda text: gzip.compress(text.encode()),
        "crlf": lambda text: text.replace("\n", "\r\n").encode(),
        "cr": lambda text: text.replace("\n", "\r").encode(),
    }
    table.encode = ways.get(kind, lambda text: text.encode(kind))


def text_of(table: Written) -> bytes:
    lines = [list(table.columns), *map(list, zip(*table.columns.values(), strict=True))]
    quoted = (
        [f'"{cell}"' if table.delimiter in cell or ";" in cell else cell for cell in line] for line in lines
    )
    return table.encode(table.before + "".join(table.delimiter.join(line) + "\n" for line in quoted))


def read(path: Path, **options: Any) -> tuple[FingerprintSet, list[str]]:
    """Return the scans, and all that is told of them."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        scans = load(path, **options).train
    told = [
        str(each.message) for each in caught if issubclass(each.category, (LeftOutWarning, ReadAsWarning))
    ]
    return scans, [*told, *(finding.message for finding in capture_warnings(scans))]


def assert_same(scans: FingerprintSet, rows: list[int]) -> None:
    names = [normalised_name(name) for name in scans.access_points]
    assert len({*names}) == len(names)
    assert {*names} <= {*ADDRESSES}  # one that no scan hears may be missing
    heard = np.full((len(scans), len(ADDRESSES)), np.nan)
    column = np.array([ADDRESSES.index(name) for name in names])
    heard[np.repeat(np.arange(len(scans)), scans.n_heard), column[scans.rss_dbm.indices]] = scans.rss_dbm.data
    np.testing.assert_allclose(heard, RSS[rows], atol=1e-4)
    np.testing.assert_allclose(scans.absolute_position_m, PLACES[rows], atol=1e-6)


def put(folder: str, name: str, data: bytes) -> Path:
    path = Path(folder, name)
    path.write_bytes(data)
    return path


@settings(max_examples=N_VARIATIONS, suppress_health_check=list(HealthCheck))
@given(table=tables())
def test_a_table_gives_the_same_scans_with_its_options(table: Written) -> None:
    with tempfile.TemporaryDirectory() as folder:
        scans, _ = read(put(folder, f"survey{table.suffix}", text_of(table)), **table.options)
    assert_same(scans, table.rows)


@settings(max_examples=N_VARIATIONS, suppress_health_check=list(HealthCheck))
@given(table=tables())
def test_a_table_without_its_options_is_the_same_or_refused_or_told_of(table: Written) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = put(folder, f"survey{table.suffix}", text_of(table))
        try:
            scans, told = read(path)
        except BadInputError:
            if table.plain:
                raise
            return
    try:
        assert_same(scans, table.rows)
    except AssertionError:
        assert not table.plain
        assert told, "a wrong result in silence"


@settings(max_examples=N_VARIATIONS, suppress_health_check=list(HealthCheck))
@given(table=tables(), data=st.data())
def test_a_table_that_was_cut_is_a_part_or_refused(table: Written, data: st.DataObject) -> None:
    whole = text_of(table)
    cut = whole[: data.draw(st.integers(1, len(whole)))]
    with tempfile.TemporaryDirectory() as folder:
        try:
            scans, _ = read(put(folder, f"survey{table.suffix}", cut), **table.options)
        except BadInputError:
            return
    last = len(scans) - 1  # of which the end of the last cell may be gone
    assert last <= len(table.rows)
    assert_same(scans[:last], table.rows[:last]) if last else None


@settings(max_examples=N_VARIATIONS, suppress_health_check=list(HealthCheck))
@given(
    rows=st.lists(st.integers(0, 23), min_size=16, max_size=24, unique=True),
    form=st.sampled_from(["row a reading", "beside", "find3", "find1"]),
    order=st.randoms(use_true_random=False),
)
def test_other_forms_give_the_same_scans(rows: list[int], form: str, order: Any) -> None:
    heard = [(i, j) for i in rows for j in range(len(ADDRESSES)) if not np.isnan(RSS[i, j])]
    rows = [i for i in rows if any(i == k for k, _ in heard)]
    with tempfile.TemporaryDirectory() as folder:
        path = FORMS[form](folder, rows, heard, order)
        scans, _ = read(path)
    assert_same(scans[np.argsort([rows.index(int(name[1:])) for name in scan_names(scans)])], rows)


def scan_names(scans: FingerprintSet) -> list[str]:
    """Return the number of each scan: that of its time where the form has no ids."""
    if scans.time is None:
        return [str(name) for name in scans.scan_id]
    return [f"s{int(ms) // 60_000 - 28_575_930}" for ms in scans.time.astype("int64")]


def milliseconds(i: int) -> int:
    return (28_575_930 + i) * 60_000


def row_a_reading(folder: str, _rows: list[int], heard: list[tuple[int, int]], order: Any) -> Path:
    columns: list[Callable[[int, int], str]] = [
        lambda i, _: f"{PLACES[i, 0]}",
        lambda i, _: f"{PLACES[i, 1]}",
        lambda _, j: ADDRESSES[j],
        lambda i, j: f"{RSS[i, j]:.0f}",
        lambda i, _: str(milliseconds(i)),
        lambda _, j: f"net {j}",
    ]
    titles = ["x", "y", "BSSID", "level", "timestamp", "SSID"]
    places = order.sample(range(6), 6)
    lines = [",".join(titles[k] for k in places)]
    lines += [",".join(columns[k](i, j) for k in places) for i, j in order.sample(heard, len(heard))]
    return put(folder, "long.csv", "\n".join(lines).encode())


def beside(folder: str, rows: list[int], heard: list[tuple[int, int]], order: Any) -> Path:
    readings = "".join(
        f"{ADDRESSES[j]},s{i},{RSS[i, j]:.0f},net\n" for i, j in order.sample(heard, len(heard))
    )
    put(folder, "survey_readings.csv", f"ap,scan_id,rss_dbm,ssid\n{readings}".encode())
    table = "".join(f"s{i},{PLACES[i, 0]},{PLACES[i, 1]}\n" for i in rows)
    return put(folder, "survey.csv", f"scan_id,x_m,y_m\n{table}".encode())


def readings_of(i: int, heard: list[tuple[int, int]]) -> list[tuple[str, int]]:
    return [(ADDRESSES[j], int(RSS[i, j])) for k, j in heard if k == i]


def labels(folder: str, name: str) -> None:
    table = "".join(f"p{i},{PLACES[i, 0]},{PLACES[i, 1]}\n" for i in range(len(PLACES)))
    put(folder, f"{name}_labels.csv", f"label,x_m,y_m\n{table}".encode())


def find3(folder: str, rows: list[int], heard: list[tuple[int, int]], order: Any) -> Path:
    labels(folder, "posted")
    scale = order.choice([1, 1000])
    lines = [
        json.dumps(
            {
                "d": "d",
                "f": "f",
                "t": milliseconds(i) // scale,
                "l": f"p{i}",
                "s": {"wifi": dict(readings_of(i, heard))},
            }
        )
        for i in rows
    ]
    return put(folder, "posted.jsons", "\n".join(lines).encode())


def find1(folder: str, rows: list[int], heard: list[tuple[int, int]], order: Any) -> Path:
    labels(folder, "learnt")
    objects = [
        {
            "username": "u",
            "location": f"P{i}",
            "time": milliseconds(i),
            "wifi-fingerprint": [{"mac": name.upper(), "rssi": rss} for name, rss in readings_of(i, heard)],
        }
        for i in rows
    ]
    text = json.dumps(objects) if order.random() < 0.5 else "\n".join(map(json.dumps, objects))
    return put(folder, "learnt.json", text.encode())


FORMS = {"row a reading": row_a_reading, "beside": beside, "find3": find3, "find1": find1}


@settings(max_examples=max(3, N_VARIATIONS // 20), suppress_health_check=list(HealthCheck))
@given(table=tables())
def test_the_same_readings_give_the_same_positions(table: Written) -> None:
    with tempfile.TemporaryDirectory() as folder:
        scans, _ = read(put(folder, f"survey{table.suffix}", text_of(table)), **table.options)
    plain = FingerprintSet.from_absolute(
        _sparse(RSS[table.rows]), ADDRESSES, np.array([f"s{i}" for i in table.rows]), PLACES[table.rows]
    )
    queries = [
        {name: float(rss) for name, rss in zip(ADDRESSES, scan + 1, strict=True) if rss <= 0} for scan in RSS
    ]
    queries = [query for query in queries if query]
    one, other = (Localizer("knn", calibrate=False).fit(each).predict(queries) for each in (scans, plain))
    np.testing.assert_allclose(one.absolute_position_m, other.absolute_position_m, atol=1e-4)


def _sparse(rss: np.ndarray) -> Any:
    from tutelage.data.sparse_rows import csr_from_dense

    return csr_from_dense(rss.astype(np.float32), ~np.isnan(rss))


def test_the_ways_of_writing_are_many() -> None:
    assert len(NAMES["x"]) == len(NAMES["y"])
    assert np.isnan(RSS).mean() == pytest.approx(0.3, abs=0.15)
