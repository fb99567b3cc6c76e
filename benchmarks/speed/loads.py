"""Loading UJIIndoorLoc, each time in a process of its own, beside a dense read of the same table."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from benchmarks.speed.comparison import Comparison

_DENSE = """
import io, os, zipfile
import numpy as np
path = os.path.join(os.environ["TUTELAGE_DATA"], "ujiindoorloc", "UJIndoorLoc.zip")
began = time.perf_counter()
with zipfile.ZipFile(path) as archive:
    for name in archive.namelist():
        if name.endswith(".csv"):
            np.loadtxt(io.TextIOWrapper(archive.open(name), "utf-8"), delimiter=",", skiprows=1)
"""
_OURS = """
from tutelage.data.surveys import load
began = time.perf_counter()
load("ujiindoorloc")
"""
_FIGURES = """
seconds = time.perf_counter() - began
from benchmarks.speed.comparison import peak_mb
print(seconds, peak_mb())
"""
DENSE = "numpy.loadtxt, dense"


def comparisons() -> Iterator[Comparison]:
    """Make the rows."""
    with tempfile.TemporaryDirectory() as kept:

        def first(figure: int) -> float:
            with tempfile.TemporaryDirectory() as fresh:
                return _figures(_OURS, fresh)[figure]

        def dense(figure: int) -> float:
            return _figures(_DENSE, kept)[figure]

        yield Comparison("first load of UJIIndoorLoc", lambda: first(0), lambda: dense(0), DENSE, "s", 3)
        cached = "load of UJIIndoorLoc from the cache"
        yield Comparison(cached, lambda: _figures(_OURS, kept)[0], lambda: dense(0), DENSE, "s", 3)
        memory = "first load of UJIIndoorLoc, memory"
        yield Comparison(memory, lambda: first(1), lambda: dense(1), DENSE, "MB", 3)


def _figures(program: str, cache: str) -> tuple[float, float]:
    """Return the seconds of the load and the peak memory of the process in MB."""
    command = [sys.executable, "-c", f"import time\n{program}{_FIGURES}"]
    environment = os.environ | {"TUTELAGE_CACHE": cache}
    out = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    seconds, megabytes = map(float, out.split())
    return seconds, megabytes
