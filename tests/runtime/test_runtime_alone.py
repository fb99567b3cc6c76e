"""The runtime beside numpy, onnxruntime and pytest alone.

`make package` copies this folder out of the repository and runs it beside the installed wheel. So
nothing here imports PyTorch, SciPy or the rest of the library.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tutelage.errors import BadInputError, FileFormatError
from tutelage.runtime import Runtime, is_exported, read_exported

pytestmark = pytest.mark.slow  # what they share takes long to make

KINDS = ("knn", "dnn", "blend")


@pytest.fixture(scope="module")
def scans(models: Path) -> list[dict[str, float]]:
    loaded: list[dict[str, float]] = json.loads((models / "scans.json").read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize("kind", KINDS)
def test_answers_are_those_of_the_library(kind: str, models: Path, scans: list[dict[str, float]]) -> None:
    expected: list[dict[str, Any]] = json.loads((models / "answers.json").read_text(encoding="utf-8"))[kind]
    records = Runtime.load(models / f"{kind}.zip").locate(scans)
    assert len(records) == len(expected)
    for one, other in zip(records, expected, strict=True):
        for name, tolerance in {"x_m": 2e-3, "y_m": 2e-3, "radius_m": 0.011}.items():
            assert one.pop(name) == pytest.approx(other.pop(name), abs=tolerance)
        assert one == other


@pytest.mark.parametrize("kind", KINDS)
def test_scans_without_a_known_access_point_get_a_reason(
    kind: str, models: Path, scans: list[dict[str, float]]
) -> None:
    blank, unknown = Runtime.load(models / f"{kind}.zip").locate(scans[-2:])
    assert (blank["x_m"], unknown["x_m"]) == (None, None)
    assert "blank" in blank["reason"]
    assert "no access point that the model knows" in unknown["reason"]


@pytest.mark.parametrize("kind", KINDS)
def test_one_scan_is_answered_as_among_others(kind: str, models: Path, scans: list[dict[str, float]]) -> None:
    runtime = Runtime.load(models / f"{kind}.zip")
    (alone,) = runtime.locate(scans[:1], scan_id=["first"])
    among = runtime.locate(scans)[0]
    assert alone["scan_id"] == "first"
    assert alone["x_m"] == pytest.approx(among["x_m"], abs=2e-3)
    assert alone["floor"] == among["floor"]


def test_bad_readings_are_refused(models: Path) -> None:
    with pytest.raises(BadInputError, match=r"in \[-120, 0\]"):
        Runtime.load(models / "knn.zip").locate([{"a bus": 100.0}])


def test_a_damaged_model_is_refused(models: Path, tmp_path: Path) -> None:
    whole = (models / "knn.zip").read_bytes()
    (tmp_path / "half.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileFormatError):
        read_exported(tmp_path / "half.zip")
    assert is_exported(models / "knn.zip")
    assert not is_exported(tmp_path / "half.zip")


def test_a_model_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="tutelage export MODEL"):
        Runtime.load(tmp_path / "nothing.zip")
