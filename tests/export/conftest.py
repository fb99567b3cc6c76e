"""Small fitted models of every kind, on two simulated floors and on a real building."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.surveys import load, simulated_survey
from tutelage.export import export_model
from tutelage.localizer import Localizer
from tutelage.networks import network_registry

MATCHER: dict[str, Any] = {"updates": 5, "exercises": 32, "batch_size": 32, "n_candidates": 12}
KINDS: dict[str, dict[str, Any]] = {
    "knn": {"network": "knn", "settings": {"k": 5, "metric": "sorensen", "representation": "exponential"}},
    "matcher": {"network": "matcher", "teachers": "none", "settings": MATCHER},
    "blend": {
        "network": "blend",
        "teachers": "none",
        "settings": {
            **{f"matcher.{name}": value for name, value in MATCHER.items()},
            "width": 32,
            "d_e": 16,
            "share": 0.4,
        },
        "epochs": 2,
    },
    "dnn": {
        "network": "dnn",
        "settings": {"width": 32, "d_e": 16, "batch_size": 64, "learning_rate": 1e-2},
        "epochs": 20,
    },
}


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that a test registers is forgotten afterwards."""
    monkeypatch.setattr(network_registry, "_REGISTRY", dict(network_registry._REGISTRY))


@pytest.fixture(scope="session")
def two_floors() -> Survey:
    return simulated_survey(
        seed=4, n_train=200, n_test=60, n_access_points=24, n_floors=2, width_m=30, depth_m=20
    )


@pytest.fixture(scope="session")
def unseen(two_floors: Survey) -> FingerprintSet:
    assert two_floors.test is not None
    return two_floors.test


@pytest.fixture(scope="session")
def fitted(two_floors: Survey) -> Callable[[str], Localizer]:
    """A model of each kind, made once when it is first asked for."""
    made: dict[str, Localizer] = {}

    def of(kind: str) -> Localizer:
        if kind not in made:
            made[kind] = Localizer(**KINDS[kind], device="cpu").fit(two_floors)
        return made[kind]

    return of


@pytest.fixture(scope="session")
def exported(
    fitted: Callable[[str], Localizer], two_floors: Survey, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """A model of each kind, as folders and as zip files by turns."""
    folder = tmp_path_factory.mktemp("exported")
    paths = {kind: folder / (f"{kind}.zip" if i % 2 else kind) for i, kind in enumerate(KINDS)}
    for kind, path in paths.items():
        export_model(fitted(kind), path, scans=two_floors)
    return paths


@pytest.fixture(scope="session")
def tampere(data_dir: Path) -> Survey:
    return load("tampere", data_dir=data_dir)
