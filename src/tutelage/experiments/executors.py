"""Run the jobs of an experiment, or of other long work, in processes of this machine or on a Ray cluster.

Each process computes on one thread. On machines with the same kind of processor, a job's result is then the
same to the bit, whatever the executor and the number of processes.
"""

from __future__ import annotations

import importlib.util
import logging
import multiprocessing
import os
import pickle
import signal
import socket
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future
from concurrent.futures import wait as wait_for_futures
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for_connections
from typing import Any, Protocol, TypeVar

import torch
from joblib.externals.loky import ProcessPoolExecutor
from threadpoolctl import threadpool_limits

from tutelage.errors import BadInputError, TutelageError, UnknownNameError

__all__ = [
    "ATTEMPTS",
    "CELLS",
    "Executor",
    "LocalProcesses",
    "RayCluster",
    "Report",
    "Words",
    "make_executor",
]

Job = TypeVar("Job")
Result = TypeVar("Result")
Run = Callable[[Job], Result]
JobResults = Iterator[tuple[Job, Result]]
Report = Callable[[str], None]

ATTEMPTS = 3  # a job may itself be the reason why its process is lost, so there is an end
_LOST = (
    "WorkerCrashedError",
    "OutOfMemoryError",
    "NodeDiedError",
    "ObjectLostError",
)  # names in ray.exceptions
_AHEAD = 2  # tasks per processor of a cluster: no processor waits for work, and few jobs are in memory


@dataclass(frozen=True)
class Words:
    """How messages speak of the jobs.

    Parameters
    ----------
    job : str
        What one of them is.
    lost : str
        What is left of the work when it cannot go on.
    """

    job: str
    lost: str


CELLS = Words("cell", "finished cells are kept")


class Executor(Protocol):
    """A place where jobs run."""

    def results(self, run: Run[Job, Result], jobs: Iterable[Job], report: Report) -> JobResults[Job, Result]:
        """Yield each job with its result as soon as it ends.

        Closing the iterator ends the jobs that still run. An error of a job has its own type and ends the
        other jobs.

        Parameters
        ----------
        run : callable
            Returns the result of a job. A fresh process must be able to import it.
        jobs : iterable
            The jobs; each is taken when there is room for it.
        report : callable
            Receives a sentence when a process is lost and its job starts again.

        Yields
        ------
        tuple
            A job and its result.

        Raises
        ------
        TutelageError
            If the process of a job is lost three times.
        """


@dataclass(frozen=True)
class LocalProcesses:
    """Processes of this machine.

    Parameters
    ----------
    n_jobs : int
        Number of processes at a time.
    words : Words
        What the jobs are.
    """

    n_jobs: int = 1
    words: Words = CELLS

    def results(self, run: Run[Job, Result], jobs: Iterable[Job], report: Report) -> JobResults[Job, Result]:
        """Yield each job with its result as soon as it ends; see `Executor.results`."""
        with closing(_Lanes(self.n_jobs)) as lanes:
            yield from _results(lanes, run, jobs, report, self.words)


@dataclass(frozen=True)
class RayCluster:
    """Tasks of one processor each on a Ray cluster.

    The machines of the cluster need the same version of Tutelage and the same data. A program that is
    already connected to Ray stays on its own cluster.

    Parameters
    ----------
    address : str or None
        "auto", "host:port" or "ray://host:port" joins a cluster, uses all of its processors and leaves it
        running. None starts a cluster on this machine and stops it at the end.
    n_jobs : int
        Number of processes at a time of a cluster that is started here.
    words : Words
        What the jobs are.
    """

    address: str | None = None
    n_jobs: int = 1
    words: Words = CELLS

    def results(self, run: Run[Job, Result], jobs: Iterable[Job], report: Report) -> JobResults[Job, Result]:
        """Yield each job with its result as soon as it ends; see `Executor.results`."""
        with _connected_ray(self.address, self.n_jobs) as ray, closing(_Tasks(ray, self.words)) as tasks:
            yield from _results(tasks, run, jobs, report, self.words)


