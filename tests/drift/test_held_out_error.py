"""The metres that drift speaks of: the mean error at reference points held out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tutelage import Localizer, measure_drift
from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.splits import reference_points, split_by_position
from tutelage.evaluation.drift.expected_loss import estimate_loss
from tutelage.methods.calibration import Trial, calibrate
from tutelage.runtime.positions import Located
from tutelage.runtime.radii import Calibration

NOTHING = np.ones((1, 2)), np.zeros(2, dtype=bool), np.zeros(2, dtype=bool)


def trial_with_errors(train: FingerprintSet) -> tuple[Trial, np.ndarray]:
    """Answers that are farther off the fewer access points are heard, and by how much."""
    rest, held = split_by_position(train, fraction=0.3, seed=0)
    asked = train[held]
    error_m = (60.0 / asked.n_heard) ** 3
    off_m = np.column_stack([error_m, np.zeros(len(asked))])
    point = reference_points(train)[held]
    own = dict(zip(asked.scan_id.tolist(), off_m, strict=True))

    def locate(scans: FingerprintSet) -> Located:
        return Located(scans.known_position_m + np.array([own[name] for name in scans.scan_id.tolist()]))

    return Trial(train[rest], asked, point, locate, is_walked=True), error_m


@pytest.fixture(scope="module")
def known(building: Survey) -> tuple[Calibration, float]:
    """A calibration whose scale is not flat, and the mean over points of their mean errors."""
    trial, error_m = trial_with_errors(building.train)
    point = reference_points(trial.queries)
    of_points = [error_m[point == each].mean() for each in range(point.max() + 1)]
    return calibrate(building.train, building.train.access_points, trial), float(np.mean(of_points))


def test_the_mean_error_then_is_that_of_the_points_held_out(known: tuple[Calibration, float]) -> None:
    calibration, by_hand_m = known
    loss = estimate_loss(*NOTHING, calibration)
    assert loss.then_m == loss.now_m == pytest.approx(by_hand_m)
    over_scale = np.average(calibration.score, weights=calibration.share)
    assert abs(over_scale - by_hand_m) > 0.01 * by_hand_m


def test_a_calibration_of_before_is_read_and_says_what_it_holds(known: tuple[Calibration, float]) -> None:
    calibration, _ = known
    config = calibration.config()
    del config["held_out_mae_m"]
    older = Calibration.from_config(config, calibration.tensors())
    assert older.held_out_mae_m is None
    loss = estimate_loss(*NOTHING, older)
    assert loss.then_m == pytest.approx(np.average(calibration.score, weights=calibration.share))


def test_a_saved_model_keeps_the_error(model: Localizer, recent: FingerprintSet, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    found = measure_drift(Localizer.load(tmp_path / "model"), replace(recent, position_m=None))
    assert model.calibration_ is not None
    assert found.loss.then_m == model.calibration_.held_out_mae_m
