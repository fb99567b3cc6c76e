"""What surveys of few phones or of one day borrow from public ones, and how radii say so."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from gridded_survey import gridded
from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.surveys import simulated_survey
from tutelage.localizer import Localizer
from tutelage.methods.calibration import borrowed
from tutelage.methods.calibration.borrowed import (
    Borrowed,
    Evidence,
    borrowed_for,
    evidence,
    heard_by_other_phones,
)
from tutelage.runtime.radii import Calibration
from tutelage.runtime.readings import RSS_MAX_DBM, RSS_MIN_DBM
from walked_survey import START

KNN = {"metric": "sorensen", "representation": "powed", "k": 5}


def surveyed(n_phones: int, n_days: int) -> FingerprintSet:
    scans = gridded(phones=[f"phone {i}" for i in range(n_phones)] or None)
    day, minute = np.arange(64) % n_days, np.arange(64)
    return replace(scans, time=START + day * np.timedelta64(24, "h") + minute * np.timedelta64(1, "m"))


def value(lack: str, *, without: str = "") -> float:
    """The median over the public surveys."""
    return median(row.value for row in evidence() if row.lack == lack and row.survey != without)


# -- what is borrowed -------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_phones", [1, 2, 7])
def test_a_survey_of_few_phones_borrows_their_offsets(n_phones: int) -> None:
    found = borrowed_for(surveyed(n_phones, 2))
    assert found.offset_db == value("phone") > 1
    assert found.day_factor == 1
    assert found.words.startswith(f"other phones, {found.offset_db:.1f} dB apart as in ")
    assert "day" not in found.words


def test_a_survey_of_one_day_borrows_what_other_days_add() -> None:
    found = borrowed_for(surveyed(8, 1))
    assert (found.offset_db, found.day_factor) == (0, value("day"))
    assert found.day_factor > 1
    assert found.words.startswith("other days, as in ")


def test_a_survey_of_one_phone_and_one_day_borrows_both() -> None:
    phone, day = borrowed_for(surveyed(1, 2)), borrowed_for(surveyed(8, 1))
    both = borrowed_for(surveyed(1, 1))
    assert both == Borrowed(phone.offset_db, day.day_factor, f"{phone.words}; {day.words}")


@pytest.mark.parametrize(("n_phones", "n_days"), [(8, 2), (9, 5), (0, 2)])
def test_a_survey_that_lacks_nothing_borrows_nothing(n_phones: int, n_days: int) -> None:
    assert borrowed_for(surveyed(n_phones, n_days)) == Borrowed(0.0, 1.0, "")


@pytest.mark.parametrize("survey", sorted({row.survey for row in evidence()}))
@pytest.mark.parametrize("part", ["", ":3"])
def test_a_public_survey_borrows_nothing_from_itself(survey: str, part: str) -> None:
    found = borrowed_for(surveyed(1, 1), survey + part)
    assert survey not in found.words
    assert survey in borrowed_for(surveyed(1, 1)).words
    assert found.offset_db == value("phone", without=survey)
    assert found.day_factor == max(1, value("day", without=survey))


def test_days_that_were_no_worse_are_not_borrowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(borrowed, "evidence", lambda: (Evidence("library", "day", 0.77, 9),))
    assert borrowed_for(surveyed(8, 1)) == Borrowed()


def test_where_no_survey_can_tell_nothing_is_borrowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(borrowed, "evidence", lambda: (Evidence("tampere", "phone", 3.0, 7),))
    assert borrowed_for(surveyed(1, 1), "tampere") == Borrowed()


# -- scans as other phones hear them ----------------------------------------------------------------------


@settings(max_examples=50)
@given(st.floats(0, 60), st.integers(0, 1000), st.integers(0, 1000))
def test_offsets_keep_the_number_of_readings_and_the_limits(offset_db: float, seed: int, which: int) -> None:
    rng = np.random.default_rng(which)
    readings = rng.uniform(RSS_MIN_DBM, RSS_MAX_DBM, (20, 5)) * (rng.random((20, 5)) < 0.7)
    scans = replace(gridded(5)[:20], rss_dbm=sparse.csr_array(readings.astype(np.float32)))
    before = scans.rss_dbm.copy()
    moved = heard_by_other_phones(scans, offset_db, seed)
    after = moved.rss_dbm
    np.testing.assert_array_equal(moved.n_heard, scans.n_heard)
    np.testing.assert_array_equal(after.indices, before.indices)
    assert after.dtype == before.dtype
    assert (after.data >= RSS_MIN_DBM).all()
    assert (after.data <= RSS_MAX_DBM).all()
    np.testing.assert_array_equal(scans.rss_dbm.data, before.data)
    is_inside = (after.data > RSS_MIN_DBM) & (after.data < RSS_MAX_DBM)
    scan = np.repeat(np.arange(20), moved.n_heard)
    for each in np.unique(scan[is_inside]):
        assert np.ptp((after.data - before.data)[is_inside & (scan == each)]) < 1e-3


def test_phones_differ_by_as_much_as_asked() -> None:
    scans = gridded(50)
    moved = heard_by_other_phones(scans, 3.9, 0)
    offsets_db = (moved.rss_dbm.toarray() - scans.rss_dbm.toarray()).mean(axis=1)
    assert offsets_db.std() == pytest.approx(3.9, rel=0.05)
    assert offsets_db.mean() == pytest.approx(0, abs=0.3)
    np.testing.assert_array_equal(heard_by_other_phones(scans, 0.0, 0).rss_dbm.data, scans.rss_dbm.data)


# -- in models --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def office() -> FingerprintSet:
    return simulated_survey(seed=6).train


@pytest.fixture(scope="module")
def lacking(office: FingerprintSet) -> Localizer:
    """Of one phone and one day; the same points are held out as without names and times."""
    one = replace(office, device=np.full(len(office), "p"), time=np.full(len(office), START))
    return Localizer("knn", settings=KNN).fit(one)


def test_radii_of_one_phone_and_day_are_larger_by_the_borrowed_factor(
    office: FingerprintSet, lacking: Localizer
) -> None:
    plain = Localizer("knn", settings=KNN).fit(replace(office, device=None, time=None)).calibration_
    found = lacking.calibration_
    assert plain is not None
    assert found is not None
    assert (plain.borrowed_factor, plain.borrowed) == (1.0, "")
    assert found.held_out == plain.held_out
    assert found.borrowed_factor > value("day")
    assert found.held_out_mae_m is not None
    assert plain.held_out_mae_m is not None
    larger = found.held_out_mae_m / plain.held_out_mae_m
    assert larger == pytest.approx(found.borrowed_factor, rel=0.05)
    for level in ("0.5", "0.95"):
        assert (found.plain_radius_m[level] or 0) > (plain.plain_radius_m[level] or np.inf)


def test_the_card_says_what_is_borrowed(lacking: Localizer, tmp_path: Path) -> None:
    lacking.save(tmp_path / "m")
    card = json.loads((tmp_path / "m" / "model.json").read_text())["calibration"]
    found, loaded = lacking.calibration_, Localizer.load(tmp_path / "m").calibration_
    assert found is not None
    assert loaded is not None
    assert card["borrowed"] == found.borrowed == loaded.borrowed
    assert card["borrowed_factor"] == found.borrowed_factor == loaded.borrowed_factor
    assert card["borrowed"].startswith("other phones, ")


def test_an_older_calibration_borrows_nothing(lacking: Localizer) -> None:
    found = lacking.calibration_
    assert found is not None
    config = {name: each for name, each in found.config().items() if not name.startswith("borrowed")}
    older = Calibration.from_config(config, found.tensors())
    assert (older.borrowed_factor, older.borrowed) == (1.0, "")
    np.testing.assert_array_equal(older.score, found.score)


def test_a_public_survey_is_calibrated_without_itself(office: FingerprintSet) -> None:
    found = Localizer("knn", settings=KNN).fit(Survey("tampere", office)).calibration_
    assert found is not None
    assert "ujiindoorloc" in found.borrowed
    assert "tampere" not in found.borrowed
