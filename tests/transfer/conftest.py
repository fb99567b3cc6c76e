"""Three small buildings, and transfer between them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.surveys import simulated_survey
from tutelage.networks import network_spec
from tutelage.paper.transfer import Source, TransferKind, transfer, transfer_recipe
from tutelage.training import Budget, RunOptions, TrainedNetwork

Transferred = Callable[..., TrainedNetwork]
SMALL = {"batch_size": 32, "learning_rate": 1e-2, "encoder_width": 24}


def building(seed: int, n_access_points: int, n_train: int = 96, n_floors: int = 1) -> FingerprintSet:
    """Its training scans that hear something."""
    train = simulated_survey(
        seed=seed,
        n_train=n_train,
        n_test=8,
        n_access_points=n_access_points,
        n_floors=n_floors,
        width_m=40,
        depth_m=24,
    ).train
    return train[train.n_heard > 0]


@pytest.fixture(scope="session")
def target() -> FingerprintSet:
    return building(seed=1, n_access_points=20)


@pytest.fixture(scope="session")
def two_floors() -> FingerprintSet:
    return building(seed=5, n_access_points=30, n_floors=2, n_train=128)


@pytest.fixture(scope="session")
def sources() -> list[Source]:
    """Of other sizes and other access points."""
    return [Source("north", building(2, 16)), Source("south", building(3, 27, n_train=160))]


@pytest.fixture(scope="session")
def transferred(sources: list[Source]) -> Transferred:
    """A tiny transfer to a target, from both sources unless others are given."""

    def run(
        target: FingerprintSet,
        kind: TransferKind,
        given: list[Source] | None = None,
        *,
        epochs: int = 2,
        seed: int = 0,
        network: str = "dnn",
        network_settings: dict[str, Any] | None = None,
        folder: Path | None = None,
        resume: bool = False,
        log: Path | None = None,
        **settings: Any,
    ) -> TrainedNetwork:
        options = RunOptions(
            seed=seed,
            device="cpu",
            budget=Budget(epochs=epochs),
            checkpoint_dir=folder,
            checkpoint_seconds=0.0,
            resume=resume,
            log=log,
        )
        small = {"width": 32, "d_e": 16, "dropout": 0.2} if network == "dnn" else {}
        network_options = network_settings or small
        recipe = transfer_recipe("default", SMALL | settings)
        used_sources = sources if given is None else given
        return transfer(target, network_spec(network), network_options, used_sources, kind, recipe, options)

    return run
