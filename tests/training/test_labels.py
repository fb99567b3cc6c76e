"""Floors and buildings beside positions: their names, their loss, and learning them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from small_run import CPU, RECIPE, small_survey
from torch import Tensor, nn

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import CoordinateScaler, RssRepresentation
from tutelage.networks import build_network
from tutelage.training import (
    LabelHeads,
    RunOptions,
    TrainingData,
    TrainState,
    label_classes,
    make_optimizer,
    normalise,
    run_stage,
    seeded,
    supervised_step,
)
from tutelage.training.labels import label_index

CLASSES = {"floor": ("0", "1", "B"), "building": ("east", "west")}


def labelled(floor: list[str] | None, building: list[str] | None = None) -> FingerprintSet:
    """As many scans of the small survey as there are labels."""
    named = {"floor": floor, "building": building}
    arrays: dict[str, Any] = {
        kind: np.asarray(labels) for kind, labels in named.items() if labels is not None
    }
    return replace(small_survey()[: len(floor or building or [])], **arrays)


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def heads_of(classes: dict[str, tuple[str, ...]] = CLASSES, d_e: int = 3) -> LabelHeads:
    torch.manual_seed(0)
    return LabelHeads(d_e, classes).double()


# -- names --------------------------------------------------------------------------------------------


def test_classes_are_the_names_there_are_in_order() -> None:
    scans = labelled(["2", "0", "", "10", "0"], ["west", "west", "", "", "east"])
    assert label_classes(scans) == {"floor": ("0", "10", "2"), "building": ("east", "west")}


@pytest.mark.parametrize("floor", [None, ["", "", ""]])
def test_kind_that_is_never_named_is_left_out(floor: list[str] | None) -> None:
    assert label_classes(labelled(floor, ["a", "a", "a"])) == {"building": ("a",)}


def test_index_is_the_place_among_the_classes_and_unknown_ones_are_marked() -> None:
    scans = labelled(["B", "", "0", "7", "1", "Z"], ["east", "north", "", "west", "west", "a"])
    found = label_index(scans, CLASSES, CPU)
    assert found["floor"].tolist() == [2, -100, 0, -100, 1, -100]
    assert found["building"].tolist() == [0, -100, -100, 1, 1, -100]
    assert {index.dtype for index in found.values()} == {torch.int64}


def test_batches_carry_the_labels_of_their_scans() -> None:
    scans = labelled([str(i % 3) for i in range(60)])
    scaler = CoordinateScaler.fit(scans.known_position_m)
    data = TrainingData(scans, RssRepresentation.fit(scans), scaler, CPU, label_classes(scans))
    batch = data.batch(2, 16, seed=5)
    assert batch.labels["floor"].tolist() == [int(i) % 3 for i in batch.index]


# -- the loss -----------------------------------------------------------------------------------------


def loop_loss(heads: LabelHeads, z_e: Tensor, true: dict[str, Tensor]) -> float:
    total = 0.0
    for kind, head in heads.heads.items():
        assert isinstance(head, nn.Linear)
        weight = head.weight.tolist()
        bias = head.bias.tolist()
        terms = []
        for row, label in zip(z_e.tolist(), true[kind].tolist(), strict=True):
            if label == -100:
                continue
            scores = [
                sum(w * x for w, x in zip(line, row, strict=True)) + b
                for line, b in zip(weight, bias, strict=True)
            ]
            terms.append(math.log(sum(math.exp(score) for score in scores)) - scores[label])
        total += sum(terms) / max(1, len(terms))
    return total


TRUE = {"floor": torch.tensor([0, 2, -100, 1, 2]), "building": torch.tensor([1, -100, -100, 0, 1])}


def test_loss_equals_loop() -> None:
    heads, z_e = heads_of(), numbers(5, 3)
    assert heads.loss(z_e, TRUE).item() == pytest.approx(loop_loss(heads, z_e, TRUE))


def test_loss_of_heads_that_know_nothing_is_the_logarithm_of_the_classes() -> None:
    heads = heads_of()
    for parameter in heads.parameters():
        torch.nn.init.zeros_(parameter)
    assert heads.loss(numbers(5, 3), TRUE).item() == pytest.approx(math.log(3) + math.log(2))


def test_loss_has_the_right_gradient() -> None:
    heads = heads_of()
    assert torch.autograd.gradcheck(lambda z_e: heads.loss(z_e, TRUE), numbers(5, 3).requires_grad_())


def test_loss_does_not_depend_on_batch_order() -> None:
    heads, z_e, order = heads_of(), numbers(5, 3), torch.tensor([3, 0, 4, 2, 1])
    moved = heads.loss(z_e[order], {kind: true[order] for kind, true in TRUE.items()})
    assert moved.item() == pytest.approx(heads.loss(z_e, TRUE).item(), rel=1e-12)


def test_scans_without_a_label_count_for_nothing() -> None:
    heads, z_e = heads_of({"floor": ("0", "1")}), numbers(4, 3)
    known = heads.loss(z_e[:2], {"floor": torch.tensor([0, 1])})
    all_of_them = heads.loss(z_e, {"floor": torch.tensor([0, 1, -100, -100])})
    assert all_of_them.item() == pytest.approx(known.item(), rel=1e-12)


def test_batch_without_any_label_gives_0_and_no_gradient() -> None:
    heads, z_e = heads_of(), numbers(2, 3).requires_grad_()
    loss = heads.loss(z_e, {kind: torch.tensor([-100, -100]) for kind in CLASSES})
    loss.backward()
    assert loss.item() == 0.0
    assert z_e.grad is not None
    assert not z_e.grad.any()


def test_one_class_alone_is_always_right_and_costs_nothing() -> None:
    heads, z_e = heads_of({"building": ("only",)}), numbers(4, 3)
    assert heads.loss(z_e, {"building": torch.zeros(4, dtype=torch.int64)}).item() == 0.0
    assert heads(z_e)["building"].argmax(dim=1).tolist() == [0] * 4


def test_answer_is_the_class_of_the_highest_score() -> None:
    heads = heads_of({"floor": ("0", "1", "B")})
    head = heads.heads["floor"]
    assert isinstance(head, nn.Linear)
    with torch.no_grad():
        head.weight.copy_(torch.eye(3))
        head.bias.zero_()
    assert heads(numbers(6, 3))["floor"].argmax(dim=1).tolist() == [
        max(range(3), key=row.__getitem__) for row in numbers(6, 3)
    ]


# -- learning -----------------------------------------------------------------------------------------


def test_heads_learn_which_half_of_the_room_a_scan_is_from() -> None:
    survey = small_survey()
    half = np.where(survey.known_position_m[:, 0] > 15, "right", "left")
    half[::10] = ""
    scans = replace(survey, floor=half)
    recipe = RECIPE.model_copy(update={"weight_labels": 3.0, "access_point_dropout": 0.0})
    scaler = CoordinateScaler.fit(scans.known_position_m)
    with seeded(0, CPU):
        classes = label_classes(scans)
        data = TrainingData(scans, RssRepresentation.fit(scans), scaler, CPU, classes)
        network, heads = build_network("dnn", 12, {"width": 16, "d_e": 8}), LabelHeads(8, classes)
        optimizer = make_optimizer(recipe, network, heads)
        step = supervised_step(network, optimizer, recipe, scaler.scale_m, heads)
        state = TrainState({"network": network, "heads": heads}, {"student": optimizer}, 150, CPU)
        run_stage("student", state, step, data, 16, RunOptions(device="cpu"))
    batch = data.at(torch.arange(60))
    found = heads(network.eval()(normalise(batch.scans, recipe)).z_e)["floor"].argmax(dim=1)
    known = batch.labels["floor"] >= 0
    assert known.sum() == 54
    assert (found == batch.labels["floor"])[known].float().mean() > 0.9


def test_step_adds_the_weighted_loss_of_the_labels() -> None:
    scans = labelled([str(i % 2) for i in range(60)])
    plain = {"access_point_dropout": 0.0, "gain": 0.0, "noise": 0.0, "schedule": "constant"}
    recipe = RECIPE.model_copy(update=plain | {"weight_labels": 2.5, "learning_rate": 1.0})
    scaler = CoordinateScaler.fit(scans.known_position_m)
    data = TrainingData(scans, RssRepresentation.fit(scans), scaler, CPU, label_classes(scans))
    torch.manual_seed(0)
    network, heads = build_network("dnn", 12, {"width": 16, "d_e": 8}), LabelHeads(8, label_classes(scans))
    head = heads.heads["floor"]
    assert isinstance(head, nn.Linear)
    bias = head.bias
    batch = data.batch(0, 16, 0)
    before = bias.detach().clone()
    with torch.no_grad():
        scores = head(network(normalise(batch.scans, recipe)).z_e)
    true = torch.nn.functional.one_hot(batch.labels["floor"])
    expected = before - 2.5 * (scores.softmax(dim=1) - true).mean(dim=0)  # one step of length 1
    optimizer = torch.optim.SGD([*network.parameters(), *heads.parameters()], lr=1.0)
    step = supervised_step(network, optimizer, recipe, scaler.scale_m, heads)
    shown = step(TrainState({}, {}, 10, CPU), batch)
    assert list(shown) == ["J_MAE", "J_labels"]
    torch.testing.assert_close(bias.detach(), expected)
