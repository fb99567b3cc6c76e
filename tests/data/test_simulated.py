"""The simulated building: seeded, and physical where it matters."""

from typing import Any

import numpy as np
import pytest

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.sets.simulated import Building, multi_wall_rss_dbm, simulated_survey
from tutelage.errors import BadInputError

PLAN = Building()


def sealed(survey: Survey) -> FingerprintSet:
    """Return the test split."""
    assert survey.test is not None
    return survey.test


def labels(*columns: np.ndarray | None) -> list[np.ndarray]:
    """Return label columns, none of which may be missing."""
    filled = [column for column in columns if column is not None]
    assert len(filled) == len(columns)
    return filled


def heard_columns(scans: FingerprintSet) -> set[int]:
    return set(scans.rss_dbm.indices.tolist())


def test_survey_is_the_same_for_the_same_seed() -> None:
    one = simulated_survey(3)
    other = simulated_survey(3)
    assert one.train.content_hash() == other.train.content_hash()
    assert sealed(one).content_hash() == sealed(other).content_hash()


def test_survey_differs_between_seeds() -> None:
    one = simulated_survey(3)
    other = simulated_survey(4)
    assert one.train.content_hash() != other.train.content_hash()
    assert sealed(one).content_hash() != sealed(other).content_hash()


def test_training_does_not_depend_on_the_number_of_test_scans() -> None:
    one = simulated_survey(n_test=10)
    other = simulated_survey(n_test=20)
    assert one.train.content_hash() == other.train.content_hash()


def test_rss_falls_with_distance_along_an_empty_corridor() -> None:
    plan = Building(room_m=(1000.0, 1000.0))
    phone_m = np.array([[d, 1.0, 1.2] for d in (0.5, 2.0, 10.0, 50.0)])
    rss_dbm = multi_wall_rss_dbm(plan, np.array([[0.0, 1.0, 1.2]]), phone_m)[:, 0]
    assert (np.diff(rss_dbm) < 0).all()
    assert rss_dbm[3] - rss_dbm[2] == pytest.approx(-20 * np.log10(5))
    assert rss_dbm[0] == PLAN.power_dbm - 40.0  # never louder than at 1 m


@pytest.mark.parametrize(
    ("step_m", "loss_db"), [((6.0, 0, 0), 3.4), ((0, 10.0, 0), 6.8), ((0, 0, 3.5), 18.3)]
)
def test_rss_pays_for_each_wall_and_floor(step_m: tuple[float, float, float], loss_db: float) -> None:
    plan = Building(exponent=1e-9)  # walls and floors alone
    antenna_m = np.array([[1.0, 1.0, 1.2]])
    near, far = multi_wall_rss_dbm(
        plan, antenna_m, np.array([[2.0, 2.0, 1.2], np.add([2.0, 2.0, 1.2], step_m)])
    )
    assert near[0] - far[0] == pytest.approx(loss_db, abs=1e-6)


def test_scans_hear_a_plausible_number_of_whole_dbm_above_the_threshold() -> None:
    survey = simulated_survey()
    for scans in (survey.train, sealed(survey)):
        assert scans.n_heard.min() >= 5
        assert scans.n_heard.max() <= 60
        readings = scans.rss_dbm.data
        assert (readings == np.rint(readings)).all()
        assert readings.min() >= -95


def test_faint_access_points_are_sometimes_missed() -> None:
    still: dict[str, Any] = {
        "fading_db": 0.0,
        "body_loss_db": 0.0,
        "shadowing_db": 0.0,
        "device_offset_db": 0.0,
    }
    train = simulated_survey(churn=0.0, **still).train
    at_threshold = np.count_nonzero(train.rss_dbm.data <= -93)
    assert 0 < at_threshold < np.count_nonzero((train.rss_dbm.data > -91) & (train.rss_dbm.data <= -89))


