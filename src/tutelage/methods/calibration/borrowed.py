"""What a survey of one phone or one day cannot tell, taken from public surveys that have several.

`borrowed.csv` has a row for each public survey and lack: how much larger the mean error of other phones or
other days was than what a calibration of one said. `python -m benchmarks.borrowed` measures it.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from statistics import median
from typing import NamedTuple

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.hold_out import Lack, lacks

__all__ = ["Borrowed", "borrowed_factor", "evidence"]

_WORDS: dict[Lack, str] = {"phone": "other phones", "day": "other days"}


class Evidence(NamedTuple):
    """What one public survey teaches about a lack."""

    survey: str
    lack: str
    ratio: float
    n_trials: int


class Borrowed(NamedTuple):
    """By how much radii are larger than what was held out says.

    Attributes
    ----------
    factor : float
        At least 1.
    words : str
        Where the factor comes from; "" where nothing is borrowed.
    """

    factor: float
    words: str


@cache
def evidence() -> tuple[Evidence, ...]:
    """Read what the public surveys teach.

    Returns
    -------
    tuple of Evidence
        A row for each survey and lack.
    """
    text = files(__package__).joinpath("borrowed.csv").read_text(encoding="utf-8")
    return tuple(
        Evidence(row["survey"], row["lack"], float(row["ratio"]), int(row["n_trials"]))
        for row in csv.DictReader(text.splitlines())
    )


def borrowed_factor(scans: FingerprintSet, survey: str = "") -> Borrowed:
    """Choose the factor for what a survey lacks: the median over the public surveys that can tell.

    Parameters
    ----------
    scans : FingerprintSet
        Training scans.
    survey : str
        Name of their survey. A public survey borrows nothing from itself.

    Returns
    -------
    Borrowed
        The largest of the factors if the survey lacks several things.
    """
    found = [Borrowed(1.0, "")]
    for lack in lacks(scans):
        others = [row for row in evidence() if row.lack == lack and row.survey != survey.partition(":")[0]]
        if others:
            factor = round(median(row.ratio for row in others), 2)
            names = ", ".join(row.survey for row in others)
            found.append(Borrowed(factor, f"{factor - 1:.0%} for {_WORDS[lack]}, from {names}"))
    return max(found, key=lambda each: each.factor)
