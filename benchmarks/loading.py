"""Measure the time and memory to load UJIIndoorLoc, each in a fresh process.

    python -m benchmarks.loading [--runs 5]

The alternative in the same run is a dense read of the same CSV with numpy.loadtxt.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile

_PROGRAM = """
import resource, sys, time
what = sys.argv[1]
if what == "dense":
    import io, os, zipfile
    import numpy as np
    began = time.perf_counter()
    path = os.path.join(os.environ["TUTELAGE_DATA"], "ujiindoorloc", "UJIndoorLoc.zip")
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".csv"):
                np.loadtxt(io.TextIOWrapper(archive.open(name), "utf-8"), delimiter=",", skiprows=1)
else:
    from tutelage.data.surveys import load
    began = time.perf_counter()
    load("ujiindoorloc")
seconds = time.perf_counter() - began
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def measure(what: str, cache: str) -> tuple[float, float]:
    """Return the seconds of the loading call and the peak memory of the process in MB."""
    environment = os.environ | {"TUTELAGE_CACHE": cache}
    command = [sys.executable, "-c", _PROGRAM, what]
    out = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    seconds, megabytes = map(float, out.split())
    return seconds, megabytes


def main() -> None:
    """Print a Markdown table: median and range over the runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    names = ("first load", "from the cache", "numpy.loadtxt")
    measurements: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as cache:
            measurements["first load"].append(measure("sparse", cache))
            measurements["from the cache"].append(measure("sparse", cache))
            measurements["numpy.loadtxt"].append(measure("dense", cache))
    dense = statistics.median(seconds for seconds, _ in measurements["numpy.loadtxt"])
    print("| UJIIndoorLoc | seconds, median (range) | against numpy.loadtxt | peak MB |")
    print("|---|---|---|---|")
    for name, pairs in measurements.items():
        seconds = [s for s, _ in pairs]
        middle = statistics.median(seconds)
        span = f"{middle:.2f} ({min(seconds):.2f} to {max(seconds):.2f})"
        print(f"| {name} | {span} | {middle / dense:.2f} | {max(mb for _, mb in pairs):.0f} |")


if __name__ == "__main__":
    main()
