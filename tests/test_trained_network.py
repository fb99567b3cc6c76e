"""A trained network beside its building: what it answers, and what of it is written down."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.surveys import simulated_survey
from tutelage.networks import network_spec
from tutelage.paper.expert_distilling import distil, distilling_recipe
from tutelage.paper.expert_training import teaching_recipe
from tutelage.training import Budget, RunOptions, TrainedNetwork, train_network

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


def train_student(
    scans: FingerprintSet, teachers: Any = (), epochs: int = 1, **settings: Any
) -> TrainedNetwork:
    recipe = distilling_recipe("default", {"batch_size": 64, "learning_rate": 1e-2, **settings})
    run = RunOptions(device="cpu", budget=Budget(epochs=epochs))
    spec = network_spec("dnn")
    if not teachers:
        return train_network(scans, spec, SMALL, recipe, run)
    return distil(scans, spec, SMALL, teachers, recipe, run)


@pytest.fixture(scope="module", params=["alone", "taught"])
def network(request: pytest.FixtureRequest, scans: FingerprintSet) -> TrainedNetwork:
    teachers = ["untrained"] if request.param == "taught" else []
    return train_student(scans, teachers, epochs=60, weight_labels=2.0)


def as_read_back(network: TrainedNetwork) -> TrainedNetwork:
    return TrainedNetwork.from_config(json.loads(json.dumps(network.config())), network.tensors())


@pytest.mark.slow
def test_floors_are_learnt_alone_and_under_a_teacher(network: TrainedNetwork, scans: FingerprintSet) -> None:
    answers = network.locate(scans)
    assert scans.floor is not None
    assert answers.floor is not None
    has_floor = scans.floor != ""
    assert set(answers.floor) <= {"0", "1"}
    assert (answers.floor == scans.floor)[has_floor].mean() > 0.9
    assert answers.building is not None
    assert set(answers.building) == {"simulated"}


@pytest.mark.slow
def test_positions_are_learnt_beside_the_floors(network: TrainedNetwork, scans: FingerprintSet) -> None:
    true_m = scans.known_position_m
    error_m = np.linalg.norm(network.locate(scans).position_m - true_m, axis=1).mean()
    assert error_m < 0.6 * np.linalg.norm(true_m - true_m.mean(axis=0), axis=1).mean()


def test_student_read_back_answers_bit_for_bit(network: TrainedNetwork, scans: FingerprintSet) -> None:
    one, other = network.locate(scans), as_read_back(network).locate(scans)
    for field in ("position_m", "floor", "building"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


def test_weights_of_the_heads_are_written_beside_the_networks(network: TrainedNetwork) -> None:
    names = set(network.tensors())
    assert {"label_heads.heads.floor.weight", "label_heads.heads.building.bias", "regressor.weight"} <= names
    assert network.config()["labels"] == {"floor": ("0", "1"), "building": ("simulated",)}


def test_student_locates_and_labels_no_scans(network: TrainedNetwork, scans: FingerprintSet) -> None:
    answers = network.locate(scans[:0])
    assert answers.position_m.shape == (0, 2)
    assert answers.floor is not None
    assert answers.floor.tolist() == []


def test_trained_student_is_on_the_cpu_and_learns_no_more(network: TrainedNetwork) -> None:
    assert network.heads is not None
    assert not network.network.training
    assert {p.device.type for part in (network.network, network.heads) for p in part.parameters()} == {"cpu"}


def test_default_recipe_learns_labels_and_that_of_the_paper_does_not() -> None:
    assert distilling_recipe("default").weight_labels > 0
    assert distilling_recipe("paper").weight_labels == 0
    assert teaching_recipe("default").weight_labels == 0


def test_student_without_heads_gives_no_labels_and_writes_none(scans: FingerprintSet) -> None:
    network = train_student(scans, weight_labels=0)
    answers = as_read_back(network).locate(scans)
    assert network.heads is None
    assert answers.floor is None
    assert answers.building is None
    assert network.config()["labels"] == {}
    assert not [name for name in network.tensors() if name.startswith("label_heads")]


def test_survey_without_labels_makes_no_heads(scans: FingerprintSet) -> None:
    unlabelled = replace(scans, floor=None, building=np.full(len(scans), ""))
    with_weight, without_weight = (train_student(unlabelled, epochs=2, weight_labels=w) for w in (5.0, 0.0))
    assert with_weight.heads is None
    np.testing.assert_array_equal(
        with_weight.locate(unlabelled).position_m, without_weight.locate(unlabelled).position_m
    )


def test_one_kind_alone_is_labelled(scans: FingerprintSet) -> None:
    answers = train_student(replace(scans, building=None), weight_labels=5.0).locate(scans)
    assert answers.floor is not None
    assert answers.building is None
