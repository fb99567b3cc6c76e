"""The teachers that come with Tutelage: all there, allowed to be, of the data they name, and usable."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from tutelage.data.fingerprints import Survey
from tutelage.data.sets.public_sets import public_datasets
from tutelage.data.surveys import load, shareable_names
from tutelage.errors import BadInputError, FileFormatError, UnknownNameError
from tutelage.localizer import Localizer
from tutelage.methods.matcher.pretrained import PretrainedMatcher
from tutelage.methods.teacher_names import read_teacher_file
from tutelage.methods.teachers.shelf import zoo_list, zoo_names, zoo_teacher, zoo_teachers
from tutelage.methods.teachers.zoo_making import ZOO_NETWORKS, ZOO_SOURCES
from tutelage.paper.expert_training import Teacher, TeacherCard, teaching_recipe
from tutelage.training import RunOptions

MEGABYTE = 1_000_000
of_every_network = pytest.mark.parametrize(
    "network",
    [pytest.param(name, marks=() if name == "dnn" else pytest.mark.slow) for name in ZOO_NETWORKS],
)
of_every_source = pytest.mark.parametrize("source", ZOO_SOURCES)


def surrogate_cards() -> list[TeacherCard]:
    return [entry.card for entry in zoo_list() if isinstance(entry.card, TeacherCard)]


def test_zoo_holds_the_matcher_and_a_teacher_of_each_network_and_source() -> None:
    expected = {f"zoo:{network}-{source}" for network in ZOO_NETWORKS for source in ZOO_SOURCES}
    assert set(zoo_names()) == {"zoo:matcher", *expected}
    assert zoo_names()[0] == "zoo:matcher"


def test_zoo_takes_a_few_megabytes() -> None:
    listed = zoo_list()
    assert all(entry.size_bytes > 10_000 for entry in listed)
    assert sum(entry.size_bytes for entry in listed) < 8 * MEGABYTE


def test_cards_are_of_the_networks_and_sources_that_the_names_say() -> None:
    for entry in zoo_list()[1:]:
        assert isinstance(entry.card, TeacherCard)
        assert entry.name == f"zoo:{entry.card.network}-{entry.card.source}"
        assert entry.content_hash == zoo_teacher(entry.name).content_hash()


def test_every_source_allows_to_share_what_is_learnt_in_it() -> None:
    for entry in zoo_list():
        cards = [entry.card] if isinstance(entry.card, TeacherCard) else entry.card.sources
        assert {card.source for card in cards} <= set(shareable_names())
        assert {card.licence for card in cards} == {"CC BY 4.0"}
        assert entry.citations == tuple(public_datasets()[card.source].citation for card in cards)


def test_every_teacher_says_what_it_is_worth_and_what_it_gives_away() -> None:
    for card in surrogate_cards():
        assert card.quality is not None
        assert card.privacy is not None
        assert card.quality.generator_mae_m < card.quality.centroid_mae_m / 2  # none has collapsed
        assert 0.4 < card.privacy.membership < 0.75


def test_every_teacher_learnt_for_a_quarter_of_the_default_recipe() -> None:
    for card in surrogate_cards():
        default = teaching_recipe("default", {}, None).updates
        assert card.recipe_name == "default"
        assert card.n_steps == card.recipe["updates"] // 4
        assert card.recipe["updates"] <= default


@pytest.mark.real_data
@of_every_source
def test_data_of_the_cards_are_the_training_scans_of_today(source: str, data_dir: Path) -> None:
    train = load(source, data_dir=data_dir).train
    heard = train[train.n_heard > 0]
    cards = [card for card in surrogate_cards() if card.source == source]
    assert {card.data_hash for card in cards} == {heard.content_hash()}
    width_m, height_m = np.ptp(heard.known_position_m, axis=0) / 16
    for card in cards:  # a tenth of the points were held out, at the border as well
        assert card.privacy is not None
        assert card.privacy.place_cell_m[0] == pytest.approx(width_m, rel=0.15, abs=0.1)
        assert card.privacy.place_cell_m[1] == pytest.approx(height_m, rel=0.15, abs=0.1)


@pytest.mark.real_data
@of_every_source
def test_teachers_of_the_building_itself_are_left_out(source: str, data_dir: Path, survey: Survey) -> None:
    target = load(source, data_dir=data_dir)
    building = {"tampere", "tut6"} if source in ("tampere", "tut6") else {source}
    others = sorted(set(ZOO_SOURCES) - building)
    for by_name, by_scans in ((target.name, survey.train), ("", target.train)):
        assert [each.card.source for each in zoo_teachers("dnn", by_scans, by_name).values()] == others
    assert [*zoo_teachers("dnn", survey.train)] == [f"zoo:dnn-{name}" for name in sorted(ZOO_SOURCES)]


@of_every_network
def test_a_network_learns_under_all_of_its_teachers(network: str, survey: Survey) -> None:
    recipe = {"updates": 2, "weight_labels": 0}
    run = RunOptions(device="cpu")
    model = Localizer(network, teachers="all", settings=recipe, run=run, calibrate=False).fit(survey)
    cards = [teacher for teacher in model.lineage_.teachers if isinstance(teacher, TeacherCard)]
    assert [card.source for card in cards] == sorted(ZOO_SOURCES)
    assert len(cards) == len(model.lineage_.teachers)


def test_a_name_gives_its_teacher_and_another_is_refused() -> None:
    assert isinstance(zoo_teacher("zoo:matcher"), PretrainedMatcher)
    assert isinstance(zoo_teacher("zoo:dnn-dsi1"), Teacher)
    with pytest.raises(BadInputError, match="no teacher file dnn-dsi1; did you mean zoo:dnn-dsi1"):
        read_teacher_file("dnn-dsi1")
    with pytest.raises(UnknownNameError, match="zoo:dnn-dsi1"):
        zoo_teacher("zoo:dnn-dsi2")


def test_a_file_that_was_damaged_is_refused_and_named() -> None:
    content = bytearray(
        files("tutelage.methods.teachers").joinpath("shipped", "dnn-dsi1.teacher").read_bytes()
    )
    content[-1] ^= 1
    with pytest.raises(FileFormatError, match="damaged"):
        Teacher.from_bytes(bytes(content))
