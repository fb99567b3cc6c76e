"""What a survey of few phones or of one day cannot tell, taken from public surveys that have several.

`borrowed.csv` has a row for each public survey and lack. Of phones it says how much louder or fainter than
others a phone hears (standard deviation in dB), and of days by what factor the errors of other days are
larger. `python -m benchmarks.borrowed` measures both.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from functools import cache
from importlib.resources import files
from statistics import median
from typing import NamedTuple

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.hold_out import Lack, lacks
from tutelage.data.sparse_rows import csr
from tutelage.runtime.readings import RSS_MAX_DBM, RSS_MIN_DBM

__all__ = ["Borrowed", "Evidence", "borrowed_for", "evidence", "heard_by_other_phones"]


class Evidence(NamedTuple):
    """What one public survey teaches about a lack."""

    survey: str
    lack: str
    value: float
    """Standard deviation in dB for phones, a factor for days."""
    n_trials: int


class Borrowed(NamedTuple):
    """What public surveys add to a calibration.

    Attributes
    ----------
    offset_db : float
        Standard deviation of the offsets of other phones; 0 if the survey has enough phones.
    day_factor : float
        Factor on the errors, at least 1.
    words : str
        Where both come from; "" where nothing is borrowed.
    """

    offset_db: float = 0.0
    day_factor: float = 1.0
    words: str = ""


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
        Evidence(row["survey"], row["lack"], float(row["value"]), int(row["n_trials"]))
        for row in csv.DictReader(text.splitlines())
    )


def borrowed_for(scans: FingerprintSet, survey: str = "") -> Borrowed:
    """Choose what a survey borrows: the medians over the public surveys that can tell.

    Parameters
    ----------
    scans : FingerprintSet
        Training scans.
    survey : str
        Name of their survey. A public survey borrows nothing from itself.

    Returns
    -------
    Borrowed
        Nothing where the survey lacks nothing.
    """
    lacking = lacks(scans)
    phone = _median("phone", survey) if "phone" in lacking else None
    day = _median("day", survey) if "day" in lacking else None
    words = []
    if phone is not None:
        words.append(f"other phones, {phone[0]:.1f} dB apart as in {phone[1]}")
    if day is not None and day[0] > 1:
        words.append(f"other days, as in {day[1]}")
    return Borrowed(
        0.0 if phone is None else phone[0], 1.0 if day is None else max(1.0, day[0]), "; ".join(words)
    )


def _median(lack: Lack, survey: str) -> tuple[float, str] | None:
    others = [row for row in evidence() if row.lack == lack and row.survey != survey.partition(":")[0]]
    if not others:
        return None
    return median(row.value for row in others), ", ".join(row.survey for row in others)


def heard_by_other_phones(scans: FingerprintSet, offset_db: float, seed: int) -> FingerprintSet:
    """Make scans louder or fainter, each as another phone might hear it.

    Parameters
    ----------
    scans : FingerprintSet
        n scans.
    offset_db : float
        Standard deviation of the phones' offsets.
    seed : int
        Random seed.

    Returns
    -------
    FingerprintSet
        The n scans.
    """
    rss = scans.rss_dbm
    offsets_db = np.random.default_rng(seed).normal(0, offset_db, len(scans))
    moved = rss.data + np.repeat(offsets_db, np.diff(rss.indptr))
    # A reading stays one: at the limit it is as faint, or as loud, as readings may be.
    data = np.clip(moved, RSS_MIN_DBM, RSS_MAX_DBM).astype(rss.data.dtype)
    return replace(scans, rss_dbm=csr(data, rss.indices, rss.indptr, rss.shape[1]))
