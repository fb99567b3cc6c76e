"""The offset of a phone is found where there is one, and told from none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

import tutelage as tt
from tutelage.errors import BadInputError
from tutelage.export.verifying import as_mappings
from tutelage.runtime import Runtime
from tutelage.serving.heard_scans import HeardScan
from tutelage.serving.tracks import PhoneOffset, learnt_offset, shifted


@pytest.fixture(scope="module")
def office() -> tt.Survey:
    return tt.simulated_survey(seed=2, n_train=300, n_test=80)


@pytest.fixture(scope="module")
def model(office: tt.Survey, tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    path = tmp_path_factory.mktemp("offset") / "office.zip"
    fitted = tt.Localizer("knn", settings={"k": 5, "metric": "euclidean"}).fit(office)
    tt.export_model(fitted, path)
    return Runtime.load(path)


def heard(scans: tt.FingerprintSet, offset_db: float) -> list[HeardScan]:
    def shifted(rss_dbm: Mapping[str, float]) -> dict[str, float]:
        return {name: float(np.clip(rss + offset_db, -120, 0)) for name, rss in rss_dbm.items()}

    return [HeardScan(shifted(scan), 0.0) for scan in as_mappings(scans)]


def test_offsets_of_two_phones_differ_by_what_was_added(office: tt.Survey, model: Runtime) -> None:
    as_surveyed, louder = (learnt_offset(model, heard(office.train[::4], db)) for db in (0.0, 6.0))
    assert louder.offset_db == pytest.approx(as_surveyed.offset_db - 6.0, abs=2.0)
    assert louder.low_db <= louder.offset_db <= louder.high_db
    assert louder.expected_gain >= as_surveyed.expected_gain
    assert louder.n_scans == len(office.train[::4])


def test_an_offset_is_added_within_the_range_of_readings() -> None:
    offset = PhoneOffset(-30.0, -31.0, -29.0, 0.1, 20)
    scan = shifted(HeardScan({"a": -100.0, "b": -40.0}, 5.0, {"a": 1.0}), offset.offset_db)
    assert scan == HeardScan({"a": -120.0, "b": -70.0}, 5.0, {"a": 1.0})
    assert offset.as_json()["is_sure"]
    assert not PhoneOffset(2.0, -1.0, 4.0, 0.0, 20).is_sure


def test_few_scans_and_models_without_radii_are_refused(
    office: tt.Survey, model: Runtime, tmp_path: Path
) -> None:
    with pytest.raises(BadInputError, match=r"3 of 3 scans .* 20 are needed"):
        learnt_offset(model, heard(office.train[:3], 0.0))
    plain = tt.Localizer("knn", settings={"k": 5}, calibrate=False).fit(office)
    tt.export_model(plain, tmp_path / "plain.zip")
    with pytest.raises(BadInputError, match="take a model that is calibrated"):
        learnt_offset(Runtime.load(tmp_path / "plain.zip"), heard(office.train[:30], 0.0))
