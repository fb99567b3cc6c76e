"""Finding, verifying, downloading and caching public data sets."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tutelage.data.fingerprints import Survey
from tutelage.data.sets import cached_sets
from tutelage.data.sets.public_sets import public_dataset
from tutelage.data.surveys import dataset_table, fetch, load
from tutelage.errors import BadInputError, DataUnavailableError, FileFormatError

FIELDS = ("scan_id", "position_m", "floor", "building", "device", "user", "time")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TUTELAGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TUTELAGE_DATA", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_args: object, **_options: object) -> str:
        raise ConnectionError("no network")

    monkeypatch.setattr("pooch.retrieve", unreachable)


def where(name: str, data_dir: Path | None) -> str:
    return {status.name: status.where for status in dataset_table(data_dir)}[name]


def assert_same_survey(one: Survey, other: Survey) -> None:
    assert one.test is not None
    assert other.test is not None
    for a, b in ((one.train, other.train), (one.test, other.test)):
        assert a.content_hash() == b.content_hash()
        assert (a.access_points, a.frame) == (b.access_points, b.frame)
        for field in FIELDS:
            np.testing.assert_array_equal(getattr(a, field), getattr(b, field))


def unpacked(data_dir: Path, target: Path) -> Path:
    """DSI1 as loose files below a data folder."""
    with zipfile.ZipFile(data_dir / "matrix_pairs" / "DSI1.zip") as archive:
        archive.extractall(target / "matrix_pairs" / "DSI1")
    return target


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("name", ["ujiindoorloc", "uji_library:3", "tut6", "utsindoorloc"])
def test_set_that_is_nowhere_gives_one_sentence_and_no_other_data(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataUnavailableError) as caught:
        load(name, data_dir=tmp_path)
    sentence = str(caught.value)
    dataset = public_dataset(name.partition(":")[0])
    assert "\n" not in sentence
    for part in (dataset.folder, dataset.archive, "--data-dir", "TUTELAGE_DATA", "https://"):
        assert part in sentence
    assert where(dataset.name, tmp_path) == "not here"


def test_data_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="does not exist"):
        load("tut1", data_dir=tmp_path / "typo")


@pytest.mark.real_data
def test_data_folder_that_does_not_exist_is_refused_of_a_cached_set_too(
    data_dir: Path, tmp_path: Path
) -> None:
    load("dsi1", data_dir=data_dir)
    with pytest.raises(BadInputError, match="gone does not exist; check --data-dir"):
        load("dsi1", data_dir=tmp_path / "gone")


@pytest.mark.real_data
def test_cached_survey_equals_its_source(data_dir: Path, tmp_path: Path) -> None:
    assert where("ujiindoorloc", data_dir) == "local"
    source = fetch("ujiindoorloc", data_dir)
    assert where("ujiindoorloc", tmp_path) == "cached"
    assert_same_survey(load("ujiindoorloc", data_dir=tmp_path), source)


@pytest.mark.real_data
def test_unpacked_files_load_like_the_archive(data_dir: Path, tmp_path: Path, own_cache: Path) -> None:
    loose = fetch("dsi1", unpacked(data_dir, tmp_path))
    shutil.rmtree(own_cache)
    assert_same_survey(loose, fetch("dsi1", data_dir))


@pytest.mark.real_data
def test_local_folder_is_found_by_environment(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTELAGE_DATA", str(data_dir))
    assert len(load("dsi1").train) == 1_369


@pytest.mark.real_data
def test_changed_file_is_refused_with_both_hashes(data_dir: Path, tmp_path: Path) -> None:
    file = unpacked(data_dir, tmp_path) / "matrix_pairs" / "DSI1" / "DSI1_tstcrd.csv"
    file.write_bytes(file.read_bytes().replace(b"71.22075847", b"71.22075848", 1))
    with pytest.raises(FileFormatError) as caught:
        load("dsi1", data_dir=tmp_path)
    expected = public_dataset("dsi1").files["DSI1_tstcrd.csv"]
    assert str(file) in str(caught.value)
    assert expected[:12] in str(caught.value)
    assert "Delete it" in str(caught.value)


@pytest.mark.real_data
def test_changed_file_among_hundreds_is_refused(data_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "uji_library"
    with zipfile.ZipFile(data_dir / "uji_library" / "UJI_LIB_DB_v2.zip") as archive:
        month = [name for name in archive.namelist() if "/db/05/t" in name]
        archive.extractall(folder, month)
    changed = folder / "UJI_LIB_DB_v2" / "db" / "05" / "tst02crd.csv"
    changed.write_bytes(changed.read_bytes() + b"\n")
    with pytest.raises(FileFormatError, match=r"db/05/t\*\.csv"):
        load("uji_library:5", data_dir=tmp_path)


@pytest.mark.real_data
def test_data_folder_given_comes_before_the_environment(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUTELAGE_DATA", str(data_dir))
    file = unpacked(data_dir, tmp_path) / "matrix_pairs" / "DSI1" / "DSI1_tstcrd.csv"
    file.write_text("changed")
    with pytest.raises(FileFormatError, match=str(tmp_path)):
        load("dsi1", data_dir=tmp_path)


def test_archive_that_is_no_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "tampere").mkdir()
    (tmp_path / "tampere" / "FINGERPRINTING_DB.zip").write_bytes(b"<html>not found</html>")
    with pytest.raises(FileFormatError, match=r"FINGERPRINTING_DB\.zip is not a readable zip"):
        load("tampere", data_dir=tmp_path)
    assert where("tampere", tmp_path) == "not here"


@pytest.mark.real_data
def test_download_goes_to_the_cache_and_loads(
    data_dir: Path, tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def served(url: str, known_hash: None, fname: str, path: Path, progressbar: bool) -> str:
        asked.append((url, known_hash, progressbar))
        path.mkdir(parents=True)
        return str(shutil.copy(data_dir / "tampere" / "FINGERPRINTING_DB.zip", path / fname))

    monkeypatch.setattr("pooch.retrieve", served)
    assert len(fetch("tampere", tmp_path, progress=False).train) == 697
    assert asked == [(public_dataset("tampere").url, None, False)]
    assert (own_cache / "downloads" / "tampere" / "FINGERPRINTING_DB.zip").is_file()


@pytest.mark.real_data
def test_cache_that_cannot_be_written_costs_nothing_but_time(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "occupied").write_text("a file where the cache folder should be")
    monkeypatch.setenv("TUTELAGE_CACHE", str(tmp_path / "occupied"))
    assert len(load("dsi1", data_dir=data_dir).train) == 1_369


@pytest.mark.real_data
def test_damaged_cache_is_made_again_from_the_source(data_dir: Path, own_cache: Path) -> None:
    source = fetch("dsi1", data_dir)
    (damaged,) = own_cache.glob("surveys/dsi1-*/train.parquet")
    damaged.write_bytes(damaged.read_bytes()[:100])
    assert_same_survey(load("dsi1", data_dir=data_dir), source)
    cached = cached_sets.cached_survey(public_dataset("dsi1"))
    assert cached is not None
    assert_same_survey(cached, source)