def test_shadowing_resembles_itself_nearby_only() -> None:
    plain = {"fading_db": 0, "body_loss_db": 0, "device_offset_db": 0, "churn": 0, "threshold_dbm": -120}
    shadowed = simulated_survey(**plain, faint_db=1e-6, n_floors=1).train
    flat = simulated_survey(**plain, faint_db=1e-6, n_floors=1, shadowing_db=0).train
    field = (shadowed.rss_dbm - flat.rss_dbm).toarray()[::4]  # one scan a reference point
    place = shadowed.known_position_m[::4]
    distance = np.linalg.norm(place[:, None] - place, axis=-1)
    product = field @ field.T / field.shape[1]
    near = product[(distance > 0) & (distance < 3)].mean()
    assert np.std(field) == pytest.approx(4.0, abs=0.8)
    assert near > 3 * abs(product[distance > 25].mean())
    assert near == pytest.approx(16 * np.exp(-2.5 / 6), rel=0.3)


def test_some_access_points_come_and_some_go() -> None:
    survey = simulated_survey(churn=0.1)
    train = heard_columns(survey.train)
    test = heard_columns(sealed(survey))
    assert survey.train.access_points == sealed(survey).access_points
    assert len(train - test) == 4
    assert len(test - train) == 4
    steady = simulated_survey(churn=0.0)
    assert heard_columns(steady.train) == heard_columns(sealed(steady))


def test_floors_are_told_apart_by_attenuation() -> None:
    survey = simulated_survey()
    train, test = (
        s.rss_dbm.toarray() + 100.0 * (s.rss_dbm.toarray() != 0) for s in (survey.train, sealed(survey))
    )
    nearest = np.argmax(test @ train.T / np.linalg.norm(train, axis=1), axis=1)
    train_floor, test_floor = labels(survey.train.floor, sealed(survey).floor)
    assert (train_floor[nearest] == test_floor).mean() > 0.95


def test_position_is_found_again_by_the_nearest_fingerprint() -> None:
    survey = simulated_survey()
    train, test = (
        s.rss_dbm.toarray() + 100.0 * (s.rss_dbm.toarray() != 0) for s in (survey.train, sealed(survey))
    )
    nearest = np.argmax(test @ train.T / np.linalg.norm(train, axis=1), axis=1)
    error_m = np.linalg.norm(survey.train.known_position_m[nearest] - sealed(survey).known_position_m, axis=1)
    assert 1.0 < np.median(error_m) < 8.0  # neither noise-free nor noise


def test_labels_are_filled_and_the_test_is_later_with_another_phone() -> None:
    survey = simulated_survey()
    train = survey.train
    test = sealed(survey)
    floors = [set(column) for column in labels(train.floor, test.floor)]
    assert floors == [{"0", "1"}] * 2
    assert [set(column) for column in labels(train.building, test.building)] == [{"simulated"}] * 2
    train_device, test_device, train_user, test_user = labels(
        train.device, test.device, train.user, test.user
    )
    assert set(train_device).isdisjoint(test_device)
    assert set(train_user).isdisjoint(test_user)
    train_time, test_time = labels(train.time, test.time)
    assert train_time.max() < test_time.min()
    assert len(np.unique(train_time)) == len(train)


def test_training_has_four_scans_a_reference_point_and_about_the_wanted_number() -> None:
    train = simulated_survey(n_train=600, n_floors=3).train
    (floor,) = labels(train.floor)
    point = np.column_stack([train.known_position_m, floor.astype(float)])
    assert (np.unique(point, axis=0, return_counts=True)[1] == 4).all()
    assert len(train) == pytest.approx(600, rel=0.15)


@pytest.mark.parametrize(("field", "value"), [("n_floor", 2), ("churn", 0.7), ("room_m", (6.0, 0.0))])
def test_building_refuses_what_it_cannot_build(field: str, value: Any) -> None:
    with pytest.raises(BadInputError, match=field):
        simulated_survey(**{field: value})