def make_executor(name: str, *, jobs: int, address: str | None, words: Words = CELLS) -> Executor:
    """Make the executor that a user names.

    Parameters
    ----------
    name : {"local", "ray"}
        Name of the executor.
    jobs : int
        Number of processes at a time.
    address : str or None
        Address of a Ray cluster.
    words : Words
        What the jobs are.

    Returns
    -------
    Executor
        The executor.

    Raises
    ------
    UnknownNameError
        If no executor has this name.
    BadInputError
        If the number of jobs or the address makes no sense, or Ray is not installed.
    """
    if name not in ("local", "ray"):
        raise UnknownNameError("executor", name, ["local", "ray"])
    if jobs < 1:
        raise BadInputError(f"{jobs} jobs at a time; give 1 or more")
    if name == "local" and address is not None:
        raise BadInputError(f"address {address!r} is for the executor ray; leave it out, or choose ray")
    if name == "local":
        return LocalProcesses(jobs, words)
    if importlib.util.find_spec("ray") is None:
        raise BadInputError('the executor ray needs Ray, which is not here: pip install "tutelage[ray]"')
    return RayCluster(address, jobs, words)


class _LostWorkerError(Exception):
    """The process that ran a job is gone."""


class _Workers(Protocol):
    """The interface of a kind of process.

    `room` is the number of jobs at a time. `start` returns a ticket for a job. `ended` waits until a job has
    ended and returns the tickets of those that have. `result` returns or raises what the job did, or raises a
    `_LostWorkerError`.
    """

    @property
    def room(self) -> int: ...
    def start(self, run: Run[Job, Result], job: Job) -> Any: ...
    def ended(self, tickets: Collection[Any]) -> Collection[Any]: ...
    def result(self, ticket: Any) -> Any: ...


def _results(
    workers: _Workers, run: Run[Job, Result], jobs: Iterable[Job], report: Report, words: Words
) -> JobResults[Job, Result]:
    lost: deque[tuple[Job, int]] = deque()
    fresh = ((job, 1) for job in jobs)
    started: dict[Any, tuple[Job, int]] = {}
    while True:
        while len(started) < workers.room and (each := lost.popleft() if lost else next(fresh, None)):
            started[workers.start(run, each[0])] = each
        if not started:
            return
        for ticket in workers.ended(started):
            job, attempt = started.pop(ticket)
            try:
                result = workers.result(ticket)
            except _LostWorkerError as error:
                if attempt == ATTEMPTS:
                    raise TutelageError(
                        f"the process that ran a {words.job} was lost {ATTEMPTS} times, perhaps for want of "
                        f"memory; {words.lost}: give the same command again, with fewer --jobs"
                    ) from error
                lost.append((job, attempt + 1))
                again = f"1 {words.job} is started again (attempt {attempt + 1} of {ATTEMPTS})"
                report(f"a process that ran a {words.job} was lost; {again}")
            else:
                yield job, result


def _run_alone(run: Run[Job, Result], job: Job) -> Result:
    """Run a job on one thread. An error that it raises can travel to another process."""
    # Libraries that are loaded later read these. Where the first is missing, Ray sets it to the processors of
    # the task.
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
    threadpool_limits(1)
    torch.set_num_threads(1)
    try:
        return run(job)
    except Exception as error:
        # An error that cannot be read back would look like a lost process.
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:
            raise TutelageError(f"{type(error).__name__}: {error}") from None
        raise


