"""The pre-training of a small CNNLoc, ten updates long."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from small_run import CPU, small_data
from torch import Tensor

from tutelage.networks import build_network
from tutelage.training import LearningRecipe, RunOptions, TrainingData, pretrain_network, seeded

RECIPE = LearningRecipe(batch_size=16)
N_STEPS = 40  # of the stage that follows: 10 of this one
Learnt = tuple[dict[str, Tensor], Tensor]


def pretrained(
    options: RunOptions | None = None,
    *,
    recipe: LearningRecipe = RECIPE,
    n_steps: int = N_STEPS,
    data: TrainingData | None = None,
) -> Learnt:
    """Weights of CNNLoc after its pre-training, and the run's random state behind it."""
    options = options or RunOptions(device="cpu")
    data = data or small_data()
    with seeded(options.seed, CPU):
        network = build_network("cnnloc", data.table.n_access_points)
        pretrain_network(network, data, recipe, options, n_steps)
        return dict(network.state_dict()), torch.get_rng_state()


def bit_equal(one: Learnt, other: Learnt) -> bool:
    (mine, my_state), (theirs, their_state) = one, other
    return torch.equal(my_state, their_state) and all(torch.equal(mine[key], theirs[key]) for key in mine)


def looks(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]
