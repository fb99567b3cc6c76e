"""The real survey in examples/library, from the public library set.

    python -m benchmarks.example_survey    # rewrite survey.csv and checks.csv

The survey has three scans at each reference point of month 1. The checks are every twelfth scan of the test
split, which was taken on another day. Access points that the survey does not hear are left out of both.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import tutelage as tt

__all__ = ["FOLDER", "write_example"]

FOLDER = Path(__file__).parents[1] / "examples" / "library"
SCANS_AT_A_POINT = 3
EVERY_CHECK = 12


def write_example(folder: Path) -> None:
    """Write the two tables.

    Parameters
    ----------
    folder : Path
        Where `survey.csv` and `checks.csv` go.
    """
    library = tt.load("uji_library")
    train = library.train[_first_scans(library.train, SCANS_AT_A_POINT)]
    test = library.test[np.arange(0, len(library.test), EVERY_CHECK)]
    heard = tuple(np.asarray(train.access_points)[np.flatnonzero(train.rss_dbm.count_nonzero(axis=0))])
    example = tt.Survey("library", train.aligned_to(heard), test.aligned_to(heard), licence=library.licence)
    tt.export_survey(example, folder / "survey.csv", split="train")
    tt.export_survey(example, folder / "checks.csv", split="test")


def _first_scans(scans: tt.FingerprintSet, n_scans: int) -> np.ndarray:
    """Return the rows of the first scans at each reference point, in the order of the survey."""
    points = np.column_stack([scans.absolute_position_m.round(3), scans.floor.astype(float)])
    _, point = np.unique(points, axis=0, return_inverse=True)
    order = np.argsort(point, kind="stable")
    starts = np.searchsorted(point[order], point[order])
    return np.sort(order[np.arange(len(order)) - starts < n_scans])


if __name__ == "__main__":
    write_example(FOLDER)
