"""Jobs give the same figures wherever they run; lost processes are told of and made up for."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
import ray
from ray.cluster_utils import Cluster
from small_jobs import Drawn, SmallJob, run_small_job, starts

from tutelage.errors import BadInputError, TutelageError, UnknownNameError
from tutelage.experiments.executors import Executor, LocalProcesses, RayCluster, make_executor

pytestmark = pytest.mark.slow  # what they share takes long to make


@pytest.fixture(scope="module")
def joined() -> Iterator[RayCluster]:
    """Start a cluster once for all tests; its workers find `small_jobs`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.delenv("OMP_NUM_THREADS", raising=False)
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
    try:
        yield RayCluster(cluster.address)
    finally:
        cluster.shutdown()


@pytest.fixture(params=["local", pytest.param("ray", marks=pytest.mark.slow)])
def executor(request: pytest.FixtureRequest) -> Executor:
    """Two processes at a time."""
    return LocalProcesses(2) if request.param == "local" else request.getfixturevalue("joined")


def all_results(executor: Executor, jobs: list[SmallJob]) -> tuple[dict[SmallJob, Drawn], list[str]]:
    reports: list[str] = []
    return dict(executor.results(run_small_job, jobs, reports.append)), reports


def wait_until(true: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return true()


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]


def test_results_are_the_same_to_the_bit_wherever_they_are_made(
    tmp_path: Path, joined: RayCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    jobs = [SmallJob(tmp_path, seed, ballast=bytes(500_000)) for seed in range(5)]
    expected, reports = all_results(LocalProcesses(1), jobs)
    assert list(expected) == jobs
    assert reports == []
    for executor in (LocalProcesses(2), joined, RayCluster(None, n_jobs=2)):
        assert all_results(executor, jobs) == (expected, [])
        assert not ray.is_initialized()
    assert len({drawn.sums for drawn in expected.values()}) == 5
    assert {drawn.threads for drawn in expected.values()} == {1}
    assert {drawn.libraries for drawn in expected.values()} == {frozenset({1})}


def test_job_of_a_lost_process_is_run_again_and_told_of(executor: Executor, tmp_path: Path) -> None:
    stumbling = SmallJob(tmp_path, 1, "stumble", ballast=bytes(500_000))
    jobs = [SmallJob(tmp_path, 0), stumbling, *(SmallJob(tmp_path, seed) for seed in range(2, 6))]
    results, reports = all_results(executor, jobs)
    assert set(results) == set(jobs)
    assert reports == ["a process that ran a cell was lost; 1 cell is started again (attempt 2 of 3)"]
    assert [len(starts(job)) for job in jobs] == [1, 2, 1, 1, 1, 1]


def test_job_that_always_loses_its_process_ends_the_run(executor: Executor, tmp_path: Path) -> None:
    jobs = [SmallJob(tmp_path, 0, "die"), *(SmallJob(tmp_path, seed) for seed in range(1, 4))]
    reports: list[str] = []
    with pytest.raises(TutelageError, match=r"lost 3 times.*finished cells are kept.*fewer --jobs"):
        list(executor.results(run_small_job, jobs, reports.append))
    assert len(starts(jobs[0])) == 3
    assert [sentence[-16:] for sentence in reports] == ["(attempt 2 of 3)", "(attempt 3 of 3)"]


def test_error_of_a_job_comes_out_in_its_own_type(executor: Executor, tmp_path: Path) -> None:
    jobs = [SmallJob(tmp_path, 0, "fail"), *(SmallJob(tmp_path, seed, "sleep") for seed in range(1, 9))]
    with pytest.raises(LookupError, match=r"^'?job 0 fails'?$") as caught:
        all_results(executor, jobs)
    assert type(caught.value) is LookupError
    assert wait_until(lambda: not any(alive(process) for job in jobs for process in starts(job)))


def test_error_that_cannot_travel_keeps_its_words(tmp_path: Path) -> None:
    with pytest.raises(TutelageError, match="AwkwardError: a slip in the job"):
        all_results(LocalProcesses(), [SmallJob(tmp_path, 0, "fail awkwardly")])


def test_closing_early_leaves_no_process(executor: Executor, tmp_path: Path) -> None:
    jobs = [SmallJob(tmp_path, 0), *(SmallJob(tmp_path, seed, "sleep") for seed in range(1, 9))]
    results = executor.results(run_small_job, jobs, print)
    assert next(results)[0] == jobs[0]
    assert wait_until(lambda: any(starts(job) for job in jobs[1:]))
    assert isinstance(results, Generator)
    results.close()
    processes = [process for job in jobs for process in starts(job)]
    assert wait_until(lambda: not any(alive(process) for process in processes))
    assert len(processes) < len(jobs)


def test_cluster_that_cannot_be_joined_is_an_error_of_the_user() -> None:
    with pytest.raises(TutelageError, match=r"could not .* Ray cluster 'ray://127\.0\.0\.1:1'"):
        all_results(RayCluster("ray://127.0.0.1:1"), [])


def test_executor_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert make_executor("local", jobs=3, address=None) == LocalProcesses(3)
    assert make_executor("ray", jobs=3, address=None) == RayCluster(None, 3)
    assert make_executor("ray", jobs=1, address="auto") == RayCluster("auto")
    with pytest.raises(UnknownNameError, match=r"unknown executor 'rai'\. Did you mean ray"):
        make_executor("rai", jobs=1, address=None)
    with pytest.raises(BadInputError, match="'auto' is for the executor ray"):
        make_executor("local", jobs=1, address="auto")
    for name in ("local", "ray"):
        with pytest.raises(BadInputError, match="0 jobs at a time; give 1 or more"):
            make_executor(name, jobs=0, address=None)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(BadInputError, match=r'pip install "tutelage\[ray\]"'):
        make_executor("ray", jobs=1, address=None)
