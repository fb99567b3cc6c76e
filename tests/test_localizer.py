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
from tutelage.methods.matcher.pretrained import shipped_matcher
from tutelage.networks import check_network, register_network
from tutelage.paper.expert_training import Teacher, teach
from tutelage.runtime.frames import LocalFrame
from tutelage.runtime.positions import Positions
from tutelage.training import Budget, RunOptions

UTM = LocalFrame((482_113.0, 4_863_257.0), 25830)
CPU = RunOptions(device="cpu")
BRIEF = RunOptions(device="cpu", budget=Budget(3))
KNN: dict[str, Any] = {"method": "knn", "settings": {"k": 5}}
DNN: dict[str, Any] = {"method": "dnn", "settings": {"width": 32, "d_e": 16}, "run": BRIEF}

MATCHER: dict[str, Any] = {
    "method": "matcher",
    "pretrained": "none",
    "settings": {"updates": 5, "exercises": 32, "batch_size": 32, "n_candidates": 12},
    "run": CPU,
}
BLEND: dict[str, Any] = {
    "method": "blend",
    "pretrained": "none",
    "settings": {
        **{f"matcher.{name}": value for name, value in MATCHER["settings"].items()},
        **DNN["settings"],
        "share": 0.5,
    },
    "run": BRIEF,
}
METHODS = {"knn": KNN, "matcher": MATCHER, "dnn": DNN, "blend": BLEND}

every_method = pytest.mark.parametrize("options", METHODS.values(), ids=METHODS)


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
def models(survey: Survey) -> dict[str, Localizer]:
    return {name: Localizer(**options).fit(survey) for name, options in METHODS.items()}


@pytest.fixture(scope="module", params=list(METHODS))
def model(request: pytest.FixtureRequest, models: dict[str, Localizer]) -> Localizer:
    return models[request.param]


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
    answers = model.predict(as_dicts(unseen))
    np.testing.assert_allclose(answers.position_m, expected.position_m, atol=1e-9)
    np.testing.assert_array_equal(answers.n_unknown, expected.n_unknown)
    assert answers.scan_id.tolist() == [str(i) for i in range(len(unseen))]


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
    answers = model.predict(matrix, not_heard=100 if kind in ("code", "integers") else None)
    np.testing.assert_array_equal(answers.position_m, model.predict(known).position_m)


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
    answers = model.predict([scan, scan | {"a phone": -40.0, "a bus": -70.0}])
    np.testing.assert_array_equal(answers.n_unknown, [0, 2])
    np.testing.assert_allclose(answers.position_m[1], answers.position_m[0], atol=1e-9)


def test_training_scans_that_hear_nothing_are_counted(survey: Survey) -> None:
    train = survey.train
    rss_dbm = train.rss_dbm.copy()
    rss_dbm.data[: rss_dbm.indptr[3]] = 0
    rss_dbm.eliminate_zeros()
    deaf = replace(train, rss_dbm=rss_dbm)
    model = Localizer(**KNN, calibrate=False)
    assert model.fit(train).lineage_.n_blank == 0
    assert model.fit(deaf).lineage_.n_blank == 3


def test_scans_without_anything_known_get_no_position_and_the_reason(
    model: Localizer, unseen: FingerprintSet
) -> None:
    known = model.access_points_[0]
    answers = model.predict([as_dicts(unseen)[0], {}, {"a bus": -70.0}, {known: -119.0}])
    np.testing.assert_array_equal(answers.answered, [True, False, False, False])
    assert answers.reason[0] == ""
    assert "blank" in answers.reason[1]
    assert "no access point that the model knows" in answers.reason[2]
    assert "too faintly" in answers.reason[3]
    np.testing.assert_array_equal(answers.n_unknown, [0, 0, 1, 0])
    assert np.isnan(answers.position_m[1:]).all()


@pytest.mark.parametrize("scans", [[], [{}], [{}, {"a bus": -70.0}]])
def test_nothing_to_locate_is_no_error(model: Localizer, scans: list[dict[str, float]]) -> None:
    answers = model.predict(scans)
    assert len(answers) == len(scans)
    assert not answers.answered.any()


