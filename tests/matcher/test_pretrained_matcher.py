"""The pretrained matcher's file, and the ways in which a matcher comes to know a building."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rooms import rooms_survey
from tutelage.data.fingerprints import Survey
from tutelage.data.surveys import exclude_buildings, load, shareable_sets
from tutelage.errors import BadInputError, FileFormatError, UnknownNameError
from tutelage.evaluation import evaluate
from tutelage.localizer import Localizer
from tutelage.methods.matcher.exercises import SurveyScans
from tutelage.methods.matcher.matcher import Matcher
from tutelage.methods.matcher.matcher_network import MatcherNetwork
from tutelage.methods.matcher.matcher_recipe import MatcherRecipe
from tutelage.methods.matcher.matcher_training import exercise_errors_m
from tutelage.methods.matcher.pretrained import PretrainedMatcher, pretrain, shipped_matcher
from tutelage.methods.teacher_names import read_teacher_file
from tutelage.paper.expert_training import teach
from tutelage.runtime.candidate_lists import FEATURES, CandidateSearch
from tutelage.training import Budget, RunOptions
from tutelage.updating import update

SMALL = MatcherRecipe(
    exercises=64, batch_size=32, n_candidates=12, width=16, updates=20, fine_tune_updates=10
)
CPU = RunOptions(device="cpu")


def pretrain_small(surveys: list[Survey], run: RunOptions = CPU) -> PretrainedMatcher:
    """A matcher by the small recipe."""
    return pretrain(surveys, settings=SMALL.model_dump(), run=run)


@pytest.fixture(scope="module")
def museum_matcher(museum: Survey) -> PretrainedMatcher:
    return pretrain_small([museum])


def test_file_comes_back_the_same(museum_matcher: PretrainedMatcher, tmp_path: Path) -> None:
    museum_matcher.save(tmp_path / "a")
    again = PretrainedMatcher.load(tmp_path / "a")
    assert again.card == museum_matcher.card
    for name, value in museum_matcher.network.state_dict().items():
        torch.testing.assert_close(again.network.state_dict()[name], value, rtol=0, atol=0)
    again.save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert again.content_hash() == museum_matcher.content_hash()


@pytest.mark.slow
def test_pretraining_is_longer_than_learning_an_own_map_and_sees_no_round_twice(museum: Survey) -> None:
    own, pretraining = MatcherRecipe(), MatcherRecipe.for_pretraining()
    assert (pretraining.updates, pretraining.passes, pretraining.averaged) == (2 * own.updates, 1, 0.7)
    assert own.passes > 1
    assert own.averaged == 0
    assert MatcherRecipe.for_pretraining({"passes": 3, "width": 8}).passes == 3
    card = pretrain([museum], run=RunOptions(device="cpu", budget=Budget(updates=3))).card
    assert (card.recipe, card.n_steps) == (pretraining, 3)


def test_pretraining_refuses_a_wrong_setting() -> None:
    with pytest.raises(UnknownNameError, match="pases"):
        MatcherRecipe.for_pretraining({"pases": 1})
    with pytest.raises(BadInputError, match="passes"):
        MatcherRecipe.for_pretraining({"passes": 0})


def test_card_names_the_sources_and_the_file_holds_none_of_their_data(
    museum_matcher: PretrainedMatcher, museum: Survey, tmp_path: Path
) -> None:
    [source] = museum_matcher.card.sources
    assert (source.source, source.n_train) == (museum.name, len(museum.train))
    assert source.data_hash == museum.train.content_hash()
    museum_matcher.save(tmp_path / "a")
    content = (tmp_path / "a").read_bytes()
    assert len(content) < 60_000
    assert not any(name.encode() in content for name in museum.train.access_points if len(name) > 3)


def test_card_says_how_the_matcher_does_on_fresh_exercises(
    museum_matcher: PretrainedMatcher, museum: Survey
) -> None:
    [source] = museum_matcher.card.sources
    assert source.quality is not None
    surveyed = SurveyScans.of(museum.train)
    scored_m, nearest_m = exercise_errors_m(museum_matcher.network, surveyed, SMALL, CPU.seed)
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


def test_same_seed_same_matcher(museum_matcher: PretrainedMatcher, museum: Survey) -> None:
    assert pretrain_small([museum]).content_hash() == museum_matcher.content_hash()
    other = pretrain_small([museum], RunOptions(device="cpu", seed=1))
    assert other.content_hash() != museum_matcher.content_hash()


@pytest.mark.parametrize("cut", [0, 7, 100, 1000])
def test_file_that_is_cut_short_is_refused(
    museum_matcher: PretrainedMatcher, tmp_path: Path, cut: int
) -> None:
    museum_matcher.save(tmp_path / "a")
    (tmp_path / "a").write_bytes((tmp_path / "a").read_bytes()[:cut])
    with pytest.raises(FileFormatError, match="no pretrained matcher of this version"):
        PretrainedMatcher.load(tmp_path / "a")


def test_file_with_one_weight_changed_is_refused(museum_matcher: PretrainedMatcher, tmp_path: Path) -> None:
    museum_matcher.save(tmp_path / "a")
    content = bytearray((tmp_path / "a").read_bytes())
    content[-3] ^= 1
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(FileFormatError, match="does not match its checksum"):
        PretrainedMatcher.load(tmp_path / "a")
    with pytest.raises(BadInputError, match=r"there is no file .*tutelage pretrain"):
        PretrainedMatcher.load(tmp_path / "none")


def test_pretrained_matcher_and_surrogate_teacher_are_told_apart(
    museum_matcher: PretrainedMatcher, office: Survey, tmp_path: Path
) -> None:
    surrogate = teach(
        office,
        "dnn",
        settings={"width": 8, "d_e": 4},
        run=RunOptions(device="cpu", budget=Budget(updates=2)),
    )
    museum_matcher.save(tmp_path / "matcher")
    surrogate.save(tmp_path / "surrogate")
    assert isinstance(read_teacher_file(tmp_path / "matcher"), PretrainedMatcher)
    assert read_teacher_file(tmp_path / "surrogate").card == surrogate.card
    wrong_options: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("dnn", {"teachers": [museum_matcher]}, "is a pretrained matcher, .*give it as pretrained"),
        ("dnn", {"teachers": museum_matcher}, "is a pretrained matcher, .*give it as pretrained"),
        ("dnn", {"teachers": tmp_path / "matcher"}, "is a pretrained matcher, .*give it as pretrained"),
        ("matcher", {"pretrained": surrogate}, "is a surrogate teacher, .*tutelage pretrain"),
        ("matcher", {"pretrained": tmp_path / "surrogate"}, "is a surrogate teacher, .*tutelage pretrain"),
        ("matcher", {"pretrained": [museum_matcher, museum_matcher]}, "one pretrained matcher"),
        ("dnn", {"pretrained": museum_matcher}, "dnn takes no pretrained matcher; .*matcher or blend"),
        ("matcher", {"teachers": surrogate}, "matcher takes no surrogate teachers; .*by pretrained"),
    )
    for method, options, message in wrong_options:
        with pytest.raises(BadInputError, match=message):
            Localizer(method, run=CPU, **options).fit(office)


@pytest.mark.parametrize(
    ("sources", "message"), [([], "at least one survey"), (["museum", "museum"], "is named twice")]
)
def test_pretrain_refuses(museum: Survey, sources: list[str], message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        pretrain_small([museum for _ in sources])


def test_a_source_with_one_reference_point_is_refused(museum: Survey) -> None:
    one = replace(museum.train[:4], position_m=np.zeros((4, 2)), floor=None, building=None)
    with pytest.raises(BadInputError, match="learn from several"):
        pretrain_small([Survey("hut", one)])


def test_a_length_is_refused_where_nothing_is_learnt(
    museum_matcher: PretrainedMatcher, office: Survey
) -> None:
    with pytest.raises(BadInputError, match="learns nothing here"):
        Localizer("matcher", pretrained=museum_matcher, run=RunOptions(device="cpu", budget=Budget(2))).fit(
            office
        )


# -- the three ways, and the control --------------------------------------------------------------------

LEARN = {"exercises": 64, "batch_size": 32, "updates": 20}
ADAPT = {**LEARN, "fine_tune_updates": 10}


def test_a_matcher_that_is_named_is_used_as_it_is(museum_matcher: PretrainedMatcher, office: Survey) -> None:
    model = Localizer("matcher", pretrained=museum_matcher, run=CPU).fit(office)
    assert model.lineage_.fine_tune is False
    assert model.lineage_.n_steps == 0
    assert model.lineage_.sharpness == 1.25
    weights = model.method_.tensors()
    for name, value in museum_matcher.network.sharper(1.25).state_dict().items():
        np.testing.assert_array_equal(weights[f"matcher.{name}"], value.numpy())
    blunt = Localizer("matcher", pretrained=museum_matcher, settings={"sharpness": 1.0}, run=CPU).fit(office)
    weights = blunt.method_.tensors()
    for name, value in museum_matcher.network.state_dict().items():
        np.testing.assert_array_equal(weights[f"matcher.{name}"], value.numpy())


@given(by=st.floats(0.1, 10), seed=st.integers(0, 9))
def test_sharpened_weights_are_a_power_of_the_weights(by: float, seed: int) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = MatcherNetwork(8).eval()
        feature = torch.randn(3, 5, len(FEATURES))
    is_candidate = torch.ones(3, 5, dtype=torch.bool)
    is_candidate[0, 3:] = False
    with torch.no_grad():
        before, after = network(feature, is_candidate), network.sharper(by)(feature, is_candidate)
    power = torch.where(is_candidate, before.weight**by, 0.0)
    torch.testing.assert_close(after.weight, power / power.sum(dim=1, keepdim=True), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(after.log_distance, before.log_distance)


def test_with_own_map_it_goes_on(museum_matcher: PretrainedMatcher, office: Survey) -> None:
    settings = {**ADAPT, "fine_tune": True}
    model = Localizer("matcher", pretrained=museum_matcher, settings=settings, run=CPU).fit(office)
    assert model.lineage_.n_steps == 10
    assert model.lineage_.recipe is not None
    assert model.lineage_.recipe["width"] == SMALL.width  # the teacher's
    before = museum_matcher.network.state_dict()["layers.0.weight"].numpy()
    assert not np.array_equal(model.method_.tensors()["matcher.layers.0.weight"], before)


def test_none_learns_from_the_own_map_alone(office: Survey) -> None:
    model = Localizer("matcher", pretrained="none", settings=LEARN, run=CPU).fit(office)
    assert (model.lineage_.pretrained, model.lineage_.fine_tune) == (None, True)
    assert model.lineage_.n_steps == 20


def test_by_default_the_matcher_of_the_zoo_goes_on_with_the_own_map(office: Survey) -> None:
    model = Localizer("matcher", settings=ADAPT, run=CPU).fit(office)
    assert model.lineage_.fine_tune is True
    assert model.lineage_.pretrained == shipped_matcher().card


def test_untrained_is_a_matcher_that_knows_nothing(office: Survey) -> None:
    one, two = (
        Localizer("matcher", pretrained="untrained", run=replace(CPU, seed=seed)).fit(office)
        for seed in (0, 1)
    )
    assert one.lineage_.pretrained == "untrained"
    assert one.lineage_.n_steps == 0
    first, second = (model.method_.tensors()["matcher.layers.0.weight"] for model in (one, two))
    assert not np.array_equal(first, second)


@pytest.mark.real_data
@pytest.mark.parametrize(("begin_with", "fewest", "most"), [("untrained", 42, 48), ("zoo:matcher", 2, 15)])
def test_random_weights_weigh_candidates_nearly_alike_and_pretrained_ones_few_of_them(
    data_dir: Path, begin_with: str, fewest: int, most: int
) -> None:
    tampere = load("tampere", data_dir=data_dir)
    assert tampere.test is not None
    settings = {"fine_tune": False}
    model = Localizer("matcher", pretrained=begin_with, settings=settings, run=CPU, calibrate=False)
    matcher = model.fit(tampere).method_
    assert isinstance(matcher, Matcher)
    scans = matcher.representation.transform(tampere.test[np.arange(0, len(tampere.test), 100)])
    lists = CandidateSearch(matcher.feature_map).candidates(scans, 48)
    with torch.no_grad():
        weight = matcher.network(
            torch.as_tensor(lists.feature), torch.ones(lists.row.shape, dtype=torch.bool)
        ).weight
    assert fewest < float((1 / weight.square().sum(dim=1)).median()) < most


@pytest.mark.parametrize(
    ("settings", "begin_with", "message"),
    [
        ({"fine_tune": False}, "none", "leaves nothing to learn from"),
        ({"sharpness": 1.5}, "none", "sharpness is for a pretrained matcher that is used as it is"),
        ({"sharpness": 1.5}, "untrained", "sharpness is for a pretrained matcher that is used as it is"),
        ({"fine_tune_updates": 9}, "none", "fine_tune_updates has no effect.*; set updates instead, or give"),
        ({"fine_tune_learning_rate": 1e-3}, "none", "fine_tune_learning_rate .*; set learning_rate instead"),
        ({"fine_tune_passes": 3}, "none", "fine_tune_passes has no effect .*; set passes instead"),
        ({"own_share": 0.5}, "none", "own_share has no effect without pretrained weights.*; leave it out"),
        ({"own_points": 9}, "untrained", "own_points has no effect on a pretrained matcher .*; leave it out"),
        ({"fine_tune_updates": 9, "fine_tune": False}, "zoo", "leave it out, or set fine_tune=true"),
        ({"width": 32}, "zoo", "width = 64, not 32"),
        ({"widht": 32}, "zoo", "unknown setting of the matcher 'widht'.*width"),
        ({"thinnest": 0}, "zoo", "thinnest = 0"),
    ],
)
def test_fit_refuses(office: Survey, settings: dict[str, object], begin_with: str, message: str) -> None:
    with pytest.raises((BadInputError, UnknownNameError), match=message):
        Localizer("matcher", pretrained=begin_with, settings=settings, run=CPU).fit(office)


@pytest.mark.parametrize(
    ("settings", "begin_with", "message"),
    [
        ({}, "none", r"matcher\.fine_tune_updates has no effect .*; set matcher\.updates instead"),
        ({"matcher.fine_tune": False}, "zoo", r"leave it out, or set matcher\.fine_tune=true"),
    ],
)
def test_a_blend_names_the_setting_of_its_matcher_as_the_user_does(
    office: Survey, settings: dict[str, object], begin_with: str, message: str
) -> None:
    settings = {"matcher.fine_tune_updates": 9, **settings}
    with pytest.raises(BadInputError, match=message):
        Localizer("blend", pretrained=begin_with, settings=settings, run=CPU).fit(office)


@pytest.mark.parametrize("begin_with", ["none", "untrained"])
def test_its_twin_for_radii_takes_no_setting_that_has_no_effect(office: Survey, begin_with: str) -> None:
    settings = LEARN if begin_with == "none" else {}
    assert Localizer("matcher", pretrained=begin_with, settings=settings, run=CPU).fit(office).calibration_


def test_model_folder_comes_back_the_same(
    museum_matcher: PretrainedMatcher, office: Survey, tmp_path: Path
) -> None:
    assert office.test is not None
    model = Localizer("matcher", pretrained=museum_matcher, run=CPU).fit(office)
    model.save(tmp_path / "m")
    again = Localizer.load(tmp_path / "m")
    there, back = model.predict(office.test), again.predict(office.test)
    np.testing.assert_array_equal(there.position_m, back.position_m)
    np.testing.assert_array_equal(there.floor, back.floor)


def test_a_source_is_no_test(museum_matcher: PretrainedMatcher, museum: Survey, office: Survey) -> None:
    """Also under another name, as the training data tell."""
    model = Localizer("matcher", pretrained=museum_matcher, run=CPU).fit(museum)
    renamed = Survey("town hall", museum.train, museum.test)
    for survey, message in (
        (museum, f"learnt in {museum.name} as well;"),
        (renamed, f"learnt in town hall as well, there called {museum.name};"),
    ):
        with pytest.raises(BadInputError, match=rf"{message} .*--source-too"):
            evaluate(model, survey)
        assert evaluate(model, survey, source_too=True).figures()["n"] == 300
    assert museum.test is not None
    renamed_model = Localizer("matcher", pretrained=museum_matcher, run=CPU).fit(renamed)
    with pytest.raises(BadInputError, match=rf"learnt in town hall as well, there called {museum.name};"):
        evaluate(renamed_model, museum.test)  # nothing in these scans says that they are of a source
    assert evaluate(renamed_model, museum.test, source_too=True).figures()["n"] == 300
    later_model = update(renamed_model, museum.test[:100], calibrate=False)
    with pytest.raises(BadInputError, match=rf"learnt in town hall as well, there called {museum.name};"):
        evaluate(later_model, museum.test[100:])
    office_model = Localizer("matcher", pretrained=museum_matcher, run=CPU).fit(office)
    assert evaluate(office_model, Survey("office", office.train, office.test)).figures()["n"] == 300


# -- the sources of the shipped file ---------------------------------------------------------------------


@pytest.mark.real_data
def test_sets_whose_licence_is_unknown_are_no_sources(data_dir: Path) -> None:
    names = shareable_sets(data_dir)
    assert {"ujiindoorloc", "tampere", "tut6", "dsi1", "uji_library"} <= set(names)
    assert "utsindoorloc" not in names
    assert [source.source.partition(":")[0] for source in shipped_matcher().card.sources] == names


def test_without_leaves_out_a_building_or_its_campus() -> None:
    names = ["ujiindoorloc", "uji_library:1-3", "tampere", "tut5", "tut6", "own.csv"]
    assert exclude_buildings(names, ["ujiindoorloc"]) == [
        "uji_library:1-3",
        "tampere",
        "tut5",
        "tut6",
        "own.csv",
    ]
    assert exclude_buildings(names, ["ujiindoorloc"], campus=True) == ["tampere", "tut5", "tut6", "own.csv"]
    assert exclude_buildings(names, ["tut6"]) == ["ujiindoorloc", "uji_library:1-3", "tut5", "own.csv"]
    assert exclude_buildings(names, ["tut6"], campus=True) == ["ujiindoorloc", "uji_library:1-3", "own.csv"]
    with pytest.raises(UnknownNameError, match="Did you mean tampere"):
        exclude_buildings(names, ["tamper"])
    with pytest.raises(BadInputError, match="no source is left"):
        exclude_buildings(["tampere"], ["tampere"])
    with pytest.raises(BadInputError, match="name the set whose campus"):
        exclude_buildings(names, [], campus=True)


def test_places_alone_are_asked_of_the_matcher_as_it_is_unless_the_user_wants_it_trained() -> None:
    rooms = rooms_survey()
    assert Localizer("matcher").fit(rooms).lineage_.fine_tune is False
    trained = Localizer("matcher", settings={"fine_tune": True, "fine_tune_updates": 4, "exercises": 64})
    assert trained.fit(rooms).lineage_.fine_tune is True
