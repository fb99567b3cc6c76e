"""The estimator that a user meets: every kind of scan, every way a folder can break, and real learning."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from torch import nn

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.surveys import load, simulated_survey
from tutelage.errors import BadInputError, FileFormatError, NotFittedError, UnknownNameError
from tutelage.evaluation import evaluate
from tutelage.localizer import Localizer
from tutelage.methods.matcher import shipped_matcher
from tutelage.networks import check_network, register_network
from tutelage.paper.expert_training import teach
from tutelage.runtime.frames import LocalFrame
from tutelage.runtime.positions import Positions
from tutelage.training import Budget, RunOptions

UTM = LocalFrame((482_113.0, 4_863_257.0), 25830)
KNN: dict[str, Any] = {"network": "knn", "settings": {"k": 5}}
DNN: dict[str, Any] = {"network": "dnn", "settings": {"width": 32, "d_e": 16}, "epochs": 3, "device": "cpu"}

MATCHER: dict[str, Any] = {
    "network": "matcher",
    "teachers": "none",
    "settings": {"updates": 5, "exercises": 32, "batch_size": 32, "n_candidates": 12},
    "device": "cpu",
}
BLEND: dict[str, Any] = {
    "network": "blend",
    "teachers": "none",
    "settings": {
        **{f"matcher.{name}": value for name, value in MATCHER["settings"].items()},
        **DNN["settings"],
        "share": 0.5,
    },
    "epochs": 3,
    "device": "cpu",
}
METHODS = {"knn": KNN, "matcher": MATCHER, "dnn": DNN, "blend": BLEND}

every_method = pytest.mark.parametrize("chosen", METHODS.values(), ids=METHODS)


class OwnNetwork(nn.Module):
    """A user's own module, its parts under its own names."""

    def __init__(self, n_ap: int, width: int = 48) -> None:
        super().__init__()
        self.front = nn.Sequential(nn.Linear(n_ap, width), nn.Tanh())
        self.body = nn.Sequential(nn.Linear(width, width), nn.ReLU())
        self.head = nn.Linear(width, 2)


register_network("own_in_test_localizer", OwnNetwork, framer="front", extractor="body", regressor="head")


@pytest.fixture(scope="module")
def survey() -> Survey:
    """A small building far from the origin of its coordinates."""
    simulated = simulated_survey(
        seed=4, n_train=240, n_test=60, n_access_points=20, n_floors=1, width_m=40, depth_m=24
    )
    assert simulated.test is not None
    train, test = (replace(scans, frame=UTM) for scans in (simulated.train, simulated.test))
    return Survey("depot", train, test)


@pytest.fixture(scope="module")
def fitted(survey: Survey) -> dict[str, Localizer]:
    return {name: Localizer(**chosen).fit(survey) for name, chosen in METHODS.items()}


@pytest.fixture(scope="module", params=list(METHODS))
def model(request: pytest.FixtureRequest, fitted: dict[str, Localizer]) -> Localizer:
    return fitted[request.param]


@pytest.fixture(scope="module")
def unseen(survey: Survey) -> FingerprintSet:
    assert survey.test is not None
    return survey.test


def as_dicts(scans: FingerprintSet) -> list[dict[str, float]]:
    names = np.asarray(scans.access_points)
    rss = scans.rss_dbm
    return [
        dict(zip(names[rss.indices[a:b]].tolist(), rss.data[a:b].tolist(), strict=True))
        for a, b in zip(rss.indptr[:-1], rss.indptr[1:], strict=True)
    ]


def mean_error_m(answers: Positions, truth: FingerprintSet) -> float:
    return float(np.linalg.norm(answers.absolute_position_m - truth.absolute_position_m, axis=1).mean())


def centroid_error_m(train: FingerprintSet, truth: FingerprintSet) -> float:
    centroid_m = train.absolute_position_m.mean(axis=0)
    return float(np.linalg.norm(truth.absolute_position_m - centroid_m, axis=1).mean())


def assert_same_answers(one: Positions, other: Positions) -> None:
    """Bit for bit."""
    for field in ("scan_id", "position_m", "reason", "n_unknown", "floor", "building", "radius_m", "level"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))
    assert one.frame == other.frame


# -- every kind of scan -----------------------------------------------------------------------------


def test_predict_takes_dicts(model: Localizer, unseen: FingerprintSet) -> None:
    expected = model.predict(unseen)
    found = model.predict(as_dicts(unseen))
    np.testing.assert_allclose(found.position_m, expected.position_m, atol=1e-9)
    np.testing.assert_array_equal(found.n_unknown, expected.n_unknown)
    assert found.scan_id.tolist() == [str(i) for i in range(len(unseen))]


