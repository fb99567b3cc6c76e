"""What an export writes, what it refuses to write, and what it refuses to replace."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tutelage.data.fingerprints import Survey
from tutelage.errors import BadInputError, TutelageError
from tutelage.export import export_model, verifying
from tutelage.localizer import Localizer
from tutelage.runtime import Runtime, read_exported

Fitted = Callable[[str], Localizer]


def test_folder_and_zip_hold_the_same_and_are_the_same_each_time(
    fitted: Fitted, two_floors: Survey, tmp_path: Path
) -> None:
    model = fitted("knn")
    for name in ("folder", "one.zip", "two.zip"):
        export_model(model, tmp_path / name, scans=two_floors)
    assert read_exported(tmp_path / "folder") == read_exported(tmp_path / "one.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    assert sorted(path.name for path in (tmp_path / "folder").iterdir()) == ["arrays.npz", "model.json"]
    assert zipfile.ZipFile(tmp_path / "one.zip").namelist() == ["model.json", "arrays.npz"]


@pytest.mark.parametrize("kind", ["knn", "matcher", "blend", "dnn"])
def test_card_says_what_the_model_is_and_where_it_comes_from(
    kind: str, exported: dict[str, Path], fitted: Fitted, two_floors: Survey
) -> None:
    model = fitted(kind)
    card, files = read_exported(exported[kind])
    assert card["format"] == "tutelage-runtime-2"
    assert (card["kind"], card["method"]) == ("network" if kind == "dnn" else kind, kind)
    assert card["access_points"] == list(model.access_points_)
    assert card["frame"] == {"origin_m": list(model.frame_.origin_m), "epsg": model.frame_.epsg}
    assert (card["floors"], card["buildings"]) == (["0", "1"], ["simulated"])
    assert card["lineage"] == model.lineage_.as_dict()
    assert (card["source"], card["licence"]) == (two_floors.name, two_floors.licence)
    assert card["verified"]["n_scans"] == len(two_floors.train)
    assert card["verified"]["labels_differing"] == 0
    assert card["verified"]["max_difference_m"] < 1e-3
    assert ("max_difference" in card["verified"]) == (kind in ("blend", "dnn"))
    for name, content in files.items():
        said = {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        assert card["files"][name] == said
    assert card["size_bytes"] == sum(map(len, files.values()))


def test_a_name_in_capitals_is_a_zip_file_too(fitted: Fitted, tmp_path: Path) -> None:
    for name in ("MODEL.ZIP", "model.zip"):
        export_model(fitted("knn"), tmp_path / name)
    assert (tmp_path / "MODEL.ZIP").read_bytes() == (tmp_path / "model.zip").read_bytes()


def test_without_scans_the_card_says_that_they_were_drawn(fitted: Fitted, tmp_path: Path) -> None:
    card = export_model(fitted("knn"), tmp_path / "model.zip")
    assert card["verified"]["scans"] == "drawn at random"
    assert card["verified"]["n_scans"] > 100


def test_a_model_folder_is_exported_as_the_model_in_it(
    fitted: Fitted, two_floors: Survey, tmp_path: Path
) -> None:
    fitted("knn").save(tmp_path / "saved")
    export_model(tmp_path / "saved", tmp_path / "one.zip", scans=two_floors)
    export_model(fitted("knn"), tmp_path / "two.zip", scans=two_floors)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_calibration_goes_with_the_model(fitted: Fitted, two_floors: Survey, tmp_path: Path) -> None:
    known = fitted("knn").calibration_
    assert known is not None
    assert export_model(fitted("knn"), tmp_path / "out", scans=two_floors)["calibration"] == known.config()
    with np.load(tmp_path / "out" / "arrays.npz") as arrays:
        for name, array in known.tensors().items():
            np.testing.assert_array_equal(arrays[f"calibration.{name}"], array)


def test_a_model_without_calibration_is_exported_without(two_floors: Survey, tmp_path: Path) -> None:
    plain = Localizer("knn", settings={"k": 3}, calibrate=False).fit(two_floors)
    assert "calibration" not in export_model(plain, tmp_path / "out", scans=two_floors)
    assert Runtime.load(tmp_path / "out").positions([{}]).radius_m is None


# -- refusals ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_answers_otherwise_than_the_library_leaves_no_file(
    fitted: Fitted, two_floors: Survey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "_ALLOWED", 1e-12)  # less than float32 can keep
    with pytest.raises(TutelageError, match=r"does not answer as the library does.*1e-12 is allowed"):
        export_model(fitted("dnn"), tmp_path / "model.zip", scans=two_floors)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"max_difference": 2e-4, "allowed": 1e-4}, "up to 2.0e-04 standardised"),
        ({"max_difference": float("nan"), "allowed": 1e-4}, "up to nan standardised"),
        ({"max_difference_m": 2e-3, "allowed_m": 1e-3}, "up to 2.0e-03 m"),
        ({"labels_differing": 1, "n_scans": 999}, "1 labels of 999 scans differ"),
    ],
)
def test_differences_beyond_what_is_allowed_are_refused(found: dict[str, float], said: str) -> None:
    fine = {"max_difference_m": 1e-3, "allowed_m": 1e-3, "labels_differing": 1, "n_scans": 1000}
    verifying._require_allowed(fine)
    with pytest.raises(TutelageError, match=said):
        verifying._require_allowed({**fine, **found})


def test_what_is_no_exported_model_is_not_replaced(fitted: Fitted, tmp_path: Path) -> None:
    model = fitted("knn")
    model.save(tmp_path / "saved")
    (tmp_path / "notes.zip").write_text("precious")
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as photos:
        photos.writestr("model.json", json.dumps({"format": "tutelage-runtime-2", "files": {}}))
        photos.writestr("wedding.jpg", "precious")
    export_model(model, tmp_path / "folder")
    (tmp_path / "folder" / "thesis").write_text("precious")
    for taken in ("saved", "notes.zip", "photos.zip", "folder"):
        with pytest.raises(BadInputError, match=r"no exported model.*nothing was overwritten"):
            export_model(model, tmp_path / taken)
    with pytest.raises(BadInputError, match="does not exist"):
        export_model(model, tmp_path / "nowhere" / "model.zip")
    assert Localizer.load(tmp_path / "saved").method == "knn"


@pytest.mark.parametrize("name", ["model", "model.zip"])
def test_an_older_export_is_replaced(
    name: str, fitted: Fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = fitted("knn")
    export_model(model, tmp_path / name)
    older = Runtime.load(tmp_path / name).card["sha256"]
    monkeypatch.setattr(model, "lineage_", model.lineage_.model_copy(update={"seed": 1}))
    newer = export_model(model, tmp_path / name)["sha256"]
    assert Runtime.load(tmp_path / name).card["sha256"] == newer != older
    assert [path.name for path in tmp_path.iterdir()] == [name]
