"""The compiled loops give what NumPy gives, bit by bit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from tutelage.data.representation import RssRepresentation
from tutelage.data.surveys import load
from tutelage.methods.matcher.smoothing import candidate_search
from tutelage.runtime import compiled
from tutelage.runtime.fingerprint_index import FingerprintIndex

METRICS = ("euclidean", "manhattan", "cosine", "sorensen")
LEVELS = st.sampled_from([0.0, 0.25, 0.3, 0.5, 1.0])  # few, so that ties are common
every_metric = pytest.mark.parametrize("metric", METRICS)


@pytest.fixture(autouse=True)
def loaded() -> Iterator[None]:
    """Load the loops, whatever earlier tests did, and leave them as they were."""
    before = compiled._loops
    assert compiled.load_compiled() is not None
    yield
    compiled._loops = before


def dense_scans(most: int) -> st.SearchStrategy[np.ndarray]:
    return arrays(np.float64, st.tuples(st.integers(1, most), st.just(7)), elements=LEVELS)


@every_metric
@settings(max_examples=60)
@given(queries=dense_scans(5), radio_map=dense_scans(12), k=st.integers(1, 14))
def test_nearest_rows_are_those_of_numpy(
    metric: str, queries: np.ndarray, radio_map: np.ndarray, k: int
) -> None:
    index = FingerprintIndex(sparse.csr_array(radio_map), metric)
    asked = sparse.csr_array(queries)
    found = (*index.nearest(asked, k), index.distances(asked))
    with compiled.numpy_alone():
        expected = (*index.nearest(asked, k), index.distances(asked))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@every_metric
def test_readings_of_no_strength_share_nothing(metric: str) -> None:
    with_zeros = sparse.csr_array(
        (np.array([0.0, 0.0, 0.4, 0.0]), np.array([0, 1, 0, 1]), np.array([0, 2, 4])), shape=(2, 2)
    )
    index = FingerprintIndex(with_zeros, metric)
    found = index.nearest(with_zeros, 2)
    with compiled.numpy_alone():
        expected = index.nearest(with_zeros, 2)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), share=st.sampled_from([0.05, 0.3, 0.9]), n=st.integers(0, 9))
def test_candidates_are_described_as_by_numpy(seed: int, share: float, n: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.where(rng.random((30 + n, 15)) < share, np.round(rng.uniform(0.05, 0.95, (30 + n, 15)), 1), 0)
    fingerprints, queries = sparse.csr_array(values[:30]), sparse.csr_array(values[30:])
    search = candidate_search(fingerprints, rng.integers(0, 4, (30, 2)).astype(float), np.arange(30) % 2)
    found = search.candidates(queries, 12)
    with compiled.numpy_alone():
        expected = search.candidates(queries, 12)
    np.testing.assert_array_equal(found.row, expected.row)
    np.testing.assert_array_equal(found.feature, expected.feature)


@pytest.mark.real_data
@every_metric
def test_nearest_of_a_real_survey_are_those_of_numpy(metric: str, monkeypatch: pytest.MonkeyPatch) -> None:
    survey = load("tampere")
    assert survey.test is not None
    representation = RssRepresentation.fit(survey.train, "positive")
    index = FingerprintIndex(representation.transform(survey.train), metric)
    queries = representation.transform(survey.test[:600])
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    found = index.nearest(queries, 20)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    in_threads = index.nearest(queries, 20)
    with compiled.numpy_alone():
        expected = index.nearest(queries, 20)
    for one, two, other in zip(found, in_threads, expected, strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(two, other)


FEW = """
import sys
import numpy as np
from tutelage.runtime.fingerprint_index import nearest
from tutelage.runtime.rows import CompressedRows
one = CompressedRows(np.ones(1), np.zeros(1, dtype=np.int64), np.array([0, 1]), (1, 1))
for _ in range({n}):
    nearest(one, one, "cosine", 1)
print("numba" in sys.modules)
"""


@pytest.mark.parametrize(("n", "answer"), [(compiled._WORTH - 1, "False"), (compiled._WORTH, "True")])
def test_numba_is_loaded_where_it_pays(n: int, answer: str) -> None:
    run = subprocess.run([sys.executable, "-c", FEW.format(n=n)], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == answer


def test_without_numba_numpy_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_loops", None)
    monkeypatch.setattr(compiled, "_has_numba", lambda: False)
    assert compiled.compiled_loops(10**6) is None


def test_loops_are_compiled_anew_where_no_folder_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    import numba

    from tutelage.runtime.loops.compile_loop import compile_loop

    compile_with = numba.njit

    def refuses_to_cache(**options: Any) -> Any:
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return compile_with(**options)

    monkeypatch.setattr(numba, "njit", refuses_to_cache)

    def twice(x: float) -> float:
        return 2 * x

    assert compile_loop(twice)(1.5) == 3.0


def test_threads_are_as_many_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert compiled.map_blocks(lambda first, end: (first, end), 10, 4) == [(0, 4), (4, 8), (8, 10)]
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert compiled.map_blocks(lambda first, end: end - first, 3, 2) == [2, 1]
    assert compiled.map_blocks(lambda first, end: end - first, 0, 2) == []


def test_zeros_of_a_thread_are_kept_and_grow() -> None:
    few = compiled.zeros_of_thread(3)
    many = compiled.zeros_of_thread(len(few) + 1)
    assert len(many) > len(few)
    assert compiled.zeros_of_thread(1) is many
    assert not many.any()
