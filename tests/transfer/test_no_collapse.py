"""On every pair of real data sets a transferred network tells places apart: no constant answers."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.surveys import load
from tutelage.networks import network_spec
from tutelage.paper.transfer import Source, TransferKind, transfer, transfer_recipe
from tutelage.training import RunOptions, TrainedNetwork

pytestmark = [pytest.mark.real_data, pytest.mark.slow, pytest.mark.exhaustive]

NAMES = ("ujiindoorloc", "tampere", "uji_library", "tut1", "tut5", "tut6", "tut7", "dsi1")
PAIRS = [(source, NAMES[(i + step) % len(NAMES)]) for i, source in enumerate(NAMES) for step in (1, 3)]


class Thinned(NamedTuple):
    """A data set small enough to learn in a second."""

    train: FingerprintSet
    test: FingerprintSet


def thinned(scans: FingerprintSet, n: int) -> FingerprintSet:
    """About `n` of the scans that hear anything, evenly spread over the survey."""
    heard = scans[scans.n_heard > 0]
    return heard[:: max(1, len(heard) // n)]


@pytest.fixture(scope="module")
def sets(data_dir: Path) -> dict[str, Thinned]:
    surveys = {name: load(name, data_dir=data_dir) for name in NAMES}
    return {
        name: Thinned(thinned(survey.train, 600), thinned(survey.test, 300))
        for name, survey in surveys.items()
        if survey.test is not None
    }


def transferred(
    sets: dict[str, Thinned], sources: list[str], target: str, kind: TransferKind
) -> TrainedNetwork:
    settings = {"updates": 75, "batch_size": 48, "learning_rate": 5e-3, "encoder_width": 64}
    return transfer(
        sets[target].train,
        network_spec("dnn"),
        {"width": 96, "d_e": 48},
        [Source(name, sets[name].train) for name in sources],
        kind,
        transfer_recipe("default", settings),
        RunOptions(device="cpu"),
    )


def assert_tells_places_apart(student: TrainedNetwork, target: Thinned) -> None:
    found_m, true_m = student.locate(target.test).position_m, target.test.known_position_m
    spread_m, true_spread_m = (np.linalg.norm(position.std(axis=0)) for position in (found_m, true_m))
    error_m = np.linalg.norm(found_m - true_m, axis=1).mean()
    centroid_m = np.linalg.norm(true_m - target.train.known_position_m.mean(axis=0), axis=1).mean()
    assert spread_m > 0.5 * true_spread_m
    assert error_m < 0.8 * centroid_m


# From one source both kinds are the same; see test_of_one_source_both_kinds_make_the_same_student.
@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_no_pair_of_sets_collapses(sets: dict[str, Thinned], source: str, target: str) -> None:
    assert_tells_places_apart(transferred(sets, [source], target, "collective"), sets[target])


@pytest.mark.parametrize("kind", ["collective", "sequential"])
@pytest.mark.parametrize("target", NAMES)
def test_no_set_collapses_after_all_others(sets: dict[str, Thinned], target: str, kind: TransferKind) -> None:
    others = [name for name in NAMES if name != target]
    assert_tells_places_apart(transferred(sets, others, target, kind), sets[target])
