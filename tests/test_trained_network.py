"""A trained network beside its building: what it answers, and what of it is written down."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.surveys import simulated_survey
from tutelage.paper.expert_distilling import distil, distilling_recipe
from tutelage.paper.expert_training import teaching_recipe
from tutelage.training import Budget, RunOptions
from tutelage.training.trained_network import TrainedNetwork

SMALL = {"width": 32, "d_e": 16}


@pytest.fixture(scope="module")
def scans() -> FingerprintSet:
    """Two floors of a small building, some labels missing."""
    train = simulated_survey(
        seed=3, n_train=240, n_test=1, n_access_points=24, n_floors=2, width_m=30, depth_m=20
    ).train
    assert train.floor is not None
    floor = train.floor.copy()
    floor[::7] = ""
    return replace(train, floor=floor)[train.n_heard > 0]


def learnt(scans: FingerprintSet, teachers: Any = (), epochs: int = 1, **settings: Any) -> TrainedNetwork:
    recipe = distilling_recipe("default", {"batch_size": 64, "learning_rate": 1e-2, **settings})
    options = RunOptions(device="cpu", budget=Budget(epochs=epochs))
    return distil(scans, "dnn", SMALL, teachers, "default", recipe, options)


@pytest.fixture(scope="module", params=["alone", "taught"])
def student(request: pytest.FixtureRequest, scans: FingerprintSet) -> TrainedNetwork:
    teachers = ["untrained"] if request.param == "taught" else []
    return learnt(scans, teachers, epochs=60, weight_labels=2.0)


def as_read_back(student: TrainedNetwork) -> TrainedNetwork:
    return TrainedNetwork.from_config(json.loads(json.dumps(student.config())), student.tensors())


def test_floors_are_learnt_alone_and_under_a_teacher(student: TrainedNetwork, scans: FingerprintSet) -> None:
    found = student.locate(scans)
    assert scans.floor is not None
    assert found.floor is not None
    known = scans.floor != ""
    assert set(found.floor) <= {"0", "1"}
    assert (found.floor == scans.floor)[known].mean() > 0.9
    assert found.building is not None
    assert set(found.building) == {"simulated"}


def test_positions_are_learnt_beside_the_floors(student: TrainedNetwork, scans: FingerprintSet) -> None:
    true_m = scans.known_position_m
    error_m = np.linalg.norm(student.locate(scans).position_m - true_m, axis=1).mean()
    assert error_m < 0.6 * np.linalg.norm(true_m - true_m.mean(axis=0), axis=1).mean()


def test_student_read_back_answers_bit_for_bit(student: TrainedNetwork, scans: FingerprintSet) -> None:
    one, other = student.locate(scans), as_read_back(student).locate(scans)
    for field in ("position_m", "floor", "building"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


def test_weights_of_the_heads_are_written_beside_the_networks(student: TrainedNetwork) -> None:
    names = set(student.tensors())
    assert {"label_heads.heads.floor.weight", "label_heads.heads.building.bias", "regressor.weight"} <= names
    assert student.config()["labels"] == {"floor": ("0", "1"), "building": ("simulated",)}


def test_student_locates_and_labels_no_scans(student: TrainedNetwork, scans: FingerprintSet) -> None:
    found = student.locate(scans[:0])
    assert found.position_m.shape == (0, 2)
    assert found.floor is not None
    assert found.floor.tolist() == []


def test_trained_student_is_on_the_cpu_and_learns_no_more(student: TrainedNetwork) -> None:
    assert student.heads is not None
    assert not student.network.training
    assert {p.device.type for part in (student.network, student.heads) for p in part.parameters()} == {"cpu"}


def test_default_recipe_learns_labels_and_that_of_the_paper_does_not() -> None:
    assert distilling_recipe("default").weight_labels > 0
    assert distilling_recipe("paper").weight_labels == 0
    assert teaching_recipe("default").weight_labels == 0


def test_student_without_heads_gives_no_labels_and_writes_none(scans: FingerprintSet) -> None:
    student = learnt(scans, weight_labels=0)
    found = as_read_back(student).locate(scans)
    assert student.heads is None
    assert found.floor is None
    assert found.building is None
    assert student.config()["labels"] == {}
    assert not [name for name in student.tensors() if name.startswith("label_heads")]


def test_survey_without_labels_makes_no_heads(scans: FingerprintSet) -> None:
    unlabelled = replace(scans, floor=None, building=np.full(len(scans), ""))
    asked, not_asked = (learnt(unlabelled, epochs=2, weight_labels=w) for w in (5.0, 0.0))
    assert asked.heads is None
    np.testing.assert_array_equal(
        asked.locate(unlabelled).position_m, not_asked.locate(unlabelled).position_m
    )


def test_one_kind_alone_is_labelled(scans: FingerprintSet) -> None:
    found = learnt(replace(scans, building=None), weight_labels=5.0).locate(scans)
    assert found.floor is not None
    assert found.building is None