@pytest.mark.parametrize("kind", ["nan", "code", "integers", "csr", "coo", "csr_matrix"])
def test_predict_takes_matrices(model: Localizer, unseen: FingerprintSet, kind: str) -> None:
    known = unseen.aligned_to(model.access_points_)
    dense = np.full(known.rss_dbm.shape, np.nan)
    row, column = np.repeat(np.arange(len(known)), known.n_heard), known.rss_dbm.indices
    dense[row, column] = known.rss_dbm.data
    coded = np.where(np.isnan(dense), 100.0, dense)
    matrix: Any = {
        "nan": dense,
        "code": coded,
        "integers": coded.astype(np.int64),
        "csr": known.rss_dbm,
        "coo": known.rss_dbm.tocoo(),
        "csr_matrix": sparse.csr_matrix(known.rss_dbm),
    }[kind]
    found = model.predict(matrix, not_heard=100 if kind in ("code", "integers") else None)
    np.testing.assert_array_equal(found.position_m, model.predict(known).position_m)


def test_predict_refuses_a_matrix_of_another_width_and_an_unmarked_code(model: Localizer) -> None:
    n = len(model.access_points_)
    with pytest.raises(BadInputError, match=rf"shape \(2, {n + 1}\); it needs {n} columns"):
        model.predict(np.full((2, n + 1), -60.0))
    with pytest.raises(BadInputError, match="Pass not_heard=100"):
        model.predict(np.full((2, n), 100.0))


def test_predict_refuses_a_lone_dict(model: Localizer) -> None:
    lone: Any = {model.access_points_[0]: -60.0}
    with pytest.raises(BadInputError, match=r"predict\(\[scan\]\)"):
        model.predict(lone)


def test_unknown_access_points_are_ignored_and_counted(model: Localizer) -> None:
    first, second = model.access_points_[:2]
    scan = {first: -50.0, second: -60.0}
    found = model.predict([scan, scan | {"a phone": -40.0, "a bus": -70.0}])
    np.testing.assert_array_equal(found.n_unknown, [0, 2])
    np.testing.assert_allclose(found.position_m[1], found.position_m[0], atol=1e-9)


def test_training_scans_that_hear_nothing_are_counted(survey: Survey) -> None:
    train = survey.train
    rss_dbm = train.rss_dbm.copy()
    rss_dbm.data[: rss_dbm.indptr[3]] = 0
    rss_dbm.eliminate_zeros()
    deaf = replace(train, rss_dbm=rss_dbm)
    model = Localizer(**KNN, calibrate=False)
    assert "n_blank" not in model.fit(train).lineage_
    assert model.fit(deaf).lineage_["n_blank"] == 3


def test_scans_without_anything_known_get_no_position_and_the_reason(
    model: Localizer, unseen: FingerprintSet
) -> None:
    known = model.access_points_[0]
    found = model.predict([as_dicts(unseen)[0], {}, {"a bus": -70.0}, {known: -119.0}])
    np.testing.assert_array_equal(found.answered, [True, False, False, False])
    assert found.reason[0] == ""
    assert "blank" in found.reason[1]
    assert "no access point that the model knows" in found.reason[2]
    assert "too faintly" in found.reason[3]
    np.testing.assert_array_equal(found.n_unknown, [0, 0, 1, 0])
    assert np.isnan(found.position_m[1:]).all()


@pytest.mark.parametrize("scans", [[], [{}], [{}, {"a bus": -70.0}]])
def test_nothing_to_locate_is_no_error(model: Localizer, scans: list[dict[str, float]]) -> None:
    found = model.predict(scans)
    assert len(found) == len(scans)
    assert not found.answered.any()


@pytest.mark.parametrize("network", METHODS)
def test_labels_come_with_the_answers(
    fitted: dict[str, Localizer], unseen: FingerprintSet, network: str
) -> None:
    found = fitted[network].predict(unseen)
    assert found.floor is not None
    assert found.building is not None
    assert set(found.floor) == {"0"}
    assert set(found.building) == {"simulated"}
    unlabelled = fitted[network].predict([{}])
    assert unlabelled.floor is not None
    assert unlabelled.floor.tolist() == [""]


def test_network_learns_labels_and_they_are_evaluated_and_saved(tmp_path: Path) -> None:
    two_floors = simulated_survey(
        seed=4, n_train=240, n_test=60, n_access_points=24, n_floors=2, width_m=30, depth_m=20
    )
    assert two_floors.test is not None
    settings = {**DNN["settings"], "batch_size": 64, "learning_rate": 1e-2}
    model = Localizer("dnn", settings=settings, epochs=60, device="cpu").fit(two_floors)
    found = model.predict(two_floors.test)
    figures = evaluate(model, two_floors).figures()
    assert found.floor is not None
    assert set(found.floor) == {"0", "1"}
    hits = (found.floor == two_floors.test.floor)[found.answered]
    assert figures["floor_hit"] == pytest.approx(hits.mean())
    assert hits.mean() > 0.8
    assert figures["building_hit"] == 1.0
    model.save(tmp_path / "model")
    assert_same_answers(Localizer.load(tmp_path / "model").predict(two_floors.test), found)


