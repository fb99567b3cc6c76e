"""Models that continue with new scans: what is kept, what is added, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tutelage import Budget, Localizer, RunOptions, evaluate, update
from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.splits import reference_points
from tutelage.data.surveys import simulated_survey
from tutelage.errors import BadInputError, LeftOutWarning, UnknownNameError
from tutelage.methods.blend import Blend
from tutelage.methods.knn import NearestNeighbours
from tutelage.methods.matcher.matcher import Matcher
from tutelage.methods.network_update import widen_inputs
from tutelage.training.trained_network import TrainedNetwork

SMALL = {"width": 32, "d_e": 16}
CPU = RunOptions(device="cpu")
BRIEF = RunOptions(device="cpu", budget=Budget(1))
GONE, NEW = "AP003", "AP-new"


@pytest.fixture(scope="module")
def building() -> Survey:
    return simulated_survey(
        seed=6, n_train=200, n_test=80, n_access_points=16, n_floors=2, width_m=40, depth_m=24, churn=0.0
    )


def again(scans: FingerprintSet) -> FingerprintSet:
    """Scans of the same places by a phone that hears everything 1 dB fainter."""
    rss_dbm = scans.rss_dbm.copy()
    rss_dbm.data = rss_dbm.data - 1
    return replace(scans, rss_dbm=rss_dbm, scan_id=np.char.add("later-", scans.scan_id))


@pytest.fixture(scope="module")
def later(building: Survey) -> FingerprintSet:
    """Half of the building surveyed again: one access point replaced by another."""
    train = again(building.train)
    names = tuple(NEW if name == GONE else name for name in train.access_points)
    return replace(train, access_points=names)[train.known_position_m[:, 0] < 20]


def knn(train: Survey | FingerprintSet, **more: object) -> Localizer:
    settings = {"metric": "sorensen", "representation": "powed", "k": 3}
    return Localizer("knn", settings=settings, **more).fit(train)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def dnn(building: Survey) -> Localizer:
    run = RunOptions(device="cpu", budget=Budget(500))
    return Localizer("dnn", settings=SMALL, run=run).fit(building)


def test_knn_searches_old_and_new_scans_together(building: Survey, later: FingerprintSet) -> None:
    model_after = update(knn(building), later)
    both = FingerprintSet.join([building.train, later])
    whole = knn(both)
    assert isinstance(model_after.method_, NearestNeighbours)
    assert set(model_after.access_points_) == {*building.train.access_points, NEW}
    assert len(model_after.method_.radio_map) == len(both)
    assert building.test is not None
    np.testing.assert_allclose(
        model_after.predict(building.test).position_m, whole.predict(building.test).position_m, atol=1e-4
    )


def test_an_access_point_to_drop_is_forgotten_and_others_are_not(
    building: Survey, later: FingerprintSet
) -> None:
    model_after = update(knn(building), later, drop=[GONE])
    assert set(model_after.access_points_) == {*building.train.access_points, NEW} - {GONE}
    with pytest.raises(UnknownNameError, match="'AP999'"):
        update(knn(building), later, drop=["AP999"])


def test_lineage_holds_both_data_sets_and_the_chain_of_updates(
    building: Survey, later: FingerprintSet, tmp_path: Path
) -> None:
    first = knn(building)
    second = update(first, later, drop=[GONE])
    third = update(second, again(again(building.train)))
    third.save(tmp_path / "third")
    lineage = Localizer.load(tmp_path / "third").lineage_
    assert lineage == third.lineage_
    assert [each.data_hash for each in lineage.earlier()] == [
        again(again(building.train)).content_hash(),
        later.content_hash(),
        building.train.content_hash(),
    ]
    assert [each.dropped for each in lineage.earlier()] == [(), (GONE,), ()]
    assert first.lineage_.updated_from is None


def test_calibration_is_made_anew(building: Survey, later: FingerprintSet) -> None:
    model = knn(building)
    model_after, bare = update(model, later), update(model, later, calibrate=False)
    assert model_after.calibration_ is not None
    assert model.calibration_ is not None
    assert model_after.calibration_.landmarks.value.shape[1] == len(model_after.access_points_)
    assert not np.array_equal(model_after.calibration_.score, model.calibration_.score)
    assert bare.calibration_ is None
    assert building.test is not None
    assert evaluate(model_after, building).figures()["coverage"] > 0.85  # type: ignore[operator]


@pytest.mark.slow
def test_new_scans_of_every_old_point_can_be_taken(building: Survey) -> None:
    """Half of the points are held out for the radii: with this seed, all that the model knew."""
    train, point = building.train, reference_points(building.train)
    matcher_settings = {"fine_tune_updates": 2, "exercises": 32, "batch_size": 16}
    settings = {
        **SMALL,
        "updates": 2,
        "share": 0.5,
        **{f"matcher.{k}": v for k, v in matcher_settings.items()},
    }
    known = Localizer("blend", settings=settings, run=CPU, calibrate=False).fit(train[np.isin(point, [0, 2])])
    anew = again(train)[np.isin(point, range(0, 18, 2))]
    model_after = [update(known, anew, run=RunOptions(seed=seed, budget=Budget(1))) for seed in range(8)]
    assert {model.calibration_ is None for model in model_after} == {True, False}
    assert all(model.predict(train[:5]).answered.all() for model in model_after)


def test_a_matcher_keeps_its_weights_and_a_blend_its_share(building: Survey, later: FingerprintSet) -> None:
    matcher = Localizer("matcher", settings={"fine_tune": False}, run=CPU, calibrate=False).fit(building)
    model_after = update(matcher, later)
    assert isinstance(model_after.method_, Matcher)
    assert isinstance(matcher.method_, Matcher)
    assert len(model_after.method_.radio_map) == len(building.train) + len(later)
    for name, weight in matcher.method_.network.state_dict().items():
        assert torch.equal(model_after.method_.network.state_dict()[name], weight)
    settings = {"share": 0.3, "matcher.fine_tune": False, **SMALL}
    run = RunOptions(device="cpu", budget=Budget(2))
    blend = Localizer("blend", settings=settings, run=run, calibrate=False).fit(building)
    blend_after = update(blend, later, run=run)
    assert isinstance(blend_after.method_, Blend)
    assert isinstance(blend.method_, Blend)
    assert blend_after.method_.share == blend.method_.share == 0.3
    assert blend.method_.network is not None
    assert blend_after.method_.network is not None
    assert blend_after.method_.network.n_steps > blend.method_.network.n_steps
    assert np.isfinite(blend_after.predict(later).position_m[later.n_heard > 0]).all()


@pytest.mark.slow
def test_a_wider_network_answers_as_before_until_a_new_access_point_is_heard(
    building: Survey, dnn: Localizer
) -> None:
    student = dnn.method_
    assert isinstance(student, TrainedNetwork)
    known = student.representation.access_points
    wider = widen_inputs(student, [NEW, *known, "AP-other"])
    assert wider.representation.access_points == (*known, NEW, "AP-other")
    np.testing.assert_allclose(
        wider.locate(building.train).position_m, student.locate(building.train).position_m, atol=1e-4
    )
    narrower = widen_inputs(student, known[3:])
    rest = building.train.aligned_to(known[3:])
    np.testing.assert_allclose(narrower.locate(rest).position_m, student.locate(rest).position_m, atol=1e-4)


@pytest.mark.slow
def test_a_network_learns_the_new_scans_and_keeps_what_they_do_not_show(
    building: Survey, later: FingerprintSet, dnn: Localizer
) -> None:
    before = {name: array.copy() for name, array in dnn.method_.tensors().items()}
    model_after = update(dnn, later, run=RunOptions(device="cpu", budget=Budget(100)))
    assert evaluate(model_after, later).figures()["mae_m"] < evaluate(dnn, later).figures()["mae_m"]  # type: ignore[operator]
    unchanged_part = building.train[building.train.known_position_m[:, 0] > 24]
    figures_after, figures_before = (evaluate(each, unchanged_part).figures() for each in (model_after, dnn))
    assert figures_after["mae_m"] < 1.5 * figures_before["mae_m"]  # type: ignore[operator]
    assert figures_after["floor_hit"] > figures_before["floor_hit"] - 0.1  # type: ignore[operator]
    assert figures_before["floor_hit"] > 0.8  # type: ignore[operator]
    assert model_after.calibration_ is not None
    for name, array in dnn.method_.tensors().items():
        np.testing.assert_array_equal(array, before[name])


def test_what_an_update_cannot_continue_from_is_refused(
    building: Survey, later: FingerprintSet, dnn: Localizer
) -> None:
    model = knn(building, calibrate=False)
    other = replace(later, access_points=tuple(f"other-{name}" for name in later.access_points))
    for scans, message in (
        (other, "is it the same building"),
        (replace(later, floor=None), "add the column floor"),
    ):
        with pytest.raises(BadInputError, match=message):
            update(model, scans)
    with pytest.raises(BadInputError, match="learns nothing; leave epochs"):
        update(model, later, run=RunOptions(budget=Budget(2)))
    with pytest.raises(BadInputError, match=r"floor.*'7'.*fit it anew"):
        update(dnn, replace(later, floor=np.full(len(later), "7")), run=BRIEF)
    bare = Localizer("dnn", settings=SMALL, run=BRIEF, calibrate=False).fit(building)
    with pytest.raises(BadInputError, match="holds nothing of its building"):
        update(bare, later, run=BRIEF)


def test_scans_that_the_model_holds_already_do_not_count_twice(
    building: Survey, later: FingerprintSet
) -> None:
    model = knn(building)
    with pytest.warns(LeftOutWarning, match=r"\d+ of the \d+ new scans are in the model already"):
        model_after = update(model, FingerprintSet.join([building.train[:20], later]))
    assert isinstance(model_after.method_, NearestNeighbours)
    assert len(model_after.method_.radio_map) == len(building.train) + len(later)
    with pytest.raises(BadInputError, match=r"holds all of the \d+ new scans already; nothing to update"):
        update(model, building)


@pytest.fixture(scope="module")
def bayescnn(building: Survey) -> Localizer:
    settings = {"widths": (4,), "d_e": 8}
    return Localizer("bayescnn", settings=settings, run=BRIEF).fit(building)


def test_a_network_whose_shape_its_access_points_decide_ignores_new_ones(
    building: Survey, later: FingerprintSet, bayescnn: Localizer
) -> None:
    with pytest.warns(LeftOutWarning, match=f"1 new access points are ignored, such as {NEW}"):
        model_after = update(bayescnn, later, run=BRIEF)
    assert model_after.access_points_ == bayescnn.access_points_
    assert model_after.lineage_.ignored == (NEW,)
    same = update(model_after, building, run=BRIEF)
    assert same.access_points_ == bayescnn.access_points_
    assert [each.ignored for each in same.lineage_.earlier()] == [(), (NEW,), ()]
    with pytest.raises(BadInputError, match="shape of bayescnn depends"):
        update(bayescnn, building, drop=[GONE], run=BRIEF)


@pytest.mark.parametrize("method", ["knn", "dnn", "bayescnn"])
def test_access_points_that_nobody_hears_are_not_taken_in(
    method: str, building: Survey, request: pytest.FixtureRequest
) -> None:
    """As in the library, whose 620 columns of all months are half empty in any one of them."""
    model = knn(building) if method == "knn" else request.getfixturevalue(method)
    train = again(building.train)
    wider = train.aligned_to(["AP-empty", *train.access_points, "AP-empty-too"])
    model_after = update(model, wider, run=CPU if method == "knn" else BRIEF)
    assert model_after.access_points_ == model.access_points_


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """On tensors this small threads only wait for one another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
