"""docs/results.md's table of devices: seconds to learn on a processor, and on the accelerator beside it.

    python -m benchmarks.devices

Needs a CUDA device. 200 updates of each method on the 697 training scans of Tampere, the processor with all
its cores, after a fit of five updates that is not counted. Read the ratios.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.keeping import keep_rows, put_into_page
from tutelage import Localizer, Survey, load, teach
from tutelage.training import Budget, RunOptions, device_name

RESULTS, PAGE = Path("results/devices.csv"), Path("docs/results.md")
NETWORKS, MATCHER, TEACHER = ("dnn", "cnnloc", "bayescnn", "baat"), "matcher", "DNN's teacher"
UPDATES, FIRST = 200, 5
COLUMNS = ("method", "cores", "accelerator", "cpu_seconds", "accelerator_seconds", "ratio")


def learn(method: str, survey: Survey, device: str, updates: int) -> None:
    """So many updates of one method."""
    if method == TEACHER:
        teach(survey, options=RunOptions(device=device, budget=Budget(updates=updates)))
        return
    length: dict[str, Any] = {"budget": Budget(updates=updates)}
    if method == MATCHER:
        length = {"teachers": "none", "settings": {"updates": updates}}
    Localizer(method, device=device, calibrate=False, **length).fit(survey)


def seconds(method: str, survey: Survey, device: str) -> float:
    """Of a fit, once everything is loaded."""
    learn(method, survey, device, FIRST)
    began = time.perf_counter()
    learn(method, survey, device, UPDATES)
    return time.perf_counter() - began


def table(rows: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """The rows as Markdown."""
    yield f"| {rows[0]['cores']} cores, {rows[0]['accelerator']} | processor, s | GPU, s | processor / GPU |"
    yield "|---|---|---|---|"
    for row in rows:
        yield "| " + " | ".join(str(row[name]) for name in (COLUMNS[0], *COLUMNS[3:])) + " |"


def main() -> None:
    """Measure, keep and show a row a method."""
    survey, rows = load("tampere"), []
    for method in (*NETWORKS, TEACHER, MATCHER):
        cpu, accelerator = (seconds(method, survey, device) for device in ("cpu", "cuda"))
        figures = f"{cpu:.2f}", f"{accelerator:.2f}", f"{cpu / accelerator:.1f}"
        given = (method, os.cpu_count(), device_name("cuda"), *figures)
        rows.append(dict(zip(COLUMNS, given, strict=True)))
        print(*given, flush=True)
    keep_rows(RESULTS, COLUMNS, rows)
    put_into_page(PAGE, RESULTS, table(rows))


if __name__ == "__main__":
    main()
