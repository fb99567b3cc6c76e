"""Classifiers of scikit-learn that say in which room a scan was taken, as other tools use them.

whereami (https://github.com/kootenpv/whereami) fits a balanced random forest of 100 trees. FIND3
(https://github.com/schollz/find3) fits a list of classifiers, among them k-NN, SVC and, while it was fast
enough, a Gaussian process. Both fit a dense table of RSS in which a number stands for "not heard". Here it
stands 1 dB below the weakest reading, which is kinder than FIND3's 0, and the table is scaled to 0 to 1.

Settings are chosen from small grids by the hit rate on training scans held out: a block of consecutive scans
of each place. The first of a grid is the tools' own, or scikit-learn's. It is taken where every place has one
scan, as nothing can be held out then.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from benchmarks.room_figures import sets_at
from tutelage import FingerprintSet
from tutelage.runtime.places import PlaceAnswers

__all__ = ["CLASSIFIERS", "answers_of", "held_out_blocks"]

_BLOCKS = 3

Settings = dict[str, Any]


class Classifier(NamedTuple):
    """A classifier of scikit-learn and how its settings are chosen.

    Attributes
    ----------
    make : callable
        Returns an unfitted estimator from settings and a seed.
    grid : tuple of dict
        Settings to choose from.
    most_fitted, most_compared : int
        Most training scans to fit, and to choose settings with.
    """

    make: Callable[[Settings, int], Any]
    grid: tuple[Settings, ...]
    most_fitted: int = 1_000_000
    most_compared: int = 5000


def _random_forest(settings: Settings, seed: int) -> RandomForestClassifier:
    return RandomForestClassifier(100, class_weight="balanced", random_state=seed, **settings)


def _svc(settings: Settings, seed: int) -> SVC:
    return SVC(random_state=seed, **settings)


def _gaussian_process(settings: Settings, seed: int) -> GaussianProcessClassifier:
    kernel = settings["variance"] * RBF(settings["length"])  # fixed: to fit it takes hours for many places
    return GaussianProcessClassifier(kernel, optimizer=None, random_state=seed)


def _k_neighbours(settings: Settings, _seed: int) -> KNeighborsClassifier:
    return KNeighborsClassifier(**settings)


CLASSIFIERS = {
    "random_forest": Classifier(
        _random_forest,
        (
            {"max_features": "sqrt", "min_samples_leaf": 1},
            {"max_features": "sqrt", "min_samples_leaf": 3},
            {"max_features": 0.2, "min_samples_leaf": 1},
        ),
    ),
    "svc": Classifier(
        _svc,
        (
            {"kernel": "rbf", "C": 1.0},
            {"kernel": "rbf", "C": 10.0},
            {"kernel": "rbf", "C": 100.0},
            {"kernel": "linear", "C": 0.1},
            {"kernel": "linear", "C": 1.0},
        ),
    ),
    "gaussian_process": Classifier(
        _gaussian_process,
        (
            {"variance": 1.0, "length": 1.0},
            {"variance": 10.0, "length": 1.0},
            {"variance": 10.0, "length": 3.0},
            {"variance": 100.0, "length": 3.0},
        ),
        most_fitted=1500,
        most_compared=500,
    ),
    "k_neighbours": Classifier(
        _k_neighbours,
        tuple(
            {"n_neighbors": k, "weights": weights, "metric": metric}
            for metric in ("euclidean", "manhattan")
            for weights in ("uniform", "distance")
            for k in (3, 1, 10)
        ),
    ),
}


def answers_of(
    method: str, train: FingerprintSet, asked: FingerprintSet, seed: int, level: float
) -> tuple[PlaceAnswers, str]:
    """Fit a classifier and ask it where scans were taken.

    Parameters
    ----------
    method : str
        One of `CLASSIFIERS`.
    train : FingerprintSet
        Scans with places.
    asked : FingerprintSet
        n scans.
    seed : int
        Seed of the classifier and of drawn scans.
    level : float
        Probability at which sets of places are given.

    Returns
    -------
    answers : PlaceAnswers
        The answers. A set holds the likeliest places until their probabilities reach the level.
    settings : str
        Settings of the classifier, and how many scans it was fitted to if not to all.
    """
    classifier = CLASSIFIERS[method]
    table = _dense(train, train)
    settings = _chosen(classifier, table, train, seed)
    fitted = _drawn(len(train), classifier.most_fitted, seed)
    said = [f"{name}={value}" for name, value in settings.items()]
    said += [f"fitted to {len(fitted)} of {len(train)} scans"] if len(fitted) < len(train) else []
    model = classifier.make(settings, seed)
    if isinstance(model, SVC):
        model.set_params(probability=True)  # as FIND3 does; scikit-learn 1.11 has it no more
    _fit(model, table[fitted], train.known_place[fitted])
    question = _dense(asked.aligned_to(train.access_points), train)
    name = np.unique(train.known_place)
    probability = np.zeros((len(asked), len(name)))  # of places without a fitted scan too
    probability[:, np.searchsorted(name, model.classes_)] = model.predict_proba(question)
    # The likeliest place is the answer of all but SVC; to ask a Gaussian process twice takes minutes.
    best = model.predict(question) if isinstance(model, SVC) else name[probability.argmax(axis=1)]
    return PlaceAnswers(name, best, probability, sets_at(probability, level)), "; ".join(said)


def held_out_blocks(scans: FingerprintSet) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Divide the scans of each place into three blocks of consecutive scans, and hold out each in turn.

    Parameters
    ----------
    scans : FingerprintSet
        n scans with places.

    Yields
    ------
    rest, held_out : numpy.ndarray
        Rows. Each place keeps a scan in the rest, so a place with one scan is never held out.
    """
    place = np.unique(scans.known_place, return_inverse=True)[1]
    moment = np.arange(len(scans)) if scans.time is None else scans.time
    order = np.lexsort((moment, place))
    nth = np.empty(len(scans), dtype=int)
    nth[order] = np.arange(len(order)) - np.searchsorted(place[order], place[order])
    count = np.bincount(place)[place]
    block = np.where(count > 1, nth * _BLOCKS // count, -1)
    for i in range(_BLOCKS):
        if (block == i).any():
            yield np.flatnonzero(block != i), np.flatnonzero(block == i)


def _chosen(classifier: Classifier, table: np.ndarray, train: FingerprintSet, seed: int) -> Settings:
    some = _drawn(len(train), classifier.most_compared, seed)
    table, place = table[some], train.known_place[some]
    folds = list(held_out_blocks(train[some]))
    if not folds:
        return classifier.grid[0]
    hits = []
    for settings in classifier.grid:
        n_right = 0
        for rest, held_out in folds:
            model = classifier.make(settings, seed)
            _fit(model, table[rest], place[rest])
            n_right += int((model.predict(table[held_out]) == place[held_out]).sum())
        hits.append(n_right)
    return classifier.grid[int(np.argmax(hits))]


def _fit(model: Any, table: np.ndarray, place: np.ndarray) -> None:
    if isinstance(model, KNeighborsClassifier):
        model.set_params(n_neighbors=min(model.n_neighbors, len(table)))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The `probability` parameter", FutureWarning)
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)  # one scan a room
        model.fit(table, place)


def _dense(scans: FingerprintSet, train: FingerprintSet) -> np.ndarray:
    """Return RSS from 0, not heard, to 1, 0 dBm; [n, n_ap]."""
    not_heard = float(train.rss_dbm.data.min()) - 1.0
    table = np.zeros(scans.rss_dbm.shape)
    row = np.repeat(np.arange(len(scans)), scans.n_heard)
    table[row, scans.rss_dbm.indices] = 1.0 - scans.rss_dbm.data / not_heard
    return table


def _drawn(n: int, most: int, seed: int) -> np.ndarray:
    """Draw rows; all of n if that is not more than the most."""
    return np.sort(np.random.default_rng(seed).permutation(n)[:most])
