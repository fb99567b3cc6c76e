"""Options for what the paper leaves open: input, epochs, rates, first weights, unit of the loss."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest
import torch

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import RssRepresentation
from tutelage.errors import BadInputError
from tutelage.networks import build_network, initialise, network_names
from tutelage.paper.expert_distilling import distilling_recipe
from tutelage.paper.expert_training import teaching_recipe
from tutelage.training import (
    LearningRecipe,
    TrainingData,
    TrainState,
    augment,
    make_optimizer,
    normalise,
    steps_per_epoch,
    supervised_step,
)

CPU = torch.device("cpu")
PLAIN = {"row_normalise": False, "access_point_dropout": 0.0, "gain": 0.0, "noise": 0.0}


def survey_of(n: int) -> FingerprintSet:
    """Scans that hear two of three access points, each at its own place."""
    heard = [{"a": -40.0 - i % 30, ("c" if i % 2 else "b"): -80.0} for i in range(n)]
    scans = FingerprintSet.from_scans(heard)
    place = np.arange(n, dtype=np.float64)
    return replace(scans, position_m=np.column_stack([place, 2 * place]))


# -- input filled with 100 ------------------------------------------------------------------------------


def test_filled_input_is_dbm_and_100_where_nothing_is_heard() -> None:
    scans = survey_of(2)
    representation = RssRepresentation.fit(scans, "filled")
    assert representation.access_points == ("a", "b", "c")
    values = representation.transform(scans)
    assert values.toarray().tolist() == [[-40, -80, 100], [-41, 100, -80]]
    assert values.nnz == 6  # so that a sparse layer reads the filled ones too
    blank = FingerprintSet.from_scans([{"other": -50.0}, {"a": -99.0}])
    assert representation.hears(blank).tolist() == [False, True]
    assert RssRepresentation.from_config(representation.config()) == representation


@pytest.mark.parametrize("network", ["dnn", "cnnloc", "bayescnn", "baat"])
def test_every_network_reads_the_filled_values_unchanged(network: str) -> None:
    scans = survey_of(4)
    recipe = LearningRecipe(representation="filled", **PLAIN)  # type: ignore[arg-type]
    _, data = TrainingData.prepared(scans, recipe, CPU)
    batch = data.table.rows(torch.arange(4))
    for read in (augment(batch, recipe), normalise(batch, recipe)):
        assert torch.equal(read.dense(), batch.dense())
        assert read.dense()[0].tolist() == [-40, -80, 100]
    model = build_network(network, 3).eval()
    assert not torch.equal(model(batch).position[0], model(batch).position[1])


def test_augmentation_of_filled_input_is_refused() -> None:
    message = "representation = filled takes readings as they are; set row_normalise, access_point_dropout, "
    with pytest.raises(BadInputError, match=message):
        distilling_recipe("default", {"representation": "filled"})
    assert distilling_recipe("paper", {"representation": "filled"}).representation == "filled"


# -- partial batches ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_scans", "batch_size", "kept"), [(697, 128, 6), (640, 128, 5), (641, 128, 5), (5, 16, 1), (18, 16, 2)]
)
def test_kept_last_batch_is_one_more_step_unless_it_has_one_scan(
    n_scans: int, batch_size: int, kept: int
) -> None:
    assert steps_per_epoch(n_scans, batch_size, keep_last=True) == kept
    recipe = LearningRecipe(batch_size=batch_size, last_batch="kept")
    assert recipe.steps_per_epoch(n_scans) == kept


@pytest.mark.parametrize(("last_batch", "sizes"), [("dropped", [8, 8]), ("kept", [8, 8, 4])])
def test_an_epoch_with_its_last_batch_holds_every_scan_once(
    last_batch: Literal["dropped", "kept"], sizes: list[int]
) -> None:
    recipe = LearningRecipe(last_batch=last_batch)
    _, data = TrainingData.prepared(survey_of(20), recipe, CPU)
    for epoch in (0, 1):
        steps = range(epoch * len(sizes), (epoch + 1) * len(sizes))
        rows = [data.batch(step, 8, seed=3).index for step in steps]
        assert [len(each) for each in rows] == sizes
        assert len(set(torch.cat(rows).tolist())) == sum(sizes)


# -- learning rates -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("survey", "rate"), [("utsindoorloc", 1e-4), ("tampere", 1e-3), ("office", 1e-3)])
def test_learning_rate_goes_by_the_survey(survey: str, rate: float) -> None:
    recipe = teaching_recipe("paper", {"learning_rates": "by_set"}).for_survey(survey)
    assert (recipe.learning_rate, recipe.generator_learning_rate) == (rate, rate)


def test_one_learning_rate_is_that_of_the_recipe_everywhere() -> None:
    for recipe in (teaching_recipe("paper"), distilling_recipe("default")):
        assert recipe.for_survey("utsindoorloc") == recipe


# -- first weights --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["baat", "bayescnn", "cnnloc", "dnn"])
def test_first_weights_of_keras_are_glorot_uniform_with_zero_biases(name: str) -> None:
    assert name in network_names()
    torch.manual_seed(0)
    network = build_network(name, 40)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    assert all(
        torch.equal(before[key], value) for key, value in initialise(network, "pytorch").state_dict().items()
    )
    initialise(network, "keras")
    regressor: Any = network.part("regressor")
    d_e = regressor.weight.shape[1]
    limit = (6 / (d_e + 2)) ** 0.5
    largest = regressor.weight.abs().max().item()
    assert 0.8 * limit < largest <= limit
    assert not regressor.bias.any()
    assert not torch.equal(before["module.regressor.weight"], regressor.weight)


# -- unit of the loss -----------------------------------------------------------------------------------


def weights_after_a_step(recipe: LearningRecipe) -> tuple[torch.Tensor, float]:
    _, data = TrainingData.prepared(survey_of(20), recipe, CPU)
    torch.manual_seed(0)
    network = build_network("dnn", 3, {"width": 8, "d_e": 4})
    optimizer = torch.optim.SGD(network.parameters(), lr=recipe.learning_rate)
    before = torch.cat([p.detach().flatten().clone() for p in network.parameters()])
    step = supervised_step(network, optimizer, recipe, data.scaler.scale_m)
    torch.manual_seed(1)
    metrics = step(TrainState({}, {}, 10, CPU), data.batch(0, 20, seed=0))
    after = torch.cat([p.detach().flatten() for p in network.parameters()])
    return (after - before), float(metrics["J_MAE"])


def test_loss_in_standardised_units_is_smaller_by_the_scale_and_reported_in_metres() -> None:
    common: dict[str, Any] = {**PLAIN, "schedule": "constant", "learning_rate": 1e-3}
    in_metres, error_m = weights_after_a_step(LearningRecipe(**common))
    standardised, same_error_m = weights_after_a_step(LearningRecipe(**common, loss_unit="standardised"))
    scale_m = TrainingData.prepared(survey_of(20), LearningRecipe(), CPU)[1].scaler.scale_m
    assert error_m == same_error_m
    assert torch.allclose(standardised * scale_m, in_metres, atol=1e-6)


def test_optimiser_of_a_recipe_takes_its_rate() -> None:
    recipe = distilling_recipe("paper", {"learning_rates": "by_set"}).for_survey("utsindoorloc")
    optimizer = make_optimizer(recipe, build_network("dnn", 3))
    assert optimizer.param_groups[0]["lr"] == 1e-4
