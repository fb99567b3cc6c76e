"""Jobs that take no time, and jobs that lose their process; in a module of their own for worker processes."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from threadpoolctl import threadpool_info


@dataclass(frozen=True)
class SmallJob:
    """What to do: "draw" random numbers, "fail", "die" always, "stumble" (die at first), or "sleep"."""

    folder: Path
    seed: int
    deed: str = "draw"
    ballast: bytes = b""

    @property
    def marker(self) -> Path:
        """A file with one line for each start, the process's number."""
        return self.folder / f"{self.deed}-{self.seed}.txt"


@dataclass(frozen=True)
class Drawn:
    """Sums whose last bits depend on the number of threads, and the threads of each library."""

    sums: tuple[float, ...]
    threads: int
    libraries: frozenset[int]


class AwkwardError(Exception):
    """Cannot be read back from its pickle, as it takes two arguments and keeps one."""

    def __init__(self, what: str, where: str) -> None:
        super().__init__(f"{what} in {where}")


def run_small_job(job: SmallJob) -> Drawn:
    """Leave a line, then do what the job says."""
    with job.marker.open("a") as file:
        file.write(f"{os.getpid()}\n")
    if job.deed == "die" or (job.deed == "stumble" and len(starts(job)) == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    if job.deed == "fail":
        raise LookupError(f"job {job.seed} fails")
    if job.deed == "fail awkwardly":
        raise AwkwardError("a slip", "the job")
    if job.deed == "sleep":
        time.sleep(600)
    draw = np.random.default_rng(job.seed).normal(size=(300, 1000)).astype(np.float32)
    torch.manual_seed(job.seed)
    network = torch.nn.Linear(1000, 300)
    numpy_product = draw @ draw.T
    torch_product = network(torch.from_numpy(draw))
    threads = frozenset(library["num_threads"] for library in threadpool_info())
    sums = (
        float(numpy_product.sum()),
        float(torch_product.detach().sum()),
        float(torch.from_numpy(draw).sum()),
    )
    return Drawn(sums, torch.get_num_threads(), threads)


def starts(job: SmallJob) -> list[int]:
    """Return the processes that started a job."""
    return [int(line) for line in job.marker.read_text().splitlines()] if job.marker.exists() else []
