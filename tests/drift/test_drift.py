"""Drift whose truth is known: what was changed is found, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from drifted import office, renamed, shifted, without

from tutelage import Budget, Localizer, RunOptions, evaluate, load, measure_drift
from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.surveys import simulated_survey
from tutelage.errors import BadInputError
from tutelage.evaluation.drift import Drift
from tutelage.evaluation.drift.expected_loss import (
    GONE_POWER,
    RESURVEY_AT,
    SHIFTED_POWER,
    judge_severity,
)

GONE = ("AP003", "AP010", "AP021", "AP034")
KNN = {"metric": "sorensen", "representation": "powed", "k": 5}


def test_the_page_states_the_rule_as_it_is() -> None:
    page = (Path(__file__).parents[2] / "research" / "drift.md").read_text(encoding="utf-8")
    assert f"when the estimated loss is {RESURVEY_AT - 1:.0%}".replace("%", " %") in page
    assert f"(1 - g)^-{GONE_POWER:g} (1 - s)^-{SHIFTED_POWER:g}" in page


def found_gone(found: Drift) -> set[str]:
    return {each.access_point for each in found.gone}


def found_shifted(found: Drift) -> set[str]:
    return {each.access_point for each in found.shifts.shifted}


@pytest.mark.parametrize("seed", range(1, 7))
def test_nothing_is_found_where_nothing_changed(seed: int) -> None:
    same = office(seed)
    found = measure_drift(Localizer("knn", settings=KNN, calibrate=False).fit(same), same)
    assert (found.gone, found.new, found.shifts.shifted) == ((), (), ())
    assert abs(found.shifts.common_db or 0) < 1
    assert found.loss.factor == pytest.approx(1, abs=0.01)
    assert (found.severity, found.reasons) == ("none", ())


def test_of_scans_at_two_places_it_says_that_nothing_can_be_told(
    model: Localizer, recent: FingerprintSet
) -> None:
    found = measure_drift(model, recent[np.arange(1)])
    assert found.n_places < 3
    assert found.severity == "unknown"
    assert found.reasons == ("scans of at least 3 places are needed, these are of 1",)


def test_it_says_from_how_many_of_the_scans_the_model_learnt() -> None:
    same = office(1)
    knn = Localizer("knn", settings=KNN, calibrate=False).fit(same)
    of_training, of_test = measure_drift(knn, same.train).measured, measure_drift(knn, same).measured
    assert of_training is not None
    assert of_test is not None
    assert (of_training.n_training_scans, of_test.n_training_scans) == (len(same.train), 0)


def test_access_points_taken_away_are_gone_and_no_others(model: Localizer, recent: FingerprintSet) -> None:
    found = measure_drift(model, without(recent, GONE))
    assert found_gone(found) == set(GONE)
    assert found_shifted(found) == set()
    assert all(each.found_share == 0 and each.p_value <= 0.05 for each in found.gone)


def test_an_access_point_heard_nowhere_near_is_not_called_gone(
    model: Localizer, recent: FingerprintSet
) -> None:
    """From a few places next to each other most of the building cannot be judged."""
    corner = recent[np.linalg.norm(recent.known_position_m - recent.known_position_m[0], axis=1) < 3]
    assert 2 <= len(corner) < 10
    found = measure_drift(model, corner)
    assert found.gone == ()


def test_access_points_that_were_added_are_new(model: Localizer, recent: FingerprintSet) -> None:
    names = {"AP003": "new-one", "AP010": "new-other"}
    found = measure_drift(model, renamed(recent, names))
    assert {each.access_point for each in found.new} == set(names.values())
    assert found_gone(found) == set(names)
    for each in found.new:
        assert -95 <= each.mean_dbm <= 0
        assert 0.05 <= each.share <= 1


@pytest.mark.parametrize("offset_db", [8.0, -8.0])
def test_access_points_shifted_by_8_db_are_found_with_their_offset(
    model: Localizer, recent: FingerprintSet, offset_db: float
) -> None:
    found = measure_drift(model, shifted(recent, offset_db, GONE))
    assert found_shifted(found) == set(GONE)
    assert found_gone(found) == set()
    for each in found.shifts.shifted:
        assert each.offset_db == pytest.approx(offset_db, abs=2.5)
        assert each.low_db < each.offset_db < each.high_db
    assert found.shifts.common_db == pytest.approx(0, abs=1)


@pytest.mark.parametrize("offset_db", [5.0, -5.0])
def test_another_phone_is_a_common_offset_and_no_access_point_shifted(
    model: Localizer, recent: FingerprintSet, offset_db: float
) -> None:
    found = measure_drift(model, shifted(recent, offset_db))
    assert found.shifts.common_db == pytest.approx(offset_db, abs=1)
    assert found_shifted(found) == set()
    assert found_gone(found) == set()


def test_a_shift_is_told_from_the_phones_own(model: Localizer, recent: FingerprintSet) -> None:
    found = measure_drift(model, shifted(shifted(recent, -5.0), 8.0, GONE))
    assert found_shifted(found) == set(GONE)
    assert all(each.offset_db > 5 for each in found.shifts.shifted)


def test_the_estimated_loss_grows_with_what_is_gone_and_ends_in_a_resurvey(
    model: Localizer, recent: FingerprintSet
) -> None:
    names = model.access_points_
    found = [measure_drift(model, without(recent, names[:n])) for n in (0, 4, 20)]
    assert (found[0].severity, found[-1].severity) == ("none", "resurvey")
    assert judge_severity(found[0].loss._replace(factor=1.05), 0.0, None, 10)[0] == "watch"
    factors = [each.loss.factor for each in found]
    assert factors == sorted(factors)
    assert found[-1].loss.now_m == pytest.approx((found[-1].loss.then_m or 0) * factors[-1])
    assert "larger than it was" in found[-1].reasons[0]
    assert found[0].loss.factor_after_update is None
    assert 1 <= (found[-1].loss.factor_after_update or 0) < factors[-1]


@pytest.mark.slow
@pytest.mark.parametrize("n_gone", [10, 20, 30])
def test_many_that_are_gone_at_once_are_all_found_and_their_cost_is_told(n_gone: int) -> None:
    for seed in (1, 2, 3):
        building = office(seed)
        knn = Localizer("knn", settings=KNN).fit(building)
        gone = knn.access_points_[:n_gone]
        assert building.test is not None
        found = measure_drift(knn, without(building.test, gone))
        assert found_gone(found) == set(gone)
        assert abs(found.shifts.common_db or 0) < 2  # not taken for an offset of the phone
        plain = knn.without_calibration()
        before, after = (
            float(evaluate(plain, scans).figures()["mae_m"] or 0)
            for scans in (building.test, without(building.test, gone))
        )
        measured = after / before - 1
        assert measured / 3 < found.loss.factor - 1 < 2 * measured


def test_scans_of_elsewhere_are_refused_more_often_and_call_for_a_resurvey(
    model: Localizer, recent: FingerprintSet
) -> None:
    names = list(model.access_points_)
    mixed_up = dict(zip(names, np.random.default_rng(0).permutation(names).tolist(), strict=True))
    found = measure_drift(model, renamed(recent, mixed_up))
    assert (found.refused_share or 0) > 0.3
    assert found.severity == "resurvey"
    assert "of the scans are unlike every surveyed place" in found.reasons[0]
    assert measure_drift(model, recent).refused_share == 0


def test_positions_give_the_measured_error_and_their_absence_changes_nothing_else(
    model: Localizer, building: Survey, recent: FingerprintSet
) -> None:
    known = measure_drift(model, building)
    alone = FingerprintSet(recent.rss_dbm, recent.access_points, recent.scan_id)
    blind = measure_drift(model, alone)
    assert known.measured is not None
    assert known.measured.mae_m == pytest.approx(
        float(np.linalg.norm(model.predict(recent).position_m - recent.known_position_m, axis=1).mean())
    )
    assert blind.measured is None
    assert (known.gone, known.shifts, known.loss) == (blind.gone, blind.shifts, blind.loss)
    assert json.loads(json.dumps(known.as_dict()))["severity"] == "none"


def test_a_map_stands_in_for_landmarks_and_a_network_without_either_is_told_so(
    building: Survey, recent: FingerprintSet
) -> None:
    changed = without(recent, GONE)
    bare = Localizer("knn", settings=KNN, calibrate=False).fit(building)
    assert found_gone(measure_drift(bare, changed)) == set(GONE)
    tiny = {"width": 8, "d_e": 4}
    run = RunOptions(device="cpu", budget=Budget(1))
    network = Localizer("dnn", settings=tiny, run=run, calibrate=False).fit(building)
    with pytest.raises(BadInputError, match="without calibration and holds nothing to compare"):
        measure_drift(network, changed)


def test_scans_of_another_building_and_no_scans_are_refused(model: Localizer, recent: FingerprintSet) -> None:
    with pytest.raises(BadInputError, match="was it fitted on another building"):
        measure_drift(model, renamed(recent, {name: f"other-{name}" for name in recent.access_points}))
    with pytest.raises(BadInputError, match="none of the 0 scans"):
        measure_drift(model, recent[:0])


@pytest.mark.real_data
@pytest.mark.slow
def test_the_librarys_replaced_access_points_are_found_in_their_month(data_dir: object) -> None:
    """Half of what is heard was replaced between months 10 and 11; before, nothing was."""
    months = {month: load(f"uji_library:{month}", data_dir=data_dir) for month in (1, 5, 12)}  # type: ignore[arg-type]
    model = Localizer("knn", settings=KNN, calibrate=False).fit(months[1])
    early, late = (measure_drift(model, months[month]) for month in (5, 12))
    assert (early.gone, early.severity) == ((), "none")
    assert len(late.gone) > 10
    assert len(late.new) > 15
    assert late.severity == "resurvey"
    assert early.measured is not None
    assert late.measured is not None
    assert (late.measured.mae_m or 0) > 1.03 * (early.measured.mae_m or 0)


def test_false_alarms_stay_rare_in_a_small_building() -> None:
    """Twenty buildings of 16 access points, few scans each."""
    alarms = 0
    for seed in range(20):
        small = simulated_survey(
            seed=seed,
            churn=0.0,
            n_train=160,
            n_test=40,
            n_access_points=16,
            n_floors=1,
            width_m=40,
            depth_m=24,
        )
        model = Localizer("knn", settings=KNN, calibrate=False).fit(small)
        found = measure_drift(model, small)
        alarms += bool(found.gone or found.shifts.shifted or found.new)
    assert alarms <= 3
