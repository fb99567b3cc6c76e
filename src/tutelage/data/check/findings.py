"""What a survey check finds: what, where, how bad, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tutelage.data.fingerprints import FingerprintSet

__all__ = ["Finding", "Severity", "Split", "counted"]

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """One kind of fault, with every place where it was found.

    Parameters
    ----------
    code : its name, for machines
    severity : "error" must be mended before anything is learnt, "warning" costs accuracy or makes a figure
        dishonest, "note" is good to know
    message, advice : what was found, and what to do
    split : "train" or "test"; "" where it concerns both
    rows : lines of the file, the header counted, for a user's own table; else places in the split from 1.
        Of a finding about access points, the scans that hear one of them
    scans : ids of the same scans
    access_points : those concerned
    """

    code: str
    severity: Severity
    message: str
    advice: str
    split: str = ""
    rows: tuple[int, ...] = ()
    scans: tuple[str, ...] = ()
    access_points: tuple[str, ...] = ()


def counted(n: int, what: str, do: str = "", which: str = "") -> str:
    """How many do something, in the words of one or of several.

    >>> counted(1, "scan", "hear"), counted(2, "scan", "have", "of the test split")
    ('1 scan hears', '2 scans of the test split have')
    """
    verb = {"have": "has", "are": "is", "": ""}.get(do, f"{do}s") if n == 1 else do
    return " ".join(word for word in (f"{n:,}", what if n == 1 else f"{what}s", which, verb) if word)


@dataclass(frozen=True)
class Split:
    """The scans of one side of a survey.

    Parameters
    ----------
    name : "train" or "test"
    scans : n of them
    row : [n] what a finding calls the row of each
    faulty_rows : those of them whose readings were left out in part: they are not what was heard
    """

    name: str
    scans: FingerprintSet
    row: np.ndarray
    faulty_rows: tuple[int, ...] = ()

    @property
    def whole(self) -> np.ndarray:
        """[n] bool: scans of which every reading is there."""
        return ~np.isin(self.row, self.faulty_rows)

    def finding(
        self,
        code: str,
        severity: Severity,
        index: np.ndarray,
        message: str,
        advice: str,
        access_points: Sequence[str] = (),
    ) -> Finding:
        """A finding about the scans at `index` [m]."""
        at = np.unique(index)
        return Finding(
            code,
            severity,
            message,
            advice,
            self.name,
            tuple(self.row[at].tolist()),
            tuple(self.scans.scan_id[at].tolist()),
            tuple(access_points),
        )