class _Lanes:
    """Loky executors of one process each.

    One executor of several processes ends all of them as soon as one is lost, and every job that runs is lost
    with it; `joblib.Parallel` does the same. With one process each, a lost process costs its own job alone.
    """

    def __init__(self, room: int) -> None:
        self.room = max(1, room)
        self.all: list[ProcessPoolExecutor] = []
        self.idle: list[ProcessPoolExecutor] = []
        self.busy: dict[Future[Any], ProcessPoolExecutor] = {}

    def start(self, run: Run[Job, Result], job: Job) -> Future[Result]:
        lane = self.idle.pop() if self.idle else self._new_lane()
        try:
            ticket: Future[Result] = lane.submit(_run_alone, run, job)
        except BrokenProcessPool:  # the process was lost while it was idle, not by this job
            return self.start(run, job)
        self.busy[ticket] = lane
        return ticket

    def _new_lane(self) -> ProcessPoolExecutor:
        # Loky's own context has no parent process that a worker could watch.
        context = multiprocessing.get_context("spawn")
        lane = ProcessPoolExecutor(1, context=context, initializer=_prepare_process)
        self.all.append(lane)
        return lane

    def ended(self, tickets: Collection[Future[Any]]) -> Collection[Future[Any]]:
        return wait_for_futures(tickets, return_when=FIRST_COMPLETED).done

    def result(self, ticket: Future[Result]) -> Result:
        lane = self.busy.pop(ticket)
        error = ticket.exception()
        if isinstance(error, BrokenProcessPool):
            raise _LostWorkerError from error
        self.idle.append(lane)
        return ticket.result()

    def close(self) -> None:
        """End every process at once, whatever it is doing."""
        for lane in self.all:
            lane.shutdown(kill_workers=True)


def _prepare_process() -> None:
    """Let the process end silently at Ctrl-C and when its parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        wait_for_connections([parent.sentinel])
        os._exit(1)


class _Tasks:
    """Ray tasks of one processor each."""

    def __init__(self, ray: Any, words: Words) -> None:
        self.ray = ray
        self.words = words
        # Ray's own retries are off: it would not tell of them.
        self.remote = ray.remote(num_cpus=1, max_retries=0)(_run_alone)
        self.lost = tuple(getattr(ray.exceptions, name) for name in _LOST)
        self.pending: set[Any] = set()

    @property
    def room(self) -> int:
        return _AHEAD * max(1, int(self.ray.cluster_resources().get("CPU", 1)))  # machines come and go

    def start(self, run: Run[Job, Result], job: Job) -> Any:
        ticket = self.remote.remote(run, job)
        self.pending.add(ticket)
        return ticket

    def ended(self, tickets: Collection[Any]) -> Collection[Any]:
        return list(self.ray.wait(list(tickets))[0])

    def result(self, ticket: Any) -> Any:
        self.pending.discard(ticket)
        try:
            return self.ray.get(ticket)
        except self.lost as error:
            raise _LostWorkerError from error
        except self.ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None)
            if isinstance(cause, Exception) and not isinstance(cause, self.ray.exceptions.RayError):
                raise cause from error  # an error of the job
            reason = (str(error).strip() or repr(error)).splitlines()[-1]
            message = f"Ray could not run a {self.words.job}; {self.words.lost}: {reason}"
            raise TutelageError(message) from error

    def close(self) -> None:
        for ticket in self.pending:
            self.ray.cancel(ticket, force=True)


@contextmanager
def _connected_ray(address: str | None, n_jobs: int) -> Iterator[Any]:
    """Connect to Ray and return its module; stop a cluster at the end if it was started here."""
    # Ray sends no report home, and a task sees the same accelerators as a local process. The user's own
    # settings of these variables stay.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    if ray.is_initialized():
        yield ray
        return
    options = {"num_cpus": max(1, n_jobs), "include_dashboard": False} if address is None else {}
    address = "local" if address is None else address  # Ray's None would be any cluster that it finds
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        if port.isdigit() and host:  # Ray itself would try for many minutes
            socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **options)  # type: ignore[arg-type]
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        raise TutelageError(f"could not join or start the Ray cluster {address!r}: {error}") from error
    try:
        yield ray
    finally:
        ray.shutdown()
