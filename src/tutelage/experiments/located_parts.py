"""Locate the parts of a large table in other processes, or on a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tutelage.data.fingerprints import FingerprintSet
from tutelage.experiments.executors import Executor, Report, Words
from tutelage.localizer import Localizer
from tutelage.runtime.positions import Positions
from tutelage.runtime.scan_rows import ScanRows

__all__ = ["PARTS", "located_parts"]

PARTS = Words("part of the scans", "nothing was written")
_MODEL = "model.json"


@dataclass(frozen=True, eq=False)
class _Part:
    """Some of the scans, and what locates them.

    Parameters
    ----------
    number : int
        Its place among the parts.
    scans : ScanRows
        The scans.
    model : str
        Folder of the model, on every machine.
    written : int
        When the model was written: a process that locates for several commands reads a new one.
    level : float
        As for `Localizer.predict`.
    """

    number: int
    scans: ScanRows
    model: str
    written: int
    level: float


def located_parts(
    parts: Iterable[ScanRows], model: Path, level: float, executor: Executor, report: Report
) -> Iterator[Positions]:
    """Locate parts of a table, each in one process that reads the model once.

    Parameters
    ----------
    parts : iterable of ScanRows
        Scans; a part is read when there is a process for it.
    model : Path
        Folder of the model.
    level : float
        As for `Localizer.predict`.
    executor : Executor
        Where they are located.
    report : callable
        As for `Executor.results`.

    Yields
    ------
    Positions
        Answers to each part, in order.
    """
    written = (model / _MODEL).stat().st_mtime_ns
    jobs = (_Part(n, scans, str(model.resolve()), written, level) for n, scans in enumerate(parts))
    early: dict[int, Positions] = {}
    n_done = 0
    for part, answers in executor.results(_locate, jobs, report):
        early[part.number] = answers
        while n_done in early:
            yield early.pop(n_done)
            n_done += 1


def _locate(part: _Part) -> Positions:
    scans = FingerprintSet.of_rows(part.scans)
    return _model(part.model, part.written).predict(scans, level=part.level)


@lru_cache(maxsize=1)
def _model(path: str, written: int) -> Localizer:  # noqa: ARG001 - a model written anew is another
    return Localizer.load(path)
