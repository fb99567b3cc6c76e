"""Updates with scans without positions: what is gone is left out, and the rest is learnt again."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tutelage import Budget, Localizer, RunOptions, evaluate, load, measure_drift, update
from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.surveys import simulated_survey
from tutelage.errors import BadInputError, UnknownNameError

pytestmark = pytest.mark.slow  # what they share takes long to make

KNN = {"metric": "sorensen", "representation": "powed", "k": 5}
SMALL = {"width": 32, "d_e": 16}
BRIEF = RunOptions(device="cpu", budget=Budget(30))
METHODS = ("knn", "matcher", "dnn", "blend")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """On tensors this small threads only wait for one another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def building() -> Survey:
    return simulated_survey(
        seed=6, n_train=400, n_test=200, n_access_points=30, n_floors=1, width_m=40, depth_m=24, churn=0.0
    )


@pytest.fixture(scope="module")
def gone(building: Survey) -> set[str]:
    return half_of(building.train.access_points)


@pytest.fixture(scope="module")
def models(building: Survey) -> dict[str, Localizer]:
    matcher = {"fine_tune": False}
    settings: dict[str, dict[str, Any]] = {
        "knn": KNN,
        "matcher": matcher,
        "dnn": SMALL,
        "blend": {**SMALL, "share": 0.3, **{f"matcher.{name}": value for name, value in matcher.items()}},
    }
    long = RunOptions(device="cpu", budget=Budget(100))
    return {
        name: Localizer(name, settings=each, run=long if name in ("dnn", "blend") else None).fit(building)
        for name, each in settings.items()
    }


