"""docs/results.md's table of devices: seconds to learn on a processor, and on the accelerator beside it.

    python -m benchmarks.devices

Needs a CUDA device. 200 updates of each method on the 697 training scans of Tampere, the processor with all
its cores, after a fit of five updates that is not counted. Read the ratios.
"""

from __future__ import annotations

import csv
import os
import time
from pathlib import Path
from typing import Any

from tutelage import Localizer, Survey, load, teach
from tutelage.files import replaced_file
from tutelage.training import Budget, RunOptions, device_name

RESULTS = Path("results/devices.csv")
NETWORKS, SCORER, TEACHER = ("dnn", "cnnloc", "bayescnn", "baat"), "scorer", "DNN's teacher"
UPDATES, FIRST = 200, 5
COLUMNS = ("method", "cores", "accelerator", "cpu_seconds", "accelerator_seconds", "ratio")


def learn(method: str, survey: Survey, device: str, updates: int) -> None:
    """So many updates of one method."""
    if method == TEACHER:
        teach(survey, options=RunOptions(device=device, budget=Budget(updates=updates)))
        return
    length: dict[str, Any] = {"budget": Budget(updates=updates)}
    if method == SCORER:
        length = {"teachers": "none", "settings": {"updates": updates}}
    Localizer(method, device=device, calibrate=False, **length).fit(survey)


def seconds(method: str, survey: Survey, device: str) -> float:
    """Of a fit, once everything is loaded."""
    learn(method, survey, device, FIRST)
    began = time.perf_counter()
    learn(method, survey, device, UPDATES)
    return time.perf_counter() - began


def main() -> None:
    """Measure, print and keep a row a method."""
    survey, rows = load("tampere"), []
    for method in (*NETWORKS, TEACHER, SCORER):
        cpu, accelerator = (seconds(method, survey, device) for device in ("cpu", "cuda"))
        figures = f"{cpu:.2f}", f"{accelerator:.2f}", f"{cpu / accelerator:.2f}"
        rows.append((method, os.cpu_count(), device_name("cuda"), *figures))
        print(*rows[-1], flush=True)
    with replaced_file(RESULTS) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([COLUMNS, *rows])


if __name__ == "__main__":
    main()
