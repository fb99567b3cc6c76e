"""Finished cells of an experiment: a CSV in long form, one row a cell, saved as each cell ends."""

from __future__ import annotations

import csv
import multiprocessing
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from importlib.metadata import version
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, TypeVar

import torch
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from tutelage.errors import FileFormatError, TutelageError
from tutelage.files import replaced_file

__all__ = ["CellFile", "Row", "code_version", "run_cells"]

Row = dict[str, Any]
Cell = TypeVar("Cell")


class CellFile:
    """Rows on disk, found again by their key columns.

    Parameters
    ----------
    path : the CSV; made with the first cell
    key : names of the columns that identify a cell
    columns : all columns, in order
    """

    def __init__(self, path: Path, key: Sequence[str], columns: Sequence[str]) -> None:
        self.path, self.key, self.columns = path, tuple(key), tuple(columns)
        self.rows: list[dict[str, str]] = []
        if path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                reader = csv.DictReader(file)
                if tuple(reader.fieldnames or ()) != self.columns:
                    raise FileFormatError(f"{path} has other columns than this version writes; move it away")
                self.rows = list(reader)
            if any(None in row or None in row.values() for row in self.rows):
                raise FileFormatError(
                    f"{path} has a row that is too short or too long; mend it or move it away"
                )

    def find(self, **key: Any) -> dict[str, str] | None:
        """The finished cell with this key, if there is one."""
        wanted = {name: str(key[name]) for name in self.key}
        return next((row for row in self.rows if all(row[k] == v for k, v in wanted.items())), None)

    def add(self, row: Mapping[str, Any]) -> None:
        """Keep a finished cell, at once and whole."""
        self.rows.append({name: str(row[name]) for name in self.columns})
        with (
            replaced_file(self.path) as beside,
            beside.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, self.columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows)


def run_cells(
    title: str,
    run: Callable[[Cell], Row],
    key: Callable[[Cell], Mapping[str, Any]],
    cells: Iterable[Cell],
    finished: CellFile,
    jobs: int,
) -> None:
    """Run the cells that `finished` lacks, `jobs` at a time, and save each as it ends.

    Each process computes with one thread: the figures then do not depend on `jobs`. A cell that fails, or
    Ctrl-C, ends them all; what was saved stays.

    Raises
    ------
    TutelageError
        If the system ends a process.
    """
    waiting = [cell for cell in cells if finished.find(**key(cell)) is None]
    if not waiting:
        return
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with (
        _processes(jobs) as pool,
        Progress(*columns, console=Console(stderr=True), speed_estimate_period=3600) as progress,
    ):
        bar = progress.add_task(title, total=len(waiting))
        for ended in as_completed([pool.submit(run, cell) for cell in waiting]):
            finished.add(ended.result())
            progress.advance(bar)


@contextmanager
def _processes(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Processes for cells; an error or Ctrl-C ends them at once, whatever they are doing."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, initializer=_prepare_process) as pool:
        try:
            yield pool
        except BrokenProcessPool as error:
            raise TutelageError(
                "a process that ran a cell was ended from outside, perhaps for want of memory; finished "
                "cells are kept: give the same command again, with fewer --jobs"
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise


def _prepare_process() -> None:
    """One thread, and an end without a word at Ctrl-C and when the parent is gone."""
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def code_version() -> str:
    """The commit that the code runs from, or the package's version where there is no repository."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return version("tutelage")
