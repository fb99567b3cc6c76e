"""Positions measured anew for each scan: what is one place all the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.sets.public_sets import public_datasets
from tutelage.data.splits import reference_points
from tutelage.data.survey_places import remeasured_points
from tutelage.data.surveys import load, simulated_survey
from tutelage.localizer import Localizer


def jittered(scans: FingerprintSet, sigma_m: float, seed: int = 0) -> FingerprintSet:
    off_m = np.random.default_rng(seed).normal(0, sigma_m, (len(scans), 2))
    return replace(scans, position_m=scans.known_position_m + off_m)


def is_same_partition(one: np.ndarray, other: np.ndarray) -> bool:
    pairs = {*zip(one.tolist(), other.tolist(), strict=True)}
    return len(pairs) == len({*one.tolist()}) == len({*other.tolist()})


@pytest.fixture(scope="module")
def survey() -> Survey:
    return simulated_survey(seed=3, n_train=480, n_test=300)


@pytest.mark.parametrize("sigma_m", [0.001, 0.01, 0.05])
def test_a_surveyed_place_is_one_however_its_position_trembles(survey: Survey, sigma_m: float) -> None:
    exact = reference_points(survey.train)
    assert 0 < exact.max() < len(survey.train) / 2
    assert is_same_partition(reference_points(jittered(survey.train, sigma_m)), exact)


def test_radii_hold_the_truth_where_positions_tremble(survey: Survey) -> None:
    """Without it the held-out scans have a twin in the radio map, and every radius is a centimetre."""
    model = Localizer("knn").fit(jittered(survey.train, 0.01))
    assert survey.test is not None
    answers = model.predict(survey.test)
    off_m = np.linalg.norm(answers.position_m - survey.test.known_position_m, axis=1)
    assert answers.radius_m is not None
    assert np.mean(off_m[answers.answered] <= answers.radius_m[answers.answered]) > 0.85


def test_positions_farther_apart_are_places_of_their_own() -> None:
    grid = np.stack(np.meshgrid(np.arange(20.0), np.arange(10.0)), axis=-1).reshape(-1, 2) * 0.3
    np.testing.assert_array_equal(remeasured_points(grid, np.zeros(200)), np.arange(200))


def test_a_few_close_positions_change_nothing() -> None:
    position_m = np.array([[0, 0], [0.1, 0], [5, 0], [10, 0], [15, 0], [20, 0]], dtype=float)
    np.testing.assert_array_equal(remeasured_points(position_m, np.zeros(6)), np.arange(6))


def test_a_way_is_cut_into_cells_of_five_metres() -> None:
    way_m = np.column_stack([np.arange(0, 20, 0.2), np.full(100, 1.0)])
    place = remeasured_points(way_m, np.zeros(100))
    assert is_same_partition(place, np.floor(way_m[:, 0] / 5))


@settings(max_examples=60)
@given(st.integers(1, 6), st.integers(2, 40), st.integers(0, 2**31))
def test_places_do_not_depend_on_the_order_and_keep_to_their_storey(n_places: int, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    centre = rng.integers(0, n_places, n)
    position_m = np.column_stack([10.0 * centre, np.zeros(n)]) + rng.uniform(-0.1, 0.1, (n, 2))
    storey = rng.integers(0, 2, n)
    place = remeasured_points(position_m, storey)
    order = rng.permutation(n)
    assert is_same_partition(remeasured_points(position_m[order], storey[order]), place[order])
    assert (np.bincount(place) > 0).all()
    for each in range(place.max() + 1):
        assert len({*storey[place == each]}) == len({*centre[place == each]}) == 1


WITHOUT_POINTS = ("utsindoorloc", "wifine")  # the first is not here, the second was walked


@pytest.mark.real_data
@pytest.mark.parametrize("name", [name for name in public_datasets() if name not in WITHOUT_POINTS])
def test_positions_of_the_public_sets_are_places_as_they_are(name: str, data_dir: Path) -> None:
    train = load(name, data_dir=data_dir).train
    labels = [label for label in (train.floor, train.building) if label is not None]
    where = np.column_stack([train.known_position_m.astype(str), *labels])
    exact = np.unique(where, axis=0, return_inverse=True)[1].ravel()
    assert is_same_partition(reference_points(train), exact)