def test_positions_are_in_the_coordinates_of_the_survey(survey: Survey, unseen: FingerprintSet) -> None:
    model = Localizer(**KNN).fit(survey)
    found = model.predict(unseen)
    assert found.frame == UTM
    assert mean_error_m(found, unseen) < 0.5 * centroid_error_m(survey.train, unseen)
    moved = Localizer(**KNN).fit(survey.train.in_frame(LocalFrame((482_000.0, 4_863_000.0), 25830)))
    np.testing.assert_allclose(
        moved.predict(unseen).absolute_position_m, found.absolute_position_m, atol=1e-6
    )


# -- fitting ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "network"),
    [
        ({}, "blend"),
        ({"settings": {"share": 0.5}, "seed": 1}, "blend"),
        ({"teachers": "untrained"}, "dnn"),
        ({"teachers": "zoo:dnn-dsi1"}, "dnn"),
        ({"teachers": "all"}, "dnn"),
        ({"teachers": ["zoo:matcher"]}, "blend"),
        ({"transfer": "sequential"}, "dnn"),
        ({"recipe": "paper"}, "dnn"),
        ({"network": "knn", "recipe": "paper"}, "knn"),
    ],
)
def test_where_nothing_is_named_the_blend_learns_and_else_what_can(
    asked: dict[str, Any], network: str
) -> None:
    assert Localizer(**asked).network == network


def test_a_matchers_teacher_in_a_file_has_the_blend_learn(tmp_path: Path) -> None:
    shipped_matcher().save(tmp_path / "own.teacher")
    assert Localizer(teachers=tmp_path / "own.teacher").network == "blend"
    with pytest.raises(BadInputError, match="there is no teacher file gone"):
        Localizer(teachers="gone.teacher")


def test_predict_before_fit_says_so() -> None:
    for ask in (
        lambda: Localizer("knn").predict([{"ap": -50.0}]),
        lambda: Localizer("knn").access_points_,
        lambda: Localizer("knn").save("nowhere"),
    ):
        with pytest.raises(NotFittedError, match=r"call fit or Localizer\.load"):
            ask()


@every_method
def test_a_single_reference_point_is_refused(chosen: dict[str, Any], survey: Survey) -> None:
    one = replace(survey.train[:4], position_m=np.zeros((4, 2)))
    with pytest.raises(BadInputError, match=r"1 reference point\(s\)"):
        Localizer(**chosen).fit(one)


@every_method
def test_scans_without_positions_are_refused(chosen: dict[str, Any], survey: Survey) -> None:
    with pytest.raises(BadInputError, match="no positions"):
        Localizer(**chosen).fit(replace(survey.train, position_m=None))


