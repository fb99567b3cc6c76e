"""Cells whose worker loses its process once; a run of a small table that is killed. For other processes."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from unittest.mock import patch

from tutelage.experiments.cell_work import FitJob, FittedCell, fit_cell
from tutelage.training import supervised

_MARKER = "TUTELAGE_TEST_MARKER"
SMALL = (
    *("--targets", "dsi1", "--networks", "dnn", "--methods", "none,untrained,default"),
    *("--sources", "tampere", "--seeds", "2"),
)


def fit_or_die_once(job: FitJob) -> FittedCell:
    """`fit_cell`; the first process that trains in an untrained teacher's cell of seed 1 is killed in it."""
    marker = Path(os.environ[_MARKER])
    if (job.cell.method, job.cell.seed) == ("untrained", 1) and not marker.exists():

        def die_in_training(*_: object) -> None:
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)

        patch.object(supervised, "descend", die_in_training).start()
    return fit_cell(job)


if __name__ == "__main__":
    from tutelage.cli import main

    sys.argv = ["tutelage", "reproduce", "table1", "--budget", "quick", *SMALL, "--out", sys.argv[1]]
    main()
