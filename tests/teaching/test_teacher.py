"""The teacher file: whole or refused, for the right student only, and without the building's data."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save_file

from tutelage.data.fingerprints import Survey
from tutelage.data.surveys import simulated_survey
from tutelage.errors import BadInputError, FileFormatError
from tutelage.paper.expert_training import Teacher, TeachingRecipe, teaching_recipe, untrained_teacher


@pytest.fixture
def path(teacher: Teacher, tmp_path: Path) -> Path:
    path = tmp_path / "depot.teacher"
    teacher.save(path)
    return path


def header_of(content: bytes) -> dict[str, Any]:
    length = int.from_bytes(content[:8], "little")
    header: dict[str, Any] = json.loads(content[8 : 8 + length])["__metadata__"]
    return header


def numbers_in(value: object) -> list[float]:
    """All numbers of a JSON value, at any depth."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [number for item in value for number in numbers_in(item)]
    return [float(value)] if isinstance(value, int | float) else []


# -- round trip and card ----------------------------------------------------------------------------


def test_teacher_file_round_trip_is_exact(teacher: Teacher, path: Path) -> None:
    again = Teacher.load(path)
    assert again.card == teacher.card
    noise, place = torch.randn(6, teacher.generator.d_noise), torch.rand(6, 2)
    for before, after in zip(teacher.generator(noise, place), again.generator(noise, place), strict=True):
        assert torch.equal(before, after)


def test_content_of_a_teacher_file_is_the_same_to_the_byte_each_time(teacher: Teacher, path: Path) -> None:
    assert {teacher.to_bytes() for _ in range(20)} == {path.read_bytes()}
    assert Teacher.from_bytes(teacher.to_bytes()).content_hash() == teacher.content_hash()


def test_teacher_is_frozen_when_made_and_when_loaded(teacher: Teacher, path: Path) -> None:
    for generator in (teacher.generator, Teacher.load(path).generator):
        assert not generator.training
        assert not any(parameter.requires_grad for parameter in generator.parameters())


def test_card_says_where_the_teacher_comes_from(teacher: Teacher, survey: Survey) -> None:
    card, heard = teacher.card, survey.train[survey.train.n_heard > 0]
    assert (card.network, card.d_e, card.network_settings["width"]) == ("dnn", 32, 64)
    assert (card.source, card.licence) == ("the depot", "CC BY 4.0")
    assert (card.data_hash, card.n_train) == (heard.content_hash(), len(heard))
    assert (card.recipe_name, card.seed, card.n_steps) == ("default", 0, 9)
    assert TeachingRecipe(**card.recipe) == teaching_recipe("default", {"batch_size": 64, "critic_steps": 2})
    assert card.version == version("tutelage")
    assert card.quality is not None
    assert all(np.isfinite(figure) for figure in card.quality.model_dump().values())


def test_place_histogram_is_a_share_of_scans_with_y_in_rows(make_teacher: Callable[..., Teacher]) -> None:
    wide = simulated_survey(seed=2, n_train=160, n_access_points=16, n_floors=1, width_m=80, depth_m=8)
    shares = np.array(make_teacher(wide, epochs=1).card.place_histogram)
    assert shares.shape == (16, 16)
    assert shares.sum() == pytest.approx(1.0, abs=1e-3)
    occupied = shares > 0  # a long corridor: few rows of points along x, many columns
    assert occupied.any(axis=1).sum() < occupied.any(axis=0).sum()


# -- privacy ----------------------------------------------------------------------------------------


def test_teacher_file_holds_no_coordinate_and_no_access_point(path: Path, survey: Survey) -> None:
    content = path.read_bytes()
    assert b"482113" not in content
    assert b"4863257" not in content
    assert not any(name.encode() in content for name in survey.train.access_points)
    card = json.loads(header_of(content)["tutelage"])
    said = np.array(numbers_in({key: value for key, value in card.items() if key != "quality"}))
    origin_m, position_m = np.asarray(survey.train.frame.origin_m), survey.train.known_position_m
    for forbidden in (origin_m, survey.train.absolute_position_m, position_m.mean(axis=0)):
        assert not np.isclose(said[:, None], np.ravel(forbidden), atol=1e-3, rtol=0).any()
    assert said.min() >= 0.0  # no RSS in dBm
    weights = np.concatenate([np.ravel(value.numpy()) for value in load_tensors(content).values()])
    assert np.abs(weights).max() < 5.0  # neither metres nor dBm


def test_teacher_file_has_the_same_form_whatever_the_building(
    make_teacher: Callable[..., Teacher], path: Path, tmp_path: Path
) -> None:
    other = simulated_survey(seed=3, n_train=120, n_access_points=33, n_floors=1, width_m=50, depth_m=20)
    make_teacher(other, epochs=1).save(tmp_path / "other.teacher")
    one, two = path.read_bytes(), (tmp_path / "other.teacher").read_bytes()
    shapes = [{key: value.shape for key, value in load_tensors(content).items()} for content in (one, two)]
    assert shapes[0] == shapes[1]
    cards = [json.loads(header_of(content)["tutelage"]) for content in (one, two)]
    assert len(numbers_in(cards[0])) == len(numbers_in(cards[1]))


# -- damage -----------------------------------------------------------------------------------------


def test_truncated_teacher_file_is_refused(path: Path) -> None:
    content = path.read_bytes()
    for size in (0, 4, 8, 500, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:size])
        with pytest.raises(FileFormatError, match=path.name):
            Teacher.load(path)


def test_teacher_file_with_one_flipped_bit_is_refused(path: Path) -> None:
    content = path.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    rng = np.random.default_rng(0)
    places = np.concatenate([rng.integers(0, header, 150), rng.integers(header, len(content), 30)])
    for place, bit in zip(places, rng.integers(0, 8, len(places)), strict=True):
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(bit)
        path.write_bytes(damaged)
        with pytest.raises(FileFormatError):
            Teacher.load(path)


def test_foreign_files_are_no_teachers(tmp_path: Path) -> None:
    path = tmp_path / "foreign"
    for write in (
        lambda: path.write_text("x_m,y_m\n1,2\n"),
        lambda: path.write_text('{"network": "dnn"}'),
        lambda: save_file({"weight": torch.zeros(3)}, path),
        lambda: save_file({"weight": torch.zeros(3)}, path, metadata={"tutelage": "{}", "sha256": ""}),
    ):
        write()
        with pytest.raises(FileFormatError, match=r"no teacher file|damaged"):
            Teacher.load(path)


def test_missing_teacher_file_is_named_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"no teacher file .*nowhere.*tutelage teach"):
        Teacher.load(tmp_path / "nowhere")


# -- who may learn from it --------------------------------------------------------------------------


def test_teacher_refuses_another_network_and_another_width(teacher: Teacher) -> None:
    teacher.require_fit("dnn", 32)
    with pytest.raises(
        BadInputError, match=r"'the depot' was made for network 'dnn', the student is 'cnnloc'"
    ):
        teacher.require_fit("cnnloc", 32)
    with pytest.raises(BadInputError, match=r"d_e = 32, the student has d_e = 64"):
        teacher.require_fit("dnn", 64)


def test_untrained_teacher_depends_on_its_seed_alone() -> None:
    recipe = teaching_recipe("default")
    one, same, other = (
        untrained_teacher("dnn", 16, recipe, non_negative=True, seed=seed).generator.state_dict()
        for seed in (4, 4, 5)
    )
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not any(torch.equal(one[key], other[key]) for key in one)
