"""Growth: a campus of up to a million fingerprints and 20,000 access points.

python -m benchmarks.speed.growth METHOD BUILDINGS [NAMES]    # one size, in its own process
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from functools import cache

from benchmarks.speed.campus import ACCESS_POINTS, campus
from benchmarks.speed.comparison import Comparison, seconds_of
from tutelage import Localizer, Survey
from tutelage.data.check import check_survey
from tutelage.runtime import compiled
from tutelage.training import RunOptions

BUILDINGS = (1, 5, 50, 520)  # about 2,000, 10,000, 100,000 and a million fingerprints
BASE = 5
METHODS = {
    "knn": {"metric": "sorensen", "representation": "powed", "k": 10},
    "matcher": {"fine_tune": False},
}
ALONE = 200
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
    return figures | {"memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


if __name__ == "__main__":
    method, n_buildings, *names = sys.argv[1:]
    print(json.dumps(measure(method, int(n_buildings), int(names[0]) if names else 0)))
