"""Where the jobs of an experiment run: in processes of this machine, or on a Ray cluster.

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
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor
from concurrent.futures import wait as wait_for_futures
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for_connections
from typing import Any, Protocol, TypeVar

import torch
from threadpoolctl import threadpool_limits

from tutelage.errors import BadInputError, TutelageError, UnknownNameError

__all__ = ["ATTEMPTS", "Executor", "LocalProcesses", "RayCluster", "Report", "executor_of"]

Job = TypeVar("Job")
Result = TypeVar("Result")
Run = Callable[[Job], Result]
Results = Iterator[tuple[Job, Result]]
Report = Callable[[str], None]

ATTEMPTS = 3  # of a job whose process is lost; a job that is itself the reason would be lost for ever
_LOST = "WorkerCrashedError", "OutOfMemoryError", "NodeDiedError", "ObjectLostError"  # of ray.exceptions
_AHEAD = 2  # tasks handed to a cluster per processor: none waits for work, and few jobs are in its memory


class Executor(Protocol):
    """Where jobs run."""

    def results(self, run: Run[Job, Result], jobs: Sequence[Job], report: Report) -> Results[Job, Result]:
        """Each job with its result, as it ends; closing the iterator ends what still runs.

        `run` must be importable by a fresh process. `report` is told when a process was lost and its job is
        started again; the third time is a `TutelageError`. What a job raises comes out in its own type and
        ends the other jobs.
        """


@dataclass(frozen=True)
class LocalProcesses:
    """`n_jobs` processes of this machine at a time."""

    n_jobs: int = 1

    def results(self, run: Run[Job, Result], jobs: Sequence[Job], report: Report) -> Results[Job, Result]:
        """Each job with its result, as it ends."""
        with _local_workers(self.n_jobs) as workers:
            yield from _results(workers, run, jobs, report)


@dataclass(frozen=True)
class RayCluster:
    """Tasks of one processor each on a Ray cluster, whose machines need the same Tutelage and data.

    A program that is connected to Ray already stays on its own cluster.

    Parameters
    ----------
    address : "auto", "host:port" or "ray://host:port" joins a cluster, uses all of its processors and leaves
        it running; None starts one on this machine and stops it at the end
    n_jobs : processes at a time of a cluster that is started here
    """

    address: str | None = None
    n_jobs: int = 1

    def results(self, run: Run[Job, Result], jobs: Sequence[Job], report: Report) -> Results[Job, Result]:
        """Each job with its result, as it ends."""
        with _connected_ray(self.address, self.n_jobs) as ray, closing(_Tasks(ray)) as tasks:
            yield from _results(tasks, run, jobs, report)


def executor_of(name: str, *, jobs: int, address: str | None) -> Executor:
    """The executor that a user names: "local" or "ray".

    Raises
    ------
    UnknownNameError, BadInputError
        If there is no such executor, an address makes no sense, or Ray is not installed.
    """
    if name not in ("local", "ray"):
        raise UnknownNameError("executor", name, ["local", "ray"])
    if jobs < 1:
        raise BadInputError(f"{jobs} jobs at a time; give 1 or more")
    if name == "local" and address is not None:
        raise BadInputError(f"address {address!r} is for the executor ray; leave it out, or choose ray")
    if name == "local":
        return LocalProcesses(jobs)
    if importlib.util.find_spec("ray") is None:
        raise BadInputError('the executor ray needs Ray, which is not here: pip install "tutelage[ray]"')
    return RayCluster(address, jobs)


class _LostWorkerError(Exception):
    """The process that ran a job is gone."""


class _Workers(Protocol):
    """What a kind of process has to offer.

    `room` for so many jobs; a ticket for each that is started; those of them that have `ended`, once one has;
    and the `result`, which is what the job returned or raised, or a `_LostWorkerError`.
    """

    @property
    def room(self) -> int: ...
    def start(self, run: Run[Job, Result], job: Job) -> Any: ...
    def ended(self, tickets: Collection[Any]) -> Collection[Any]: ...
    def result(self, ticket: Any) -> Any: ...


def _results(
    workers: _Workers, run: Run[Job, Result], jobs: Sequence[Job], report: Report
) -> Results[Job, Result]:
    waiting = deque((job, 1) for job in jobs)
    started: dict[Any, tuple[Job, int]] = {}
    while waiting or started:
        while waiting and len(started) < workers.room:
            job, attempt = waiting.popleft()
            started[workers.start(run, job)] = job, attempt
        for ticket in workers.ended(started):
            job, attempt = started.pop(ticket)
            try:
                result = workers.result(ticket)
            except _LostWorkerError as error:
                if attempt == ATTEMPTS:
                    raise TutelageError(
                        f"the process that ran a cell was lost {ATTEMPTS} times, perhaps for want of memory; "
                        "finished cells are kept: give the same command again, with fewer --jobs"
                    ) from error
                waiting.appendleft((job, attempt + 1))
                again = f"1 cell is started again (attempt {attempt + 1} of {ATTEMPTS})"
                report(f"a process that ran a cell was lost; {again}")
            else:
                yield job, result


def _run_alone(run: Run[Job, Result], job: Job) -> Result:
    """`run(job)` on one thread; what it raises can travel to another process."""
    # For libraries that are loaded later. Ray sets the first to the task's processors where it is missing.
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
    """Process pools of one process each.

    One pool for all would end every process as soon as one is lost, and could not say whose job was lost.
    """

    def __init__(self, room: int) -> None:
        self.room = max(1, room)
        self.all, self.idle = list[ProcessPoolExecutor](), list[ProcessPoolExecutor]()
        self.busy: dict[Future[Any], ProcessPoolExecutor] = {}

    def start(self, run: Run[Job, Result], job: Job) -> Future[Result]:
        if not self.idle:
            context = multiprocessing.get_context("spawn")
            self.idle.append(ProcessPoolExecutor(1, context, initializer=_prepare_process))
            self.all.append(self.idle[-1])
        lane = self.idle.pop()
        try:
            ticket = lane.submit(_run_alone, run, job)
        except BrokenProcessPool:  # lost while it was idle: not this job's fault
            return self.start(run, job)
        self.busy[ticket] = lane
        return ticket

    def ended(self, tickets: Collection[Future[Any]]) -> Collection[Future[Any]]:
        return wait_for_futures(tickets, return_when=FIRST_COMPLETED).done

    def result(self, ticket: Future[Result]) -> Result:
        lane, error = self.busy.pop(ticket), ticket.exception()
        if isinstance(error, BrokenProcessPool):
            raise _LostWorkerError from error
        self.idle.append(lane)
        return ticket.result()


@contextmanager
def _local_workers(room: int) -> Iterator[_Lanes]:
    """Processes for jobs; an error or Ctrl-C ends them at once, whatever they are doing."""
    others = set(multiprocessing.active_children())
    lanes = _Lanes(room)
    try:
        yield lanes
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        for lane in lanes.all:
            lane.shutdown()


def _prepare_process() -> None:
    """An end without a word at Ctrl-C and when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        wait_for_connections([parent.sentinel])
        os._exit(1)


class _Tasks:
    """Ray tasks of one processor each."""

    def __init__(self, ray: Any) -> None:
        self.ray = ray
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
                raise cause from error  # the job's own
            why = (str(error).strip() or repr(error)).splitlines()[-1]
            raise TutelageError(f"Ray could not run a cell; finished cells are kept: {why}") from error

    def close(self) -> None:
        for ticket in self.pending:
            self.ray.cancel(ticket, force=True)


@contextmanager
def _connected_ray(address: str | None, n_jobs: int) -> Iterator[Any]:
    """The module `ray`, connected; afterwards a cluster that was started here is stopped."""
    # Unless the user wants it: no report home, and the accelerators of a task as elsewhere on the machine.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    if ray.is_initialized():
        yield ray
        return
    own = {"num_cpus": max(1, n_jobs), "include_dashboard": False} if address is None else {}
    address = "local" if address is None else address  # Ray's None would be any cluster that it finds
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        if port.isdigit() and host:  # Ray itself would try for many minutes
            socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **own)  # type: ignore[arg-type]
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        raise TutelageError(f"could not join or start the Ray cluster {address!r}: {error}") from error
    try:
        yield ray
    finally:
        ray.shutdown()
