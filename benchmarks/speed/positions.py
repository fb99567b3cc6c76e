"""Positions: k-NN and matcher of UJIIndoorLoc, in the library and in the runtime, beside scikit-learn."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.neighbors import KNeighborsRegressor

from benchmarks.speed.comparison import Comparison, seconds_of
from tutelage import FingerprintSet, Localizer, Survey, load
from tutelage.data.representation import RssRepresentation
from tutelage.export import export_model
from tutelage.runtime import Runtime, compiled
from tutelage.training import RunOptions

ALONE = 200
K = 10
KNN = {"metric": "sorensen", "representation": "powed", "k": K}
CPU = RunOptions(device="cpu")


def comparisons() -> Iterator[Comparison]:
    """Make the rows; the models are fitted once."""
    survey = load("ujiindoorloc")
    assert survey.test is not None
    knn = Localizer("knn", settings=KNN, run=CPU).fit(survey)
    matcher = Localizer("matcher", settings={"fine_tune": False}, run=CPU).fit(survey)
    compiled.load_compiled()
    yield from _beside_sklearn(survey, knn, matcher)
    yield from _in_the_runtime(survey.test, {"k-NN": knn, "matcher": matcher})
    yield from _of_dictionaries(survey.test, knn)
    yield from _compiled(survey.test, {"k-NN": knn, "matcher": matcher})


def _beside_sklearn(survey: Survey, knn: Localizer, matcher: Localizer) -> Iterator[Comparison]:
    assert survey.test is not None
    scans = survey.test
    representation = RssRepresentation.fit(survey.train, "powed")
    dense = representation.transform(scans).toarray()
    positions = survey.train.known_position_m
    train = representation.transform(survey.train).toarray()
    for metric, n in (("euclidean", len(scans)), ("manhattan", 100)):
        theirs = KNeighborsRegressor(K, algorithm="brute", metric=metric, n_jobs=1).fit(train, positions)
        name = f"scikit-learn's brute-force k-NN, dense, {metric}"
        for ours_name, model in (("k-NN", knn), ("matcher", matcher)):
            if ours_name == "matcher" and metric == "manhattan":
                continue
            locate = model.method_.locate
            yield Comparison(
                f"{ours_name}, a scan alone ({metric})",
                lambda locate=locate: _alone(locate, scans, ALONE),
                lambda theirs=theirs: _alone(theirs.predict, dense, 50),
                name,
            )
            yield Comparison(
                f"{ours_name}, of {len(scans):,} scans at once ({metric})",
                lambda locate=locate: _together(locate, scans),
                lambda theirs=theirs, n=n: _together(theirs.predict, dense[:n]),
                name,
            )


def _in_the_runtime(scans: FingerprintSet, models: dict[str, Localizer]) -> Iterator[Comparison]:
    readings = _dictionaries(scans)
    for name, model in models.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.zip"
            export_model(model, path)
            runtime = Runtime.load(path)
        locate, theirs = runtime.positions, model.predict
        yield Comparison(
            f"runtime, {name}, a scan alone",
            lambda locate=locate: _alone(locate, readings, ALONE),
            lambda theirs=theirs: _alone(theirs, scans, ALONE),
            "the library's answer, radii included",
        )
        yield Comparison(
            f"runtime, {name}, of {len(scans):,} scans at once",
            lambda locate=locate: _together(locate, readings),
            lambda theirs=theirs: _together(theirs, scans),
            "the library's answer, radii included",
        )


def _of_dictionaries(scans: FingerprintSet, knn: Localizer) -> Iterator[Comparison]:
    readings = _dictionaries(scans)
    yield Comparison(
        f"a list of {len(scans):,} dictionaries",
        lambda: _together(knn.predict, readings),
        lambda: _together(knn.predict, scans),
        "the same scans as a matrix",
    )


def _compiled(scans: FingerprintSet, models: dict[str, Localizer]) -> Iterator[Comparison]:
    for name, model in models.items():
        locate = model.method_.locate
        yield Comparison(
            f"{name} with Numba, of {len(scans):,} scans at once",
            lambda locate=locate: _together(locate, scans),
            lambda locate=locate: _by_numpy(locate, scans),
            "NumPy alone",
        )
        yield Comparison(
            f"{name} on two threads, of {len(scans):,} scans at once",
            lambda locate=locate: _on_threads(2, locate, scans),
            lambda locate=locate: _on_threads(1, locate, scans),
            "one thread",
        )


# -- measuring --------------------------------------------------------------------------------------------


def _alone(locate: Callable[[Any], object], scans: Any, n: int) -> float:
    """Return the milliseconds of a scan, one by one."""
    one_by_one = [scans[i : i + 1] for i in range(n)]
    return 1e3 * seconds_of(lambda: [locate(scan) for scan in one_by_one]) / n


def _together(locate: Callable[[Any], object], scans: Sequence[Any] | FingerprintSet | np.ndarray) -> float:
    """Return the milliseconds of a scan among many."""
    return 1e3 * seconds_of(lambda: locate(scans)) / len(scans)


def _by_numpy(locate: Callable[[Any], object], scans: FingerprintSet) -> float:
    with compiled.numpy_alone():
        return _together(locate, scans)


def _on_threads(n: int, locate: Callable[[Any], object], scans: FingerprintSet) -> float:
    with _environment("OMP_NUM_THREADS", str(n)):
        return _together(locate, scans)


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _dictionaries(scans: FingerprintSet) -> list[dict[str, float]]:
    names = np.asarray(scans.access_points)
    rows = scans.rss_dbm
    return [
        dict(zip(names[rows.indices[i:j]].tolist(), rows.data[i:j].tolist(), strict=True))
        for i, j in pairwise(rows.indptr)
    ]