@pytest.mark.parametrize("method", METHODS)
def test_labels_come_with_the_answers(
    models: dict[str, Localizer], unseen: FingerprintSet, method: str
) -> None:
    answers = models[method].predict(unseen)
    assert answers.floor is not None
    assert answers.building is not None
    assert set(answers.floor) == {"0"}
    assert set(answers.building) == {"simulated"}
    unlabelled = models[method].predict([{}])
    assert unlabelled.floor is not None
    assert unlabelled.floor.tolist() == [""]


def test_network_learns_labels_and_they_are_evaluated_and_saved(tmp_path: Path) -> None:
    two_floors = simulated_survey(
        seed=4, n_train=240, n_test=60, n_access_points=24, n_floors=2, width_m=30, depth_m=20
    )
    assert two_floors.test is not None
    settings = {**DNN["settings"], "batch_size": 64, "learning_rate": 1e-2}
    run = RunOptions(device="cpu", budget=Budget(60))
    model = Localizer("dnn", settings=settings, run=run).fit(two_floors)
    answers = model.predict(two_floors.test)
    figures = evaluate(model, two_floors).figures()
    assert answers.floor is not None
    assert set(answers.floor) == {"0", "1"}
    hits = (answers.floor == two_floors.test.floor)[answers.answered]
    assert figures["floor_hit"] == pytest.approx(hits.mean())
    assert hits.mean() > 0.8
    assert figures["building_hit"] == 1.0
    model.save(tmp_path / "model")
    assert_same_answers(Localizer.load(tmp_path / "model").predict(two_floors.test), answers)


def test_positions_are_in_the_coordinates_of_the_survey(survey: Survey, unseen: FingerprintSet) -> None:
    model = Localizer(**KNN).fit(survey)
    answers = model.predict(unseen)
    assert answers.frame == UTM
    assert mean_error_m(answers, unseen) < 0.5 * centroid_error_m(survey.train, unseen)
    shift_model = Localizer(**KNN).fit(survey.train.in_frame(LocalFrame((482_000.0, 4_863_000.0), 25830)))
    np.testing.assert_allclose(
        shift_model.predict(unseen).absolute_position_m, answers.absolute_position_m, atol=1e-6
    )


# -- fitting ----------------------------------------------------------------------------------------


def test_blend_learns_where_no_method_is_named() -> None:
    assert Localizer().method == "blend"
    assert Localizer().method_spec.name == "blend"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"teachers": "untrained"}, "blend takes no surrogate teachers; .*by pretrained"),
        ({"teachers": "zoo:dnn-dsi1"}, "blend takes no surrogate teachers"),
        ({"teachers": "all"}, "blend takes no surrogate teachers"),
        ({"teachers": ["zoo:matcher"]}, "is a pretrained matcher, no surrogate teacher; .*pretrained"),
        ({"transfer": "sequential", "sources": "survey"}, "blend takes no transfer; .*networks"),
        ({"recipe": "paper"}, "blend takes no recipe but the default; the paper does not describe it"),
    ],
)
def test_blend_refuses_what_is_for_networks_and_says_what_to_do(
    survey: Survey, arguments: dict[str, Any], message: str
) -> None:
    sources = {"sources": survey} if "sources" in arguments else {}
    with pytest.raises(BadInputError, match=message):
        Localizer(**arguments | sources).fit(survey)


def test_a_pretrained_matcher_in_a_file_is_read_by_fit(survey: Survey, tmp_path: Path) -> None:
    shipped_matcher().save(tmp_path / "own.matcher")
    used = Localizer("matcher", pretrained=tmp_path / "own.matcher", run=CPU, calibrate=False).fit(survey)
    assert used.lineage_.pretrained == shipped_matcher().card
    with pytest.raises(BadInputError, match="there is no pretrained matcher gone"):
        Localizer(pretrained="gone.matcher").fit(survey)


def test_predict_before_fit_says_so() -> None:
    for ask in (
        lambda: Localizer("knn").predict([{"ap": -50.0}]),
        lambda: Localizer("knn").access_points_,
        lambda: Localizer("knn").save("nowhere"),
    ):
        with pytest.raises(NotFittedError, match=r"call fit or Localizer\.load"):
            ask()


@every_method
def test_a_single_reference_point_is_refused(options: dict[str, Any], survey: Survey) -> None:
    one = replace(survey.train[:4], position_m=np.zeros((4, 2)))
    with pytest.raises(BadInputError, match=r"1 reference point\(s\)"):
        Localizer(**options).fit(one)


