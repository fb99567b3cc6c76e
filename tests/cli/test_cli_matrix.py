"""Every network under every method on real buildings: each must learn, not only end.

The sets are thinned and the budgets tiny, so the errors say nothing about the methods; results/ does.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from command_line import Command

from tutelage.data.fingerprints import Survey
from tutelage.data.surveys import export_table, load

pytestmark = pytest.mark.real_data

SOURCE_OF = {"ujiindoorloc": "tampere", "tampere": "tut6", "tut6": "ujiindoorloc"}
CALIBRATED = "tut6"
EPOCHS = {"dnn": 8, "cnnloc": 12, "bayescnn": 6, "baat": 4}
METHODS = ("none", "untrained", "default", "paper", "sequential", "collective")
# Each method with each network, and both of them in each building.
CASES = [
    (method, network, [*SOURCE_OF][(i + j) % len(SOURCE_OF)])
    for (i, method), (j, network) in product(enumerate(METHODS), enumerate(EPOCHS))
]
SHORT = ("--set", "batch_size=16", "--set", "learning_rate=2e-3", "--device", "cpu", "--json")


MadeOnce = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def thinned(data_dir: Path, made_once: MadeOnce) -> Path:
    """A folder with the three buildings as tables, about 300 training and 200 test scans each."""

    def make(folder: Path) -> None:
        for name in SOURCE_OF:
            survey = load(name, data_dir=data_dir)
            assert survey.test is not None
            train, test = (
                scans[:: max(1, len(scans) // size)]
                for scans, size in ((survey.train, 300), (survey.test, 200))
            )
            export_table(Survey(name, train, test), folder / f"{name}.parquet")

    return made_once("thinned", make)


# Other quick tests have a network alone, under teachers and after a transfer.
@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize(("method", "network", "target"), CASES)
def test_network_learns_under_every_method(
    tutelage: Command,
    thinned: Path,
    made_once: MadeOnce,
    tmp_path: Path,
    target: str,
    network: str,
    method: str,
) -> None:
    table, source = thinned / f"{target}.parquet", thinned / f"{SOURCE_OF[target]}.parquet"
    length = ("--epochs", EPOCHS[network], *SHORT)
    if method in ("sequential", "collective"):
        taught: tuple[object, ...] = ("--transfer", method, "--source", source)
    elif method in ("default", "paper"):

        def teach(folder: Path) -> None:
            out = folder / "t.teacher"
            made = tutelage("teach", source, "--network", network, "--recipe", method, "--out", out, *length)
            assert made.code == 0, made.stderr

        teacher = made_once(f"teacher-{SOURCE_OF[target]}-{network}-{method}", teach) / "t.teacher"
        taught = ("--recipe", method, "--teachers", teacher)
    else:
        taught = ("--teachers", method)
    model = tmp_path / "model"
    # Radii come from a twin that learns as long: once for each network and method is enough.
    calibrated = () if target == CALIBRATED else ("--no-calibration",)
    fitted = tutelage("fit", table, "--method", network, *taught, "--out", model, *length, *calibrated)
    assert fitted.code == 0, fitted.stderr
    evaluated = tutelage("evaluate", model, "--on", table, "--json")
    assert evaluated.code == 0, evaluated.stderr
    row = json.loads(evaluated.stdout)
    assert (row["radius_m"] is None) == bool(calibrated)
    assert row["mae_m"] < 0.6 * centroid_error_m(load(table)), row


def centroid_error_m(survey: Survey) -> float:
    """The error of who answers with the middle of the training positions."""
    assert survey.test is not None
    centre = survey.train.absolute_position_m.mean(axis=0)
    return float(np.linalg.norm(survey.test.absolute_position_m - centre, axis=1).mean())
