"""The curves of growth on the page are those of the committed rows."""

from __future__ import annotations

import json
import re
from pathlib import Path

from benchmarks.speed.growth_picture import PICTURE, RESULTS, curves, drawn

ROOT = Path(__file__).parents[2]


def row(name: str, ours: float, unit: str = "s") -> dict[str, object]:
    beside = "9,680 fingerprints, 200 access points"
    return {"kind": "growth", "name": name, "unit": unit, "beside": beside, "ours": ours, "alternative": 2.0}


def test_the_picture_shows_the_committed_rows() -> None:
    rows = json.loads((ROOT / RESULTS).read_text(encoding="utf-8"))["rows"]
    assert (ROOT / PICTURE).read_text(encoding="utf-8") == drawn(curves(rows))


def test_a_curve_has_every_size_and_the_one_beside_them() -> None:
    rows = [
        row("knn, fit: 1,936 fingerprints, 40 access points", 1.0),
        row("knn, fit: 96,800 fingerprints, 2,000 access points", 9.0),
        row("knn, fit: 9,680 fingerprints, 200 access points, ten times the access points", 5.0),
        row("knn, memory: 96,800 fingerprints, 2,000 access points", 700.0, "MB"),
        row("k-NN, a scan alone", 1.0, "ms") | {"kind": "positions"},
    ]
    found = curves(rows)
    assert found == {
        "s": {"knn, fit": {1936: 1.0, 9680: 2.0, 96800: 9.0}},
        "MB": {"knn, memory": {9680: 2.0, 96800: 700.0}},
    }
    assert len(re.findall("<circle", drawn(found))) == 5
