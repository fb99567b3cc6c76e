"""Findings of the survey check, and the splits that it looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from tutelage.data.fingerprints import FingerprintSet

__all__ = ["Finding", "Severity", "Split", "quantity"]

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """One kind of fault, with every place where it occurs.

    Parameters
    ----------
    code : str
        Name of the fault, for machines.
    severity : str
        "error" must be mended before anything is learnt. "warning" costs accuracy or makes a figure
        dishonest. "note" is good to know.
    message, advice : str
        What is wrong, and what to do.
    split : str
        "train" or "test"; "" where the fault concerns both.
    rows : tuple of int
        Lines of the file with the header for a user's own table; else places in the split from 1. For a
        finding about access points, the scans that hear one of them.
    scans : tuple of str
        Ids of the same scans.
    access_points : tuple of str
        Access points of the fault.
    """

    code: str
    severity: Severity
    message: str
    advice: str
    split: str = ""
    rows: tuple[int, ...] = field(default=(), repr=False)  # they may be thousands
    scans: tuple[str, ...] = field(default=(), repr=False)
    access_points: tuple[str, ...] = field(default=(), repr=False)


def quantity(n: int, what: str, do: str = "", which: str = "") -> str:
    """Count things that do something, in the words of one or of several.

    Parameters
    ----------
    n : int
        Number of things.
    what : str
        One of them, such as "scan".
    do : str, default ""
        Verb of several, such as "hear".
    which : str, default ""
        Words between the noun and the verb.

    Returns
    -------
    str
        Beginning of a sentence.

    Examples
    --------
    >>> quantity(1, "scan", "hear"), quantity(2, "scan", "have", "of the test split")
    ('1 scan hears', '2 scans of the test split have')
    """
    verb = {"have": "has", "are": "is", "": ""}.get(do, f"{do}s") if n == 1 else do
    return " ".join(word for word in (f"{n:,}", what if n == 1 else f"{what}s", which, verb) if word)


@dataclass(frozen=True)
class Split:
    """The scans of one side of a survey.

    Parameters
    ----------
    name : str
        "train" or "test".
    scans : FingerprintSet
        n scans.
    row : numpy.ndarray
        Number by which a finding names each scan, [n] int.
    faulty_rows : tuple of int
        Numbers of scans with readings that were left out; their other readings are not all that was heard.
    """

    name: str
    scans: FingerprintSet
    row: np.ndarray
    faulty_rows: tuple[int, ...] = ()

    @property
    def whole(self) -> np.ndarray:
        """Whether every reading of each scan is there, [n] bool."""
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
        """Make a finding about some scans.

        Parameters
        ----------
        code, severity, message, advice, access_points
            As for `Finding`.
        index : numpy.ndarray
            Places of the scans in the split, [m].

        Returns
        -------
        Finding
            The finding, with rows and ids of these scans.
        """
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
