"""Growth: a campus of up to a million fingerprints and 20,000 access points.

python -m benchmarks.speed.growth METHOD BUILDINGS [NAMES]    # one size, in its own process
python -m benchmarks.speed.growth load|locate SCANS           # a Parquet table of so many scans
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.speed.campus import ACCESS_POINTS, campus
from benchmarks.speed.comparison import Comparison, peak_mb, seconds_of
from tutelage import Localizer, Survey, load
from tutelage.cli import main
from tutelage.data.check import check_survey
from tutelage.data.surveys import export_table
from tutelage.runtime import compiled
from tutelage.training import RunOptions

BUILDINGS = (1, 5, 50, 520)  # about 2,000, 10,000, 100,000 and a million fingerprints
BASE = 5
METHODS = {
    "knn": {"metric": "sorensen", "representation": "powed", "k": 10},
    "matcher": {"fine_tune": False},
}
ALONE = 200
TABLES = {"load": (2_000, 10_000, 100_000), "locate": (2_000, 10_000, 100_000, 1_000_000)}  # scans
BASE_SCANS = 10_000
FIGURES = {"fit": "s", "alone": "ms", "together": "ms", "memory": "MB"}
WORDS = {
    "fit": "fit with radii",
    "alone": "a scan alone",
    "together": "a scan among many",
    "memory": "memory of the process",
}


def comparisons() -> Iterator[Comparison]:
    """Make the rows: each size beside the one of about 10,000 fingerprints."""
    for method in METHODS:
        for n in BUILDINGS:
            if n != BASE:
                for figure in FIGURES:
                    yield _beside_base(method, n, 0, figure, f"{_size(n)}")
        more = 9 * BASE * ACCESS_POINTS
        yield _beside_base(method, BASE, more, "alone", f"{_size(BASE)}, ten times the access points")
    for n in BUILDINGS[2:]:
        yield _beside_base("check", n, 0, "fit", _size(n))
    for verb, sizes in TABLES.items():
        for n in sizes:
            if n != BASE_SCANS:
                for figure in ("fit", "memory"):
                    yield _beside_base_table(verb, n, figure)


def _beside_base(method: str, n: int, names: int, figure: str, size: str) -> Comparison:
    words = "data check" if method == "check" else f"{method}, {WORDS[figure]}"
    return Comparison(
        f"{words}: {size}",
        lambda: _figures(method, n, names)[figure],
        lambda: _figures(method, BASE, 0)[figure],
        _size(BASE),
        FIGURES[figure],
        1,
    )


def _beside_base_table(verb: str, n: int, figure: str) -> Comparison:
    words = {"load": "load of Parquet", "locate": "locate by knn, Parquet to Parquet"}[verb]
    return Comparison(
        f"{words}{', memory' if figure == 'memory' else ''}: {n:,} scans",
        lambda: _figures(verb, n, 0)[figure],
        lambda: _figures(verb, BASE_SCANS, 0)[figure],
        f"{BASE_SCANS:,} scans",
        FIGURES[figure],
        1,
    )


def _size(n_buildings: int) -> str:
    train, _ = _counts(n_buildings)
    return f"{train:,} fingerprints, {n_buildings * ACCESS_POINTS:,} access points"


@cache
def _counts(n_buildings: int) -> tuple[int, int]:
    train, test = campus(1)
    return len(train) * n_buildings, len(test) * n_buildings


@cache
def _figures(method: str, n_buildings: int, names: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.speed.growth", method, str(n_buildings), str(names)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    figures: dict[str, float] = json.loads(out)
    return figures


def measure(method: str, n_buildings: int, names: int) -> dict[str, float]:
    """Return seconds of the fit or of the check, milliseconds of a scan, and the peak memory in MB."""
    train, test = campus(n_buildings, names=names)
    if method == "check":
        figures = {"fit": seconds_of(lambda: check_survey(Survey("campus", train)))}
    else:
        model = Localizer(method, settings=METHODS[method], run=RunOptions(device="cpu"))
        figures = {"fit": seconds_of(lambda: model.fit(train))}
        compiled.load_compiled()
        model.predict(test)
        few = [test[i : i + 1] for i in range(min(ALONE, len(test)))]
        figures["alone"] = 1e3 * seconds_of(lambda: [model.predict(scan) for scan in few]) / len(few)
        figures["together"] = 1e3 * seconds_of(lambda: model.predict(test)) / len(test)
    return figures | {"memory": peak_mb()}


def measure_table(verb: str, n_scans: int) -> dict[str, float]:
    """Return the seconds that a table of so many scans takes, and the peak memory in MB."""
    with tempfile.TemporaryDirectory() as folder:
        # In another process, whose memory does not count.
        command = [sys.executable, "-m", "benchmarks.speed.growth", "write", str(n_scans), folder]
        subprocess.run(command, check=True)
        scans = Path(folder, "scans.parquet")
        if verb == "load":
            seconds = seconds_of(lambda: load(scans))
        else:
            sys.argv = ["tutelage", "locate", f"{folder}/model", str(scans), "--out", f"{folder}/out.parquet"]
            seconds = seconds_of(_run_command)
        return {"fit": seconds, "memory": peak_mb()}


def _run_command() -> None:
    try:
        main()
    except SystemExit as ended:
        if ended.code:
            raise


def write(n_scans: int, folder: Path) -> None:
    """Write a k-NN model of the campus of the base, and a table of its scans, again and again."""
    train, _ = campus(BASE)
    model = Localizer("knn", settings=METHODS["knn"], run=RunOptions(device="cpu"))
    model.fit(train).save(folder / "model")
    export_table(Survey("campus", train), folder / "once.parquet")
    once = pq.read_table(folder / "once.parquet")
    place = once.column_names.index("scan_id")
    with pq.ParquetWriter(folder / "scans.parquet", once.schema) as table:
        for first in range(0, n_scans, len(once)):
            part = once.slice(0, n_scans - first)
            ids = pa.array(map(str, range(first, first + len(part))))
            table.write_table(part.set_column(place, "scan_id", ids))


if __name__ == "__main__":
    method, number, *more = sys.argv[1:]
    if method == "write":
        write(int(number), Path(more[0]))
    elif method in TABLES:
        print(json.dumps(measure_table(method, int(number))))
    else:
        print(json.dumps(measure(method, int(number), int(more[0]) if more else 0)))
