"""A figure of ours beside that of an alternative."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["Comparison", "machine", "measured", "peak_mb", "seconds_of"]

PACKAGES = ("tutelage", "numpy", "numba", "scipy", "scikit-learn", "torch", "onnxruntime", "pyarrow")


@dataclass(frozen=True)
class Comparison:
    """What is measured.

    Parameters
    ----------
    name : str
        What is measured, in words: the key of the row.
    ours, alternative : callable
        Measure once, and return the figure.
    beside : str
        What the alternative is, in words.
    unit : str
        Unit of both figures.
    rounds : int
        How often both are measured, in turns.
    """

    name: str
    ours: Callable[[], float]
    alternative: Callable[[], float]
    beside: str
    unit: str = "ms"
    rounds: int = 7


def seconds_of(run: Callable[[], object]) -> float:
    """Return the seconds that a call takes."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def measured(comparison: Comparison) -> dict[str, Any]:
    """Measure in turns, after a first round that is not counted, and return the row."""
    measures = (comparison.ours, comparison.alternative)
    if comparison.rounds > 1:
        for measure in measures:
            measure()
    figures: tuple[list[float], list[float]] = ([], [])
    for turn in range(comparison.rounds):
        for which in (0, 1) if turn % 2 else (1, 0):
            figures[which].append(measures[which]())
    ratios = [ours / alternative for ours, alternative in zip(*figures, strict=True)]
    spreads = {"ours": figures[0], "alternative": figures[1], "ratio": ratios}
    row: dict[str, Any] = {"name": comparison.name, "unit": comparison.unit, "beside": comparison.beside}
    for name, values in spreads.items():
        row[name] = _rounded(statistics.median(values))
        row[f"{name}_range"] = [_rounded(min(values)), _rounded(max(values))]
    return row | {"rounds": comparison.rounds, "commit": _commit()}


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
    }


def peak_mb() -> float:
    """Return the peak memory of this process in MB; getrusage would count what its parent held."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    (peak,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(peak) / 1024


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if os.name == "posix" else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
