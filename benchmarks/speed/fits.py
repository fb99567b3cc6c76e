"""Fits, beside what a user would pick instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from sklearn.model_selection import GridSearchCV, GroupShuffleSplit
from sklearn.neighbors import KNeighborsRegressor

from benchmarks.speed.comparison import Comparison, seconds_of
from tutelage import FingerprintSet, Localizer, candidates, compare, load, simulated_survey
from tutelage.data.representation import RssRepresentation
from tutelage.training import RunOptions

CPU = RunOptions(device="cpu")
OWN_KNN = "our k-NN with chosen settings"


def comparisons() -> Iterator[Comparison]:
    """Make the rows; the long fits are measured once or twice."""
    small = simulated_survey(n_train=400).train
    yield from _beside_knn(f"a simulated survey of {len(small)} scans", small, 3)
    tampere = load("tampere").train
    yield from _beside_knn(f"Tampere, {len(tampere):,} scans", tampere, 3)
    yield _choice(f"Tampere, {len(tampere):,} scans", tampere)
    uji = load("ujiindoorloc").train
    yield from _beside_knn(f"UJIIndoorLoc, {len(uji):,} scans", uji, 1)
    demo = simulated_survey().train
    yield Comparison(
        f"compare of a simulated survey of {len(demo):,} scans",
        lambda: seconds_of(lambda: compare(demo, candidates(), run=CPU)),
        _knn(demo),
        OWN_KNN,
        "s",
        1,
    )


def _beside_knn(name: str, scans: FingerprintSet, rounds: int) -> Iterator[Comparison]:
    kinds = {"fit by default": Localizer(run=CPU), "fit of the matcher": Localizer("matcher", run=CPU)}
    for kind, model in kinds.items():
        yield Comparison(
            f"{kind}: {name}",
            lambda model=model: seconds_of(lambda: model.fit(scans)),
            _knn(scans),
            OWN_KNN,
            "s",
            rounds,
        )


def _knn(scans: FingerprintSet) -> Callable[[], float]:
    return lambda: seconds_of(lambda: Localizer("knn", run=CPU).fit(scans))


def _choice(name: str, scans: FingerprintSet) -> Comparison:
    """Choose k-NN's settings, as scikit-learn's grid search does on as many combinations and one split."""
    dense = RssRepresentation.fit(scans, "positive").transform(scans).toarray()
    grid = {
        "metric": ["euclidean", "manhattan", "cosine", "braycurtis"],
        "n_neighbors": [1, 2, 3, 5, 8, 12, 20],
    }
    point = np.unique(scans.known_position_m, axis=0, return_inverse=True)[1]
    theirs = GridSearchCV(
        KNeighborsRegressor(algorithm="brute", weights="distance"),
        grid,
        cv=GroupShuffleSplit(1, test_size=0.1, random_state=0),
        scoring="neg_mean_absolute_error",
    )
    return Comparison(
        f"choice of k-NN's settings: {name}",
        lambda: seconds_of(lambda: Localizer("knn", run=CPU, calibrate=False).fit(scans)),
        lambda: seconds_of(lambda: theirs.fit(dense, scans.known_position_m, groups=point)),
        "scikit-learn's grid search, one split",
        "s",
        3,
    )
