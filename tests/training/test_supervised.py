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
    normalised,
    run_stage,
    seeded,
    supervised_step,
)

PLAIN = RECIPE.model_copy(update={"access_point_dropout": 0, "gain": 0, "noise": 0})


def test_supervised_run_halves_the_distance_to_the_truth() -> None:
    data = small_data()
    scans = normalised(data.table.rows(torch.arange(len(data))), PLAIN)

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
        found = data.scaler.metres(network(normalised(batch.scans, PLAIN)).position.numpy())
    expected = ((found - data.scaler.metres(batch.position.numpy())) ** 2).sum(axis=1) ** 0.5
    state = TrainState({"student": network}, {"student": optimizer}, 100, CPU, step=30)
    terms = supervised_step(network, optimizer, PLAIN, data.scaler.scale_m)(state, batch)
    assert float(terms["J_MAE"]) == pytest.approx(expected.mean(), rel=1e-5)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(PLAIN.learning_rate)
