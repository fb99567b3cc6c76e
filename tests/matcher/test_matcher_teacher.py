"""The pretrained matcher's file, and the ways in which a matcher comes to know a building."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tutelage.data.fingerprints import Survey
from tutelage.data.surveys import load, shareable_sets, without
from tutelage.errors import BadInputError, FileFormatError, UnknownNameError
from tutelage.evaluation import evaluate
from tutelage.localizer import Localizer
from tutelage.methods.matcher import MatcherRecipe, PretrainedMatcher, pretrain, shipped_matcher
from tutelage.methods.matcher.exercises import Surveyed
from tutelage.methods.matcher.matcher_network import MatcherNetwork
from tutelage.methods.matcher.matcher_training import exercise_errors_m
from tutelage.methods.teachers.teacher_names import any_teacher
from tutelage.paper.expert_training import teach
from tutelage.runtime.candidate_lists import FEATURES, CandidateSearch
from tutelage.training import Budget, RunOptions
from tutelage.updating import updated

SMALL = MatcherRecipe(
    exercises=64, batch_size=32, n_candidates=12, width=16, updates=20, fine_tune_updates=10
)
CPU = RunOptions(device="cpu")


@pytest.fixture(scope="module")
def teacher(museum: Survey) -> PretrainedMatcher:
    return pretrain([museum], SMALL, CPU)


def test_teacher_file_comes_back_the_same(teacher: PretrainedMatcher, tmp_path: Path) -> None:
    teacher.save(tmp_path / "a")
    again = PretrainedMatcher.load(tmp_path / "a")
    assert again.card == teacher.card
    for name, value in teacher.network.state_dict().items():
        torch.testing.assert_close(again.network.state_dict()[name], value, rtol=0, atol=0)
    again.save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert again.content_hash() == teacher.content_hash()


def test_a_teacher_learns_longer_than_an_own_map_and_sees_no_round_twice(museum: Survey) -> None:
    own, taught = MatcherRecipe(), MatcherRecipe.for_pretraining()
    assert (taught.updates, taught.passes, taught.averaged) == (2 * own.updates, 1, 0.7)
    assert own.passes > 1
    assert own.averaged == 0
    assert MatcherRecipe.for_pretraining({"passes": 3, "width": 8}).passes == 3
    card = pretrain([museum], options=RunOptions(device="cpu", budget=Budget(updates=3))).card
    assert (card.recipe, card.n_steps) == (taught, 3)


def test_a_teacher_refuses_a_wrong_setting_of_its_lesson() -> None:
    with pytest.raises(UnknownNameError, match="pases"):
        MatcherRecipe.for_pretraining({"pases": 1})
    with pytest.raises(BadInputError, match="passes"):
        MatcherRecipe.for_pretraining({"passes": 0})


def test_card_names_the_sources_and_the_file_holds_none_of_their_data(
    teacher: PretrainedMatcher, museum: Survey, tmp_path: Path
) -> None:
    [source] = teacher.card.sources
    assert (source.source, source.n_train) == (museum.name, len(museum.train))
    assert source.data_hash == museum.train.content_hash()
    teacher.save(tmp_path / "a")
    content = (tmp_path / "a").read_bytes()
    assert len(content) < 60_000
    assert not any(name.encode() in content for name in museum.train.access_points if len(name) > 3)


def test_card_says_how_the_matcher_does_on_fresh_exercises(
    teacher: PretrainedMatcher, museum: Survey
) -> None:
    [source] = teacher.card.sources
    assert source.quality is not None
    surveyed = Surveyed.of(museum.train)
    scored_m, nearest_m = exercise_errors_m(teacher.network, surveyed, SMALL, CPU.seed)
    assert source.quality.exercise_mae_m == pytest.approx(scored_m, abs=1e-3)
    assert source.quality.nearest_mae_m == pytest.approx(nearest_m, abs=1e-3)
    with torch.random.fork_rng():
        torch.manual_seed(5)
        untrained_m, same_m = exercise_errors_m(MatcherNetwork(SMALL.width).eval(), surveyed, SMALL, CPU.seed)
    assert same_m == nearest_m  # the same exercises
    assert scored_m < untrained_m


def test_shipped_matcher_is_ahead_of_the_nearest_candidates_in_every_source() -> None:
    for source in shipped_matcher().card.sources:
        assert source.quality is not None
        assert 0 < source.quality.exercise_mae_m < source.quality.nearest_mae_m


def test_shipped_matcher_does_not_tell_scans_that_it_learnt_from_others() -> None:
    for source in shipped_matcher().card.sources:
        assert source.membership is not None
        assert 0.3 < source.membership < 0.6


def test_same_seed_same_teacher(teacher: PretrainedMatcher, museum: Survey) -> None:
    assert pretrain([museum], SMALL, CPU).content_hash() == teacher.content_hash()
    other = pretrain([museum], SMALL, RunOptions(device="cpu", seed=1))
    assert other.content_hash() != teacher.content_hash()


@pytest.mark.parametrize("cut", [0, 7, 100, 1000])
def test_file_that_is_cut_short_is_refused(teacher: PretrainedMatcher, tmp_path: Path, cut: int) -> None:
    teacher.save(tmp_path / "a")
    (tmp_path / "a").write_bytes((tmp_path / "a").read_bytes()[:cut])
    with pytest.raises(FileFormatError, match="no pretrained matcher of this version"):
        PretrainedMatcher.load(tmp_path / "a")


def test_file_with_one_weight_changed_is_refused(teacher: PretrainedMatcher, tmp_path: Path) -> None:
    teacher.save(tmp_path / "a")
    content = bytearray((tmp_path / "a").read_bytes())
    content[-3] ^= 1
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(FileFormatError, match="does not match its checksum"):
        PretrainedMatcher.load(tmp_path / "a")
    with pytest.raises(BadInputError, match="there is no teacher file"):
        PretrainedMatcher.load(tmp_path / "none")


def test_each_kind_of_teacher_is_told_from_the_other(
    teacher: PretrainedMatcher, office: Survey, tmp_path: Path
) -> None:
    surrogate = teach(
        office,
        "dnn",
        network_settings={"width": 8, "d_e": 4},
        options=RunOptions(device="cpu", budget=Budget(updates=2)),
    )
    teacher.save(tmp_path / "matcher")
    surrogate.save(tmp_path / "surrogate")
    assert isinstance(any_teacher(tmp_path / "matcher"), PretrainedMatcher)
    assert any_teacher(tmp_path / "surrogate").card == surrogate.card
    for network, wrong, said in (
        ("dnn", teacher, "is for --network matcher or blend"),
        ("matcher", surrogate, "no surrogate teacher"),
        ("dnn", tmp_path / "matcher", "is for --network matcher or blend"),
        ("matcher", tmp_path / "surrogate", "no surrogate teacher"),
        ("matcher", [teacher, teacher], "one teacher, 2 are given"),
    ):
        with pytest.raises((BadInputError, FileFormatError), match=said):
            Localizer(network, teachers=wrong, device="cpu").fit(office)


@pytest.mark.parametrize(
    ("sources", "said"), [([], "at least one source"), (["museum", "museum"], "is named twice")]
)
def test_teach_refuses(museum: Survey, sources: list[str], said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        pretrain([museum for _ in sources], SMALL, CPU)


def test_a_source_with_one_reference_point_is_refused(museum: Survey) -> None:
    one = replace(museum.train[:4], position_m=np.zeros((4, 2)), floor=None, building=None)
    with pytest.raises(BadInputError, match="learn from several"):
        pretrain([Survey("hut", one)], SMALL, CPU)


def test_a_length_is_refused_where_nothing_is_learnt(teacher: PretrainedMatcher, office: Survey) -> None:
    with pytest.raises(BadInputError, match="learns nothing here"):
        Localizer("matcher", teachers=teacher, epochs=2, device="cpu").fit(office)


# -- the three ways, and the control --------------------------------------------------------------------

ADAPT = {"exercises": 64, "batch_size": 32, "updates": 20, "fine_tune_updates": 10}


def test_a_named_teacher_is_used_as_it_is(teacher: PretrainedMatcher, office: Survey) -> None:
    model = Localizer("matcher", teachers=teacher, device="cpu").fit(office)
    assert model.lineage_["fine_tune"] is False
    assert model.lineage_["n_steps"] == 0
    assert model.lineage_["sharpness"] == 1.25
    weights = model.method_.tensors()
    for name, value in teacher.network.sharpened(1.25).state_dict().items():
        np.testing.assert_array_equal(weights[f"matcher.{name}"], value.numpy())
    blunt = Localizer("matcher", teachers=teacher, settings={"sharpness": 1.0}, device="cpu").fit(office)
    weights = blunt.method_.tensors()
    for name, value in teacher.network.state_dict().items():
        np.testing.assert_array_equal(weights[f"matcher.{name}"], value.numpy())


@given(by=st.floats(0.1, 10), seed=st.integers(0, 9))
def test_sharpened_weights_are_a_power_of_the_weights(by: float, seed: int) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = MatcherNetwork(8).eval()
        feature = torch.randn(3, 5, len(FEATURES))
    known = torch.ones(3, 5, dtype=torch.bool)
    known[0, 3:] = False
    with torch.no_grad():
        before, after = network(feature, known), network.sharpened(by)(feature, known)
    power = torch.where(known, before.weight**by, 0.0)
    torch.testing.assert_close(after.weight, power / power.sum(dim=1, keepdim=True), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(after.log_distance, before.log_distance)


def test_with_own_map_it_goes_on(teacher: PretrainedMatcher, office: Survey) -> None:
    settings = {**ADAPT, "fine_tune": True}
    model = Localizer("matcher", teachers=teacher, settings=settings, device="cpu").fit(office)
    assert model.lineage_["n_steps"] == 10
    assert model.lineage_["recipe"]["width"] == SMALL.width  # the teacher's
    before = teacher.network.state_dict()["layers.0.weight"].numpy()
    assert not np.array_equal(model.method_.tensors()["matcher.layers.0.weight"], before)


def test_none_learns_from_the_own_map_alone(office: Survey) -> None:
    model = Localizer("matcher", teachers="none", settings=ADAPT, device="cpu").fit(office)
    assert (model.lineage_["teachers"], model.lineage_["fine_tune"]) == ([], True)
    assert model.lineage_["n_steps"] == 20


def test_by_default_the_shipped_teacher_goes_on_with_the_own_map(office: Survey) -> None:
    model = Localizer("matcher", settings=ADAPT, device="cpu").fit(office)
    assert model.lineage_["fine_tune"] is True
    [card] = model.lineage_["teachers"]
    assert card == shipped_matcher().card.model_dump()


def test_untrained_is_a_matcher_that_knows_nothing(office: Survey) -> None:
    one, two = (
        Localizer("matcher", teachers="untrained", seed=seed, device="cpu").fit(office) for seed in (0, 1)
    )
    assert one.lineage_["teachers"] == ["untrained"]
    assert one.lineage_["n_steps"] == 0
    weights = (model.method_.tensors()["matcher.layers.0.weight"] for model in (one, two))
    assert not np.array_equal(*weights)


@pytest.mark.real_data
@pytest.mark.parametrize(("teacher", "fewest", "most"), [("untrained", 42, 48), ("zoo:matcher", 2, 15)])
def test_random_weights_weigh_candidates_nearly_alike_and_a_teacher_few_of_them(
    data_dir: Path, teacher: str, fewest: int, most: int
) -> None:
    tampere = load("tampere", data_dir=data_dir)
    matcher = (
        Localizer(
            "matcher",
            teachers=teacher,
            settings={"fine_tune": False} if "zoo" in teacher else {},
            device="cpu",
            calibrate=False,
        )
        .fit(tampere)
        .method_
    )
    scans = matcher.representation.transform(tampere.test[np.arange(0, len(tampere.test), 100)])
    lists = CandidateSearch(matcher.described()).candidates(scans, 48)
    with torch.no_grad():
        weight = matcher.network(
            torch.as_tensor(lists.feature), torch.ones(lists.row.shape, dtype=torch.bool)
        ).weight
    assert fewest < float((1 / weight.square().sum(dim=1)).median()) < most


@pytest.mark.parametrize(
    ("settings", "teachers", "said"),
    [
        ({"fine_tune": False}, "none", "leaves nothing to learn from"),
        ({"sharpness": 1.5}, "none", "sharpness is of a teacher that learnt"),
        ({"sharpness": 1.5}, "untrained", "sharpness is of a teacher that learnt"),
        ({"width": 32}, (), "width = 64, not 32"),
        ({"widht": 32}, (), "unknown setting of the matcher 'widht'.*width"),
        ({"thinnest": 0}, (), "thinnest = 0"),
    ],
)
def test_fit_refuses(office: Survey, settings: dict[str, object], teachers: str, said: str) -> None:
    with pytest.raises((BadInputError, UnknownNameError), match=said):
        Localizer("matcher", teachers=teachers, settings=settings, device="cpu").fit(office)


def test_model_folder_comes_back_the_same(teacher: PretrainedMatcher, office: Survey, tmp_path: Path) -> None:
    assert office.test is not None
    model = Localizer("matcher", teachers=teacher, device="cpu").fit(office)
    model.save(tmp_path / "m")
    again = Localizer.load(tmp_path / "m")
    there, back = model.predict(office.test), again.predict(office.test)
    np.testing.assert_array_equal(there.position_m, back.position_m)
    np.testing.assert_array_equal(there.floor, back.floor)


def test_a_source_is_no_test(teacher: PretrainedMatcher, museum: Survey, office: Survey) -> None:
    """Also under another name, as the training data tell."""
    model = Localizer("matcher", teachers=teacher, device="cpu").fit(museum)
    renamed = Survey("town hall", museum.train, museum.test)
    for survey, said in (
        (museum, f"learnt in {museum.name} as well;"),
        (renamed, f"learnt in town hall as well, there called {museum.name};"),
    ):
        with pytest.raises(BadInputError, match=rf"{said} teach one without it .* --source .*--source-too"):
            evaluate(model, survey)
        assert evaluate(model, survey, source_too=True).figures()["n"] == 300
    assert museum.test is not None
    of_checks = Localizer("matcher", teachers=teacher, device="cpu").fit(renamed)
    with pytest.raises(BadInputError, match=rf"learnt in town hall as well, there called {museum.name};"):
        evaluate(of_checks, museum.test)  # nothing in these scans says that they are of a source
    assert evaluate(of_checks, museum.test, source_too=True).figures()["n"] == 300
    later = updated(of_checks, museum.test[:100], calibrated=False)
    with pytest.raises(BadInputError, match=rf"learnt in town hall as well, there called {museum.name};"):
        evaluate(later, museum.test[100:])
    elsewhere = Localizer("matcher", teachers=teacher, device="cpu").fit(office)
    assert evaluate(elsewhere, Survey("office", office.train, office.test)).figures()["n"] == 300


# -- the sources of the shipped file ---------------------------------------------------------------------


@pytest.mark.real_data
def test_sets_whose_licence_is_unknown_are_no_sources(data_dir: Path) -> None:
    names = shareable_sets(data_dir)
    assert {"ujiindoorloc", "tampere", "tut6", "dsi1", "uji_library"} <= set(names)
    assert "utsindoorloc" not in names
    assert [source.source.partition(":")[0] for source in shipped_matcher().card.sources] == names


def test_without_leaves_out_a_building_or_its_campus() -> None:
    names = ["ujiindoorloc", "uji_library:1-3", "tampere", "tut5", "tut6", "own.csv"]
    assert without(names, ["ujiindoorloc"]) == ["uji_library:1-3", "tampere", "tut5", "tut6", "own.csv"]
    assert without(names, ["ujiindoorloc"], campus=True) == ["tampere", "tut5", "tut6", "own.csv"]
    assert without(names, ["tut6"]) == ["ujiindoorloc", "uji_library:1-3", "tut5", "own.csv"]
    assert without(names, ["tut6"], campus=True) == ["ujiindoorloc", "uji_library:1-3", "own.csv"]
    with pytest.raises(UnknownNameError, match="Did you mean tampere"):
        without(names, ["tamper"])
    with pytest.raises(BadInputError, match="no source is left"):
        without(["tampere"], ["tampere"])
    with pytest.raises(BadInputError, match="name the set whose campus"):
        without(names, [], campus=True)
