"""Weighted k nearest neighbours: by hand, chosen on training data, and on published splits."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.hold_out import hold_out
from tutelage.data.representation import RepresentationKind
from tutelage.data.splits import reference_points, split_by_position
from tutelage.data.surveys import load, simulated_survey
from tutelage.errors import BadInputError, UnknownNameError
from tutelage.evaluation import evaluate_positions
from tutelage.localizer import Localizer
from tutelage.methods.knn import KS, KNNSettings, NearestNeighbours, best_settings, choose_settings
from tutelage.runtime.fingerprint_index import FingerprintIndex, Metric

BY_HAND = KNNSettings(metric="manhattan", representation="positive", k=3, rss_min=-100.0)


@pytest.fixture(scope="module")
def survey() -> Survey:
    return simulated_survey(
        seed=5, n_train=240, n_test=60, n_access_points=16, n_floors=1, width_m=40, depth_m=24
    )


@pytest.fixture
def radio_map() -> FingerprintSet:
    """Representations 0.5, 0.8 and 0.1 of one access point."""
    heard = FingerprintSet.from_scans([{"ap": -50.0}, {"ap": -20.0}, {"ap": -90.0}])
    return replace(
        heard,
        position_m=np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 40.0]]),
        floor=np.array(["1", "2", "2"]),
        building=np.array(["north", "south", "south"]),
    )


def queries(scans: Sequence[Mapping[str, float]]) -> FingerprintSet:
    return FingerprintSet.from_scans(scans)


def errors_m(model: NearestNeighbours, scans: FingerprintSet) -> np.ndarray:
    return np.asarray(np.linalg.norm(model.locate(scans).position_m - scans.known_position_m, axis=1))


def mae_m(model: NearestNeighbours, scans: FingerprintSet) -> float:
    return float(errors_m(model, scans).mean())


def test_knn_weighs_neighbours_by_inverse_distance(radio_map: FingerprintSet) -> None:
    model = NearestNeighbours.fit(radio_map, BY_HAND)
    found = model.locate(queries([{"ap": -40.0}]))  # 0.6: distances 0.1, 0.2, 0.5, weights 10, 5, 2
    np.testing.assert_allclose(found.position_m, [[50 / 17, 80 / 17]], rtol=1e-6)
    two = NearestNeighbours.fit(radio_map, BY_HAND.model_copy(update={"k": 2}))
    np.testing.assert_allclose(two.locate(queries([{"ap": -40.0}])).position_m, [[50 / 15, 0]], rtol=1e-6)


def test_knn_with_k_beyond_the_map_uses_the_whole_map(radio_map: FingerprintSet) -> None:
    all_three, more = (
        NearestNeighbours.fit(radio_map, BY_HAND.model_copy(update={"k": k})).locate(queries([{"ap": -40.0}]))
        for k in (3, 50)
    )
    np.testing.assert_array_equal(more.position_m, all_three.position_m)


def test_knn_votes_by_weight_not_by_count(radio_map: FingerprintSet) -> None:
    found = NearestNeighbours.fit(radio_map, BY_HAND).locate(
        queries([{"ap": -40.0}, {"ap": -35.0}])  # weights 10 to 5 + 2, then 6.7 to 6.7 + 1.8
    )
    assert found.floor is not None
    assert found.building is not None
    assert found.floor.tolist() == ["1", "2"]
    assert found.building.tolist() == ["north", "south"]


def test_knn_gives_no_labels_where_the_map_has_none(radio_map: FingerprintSet) -> None:
    bare = NearestNeighbours.fit(replace(radio_map, floor=None, building=None), BY_HAND)
    found = bare.locate(queries([{"ap": -40.0}]))
    assert found.floor is None
    assert found.building is None


def test_knn_answers_the_place_of_an_identical_fingerprint(survey: Survey) -> None:
    model = NearestNeighbours.fit(survey.train, KNNSettings(k=5))
    found = model.locate(survey.train[:20]).position_m
    np.testing.assert_allclose(found, survey.train[:20].known_position_m, atol=1e-3)


def test_knn_drops_blank_training_scans_unless_told_not_to(radio_map: FingerprintSet) -> None:
    blank = replace(queries([{}]), position_m=np.array([[5.0, 5.0]]), scan_id=np.array(["blank"]))
    joined = FingerprintSet.join([replace(radio_map, floor=None, building=None), blank])
    for drop, n in ((True, 3), (False, 4)):
        model = NearestNeighbours.fit(joined, BY_HAND.model_copy(update={"drop_blank": drop}))
        assert len(model.radio_map) == model.radio_map.value.shape[0] == n


def test_knn_survives_config_and_tensors(survey: Survey) -> None:
    assert survey.test is not None
    model = NearestNeighbours.fit(survey.train, KNNSettings(metric="cosine", k=4))
    again = NearestNeighbours.from_config(model.config(), model.tensors())
    for before, after in zip(model.locate(survey.test), again.locate(survey.test), strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"k": 0}, BadInputError, "k = 0"),
        ({"metric": "hamming"}, BadInputError, "hamming"),
        ({"rss_min": 5.0}, BadInputError, "rss_min"),
        ({"metrik": "cosine"}, UnknownNameError, "metric"),
    ],
)
def test_wrong_settings_are_refused_by_name(
    given: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        KNNSettings.checked(given)


# -- choosing ---------------------------------------------------------------------------------------


def assert_the_best(train: FingerprintSet, splits: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """Require that no other settings than those chosen are better on the splits."""
    best, error_m = choose_settings(train, {}, seed=3)
    assert error_m is not None
    smallest_m: float = error_m

    def held_out_m(settings: KNNSettings) -> float:
        found = [
            (len(held_out), mae_m(NearestNeighbours.fit(train[rest], settings), train[held_out]))
            for rest, held_out in splits
        ]
        return float(np.average([error for _, error in found], weights=[n for n, _ in found]))

    assert held_out_m(best) == pytest.approx(smallest_m)
    others: list[dict[str, Any]] = [
        {"k": 1},
        {"k": 20},
        {"metric": "cosine"},
        {"metric": "manhattan"},
        {"representation": "positive"},
    ]
    assert all(held_out_m(best.model_copy(update=other)) >= smallest_m - 1e-9 for other in others)
    assert held_out_m(best.model_copy(update={"k": 20})) > smallest_m


@pytest.mark.parametrize(("n_train", "n_splits"), [(2400, 1), (480, 5), (60, 10)])
def test_chosen_settings_are_the_best_on_about_fifty_held_out_reference_points(
    n_train: int, n_splits: int
) -> None:
    surveyed = simulated_survey(seed=5, n_train=n_train, n_access_points=16, n_floors=1).train
    train = replace(surveyed, device=None)
    splits = [split_by_position(train, fraction=0.1, seed=3 + 1000 * n) for n in range(n_splits)]
    n_points = len(np.unique(reference_points(train)[splits[0][1]]))
    assert n_splits == 10 or 50 <= n_splits * n_points < 50 + n_points
    assert_the_best(train, splits)


def test_chosen_settings_are_the_best_for_a_phone_that_did_not_survey() -> None:
    train = simulated_survey(seed=5, n_train=2400, n_access_points=16, n_floors=1).train
    division = hold_out(train, 0.1, 3)
    assert division.n_phones == 2
    assert len(np.unique(division.group)) >= 50
    assert_the_best(train, [(division.rest, division.held_out)])


def test_one_search_serves_every_k_and_chooses_what_fitting_each_would() -> None:
    surveyed = simulated_survey(seed=6, n_train=360, n_test=120, n_access_points=16, n_floors=1)
    assert surveyed.test is not None
    trials = [(surveyed.train, surveyed.test), (surveyed.train[::2], surveyed.test[:50])]
    searched: list[int] = []
    nearest = FingerprintIndex.nearest

    def count(index: FingerprintIndex, values: Any, k: int) -> Any:
        searched.append(k)
        return nearest(index, values, k)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(FingerprintIndex, "nearest", count)
        best, error_m = best_settings(trials, {})
    n_combinations = len(get_args(Metric)) * len(get_args(RepresentationKind))
    assert searched == [max(KS)] * n_combinations * len(trials)
    each = {
        (metric, kind, k): np.mean(
            np.concatenate(
                [
                    errors_m(
                        NearestNeighbours.fit(of_map, KNNSettings(metric=metric, representation=kind, k=k)),
                        on,
                    )
                    for of_map, on in trials
                ]
            )
        )
        for metric, kind, k in itertools.product(get_args(Metric), get_args(RepresentationKind), KS)
    }
    assert (best.metric, best.representation, best.k) == min(each, key=lambda settings: each[settings])
    assert error_m == pytest.approx(min(each.values()), abs=1e-9)


def test_choosing_is_deterministic(survey: Survey) -> None:
    assert choose_settings(survey.train, {}, seed=1) == choose_settings(survey.train, {}, seed=1)


def test_choosing_leaves_given_settings_alone(survey: Survey) -> None:
    given = {"metric": "manhattan", "k": 15, "rss_min": -104.0}
    best, _ = choose_settings(survey.train, given)
    assert best.model_dump() | given == best.model_dump()


class Unopened:
    """A test split that nobody may look at."""

    def __getattribute__(self, name: str) -> object:
        raise AssertionError(f"the test split was opened: {name}")


def test_fitting_never_opens_the_test_split(survey: Survey) -> None:
    sealed: Any = Unopened()
    model = Localizer("knn").fit(Survey(survey.name, survey.train, sealed))
    assert model.method_.config() == Localizer("knn").fit(survey.train).method_.config()


# -- published splits -------------------------------------------------------------------------------


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "settings", "expected_m"),
    [
        ("ujiindoorloc", {"representation": "powed", "metric": "sorensen", "k": 10}, 6.51),
        (
            "ujiindoorloc",
            {
                "representation": "positive",
                "metric": "euclidean",
                "k": 1,
                "rss_min": -105.0,
                "drop_blank": False,
            },
            9.85,
        ),
        ("tampere", {"representation": "positive", "metric": "sorensen", "k": 3}, 7.84),
    ],
)
def test_knn_reaches_the_known_error_on_the_standard_split(
    data_dir: Path, name: str, settings: dict[str, Any], expected_m: float
) -> None:
    survey = load(name, data_dir=data_dir)
    assert survey.test is not None
    answers = Localizer("knn", settings=settings, calibrate=False).fit(survey).predict(survey.test)
    found = evaluate_positions(answers, survey.test)
    assert found.figures()["n_no_position"] == 0
    assert found.errors_m.mean() == pytest.approx(expected_m, abs=0.02)