def half_of(names: Collection[str]) -> set[str]:
    return set(np.random.default_rng(1).permutation([*names])[: len(names) // 2].tolist())


def test_scans(building: Survey) -> FingerprintSet:
    assert building.test is not None
    return building.test


test_scans.__test__ = False  # type: ignore[attr-defined]


def without(scans: FingerprintSet, gone: Collection[str]) -> FingerprintSet:
    return scans.aligned_to([name for name in scans.access_points if name not in gone])


def blind(scans: FingerprintSet) -> FingerprintSet:
    return replace(scans, position_m=None)


def run_for(method: str) -> RunOptions | None:
    return BRIEF if method in ("dnn", "blend") else None


def mae_m(model: Localizer, scans: FingerprintSet) -> float:
    return float(evaluate(model.without_calibration(), scans).figures()["mae_m"] or 0)


@pytest.mark.parametrize("method", METHODS)
def test_without_the_gone_ones_the_error_is_smaller_and_radii_hold(
    method: str, building: Survey, gone: set[str], models: dict[str, Localizer]
) -> None:
    model, scans = models[method], without(test_scans(building), gone)
    found = measure_drift(model, blind(scans))
    after = update(model, blind(scans), run=run_for(method))
    dropped = {each.access_point for each in found.gone}
    assert dropped
    assert dropped <= gone
    assert after.lineage_.dropped == tuple(sorted(dropped))
    assert set(after.access_points_) == set(model.access_points_) - dropped
    assert mae_m(after, scans) < mae_m(model, scans)
    assert float(evaluate(after, scans).figures()["coverage"] or 0) >= 0.88
    assert after.predict(scans).refused.mean() < 0.05


def test_the_map_keeps_its_scans_and_the_lineage_says_that_none_is_new(
    building: Survey, gone: set[str], models: dict[str, Localizer], tmp_path: Path
) -> None:
    recent = blind(without(test_scans(building), gone))
    after = update(models["knn"], Survey("recent", recent))
    after.save(tmp_path / "after")
    lineage = Localizer.load(tmp_path / "after").lineage_
    assert lineage == after.lineage_
    assert (lineage.survey, lineage.n_train, lineage.data_hash) == ("recent", 0, recent.content_hash())
    assert lineage.updated_from is not None
    assert lineage.updated_from.n_train == len(building.train)
    assert after.method_.radio_map is not None
    assert len(after.method_.radio_map) == len(building.train)
    again = update(models["knn"], recent)
    np.testing.assert_array_equal(again.predict(recent).position_m, after.predict(recent).position_m)


def test_the_old_model_stays_as_it_was(
    building: Survey, gone: set[str], models: dict[str, Localizer]
) -> None:
    recent = blind(without(test_scans(building), gone))
    for method in ("matcher", "dnn"):
        before = {name: array.copy() for name, array in models[method].method_.tensors().items()}
        update(models[method], recent, run=run_for(method))
        for name, array in models[method].method_.tensors().items():
            np.testing.assert_array_equal(array, before[name])


def test_a_network_keeps_its_radii_enlarged_by_the_estimate(
    building: Survey, gone: set[str], models: dict[str, Localizer]
) -> None:
    recent = blind(without(test_scans(building), gone))
    before = models["blend"].calibration_
    drift, after = measure_drift(models["blend"], recent), update(models["blend"], recent, run=BRIEF)
    assert before is not None
    assert after.calibration_ is not None
    factor = drift.loss.factor_after_update
    assert factor is not None
    assert factor > 1.02
    np.testing.assert_allclose(after.calibration_.score, factor * before.score)
    assert after.calibration_.held_out_mae_m == pytest.approx(factor * (before.held_out_mae_m or 0))
    assert f"made them {factor:.2f} times as large, by estimate" in after.calibration_.unsaid
    assert after.calibration_.landmarks.value.shape[1] == len(after.access_points_)
    assert update(models["blend"], recent, calibrate=False, run=BRIEF).calibration_ is None


def test_radii_of_held_out_walks_are_kept_because_a_map_knows_no_walks(
    building: Survey, gone: set[str], models: dict[str, Localizer]
) -> None:
    recent = blind(without(test_scans(building), gone))
    walked, before = copy(models["knn"]), models["knn"].calibration_
    assert before is not None
    walked.calibration_ = replace(before, held_out="4 of 8 walks")
    after = update(walked, recent).calibration_
    assert after is not None
    assert after.held_out == "4 of 8 walks"
    factor = measure_drift(walked, recent).loss.factor_after_update
    assert factor is not None
    np.testing.assert_allclose(after.score, factor * before.score)


def test_names_to_drop_are_left_out_as_well(
    building: Survey, gone: set[str], models: dict[str, Localizer]
) -> None:
    scans = test_scans(building)
    there = next(name for name in building.train.access_points if name not in gone)
    assert update(models["knn"], blind(scans), drop=[there]).lineage_.dropped == (there,)
    both = update(models["knn"], blind(without(scans, gone)), drop=[there]).lineage_.dropped
    assert there in both
    assert set(both) - {there} <= gone
    assert len(both) > 1
    with pytest.raises(UnknownNameError, match="'AP999'"):
        update(models["knn"], blind(scans), drop=["AP999"])


def test_where_nothing_is_gone_it_says_what_was_compared_and_what_to_do(
    building: Survey, models: dict[str, Localizer]
) -> None:
    scans = blind(test_scans(building))
    n = len(models["knn"].access_points_)
    with pytest.raises(
        BadInputError,
        match=rf"the {len(scans)} scans, of \d+ places, have no positions and were compared with the {n} "
        r"access points of the model; none is gone, so nothing changed.*positions to add them to the map",
    ):
        update(models["knn"], scans)
    with pytest.raises(BadInputError, match=r"only judged where scans of 3 places .* scans of more places"):
        update(models["knn"], scans[:1])
    with pytest.raises(BadInputError, match="was it fitted on another building"):
        update(models["knn"], scans.aligned_to(["elsewhere"]))


def test_bayescnn_cannot_leave_out_and_a_bare_network_holds_nothing(building: Survey, gone: set[str]) -> None:
    recent = blind(without(test_scans(building), gone))
    run = RunOptions(device="cpu", budget=Budget(1))
    bayescnn = Localizer("bayescnn", settings={"widths": (4,), "d_e": 8}, run=run).fit(building)
    with pytest.raises(BadInputError, match="shape of bayescnn depends"):
        update(bayescnn, recent, run=run)
    bare = Localizer("dnn", settings=SMALL, run=run, calibrate=False).fit(building)
    with pytest.raises(BadInputError, match="holds nothing to compare"):
        update(bare, recent, run=run)


@pytest.mark.real_data
def test_half_of_tut6_gone_costs_far_less_after_the_update(data_dir: object) -> None:
    """The estimate after the update is near the measured loss; TUT6 chose nothing of the simulation."""
    mall = load("tut6", data_dir=data_dir)  # type: ignore[arg-type]
    model = Localizer("knn", settings=KNN).fit(mall)
    test = test_scans(mall).aligned_to(model.access_points_)
    some = test[np.sort(np.random.default_rng(0).permutation(len(test))[:1000])]
    scans = without(some, half_of(model.access_points_))
    after = update(model, blind(scans))
    whole_m, before_m, after_m = mae_m(model, some), mae_m(model, scans), mae_m(after, scans)
    assert after_m < 0.8 * before_m
    estimated = measure_drift(model, blind(scans)).loss.factor_after_update
    assert estimated == pytest.approx(after_m / whole_m, abs=0.15)
    assert float(evaluate(after, scans).figures()["coverage"] or 0) >= 0.88
