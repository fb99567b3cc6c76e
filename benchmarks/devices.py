"""Measure the seconds to learn on a processor and on an accelerator, for a table of research/results.md.

    python -m benchmarks.devices

Needs a CUDA device. 200 updates of each method on the 697 training scans of Tampere, the processor with all
its cores, after a fit of five updates that is not counted. Read the ratios.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from benchmarks.documented.pages import write_page
from benchmarks.result_rows import write_rows
from tutelage import Localizer, Survey, load, teach
from tutelage.training import Budget, RunOptions, device_name

RESULTS = Path("results/devices.csv")
PAGE = "research/results.md"
NETWORKS = ("dnn", "cnnloc", "bayescnn", "baat")
MATCHER = "matcher"
TEACHER = "DNN's teacher"
UPDATES = 200
FIRST = 5
COLUMNS = ("method", "cores", "accelerator", "cpu_seconds", "accelerator_seconds", "ratio")


def learn(method: str, survey: Survey, device: str, updates: int) -> None:
    """Learn with one method for a number of updates."""
    if method == TEACHER:
        teach(survey, run=RunOptions(device=device, budget=Budget(updates=updates)))
        return
    if method == MATCHER:
        run = RunOptions(device=device)
        settings = {"updates": updates}
        Localizer(method, pretrained="none", settings=settings, run=run, calibrate=False).fit(survey)
        return
    run = RunOptions(device=device, budget=Budget(updates=updates))
    Localizer(method, run=run, calibrate=False).fit(survey)


def seconds(method: str, survey: Survey, device: str) -> float:
    """Return the seconds of a fit, once everything is loaded."""
    learn(method, survey, device, FIRST)
    began = time.perf_counter()
    learn(method, survey, device, UPDATES)
    return time.perf_counter() - began


def main() -> None:
    """Measure and write a row for each method."""
    survey = load("tampere")
    rows = []
    for method in (*NETWORKS, TEACHER, MATCHER):
        cpu, accelerator = (seconds(method, survey, device) for device in ("cpu", "cuda"))
        figures = (f"{cpu:.2f}", f"{accelerator:.2f}", f"{cpu / accelerator:.1f}")
        values = (method, os.cpu_count(), device_name("cuda"), *figures)
        rows.append(dict(zip(COLUMNS, values, strict=True)))
        print(*values, flush=True)
    write_rows(RESULTS, COLUMNS, rows)
    write_page(PAGE)


if __name__ == "__main__":
    main()
