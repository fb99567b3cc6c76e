"""Hits of labels: floors, buildings, and places such as rooms, which are all counted alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["LabelHits"]


@dataclass(frozen=True, eq=False)
class LabelHits:
    """Answered labels beside the true ones.

    Parameters
    ----------
    answer, truth : ndarray [n] of str
        Only scans whose true label is known.
    """

    answer: np.ndarray
    truth: np.ndarray

    @classmethod
    def of(
        cls, answer: np.ndarray | None, truth: np.ndarray | None, answered: np.ndarray
    ) -> LabelHits | None:
        """Select the answered scans whose true label is known.

        Parameters
        ----------
        answer, truth : ndarray [m] of str, or None
            Labels, "" where unknown; None where there are none.
        answered : ndarray [m] of bool
            Which scans have an answer.

        Returns
        -------
        LabelHits or None
            None if there is no such scan.
        """
        if answer is None or truth is None:
            return None
        rows = answered & (truth != "")
        return cls(answer[rows], truth[rows]) if rows.any() else None

    @property
    def is_hit(self) -> np.ndarray:
        """Whether each label is right, [n] bool."""
        return np.asarray(self.answer == self.truth)

    @property
    def hit(self) -> float:
        """Share of right labels, 0 to 1."""
        return float(self.is_hit.mean())

    @property
    def balanced(self) -> float:
        """Balanced accuracy: the share of right labels of each true label, averaged over the labels."""
        code = np.unique(self.truth, return_inverse=True)[1]
        return float(np.mean(np.bincount(code, self.is_hit) / np.bincount(code)))

    def confusion(self) -> tuple[np.ndarray, np.ndarray]:
        """Count which labels were taken for which.

        Returns
        -------
        name : ndarray [p] of str
            Sorted labels, true and answered.
        count : ndarray [p, p] of int
            Scans by true label (row) and answer (column).
        """
        name = np.unique(np.concatenate([self.truth, self.answer]))
        p = len(name)
        cell = np.searchsorted(name, self.truth) * p + np.searchsorted(name, self.answer)
        return name, np.bincount(cell, minlength=p * p).reshape(p, p)