@every_method
def test_same_seed_same_answers(chosen: dict[str, Any], survey: Survey, unseen: FingerprintSet) -> None:
    one, same = (Localizer(**chosen, seed=3).fit(survey).predict(unseen) for _ in range(2))
    assert_same_answers(one, same)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"network": "dnm"}, UnknownNameError, "dnn"),
        ({"network": "dnn", "recipe": "papper"}, UnknownNameError, "paper"),
        ({"network": "dnn", "settings": {"widht": 3}}, UnknownNameError, "width"),
        ({"network": "knn", "settings": {"metrik": "cosine"}}, UnknownNameError, "metric"),
        ({"network": "knn", "teachers": ["untrained"]}, BadInputError, "knn has no teachers"),
        ({"network": "matcher", "recipe": "paper"}, BadInputError, "one recipe, default"),
        ({"network": "matcher", "transfer": "sequential"}, BadInputError, "name at least one source"),
        ({"network": "dnn", "epochs": 1, "minutes": 1.0}, BadInputError, "not both"),
    ],
)
def test_wrong_arguments_are_refused_by_name(
    survey: Survey, arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Localizer(**arguments).fit(survey)


def test_teachers_come_as_files_objects_or_untrained_and_stand_in_the_lineage(
    survey: Survey, tmp_path: Path
) -> None:
    options = RunOptions(device="cpu", budget=Budget(epochs=1))
    teacher = teach(survey, network_settings=DNN["settings"], options=options)
    teacher.save(tmp_path / "depot.teacher")
    lineage = (
        Localizer(**DNN, teachers=[teacher, tmp_path / "depot.teacher", "untrained"]).fit(survey).lineage_
    )
    card = teacher.card.model_dump()
    assert lineage["teachers"] == [card, card, "untrained"]
    assert lineage["data_hash"] == survey.train.content_hash()


# -- the model folder -------------------------------------------------------------------------------


@pytest.mark.parametrize(("teachers", "listed"), [("none", []), (["none"], []), ("untrained", ["untrained"])])
def test_teachers_may_be_named_alone(teachers: Any, listed: list[str], survey: Survey) -> None:
    model = Localizer(**{**DNN, "teachers": teachers, "epochs": 1}).fit(survey)
    assert model.lineage_["teachers"] == listed


def test_saved_model_answers_bit_for_bit(model: Localizer, unseen: FingerprintSet, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    again = Localizer.load(tmp_path / "model")
    assert_same_answers(again.predict(unseen), model.predict(unseen))
    assert again.access_points_ == model.access_points_
    assert again.lineage_ == model.lineage_


def test_a_loaded_model_can_be_saved_again(model: Localizer, tmp_path: Path) -> None:
    model.save(tmp_path / "one")
    Localizer.load(tmp_path / "one").save(tmp_path / "two")
    for name in ("model.json", "weights.safetensors"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_an_older_model_is_replaced(fitted: dict[str, Localizer], tmp_path: Path) -> None:
    for name in ("dnn", "knn"):
        fitted[name].save(tmp_path / "model")
    assert Localizer.load(tmp_path / "model").network == "knn"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_what_is_no_model_is_not_overwritten(model: Localizer, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("precious")
    (tmp_path / "notes").write_text("precious")
    for taken in ("thesis", "notes"):
        with pytest.raises(BadInputError, match="nothing was overwritten"):
            model.save(tmp_path / taken)
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "precious"
    assert (tmp_path / "notes").read_text() == "precious"


def test_a_damaged_model_is_refused(model: Localizer, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    model.save(folder)
    rng = np.random.default_rng(0)
    for name in ("model.json", "weights.safetensors"):
        whole = (folder / name).read_bytes()
        truncated = [whole[:size] for size in (0, len(whole) // 2, len(whole) - 1)]
        for content in [*truncated, *(flipped(whole, rng) for _ in range(60))]:
            (folder / name).write_bytes(content)
            with pytest.raises(FileFormatError, match="model"):
                Localizer.load(folder)
        (folder / name).write_bytes(whole)
    Localizer.load(folder)
    (folder / "weights.safetensors").unlink()
    with pytest.raises(FileFormatError, match="incomplete"):
        Localizer.load(folder)


def flipped(content: bytes, rng: np.random.Generator) -> bytes:
    """`content` with one bit flipped."""
    damaged = bytearray(content)
    damaged[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))
    return bytes(damaged)


def test_a_model_of_another_version_is_refused_by_its_format(model: Localizer, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    card = json.loads((tmp_path / "model" / "model.json").read_text())
    (tmp_path / "model" / "model.json").write_text(json.dumps(card | {"format": "tutelage-model-9"}))
    with pytest.raises(FileFormatError, match="tutelage-model-9"):
        Localizer.load(tmp_path / "model")


def test_a_missing_model_is_named_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"no model in .*nowhere.*tutelage fit"):
        Localizer.load(tmp_path / "nowhere")


# -- learning ---------------------------------------------------------------------------------------


def test_a_users_own_module_fits_predicts_and_learns(
    survey: Survey, unseen: FingerprintSet, tmp_path: Path
) -> None:
    check_network("own_in_test_localizer", {"width": 24})
    model = Localizer("own_in_test_localizer", settings={"width": 24}, epochs=150, device="cpu").fit(survey)
    found = model.predict(unseen)
    assert mean_error_m(found, unseen) < 0.6 * centroid_error_m(survey.train, unseen)
    model.save(tmp_path / "own")
    assert_same_answers(Localizer.load(tmp_path / "own").predict(unseen), found)


@pytest.mark.real_data
def test_dnn_learns_tampere_on_a_small_budget(data_dir: Path) -> None:
    survey = load("tampere", data_dir=data_dir)
    assert survey.test is not None
    model = Localizer(
        "dnn", settings={"width": 128, "d_e": 64}, epochs=60, device="cpu", calibrate=False
    ).fit(survey)
    found = model.predict(survey.test)
    assert mean_error_m(found, survey.test) < 0.5 * centroid_error_m(survey.train, survey.test)


def test_a_seed_below_zero_is_refused(survey: Survey) -> None:
    with pytest.raises(BadInputError, match="the seed is -1; give a whole number from 0 on"):
        Localizer("knn", seed=-1).fit(survey)
