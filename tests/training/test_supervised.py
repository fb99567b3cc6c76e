"""Learning from the building's own scans alone."""

from __future__ import annotations

import pytest
import torch
from small_run import CPU, RECIPE, small_data

from tutelage.networks import build_network
from tutelage.training import (
    RunOptions,
    TrainState,
    make_optimizer,
    normalise,
    run_stage,
    seeded,
    supervised_step,
)

PLAIN = RECIPE.model_copy(update={"access_point_dropout": 0, "gain": 0, "noise": 0})


def test_supervised_run_halves_the_distance_to_the_truth() -> None:
    data = small_data()
    scans = normalise(data.table.rows(torch.arange(len(data))), PLAIN)

    def error_m() -> float:
        found = data.scaler.metres(network.eval()(scans).position.detach().numpy())
        truth = data.scaler.metres(data.position.numpy())
        return float(((found - truth) ** 2).sum(axis=1).mean() ** 0.5)

    with seeded(0, CPU):
        network = build_network("dnn", 12, {"width": 32, "d_e": 16})
        optimizer = make_optimizer(PLAIN, network)
        before = error_m()
        step = supervised_step(network, optimizer, PLAIN, data.scaler.scale_m)
        state = TrainState({"student": network}, {"student": optimizer}, 200, CPU)
        run_stage("student", state, step, data, PLAIN.batch_size, RunOptions(device="cpu"))
    assert error_m() < before / 2


def test_supervised_step_reports_metres_and_takes_the_rate_of_the_schedule() -> None:
    data = small_data()
    network = build_network("dnn", 12, {"width": 16, "d_e": 8})
    optimizer = make_optimizer(PLAIN, network)
    batch = data.batch(0, 16, 0)
    with torch.no_grad():
        found = data.scaler.metres(network(normalise(batch.scans, PLAIN)).position.numpy())
    expected = ((found - data.scaler.metres(batch.position.numpy())) ** 2).sum(axis=1) ** 0.5
    state = TrainState({"student": network}, {"student": optimizer}, 100, CPU, step=30)
    terms = supervised_step(network, optimizer, PLAIN, data.scaler.scale_m)(state, batch)
    assert float(terms["J_MAE"]) == pytest.approx(expected.mean(), rel=1e-5)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(PLAIN.learning_rate)


def test_weight_of_the_distance_changes_the_update_and_not_what_is_reported() -> None:
    data, batch = small_data(), small_data().batch(0, 16, 0)
    recipe = PLAIN.model_copy(update={"optimiser": "adamw", "weight_decay": 0.0})

    def reported_and_moment(weight: float) -> tuple[float, torch.Tensor]:
        with seeded(0, CPU):
            network = build_network("dnn", 12, {"width": 16, "d_e": 8})
        optimizer = make_optimizer(recipe, network)
        state = TrainState({"student": network}, {"student": optimizer}, 100, CPU, step=30)
        step = supervised_step(network, optimizer, recipe, data.scaler.scale_m, weight=weight)
        terms = step(state, batch)
        return float(terms["J_MAE"]), optimizer.state_dict()["state"][0]["exp_avg"]

    (metres, whole), (same_metres, halved) = reported_and_moment(1.0), reported_and_moment(0.5)
    assert metres == same_metres
    assert whole.any()
    torch.testing.assert_close(halved, whole / 2)


def test_frozen_parts_stay_in_evaluation_mode() -> None:
    data = small_data()
    network = build_network("dnn", 12, {"width": 16, "d_e": 8, "dropout": 0.3})
    frozen = network.part("extractor")
    frozen.requires_grad_(False)
    optimizer = make_optimizer(PLAIN, network)
    state = TrainState({"student": network}, {"student": optimizer}, 100, CPU)
    before = {key: value.clone() for key, value in frozen.state_dict().items()}
    step = supervised_step(network, optimizer, PLAIN, data.scaler.scale_m, frozen=[frozen])
    step(state, data.batch(0, 16, 0))
    assert (frozen.training, network.part("framer").training) == (False, True)
    assert all(torch.equal(value, before[key]) for key, value in frozen.state_dict().items())
