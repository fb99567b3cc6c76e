"""A search of seconds; as a program, one that is killed on the way.

    python small_search.py FILE N

searches with the study in FILE and is killed by itself when it scores a student for the N-th time.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import torch

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.surveys import simulated_survey
from tutelage.networks import NetworkFile
from tutelage.training import Budget, RunOptions, TrainedNetwork
from tutelage.tuning import trial_scoring, tune

torch.set_num_threads(1)  # on tensors this small threads only wait for one another

N_TRIALS = 4
TINY = {"width": 8, "d_e": 8, "batch_size": 32}
TEN_UPDATES = Budget(updates=10)


def small_building(seed: int = 6) -> Survey:
    """About 160 training scans, 40 test scans, 16 access points."""
    return simulated_survey(
        seed=seed, n_train=160, n_test=40, n_access_points=16, n_floors=1, width_m=40, depth_m=24
    )


def small_search(
    building: Survey | FingerprintSet,
    network: str = "dnn",
    *,
    seed: int = 0,
    device: str = "cpu",
    budget: Budget = TEN_UPDATES,
    **options: Any,
) -> NetworkFile:
    """Four trials of ten updates with the network dnn."""
    run = RunOptions(seed=seed, device=device, budget=budget)
    arguments: dict[str, Any] = {"settings": TINY, "n_trials": N_TRIALS, **options}
    return tune(building, network, run=run, **arguments)


def die_at_score(n: int) -> None:
    """Make the n-th score the last."""
    n_scores = 0
    error_m = trial_scoring.mean_error_m

    def error_or_die(student: TrainedNetwork, scans: FingerprintSet) -> float:
        nonlocal n_scores
        n_scores += 1
        if n_scores == n:
            os.kill(os.getpid(), signal.SIGKILL)
        return error_m(student, scans)

    mock.patch("tutelage.tuning.trial_scoring.mean_error_m", error_or_die).start()


if __name__ == "__main__":
    die_at_score(int(sys.argv[2]))
    small_search(small_building(), study_file=Path(sys.argv[1]))
