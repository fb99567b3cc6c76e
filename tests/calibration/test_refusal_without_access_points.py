"""Scans that no longer hear some access points: they are answered, with radii that hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tutelage import Localizer, load
from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.splits import split_by_position
from tutelage.data.surveys import simulated_survey
from tutelage.methods.calibration.trial import without_readings
from tutelage.runtime.positions import Positions

KNN = {"metric": "sorensen", "representation": "powed", "k": 5}


def without_share(scans: FingerprintSet, share: float, seed: int) -> FingerprintSet:
    """The scans that hear something without a share of all access points."""
    names = np.random.default_rng(seed).permutation(scans.access_points)
    rest = scans.aligned_to(names[round(share * len(names)) :].tolist())
    return rest[rest.n_heard > 0]


def held_share(answers: Positions, scans: FingerprintSet) -> float:
    """Share of the answered scans whose true position lies within the radius."""
    assert answers.radius_m is not None
    truth_m = scans.in_frame(answers.frame).known_position_m
    error_m = np.linalg.norm(answers.position_m - truth_m, axis=1)
    return float((error_m <= answers.radius_m)[answers.answered].mean())


@pytest.fixture(scope="module")
def parts() -> tuple[FingerprintSet, FingerprintSet]:
    """A dense grid without some of its points, and the scans at these."""
    train = simulated_survey(n_floors=1, n_train=6400).train
    rest, held_out = split_by_position(train, 0.15, 0)
    return train[rest], train[held_out]


@pytest.fixture(scope="module")
def model(parts: tuple[FingerprintSet, FingerprintSet]) -> Localizer:
    return Localizer("knn", settings=KNN).fit(parts[0])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_on_a_dense_grid_scans_without_a_quarter_of_the_access_points_are_answered(
    parts: tuple[FingerprintSet, FingerprintSet], model: Localizer, seed: int
) -> None:
    asked = without_share(parts[1], 0.25, seed)
    answers = model.predict(asked, level=0.95)
    assert answers.refused.mean() < 0.1
    assert held_share(answers, asked) >= 0.88


@pytest.mark.slow
def test_the_fewer_readings_are_left_the_larger_is_the_radius(
    parts: tuple[FingerprintSet, FingerprintSet], model: Localizer
) -> None:
    radii_m = []
    for share in (0, 0.25, 0.5):
        answers = model.predict(without_share(parts[1][::3], share, 0), level=0.95)
        assert answers.radius_m is not None
        radii_m.append(np.nanmedian(answers.radius_m))
    assert radii_m == sorted(radii_m)
    assert radii_m[2] > 1.2 * radii_m[0]


@pytest.mark.slow
@pytest.mark.real_data
def test_radii_of_tut6_hold_without_half_of_the_access_points(data_dir: Path) -> None:
    survey = load("tut6", data_dir=data_dir)
    assert survey.test is not None
    asked = without_share(survey.test, 0.5, 0)
    answers = Localizer("knn", settings=KNN).fit(survey).predict(asked, level=0.95)
    assert answers.refused.mean() < 0.1
    assert held_share(answers, asked) >= 0.9


def test_readings_are_taken_from_scans_and_none_is_added() -> None:
    scans = simulated_survey(seed=2).train
    scans = scans[scans.n_heard > 0]
    fewer = without_readings(scans, 3)
    assert (fewer.n_heard <= scans.n_heard).all()
    before, after = scans.rss_dbm.toarray(), fewer.rss_dbm.toarray()
    assert (after[after != 0] == before[after != 0]).all()
    left = fewer.n_heard / scans.n_heard
    assert left.mean() == pytest.approx(0.51, abs=0.05)  # 0 to 98 % are taken
    assert np.ptp(left) > 0.9
    np.testing.assert_array_equal(fewer.known_position_m, scans.known_position_m)
