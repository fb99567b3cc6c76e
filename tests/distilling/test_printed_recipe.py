"""The recipe `printed`: the whole framework runs by it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tutelage.data.surveys import simulated_survey
from tutelage.localizer import Localizer
from tutelage.networks import network_spec
from tutelage.paper.expert_distilling import distilling_recipe
from tutelage.paper.expert_training import teach, teaching_recipe
from tutelage.training import Budget, RunOptions
from tutelage.training.trained_network import TrainedNetwork

SOURCE = replace(simulated_survey(seed=1, n_train=64, n_test=1), name="source")
TARGET = replace(simulated_survey(seed=2, n_train=64, n_test=20), name="utsindoorloc")
BRIEF = RunOptions(device="cpu", budget=Budget(epochs=2))
SMALL = {"width": 16, "d_e": 8, "batch_size": 24}


def test_teacher_and_student_learn_by_the_printed_recipe(tmp_path: Path) -> None:
    teacher = teach(SOURCE, recipe="printed", settings={**SMALL, "critic_steps": 1}, run=BRIEF)
    assert teacher.card.recipe_name == "printed"
    assert teacher.card.n_steps == 2 * 3  # 64 scans, the last sixteen of them too
    assert teacher.card.privacy is None
    run = replace(BRIEF, log=tmp_path / "log.jsonl")
    model = Localizer(
        "dnn", teachers=[teacher, "untrained"], recipe="printed", settings=SMALL, run=run, calibrate=False
    ).fit(TARGET)
    line = json.loads((tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert line["n_steps"] == 2 * 3
    assert {"J_MAE", "G J_MAE", "J_Sim", "J_MI", "J_FI"} <= line.keys()
    assert TARGET.test is not None
    position_m = model.predict(TARGET.test).position_m
    assert np.isfinite(position_m).all()
    assert isinstance(model.method_, TrainedNetwork)
    assert model.method_.recipe.learning_rate == 1e-4
    model.save(tmp_path / "model")
    again = Localizer.load(tmp_path / "model").predict(TARGET.test).position_m
    assert np.array_equal(again, position_m)


@pytest.mark.parametrize("kind", ["sequential", "collective"])
def test_transfer_learns_by_the_printed_recipe(kind: str) -> None:
    model = Localizer(
        "dnn", transfer=kind, sources=[SOURCE], recipe="printed", settings=SMALL, run=BRIEF, calibrate=False
    ).fit(TARGET)
    assert TARGET.test is not None
    assert np.isfinite(model.predict(TARGET.test).position_m).all()


@pytest.mark.parametrize("network", ["baat", "bayescnn", "cnnloc", "dnn"])
def test_no_network_changes_the_printed_recipe(network: str) -> None:
    spec = network_spec(network)
    assert teaching_recipe("printed", {}, spec) == teaching_recipe("printed")
    changed = distilling_recipe("printed", {}, spec)
    left_out = {"weight_fi": 0.0} if network == "baat" else {}
    assert changed == distilling_recipe("printed", left_out)
