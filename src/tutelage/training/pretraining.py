"""A network's own pre-training, before it learns positions: a stage whose result is kept in a cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from tutelage.errors import TutelageError
from tutelage.files.atomic import atomic_file, cache_dir
from tutelage.networks import SpecializedNetwork, initialise
from tutelage.training.device import seeded
from tutelage.training.learning_recipe import LearningRecipe
from tutelage.training.optimiser import descend, learning_rate_at, make_optimizer
from tutelage.training.stage import RunOptions, Step, run_stage
from tutelage.training.state import TrainState
from tutelage.training.training_data import Batch, TrainingData, augment

__all__ = ["pretrain_network"]

_OTHER_STREAM = 2**32  # added to the seed: past every seed of a run


def pretrain_network(
    network: SpecializedNetwork,
    data: TrainingData,
    recipe: LearningRecipe,
    run: RunOptions,
    n_steps: int,
) -> float:
    """Run the network's own pre-training, if its module has the method `pretraining`.

    `module.pretraining()` gives an `nn.Module` that maps an `RssBatch` to a scalar loss and shares parts with
    the network; what those parts learn stays in the network. The run's random numbers do not depend on
    whether the stage ran or came out of the cache, so neither does the result.

    Parameters
    ----------
    network : SpecializedNetwork
        Freshly made; its weights change in place.
    data : TrainingData
        Training data of the stage that follows.
    recipe : LearningRecipe
        Its `pretraining_share` is the length, as a share of the stage that follows.
    run : RunOptions
        Seed, device, budget, checkpoints.
    n_steps : int
        Length of the stage that follows.

    Returns
    -------
    float
        The share of a budget in minutes that is left for the stage that follows.
    """
    make = getattr(network.module, "pretraining", None)
    if make is None or not recipe.pretraining_share:
        return 1.0
    share_left = 1 / (1 + recipe.pretraining_share)
    with seeded(run.seed + _OTHER_STREAM, data.device):
        learner: nn.Module = initialise(make(), recipe.initial_weights).to(data.device)
        length = max(1, round(n_steps * recipe.pretraining_share))
        fingerprint = {
            "recipe": recipe.model_dump(),
            "seed": run.seed,
            "begins": _start_digest(learner, data),
        }
        cache_file = _cache_file(fingerprint | asdict(run.budget) | {"n_steps": length})
        if not _load_from(cache_file, learner):
            optimizer = make_optimizer(recipe, learner)
            state = TrainState({"learner": learner}, {"learner": optimizer}, length, data.device, fingerprint)
            step = _step(learner, optimizer, recipe)
            run_stage(
                "pre-training", state, step, data, recipe.batch_size, run, share_of_minutes=1 - share_left
            )
            _keep(cache_file, learner)
    return share_left


def _step(learner: nn.Module, optimizer: torch.optim.Optimizer, recipe: LearningRecipe) -> Step:
    def step(state: TrainState, batch: Batch) -> Mapping[str, Tensor]:
        learner.train()
        loss = learner(augment(batch.scans, recipe))
        descend(optimizer, loss, learning_rate_at(recipe, state.progress))
        return {"loss": loss.detach()}

    return step


def _start_digest(learner: nn.Module, data: TrainingData) -> str:
    """Digest of the first weights and the scans: equal ones give an equal result."""
    table = data.table
    tensors = [*learner.state_dict().values(), table.start, table.column, table.value]
    return f"{data.device.type} {_digest(tensors)}"


def _digest(tensors: Iterable[Tensor]) -> str:
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _cache_file(key: Mapping[str, object]) -> Path:
    versions = {"tutelage": version("tutelage"), "torch": torch.__version__}
    name = hashlib.sha256(json.dumps(versions | dict(key), sort_keys=True).encode()).hexdigest()
    return cache_dir() / "pretrained" / f"{name[:32]}.safetensors"


def _load_from(file: Path, learner: nn.Module) -> bool:
    """Load the weights of the cache; False if there are none, or they are damaged."""
    with suppress(OSError, SafetensorError), safe_open(file, framework="pt") as cache:
        tensors = {key: cache.get_tensor(key) for key in learner.state_dict()}
        if (cache.metadata() or {}).get("sha256") == _digest(tensors.values()):
            learner.load_state_dict(tensors)
            return True
    return False


def _keep(file: Path, learner: nn.Module) -> None:
    # Cloned: a learner may hold one weight under two names, which safetensors refuses to write.
    tensors = {key: value.detach().cpu().contiguous().clone() for key, value in learner.state_dict().items()}
    with suppress(OSError, TutelageError):  # a read-only cache costs time, never the run
        file.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(file) as beside:
            beside.write_bytes(save(tensors, metadata={"sha256": _digest(tensors.values())}))
