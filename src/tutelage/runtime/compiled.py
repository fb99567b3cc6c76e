"""Loops compiled by Numba, where it is installed; NumPy gives the same answers without it."""

from __future__ import annotations

import importlib
import importlib.util
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import TypeVar

import numpy as np

__all__ = ["compiled_loops", "load_compiled", "map_blocks", "numpy_alone", "zeros_of_thread"]

_T = TypeVar("_T")

_WORTH = 1000  # scans: NumPy searches for fewer in the time that Numba takes to start

_of_thread = threading.local()
_loops: ModuleType | None = None
_searched = 0


def load_compiled() -> ModuleType | None:
    """Load the compiled loops now, as a process that answers single scans does at its start.

    Returns
    -------
    module or None
        `tutelage.runtime.loops`; None without Numba, or where TUTELAGE_COMPILED is 0.
    """
    global _loops
    if _loops is None and os.environ.get("TUTELAGE_COMPILED") != "0" and _has_numba():
        _loops = importlib.import_module("tutelage.runtime.loops")
    return _loops


@contextmanager
def numpy_alone() -> Iterator[None]:
    """Search with NumPy in this block, to compare both."""
    global _loops
    before, _loops = _loops, None
    asked = os.environ.get("TUTELAGE_COMPILED")
    os.environ["TUTELAGE_COMPILED"] = "0"
    try:
        yield
    finally:
        _loops = before
        del os.environ["TUTELAGE_COMPILED"]
        if asked is not None:
            os.environ["TUTELAGE_COMPILED"] = asked


def compiled_loops(n_scans: int) -> ModuleType | None:
    """Return the compiled loops once enough scans are searched to be worth loading them.

    Parameters
    ----------
    n_scans : int
        Scans that are about to be searched.

    Returns
    -------
    module or None
        None stands for NumPy.
    """
    global _searched
    if _loops is None and _searched < _WORTH:
        _searched += n_scans
        if _searched < _WORTH:
            return None
    return load_compiled() if _loops is None else _loops


def map_blocks(work: Callable[[int, int], _T], n: int, size: int) -> list[_T]:
    """Do the work on consecutive blocks, on one thread for each core.

    Parameters
    ----------
    work : callable
        Takes the first index of a block and the one after its last; it should run without Python's lock.
    n : int
        Number of items.
    size : int
        Items of a block.

    Returns
    -------
    list
        Results in order.
    """
    firsts = range(0, n, size)
    ends = [min(first + size, n) for first in firsts]
    n_threads = min(_n_threads(), len(firsts))
    if n_threads <= 1:
        return [work(first, end) for first, end in zip(firsts, ends, strict=True)]
    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(work, firsts, ends))


def zeros_of_thread(n: int) -> np.ndarray:
    """Return at least n zeros that belong to this thread; whoever writes there leaves zeros behind.

    To clear a million numbers for each scan would take longer than to search.

    Parameters
    ----------
    n : int
        How many are needed.

    Returns
    -------
    numpy.ndarray
        Zeros, float64.
    """
    zeros = getattr(_of_thread, "zeros", None)
    if zeros is None or len(zeros) < n:
        zeros = _of_thread.zeros = np.zeros(n)
    return zeros


@cache
def _has_numba() -> bool:
    return importlib.util.find_spec("numba") is not None


def _n_threads() -> int:
    """Return how many threads may work: OMP_NUM_THREADS, as PyTorch reads it, or the number of cores."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdecimal() and int(asked) > 0 else os.cpu_count() or 1
