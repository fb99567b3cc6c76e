"""How much work is done: calls, operations and bytes, which are the same on a busy machine as on an idle one.

Measured figures of time are in `make bench` and on the pages; these tests only keep growth and loops out.
"""

from __future__ import annotations

import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from torch.utils._python_dispatch import TorchDispatchMode

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.forms.user_table import read_scan_rows
from tutelage.data.surveys import export_table, simulated_survey
from tutelage.files.model_folder import read_model_folder
from tutelage.localizer import Localizer
from tutelage.runtime import Runtime, compiled
from tutelage.runtime.rows import CompressedRows
from tutelage.runtime.scan_rows import ScanRows
from tutelage.training import Budget, RunOptions

AS_IT_IS: dict[str, Any] = {
    "knn": {"method": "knn", "settings": {"k": 3, "metric": "sorensen", "representation": "powed"}},
    "matcher": {"method": "matcher", "settings": {"fine_tune": False}},
}
PRODUCTS = ("mm", "bmm", "addmm", "baddbmm", "mv", "dot")

every_kind = pytest.mark.parametrize("kind", AS_IT_IS)


@pytest.fixture(autouse=True, params=["compiled", "numpy"])
def search(request: pytest.FixtureRequest) -> Iterator[None]:
    """Count with the compiled loops, loaded before anything is counted, and with NumPy alone."""
    if request.param == "compiled":
        assert compiled.load_compiled() is not None
        yield
    else:
        with compiled.numpy_alone():
            yield


def calls(work: Callable[..., object], *arguments: object) -> int:
    """Calls of functions in Python and in C, once what is imported or cached at first is there."""
    n = 0

    def count(frame: FrameType, event: str, arg: object) -> None:
        del frame, arg
        nonlocal n
        n += event in ("call", "c_call")

    work(*arguments)
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work(*arguments)
    finally:
        sys.setprofile(before)
    return n


def most_bytes(work: Callable[..., object], *arguments: object) -> int:
    """Most bytes that are held at a time, beyond those before."""
    work(*arguments)
    tracemalloc.start()
    try:
        work(*arguments)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@lru_cache
def building(n_train: int) -> Survey:
    return simulated_survey(seed=6, n_train=n_train, n_test=200, n_access_points=60, n_floors=2)


@lru_cache
def model(kind: str, n_train: int) -> Localizer:
    return Localizer(**AS_IT_IS[kind], calibrate=False).fit(building(n_train))


def queries(n: int) -> FingerprintSet:
    scans = building(500).test
    assert scans is not None
    return scans[:n]


def as_rows(scans: FingerprintSet) -> ScanRows:
    rss = scans.rss_dbm
    rows = CompressedRows(rss.data, rss.indices, rss.indptr, rss.shape)
    return ScanRows(rows, scans.access_points, scans.scan_id)


# -- no loop over scans --------------------------------------------------------------------------------


@every_kind
def test_many_scans_are_located_with_the_calls_of_one(kind: str) -> None:
    one, many = (calls(model(kind, 500).predict, queries(n)) for n in (1, 128))
    assert many <= 1.5 * one  # 1,697 and 1,533 for the matcher; a call a scan more would be 10 %


@every_kind
def test_a_large_map_is_searched_with_the_calls_of_a_small_one(kind: str) -> None:
    small, large = (calls(model(kind, n).predict, queries(64)) for n in (500, 2000))
    assert large <= 1.5 * small


@every_kind
def test_runtime_locates_many_scans_with_the_calls_of_one(kind: str, tmp_path: Path) -> None:
    model(kind, 500).save(tmp_path / "model")
    runtime = Runtime.of_saved(*read_model_folder(tmp_path / "model"))
    assert runtime is not None
    one, many = (calls(runtime.positions_of, as_rows(queries(n))) for n in (1, 128))
    assert many <= 1.5 * one  # 1,179 and 1,015 for the matcher


@every_kind
def test_fit_on_four_times_the_scans_makes_no_more_calls(kind: str) -> None:
    small, large = (calls(Localizer(**AS_IT_IS[kind], calibrate=False).fit, building(n)) for n in (500, 2000))
    assert large <= 1.2 * small


def test_table_of_four_times_the_scans_is_read_with_as_many_calls(tmp_path: Path) -> None:
    for n in (500, 2000):
        export_table(building(n), tmp_path / f"{n}.csv", split="train")
    small, large = (calls(read_scan_rows, tmp_path / f"{n}.csv") for n in (500, 2000))
    assert large <= 1.3 * small  # 32,871 and 31,468


# -- memory --------------------------------------------------------------------------------------------


@every_kind
def test_memory_of_a_position_grows_no_faster_than_the_map(kind: str) -> None:
    small, large = (most_bytes(model(kind, n).predict, queries(1)) for n in (500, 2000))
    assert large <= 6 * small  # 3.6 for four times the fingerprints


# -- training ------------------------------------------------------------------------------------------


class Operations(TorchDispatchMode):
    """Counts PyTorch's operations by name, those of gradients too."""

    def __init__(self) -> None:
        super().__init__()
        self.n: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.n[func.overloadpacket.__name__] += 1
        return func(*args, **(kwargs or {}))


def operations_a_step(**options: Any) -> tuple[float, float]:
    """Operations of one training step, and how many of them are products."""
    scans = simulated_survey(seed=6, n_train=256, n_test=40, n_access_points=30, n_floors=1)
    settings = {"width": 16, "d_e": 8, "batch_size": 64}
    counted = []
    for epochs in (2, 4):  # the difference leaves out what is done once
        run = RunOptions(device="cpu", budget=Budget(epochs))
        with Operations() as operations:
            Localizer("dnn", settings=settings, run=run, calibrate=False, **options).fit(scans)
        counted.append(operations.n)
    per_step = {name: (counted[1][name] - counted[0][name]) / 8 for name in counted[1]}
    return sum(per_step.values()), sum(per_step.get(name, 0) for name in PRODUCTS)


@pytest.mark.parametrize(
    ("options", "most", "most_products"),
    [({}, 220, 18), ({"teachers": "untrained"}, 1500, 260)],  # 183 and 15; 1,259 and 218
    ids=["plain", "expert distilling"],
)
def test_a_training_step_takes_no_more_operations(
    options: dict[str, Any], most: float, most_products: float
) -> None:
    operations, products = operations_a_step(**options)
    assert 0 < products <= most_products
    assert operations <= most
