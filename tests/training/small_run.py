"""A real run of 20 steps that draws random numbers everywhere; as a program, one that dies while saving.

    python small_run.py FOLDER

is killed by itself half-way through writing the checkpoint of step 7.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import Tensor

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import CoordinateScaler, RssRepresentation
from tutelage.data.sparse_rows import csr_from_dense
from tutelage.networks import build_network
from tutelage.training import (
    Batch,
    LearningRecipe,
    RunOptions,
    TrainingData,
    TrainState,
    make_optimizer,
    resolve_device,
    run_stage,
    seeded,
    supervised_step,
)

N_SCANS, BATCH_SIZE, N_STEPS = 60, 16, 20
RECIPE = LearningRecipe(batch_size=BATCH_SIZE)  # augments in every way
CHECKPOINT = "student.checkpoint"
CPU = torch.device("cpu")
torch.set_num_threads(1)  # in steps this small, threads only wait for each other


class Interrupted(Exception):  # noqa: N818 (it is no error)
    """The run stops before a step, as at Ctrl-C."""


def small_survey() -> FingerprintSet:
    """60 scans in a room of 30 m x 20 m with 12 access points at random places."""
    rng = np.random.default_rng(0)
    position = rng.uniform((0, 0), (30, 20), (N_SCANS, 2))
    distance = np.linalg.norm(position[:, None] - rng.uniform((0, 0), (30, 20), (12, 2)), axis=-1)
    rss = -40 - 25 * np.log10(distance + 1) + rng.normal(0, 2, distance.shape)
    names = tuple(f"ap{j}" for j in range(12))
    ids = np.array([f"s{i}" for i in range(N_SCANS)])
    return FingerprintSet(csr_from_dense(rss, rss > -75), names, ids, position)


def small_data(device: torch.device = CPU) -> TrainingData:
    """The survey, ready to learn from."""
    survey = small_survey()
    representation = RssRepresentation.fit(survey)
    return TrainingData(survey, representation, CoordinateScaler.fit(survey.known_position_m), device)


def small_state(device: torch.device = CPU, **fields: Any) -> TrainState:
    """A fresh state, its weights drawn from the run's generator."""
    network = build_network("dnn", 12, {"width": 16, "d_e": 8, "dropout": 0.3}).to(device)
    optimizer = make_optimizer(RECIPE, network)
    return TrainState({"student": network}, {"student": optimizer}, N_STEPS, device, **fields)


def small_run(
    options: RunOptions, *, stop_before: int | None = None, **fields: Any
) -> tuple[TrainState, Tensor]:
    """Run to the end, or raise `Interrupted`; the final state and the run's last random state."""
    device = resolve_device(options.device)
    with seeded(options.seed, device):
        data, state = small_data(device), small_state(device, **fields)
        (network,), (optimizer,) = state.modules.values(), state.optimizers.values()
        learn = supervised_step(network, optimizer, RECIPE, data.scaler.scale_m)  # type: ignore[arg-type]

        def step(state: TrainState, batch: Batch) -> Mapping[str, Tensor]:
            if state.step == stop_before:
                raise Interrupted
            return learn(state, batch)

        run_stage("student", state, step, data, BATCH_SIZE, options)
        return state, torch.get_rng_state()


def die_while_saving_step_7() -> None:
    """Make the seventh checkpoint stop half-way, with the process."""
    saves = 0
    write_bytes = Path.write_bytes

    def save_or_die(path: Path, data: bytes) -> int:
        nonlocal saves
        saves += 1
        if saves == 7:
            write_bytes(path, data[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return write_bytes(path, data)

    mock.patch.object(Path, "write_bytes", save_or_die).start()


if __name__ == "__main__":
    die_while_saving_step_7()
    small_run(RunOptions(seed=3, device="cpu", checkpoint_dir=Path(sys.argv[1]), checkpoint_seconds=0.0))
