"""Small fitted models of every kind, on two simulated floors and on a real building."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.surveys import load, simulated_survey
from tutelage.export import export_model
from tutelage.localizer import Localizer
from tutelage.networks import NETWORKS
from tutelage.training import Budget, RunOptions

MATCHER: dict[str, Any] = {"updates": 5, "exercises": 32, "batch_size": 32, "n_candidates": 12}
KINDS: dict[str, dict[str, Any]] = {
    "knn": {"method": "knn", "settings": {"k": 5, "metric": "sorensen", "representation": "exponential"}},
    "matcher": {
        "method": "matcher",
        "pretrained": "none",
        "settings": MATCHER,
        "run": RunOptions(device="cpu"),
    },
    "blend": {
        "method": "blend",
        "pretrained": "none",
        "settings": {
            **{f"matcher.{name}": value for name, value in MATCHER.items()},
            "width": 32,
            "d_e": 16,
            "share": 0.4,
        },
        "run": RunOptions(device="cpu", budget=Budget(2)),
    },
    "dnn": {
        "method": "dnn",
        "settings": {"width": 32, "d_e": 16, "batch_size": 64, "learning_rate": 1e-2},
        "run": RunOptions(device="cpu", budget=Budget(20)),
    },
}
EXPORTED = {kind: f"{kind}.zip" if i % 2 else kind for i, kind in enumerate(KINDS)}


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that a test registers is forgotten afterwards."""
    monkeypatch.setattr(NETWORKS, "entries", dict(NETWORKS.entries))


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
def models(two_floors: Survey, made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """A folder with a model of each kind: `fitted/KIND`, and exported as folders and zip files by turns."""

    def make(folder: Path) -> None:
        (folder / "fitted").mkdir()
        (folder / "exported").mkdir()
        for kind, name in EXPORTED.items():
            model = Localizer(**KINDS[kind]).fit(two_floors)
            model.save(folder / "fitted" / kind)
            export_model(model, folder / "exported" / name, scans=two_floors)

    return made_once("models_of_export", make)


@pytest.fixture(scope="session")
def fitted(models: Path) -> Callable[[str], Localizer]:
    """A model of each kind."""
    return lru_cache(lambda kind: Localizer.load(models / "fitted" / kind))


@pytest.fixture(scope="session")
def exported(models: Path) -> dict[str, Path]:
    """Where a model of each kind is exported."""
    return {kind: models / "exported" / name for kind, name in EXPORTED.items()}


@pytest.fixture(scope="session")
def tampere(data_dir: Path) -> Survey:
    return load("tampere", data_dir=data_dir)
