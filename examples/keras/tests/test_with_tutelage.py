"""Tutelage and this package understand each other. It needs tutelage, and Keras on PyTorch."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest
import tutelage_keras as tk
from keras import ops
from office import Office

if keras.backend.backend() != "torch":
    pytest.skip("tutelage runs on PyTorch", allow_module_level=True)

import torch

import tutelage as tt
from tutelage.data.representation import CoordinateScaler
from tutelage.paper.expert_distilling import distilling_recipe
from tutelage.paper.expert_training import teaching_recipe
from tutelage.runtime.readings import to_strength


@pytest.mark.parametrize("conditioned", [True, False])
def test_tutelage_reads_a_teacher_that_keras_wrote(tmp_path: Path, conditioned: bool) -> None:
    office = Office()
    generator = tk.Generator(7, d_f=12, d_noise=5, conditioned=conditioned, non_negative=True)
    teacher = tk.Teacher.described(generator, office.place, source="office", network="dnn", licence="CC0")
    teacher.save(tmp_path / "office.teacher")
    theirs = tt.Teacher.load(tmp_path / "office.teacher")
    assert theirs.card.model_dump(mode="json") == teacher.card
    noise, place = torch.randn(6, 5), torch.rand(6, 2)
    for own, other in zip(generator(noise, place), theirs.generator(noise, place), strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(own), other.numpy(), rtol=0, atol=1e-6)

    theirs.save(tmp_path / "half.teacher", half=True)
    half = tk.Teacher.load(tmp_path / "half.teacher").generator(noise, place)
    np.testing.assert_allclose(ops.convert_to_numpy(half.z_e), other.numpy(), rtol=0, atol=1e-2)


def test_teacher_that_keras_wrote_teaches_a_student_of_tutelage(tmp_path: Path) -> None:
    survey = tt.simulated_survey(n_train=100, n_test=20)
    generator = tk.Generator(256, non_negative=True)
    place = np.random.default_rng(0).random((50, 2))
    path = tmp_path / "office.teacher"
    tk.Teacher.described(generator, place, source="office", network="dnn", licence="CC0").save(path)
    run = tt.RunOptions(device="cpu", budget=tt.Budget(updates=5))
    model = tt.Localizer("dnn", teachers=[str(path)], run=run, calibrate=False).fit(survey)
    assert np.isfinite(tt.evaluate(model, survey).figures()["mae_m"])


@pytest.mark.parametrize("name", ["paper", "printed", "default"])
def test_recipes_are_those_of_tutelage(name: str) -> None:
    settings = distilling_recipe(name).model_dump()
    for field, value in dataclasses.asdict(tk.RECIPES[name]).items():
        assert settings[field] == value, field


def test_teaching_recipe_is_that_of_tutelage() -> None:
    settings = teaching_recipe("default").model_dump()
    own = dataclasses.asdict(tk.TeachingRecipe())
    assert settings["generator"] == "location" if own.pop("conditioned") else "unconditional"
    own.pop("learning_rate")  # of a source that learns jointly, which is the paper's recipe
    assert {name: settings[name] for name in own} == own
    assert teaching_recipe("paper").learning_rate == tk.TeachingRecipe().learning_rate


def test_inputs_are_those_of_tutelage() -> None:
    random = np.random.default_rng(0)
    position_m, rss_dbm = random.random((9, 2)) * [40, 5], random.uniform(-100, -30, (3, 4))
    scaler, frame = CoordinateScaler.fit(position_m), tk.Frame.fit(position_m)
    np.testing.assert_array_equal(frame.standardise(position_m), scaler.standardise(position_m))
    np.testing.assert_array_equal(frame.place(position_m), scaler.unit_square(position_m))
    np.testing.assert_allclose(frame.metres(frame.standardise(position_m)), position_m, atol=1e-5)
    np.testing.assert_allclose(
        tk.to_strength(rss_dbm, -101.0), to_strength(rss_dbm, "powed", -101.0), rtol=1e-6
    )
    assert tk.to_strength(np.array([[np.nan]]), -101.0) == 0


def test_network_of_keras_layers_is_registered_taught_and_saved(tmp_path: Path) -> None:
    from tutelage_keras.registered import register

    register()
    tt.check_network("keras-network")
    survey = tt.simulated_survey(n_train=200, n_test=50)
    run = tt.RunOptions(device="cpu", budget=tt.Budget(epochs=15))
    settings = {"width": 64, "d_e": 32, "batch_size": 32}
    teacher = tt.teach(survey, "keras-network", settings=settings | {"critic_steps": 1}, run=run)
    model = tt.Localizer("keras-network", teachers=[teacher], settings=settings, run=run, calibrate=False)
    before = model.fit(survey).predict(survey.test)
    assert tt.evaluate(model, survey).figures()["mae_m"] < 10
    model.save(tmp_path / "model")
    after = tt.Localizer.load(tmp_path / "model").predict(survey.test)
    np.testing.assert_allclose(after.position_m, before.position_m, rtol=0, atol=1e-6)