@every_method
def test_scans_without_positions_are_refused(options: dict[str, Any], survey: Survey) -> None:
    with pytest.raises(BadInputError, match="neither positions nor places"):
        Localizer(**options).fit(replace(survey.train, position_m=None))


@every_method
def test_same_seed_same_answers(options: dict[str, Any], survey: Survey, unseen: FingerprintSet) -> None:
    run = replace(options.get("run", CPU), seed=3)
    one, same = (Localizer(**options | {"run": run}).fit(survey).predict(unseen) for _ in range(2))
    assert_same_answers(one, same)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"method": "dnm"}, UnknownNameError, "unknown method 'dnm'. Did you mean dnn"),
        ({"method": "dnn", "recipe": "papper"}, UnknownNameError, "paper"),
        ({"method": "dnn", "settings": {"widht": 3}}, UnknownNameError, "width"),
        ({"method": "knn", "settings": {"metrik": "cosine"}}, UnknownNameError, "metric"),
        ({"method": "knn", "teachers": ["untrained"]}, BadInputError, "knn takes no surrogate teachers"),
        ({"method": "matcher", "recipe": "paper"}, BadInputError, "matcher takes no recipe but the default"),
        ({"method": "matcher", "transfer": "sequential"}, BadInputError, "name at least one source"),
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
    run = RunOptions(device="cpu", budget=Budget(epochs=1))
    teacher = teach(survey, settings=DNN["settings"], run=run)
    teacher.save(tmp_path / "depot.teacher")
    teachers: list[Teacher | Path | str] = [teacher, tmp_path / "depot.teacher", "untrained"]
    lineage = Localizer(**DNN, teachers=teachers).fit(survey).lineage_
    assert lineage.teachers == (teacher.card, teacher.card, "untrained")
    assert lineage.data_hash == survey.train.content_hash()


# -- the model folder -------------------------------------------------------------------------------


@pytest.mark.parametrize(("teachers", "names"), [("none", ()), (["none"], ()), ("untrained", ("untrained",))])
def test_teachers_may_be_named_alone(teachers: Any, names: tuple[str, ...], survey: Survey) -> None:
    run = RunOptions(device="cpu", budget=Budget(1))
    model = Localizer(**{**DNN, "teachers": teachers, "run": run}).fit(survey)
    assert model.lineage_.teachers == names


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


def test_an_older_model_is_replaced(models: dict[str, Localizer], tmp_path: Path) -> None:
    for name in ("dnn", "knn"):
        models[name].save(tmp_path / "model")
    assert Localizer.load(tmp_path / "model").method == "knn"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_what_is_no_model_is_not_overwritten(model: Localizer, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("precious")
    (tmp_path / "notes").write_text("precious")
    for place in ("thesis", "notes"):
        with pytest.raises(BadInputError, match="nothing was overwritten"):
            model.save(tmp_path / place)
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
    run = RunOptions(device="cpu", budget=Budget(150))
    model = Localizer("own_in_test_localizer", settings={"width": 24}, run=run).fit(survey)
    answers = model.predict(unseen)
    assert mean_error_m(answers, unseen) < 0.6 * centroid_error_m(survey.train, unseen)
    model.save(tmp_path / "own")
    assert_same_answers(Localizer.load(tmp_path / "own").predict(unseen), answers)


@pytest.mark.real_data
@pytest.mark.slow
def test_dnn_learns_tampere_on_a_small_budget(data_dir: Path) -> None:
    survey = load("tampere", data_dir=data_dir)
    assert survey.test is not None
    run = RunOptions(device="cpu", budget=Budget(60))
    model = Localizer("dnn", settings={"width": 128, "d_e": 64}, run=run, calibrate=False).fit(survey)
    answers = model.predict(survey.test)
    assert mean_error_m(answers, survey.test) < 0.5 * centroid_error_m(survey.train, survey.test)


def test_a_seed_below_zero_is_refused(survey: Survey) -> None:
    with pytest.raises(BadInputError, match="the seed is -1; give a whole number from 0 on"):
        Localizer("knn", run=RunOptions(seed=-1)).fit(survey)
